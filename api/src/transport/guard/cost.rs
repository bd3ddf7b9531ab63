//! Counts the objects that an operation asks for, before it runs: a scalar costs 0, an object 1,
//! and a list multiplies what is in it by its `first` or `last`.

use async_graphql::{
    Name, Positioned, Value as ConstValue, Variables,
    parser::types::{ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet},
};
use async_graphql_value::Value;
use std::collections::HashMap;

/// Objects that this operation asks for at most; each fragment is counted once.
pub(in crate::transport) fn objects(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variables: &Variables,
    page_size: u64,
) -> u64 {
    let mut count = Count {
        document,
        operation,
        variables,
        page_size,
        known: HashMap::new(),
    };
    let total = count.set(&operation.selection_set.node);
    total.plain.saturating_add(total.paged)
}

/// The objects of one selection set.
#[derive(Debug, Clone, Copy, Default)]
struct Objects {
    /// In fields that stand once.
    plain: u64,
    /// In `edges` and `nodes`, which stand once for each record of a connection.
    paged: u64,
    /// Whether `edges` or `nodes` were selected.
    connection: bool,
}

struct Count<'a> {
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    variables: &'a Variables,
    page_size: u64,
    known: HashMap<&'a str, Objects>,
}

impl<'a> Count<'a> {
    fn set(&mut self, set: &'a SelectionSet) -> Objects {
        let mut total = Objects::default();
        for selection in &set.items {
            let part = match &selection.node {
                Selection::Field(field) => self.field(&field.node),
                Selection::InlineFragment(inline) => self.set(&inline.node.selection_set.node),
                Selection::FragmentSpread(spread) => self.named(&spread.node.fragment_name.node),
            };
            total.plain = total.plain.saturating_add(part.plain);
            total.paged = total.paged.saturating_add(part.paged);
            total.connection |= part.connection;
        }
        total
    }

    /// A fragment by name. Cycles were refused when the document was measured.
    fn named(&mut self, name: &'a Name) -> Objects {
        if let Some(known) = self.known.get(name.as_str()) {
            return *known;
        }
        let Some(fragment) = self.document.fragments.get(name) else {
            return Objects::default();
        };
        self.known.insert(name.as_str(), Objects::default());
        let objects = self.set(&fragment.node.selection_set.node);
        self.known.insert(name.as_str(), objects);
        objects
    }

    fn field(&mut self, field: &'a Field) -> Objects {
        if field.selection_set.node.items.is_empty() {
            return Objects::default();
        }
        let children = self.set(&field.selection_set.node);
        let asked = self.asked(field);
        let total = if children.connection {
            let records = asked.unwrap_or(self.page_size);
            let paged = children.paged.saturating_mul(records);
            children.plain.saturating_add(paged).saturating_add(1)
        } else {
            let each = children.plain.saturating_add(1);
            each.saturating_mul(asked.unwrap_or(1))
        };
        let paged = matches!(field.name.node.as_str(), "edges" | "nodes") && asked.is_none();
        match paged {
            true => Objects {
                plain: 0,
                paged: total,
                connection: true,
            },
            false => Objects {
                plain: total,
                paged: 0,
                connection: false,
            },
        }
    }

    /// How many records the arguments ask for, when they say so.
    fn asked(&self, field: &Field) -> Option<u64> {
        let number = |name: &str| field.get_argument(name).and_then(|v| self.number(v));
        let ids = field.get_argument("ids").and_then(|v| self.length(v));
        number("first")
            .or_else(|| number("last"))
            .or(ids)
            .map(|n| n.max(1))
    }

    fn number(&self, argument: &Positioned<Value>) -> Option<u64> {
        match &argument.node {
            Value::Number(number) => Some(number.as_u64().unwrap_or(1)),
            Value::Variable(name) => match self.variable(name)? {
                ConstValue::Number(number) => Some(number.as_u64().unwrap_or(1)),
                _ => None,
            },
            _ => None,
        }
    }

    fn length(&self, argument: &Positioned<Value>) -> Option<u64> {
        let length = match &argument.node {
            Value::List(list) => list.len(),
            Value::Variable(name) => match self.variable(name)? {
                ConstValue::List(list) => list.len(),
                _ => return None,
            },
            _ => return None,
        };
        u64::try_from(length).ok()
    }

    fn variable(&self, name: &Name) -> Option<&ConstValue> {
        self.variables.get(name).or_else(|| {
            let definitions = &self.operation.variable_definitions;
            let defined = definitions.iter().find(|d| d.node.name.node == *name)?;
            defined.node.default_value.as_ref().map(|value| &value.node)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::parser::parse_query;

    fn cost(text: &str, variables: serde_json::Value) -> u64 {
        let document = parse_query(text).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        objects(
            &document,
            &operation.node,
            &Variables::from_json(variables),
            50,
        )
    }

    #[test]
    fn scalars_are_free_objects_cost_one_and_lists_multiply() {
        let none = serde_json::json!({});
        for (text, expected) in [
            ("{ a b c }", 0),
            ("{ a { b { c } } }", 2),
            (
                "{ runs(first: 10) { pageInfo { x } nodes { id total { amount } } } }",
                2 + 10 * 2,
            ),
            ("{ runs { edges { cursor node { id } } } }", 1 + 50 * 2),
            (
                "{ runs(last: 3) { ...E } } fragment E on C { edges { node { id } } }",
                1 + 3 * 2,
            ),
            ("{ lines(first: 20) { amount { currencyCode } } }", 20 * 2),
            ("{ nodes(ids: [1, 2, 3]) { id owner { id } } }", 3 * 2),
            (
                "{ a(first: 100) { nodes { b(first: 100) { nodes { c } } } } }",
                1 + 100 * (1 + 1 + 100),
            ),
        ] {
            assert_eq!(cost(text, none.clone()), expected, "{text}");
        }
    }

    #[test]
    fn variables_and_their_defaults_are_read() {
        let text = "query($n: Int = 7, $ids: [ID!]) { a(first: $n) { nodes { b } } nodes(ids: $ids) { id } }";
        assert_eq!(
            cost(text, serde_json::json!({ "n": 30, "ids": ["1", "2"] })),
            31 + 2
        );
        assert_eq!(cost(text, serde_json::json!({ "ids": ["1"] })), 8 + 1);
        assert_eq!(cost(text, serde_json::json!({ "n": -5, "ids": [] })), 2 + 1);
    }

    #[test]
    fn nested_pages_and_bombs_saturate() {
        let mut text = "{ ...F0 }".to_owned();
        for i in 0..40 {
            text.push_str(&format!(
                "fragment F{i} on Q{{a(first:250){{...F{}}}}}",
                i + 1
            ));
        }
        text.push_str("fragment F40 on Q{a{b}}");
        assert_eq!(cost(&text, serde_json::json!({})), u64::MAX);
    }
}
