//! The documents of bulk work: what shape they must have, and how the job runs them.

use async_graphql::parser::types::{
    Directive, ExecutableDocument, Field, OperationDefinition, OperationType, Selection,
    SelectionSet,
};
use async_graphql::{Name, Pos, Positioned};
use async_graphql_value::{ConstValue, Value};
use kernel::Fault;

/// The alias of the page's position in what an export asks for.
pub(super) const PAGE: &str = "bulkPage";
/// The alias of the refusals in what an import asks for.
pub(super) const ERRORS: &str = "bulkErrors";

/// A query of one connection.
#[derive(Clone, Debug)]
pub(super) struct ExportDocument(ExecutableDocument);

impl ExportDocument {
    /// Takes a parsed query; a fault when it is not of one connection without variables.
    pub(super) fn new(mut document: ExecutableDocument) -> Result<Self, Fault> {
        let shape = || Fault::invalid("kernel.bulk_query_shape").at(["query"]);
        let operation = only_operation(&mut document).ok_or_else(shape)?;
        if operation.ty != OperationType::Query || !operation.variable_definitions.is_empty() {
            return Err(shape());
        }
        let root = only_field(operation).ok_or_else(shape)?;
        let is_list = |item: &Positioned<Selection>| match &item.node {
            Selection::Field(field) => matches!(field.node.name.node.as_str(), "nodes" | "edges"),
            _ => false,
        };
        if !root.selection_set.node.items.iter().any(is_list) {
            return Err(shape());
        }
        root.arguments
            .retain(|(name, _)| !PAGING.contains(&name.node.as_str()));
        let page = field("pageInfo", PAGE, &["hasNextPage", "endCursor"]);
        root.selection_set.node.items.push(page);
        Ok(Self(document))
    }

    /// The query of the page of so many records after a cursor.
    pub(super) fn page(&self, first: u64, after: Option<&str>) -> ExecutableDocument {
        let mut document = self.0.clone();
        if let Some(root) = only_operation(&mut document).and_then(only_field) {
            root.arguments
                .push(argument("first", Value::from(ConstValue::from(first))));
            if let Some(after) = after {
                root.arguments
                    .push(argument("after", Value::from(ConstValue::from(after))));
            }
        }
        document
    }
}

/// The arguments that the job itself gives.
const PAGING: [&str; 4] = ["first", "after", "last", "before"];

/// A mutation that takes `$input` alone, made to tell what it refused.
pub(super) fn import(mut document: ExecutableDocument) -> Result<ExecutableDocument, Fault> {
    let shape = || Fault::invalid("kernel.bulk_mutation_shape").at(["mutation"]);
    let operation = only_operation(&mut document).ok_or_else(shape)?;
    let declares = |operation: &OperationDefinition| match operation.variable_definitions.as_slice()
    {
        [only] => only.node.name.node == "input",
        _ => false,
    };
    if operation.ty != OperationType::Mutation || !declares(operation) {
        return Err(shape());
    }
    let root = only_field(operation).ok_or_else(shape)?;
    let takes = match root.arguments.as_slice() {
        [(name, value)] => name.node == "input" && is_input(&value.node),
        _ => false,
    };
    if !takes || root.name.node.starts_with("bulk") {
        return Err(shape());
    }
    let errors = field("userErrors", ERRORS, &["reason", "message", "field"]);
    root.selection_set.node.items.push(errors);
    Ok(document)
}

/// A document whose root field is validated and not executed.
pub(super) fn skipped(mut document: ExecutableDocument) -> ExecutableDocument {
    if let Some(root) = only_operation(&mut document).and_then(only_field) {
        root.directives.push(here(Directive {
            name: here(Name::new("skip")),
            arguments: vec![argument("if", Value::from(ConstValue::from(true)))],
        }));
    }
    document
}

fn is_input(value: &Value) -> bool {
    matches!(value, Value::Variable(name) if name == "input")
}

/// The operation of a document that has one.
fn only_operation(document: &mut ExecutableDocument) -> Option<&mut OperationDefinition> {
    let mut operations = document.operations.iter();
    let several = operations.next().is_none() || operations.next().is_some();
    if several {
        return None;
    }
    use async_graphql::parser::types::DocumentOperations::{Multiple, Single};
    match &mut document.operations {
        Single(operation) => Some(&mut operation.node),
        Multiple(named) => named.values_mut().next().map(|found| &mut found.node),
    }
}

/// The root field of an operation that has one, written out.
fn only_field(operation: &mut OperationDefinition) -> Option<&mut Field> {
    match operation.selection_set.node.items.as_mut_slice() {
        [only] => match &mut only.node {
            Selection::Field(field) => Some(&mut field.node),
            _ => None,
        },
        _ => None,
    }
}

fn argument(name: &str, value: Value) -> (Positioned<Name>, Positioned<Value>) {
    (here(Name::new(name)), here(value))
}

fn field(name: &str, alias: &str, leaves: &[&str]) -> Positioned<Selection> {
    let items = leaves.iter().map(|leaf| selection(leaf, None, Vec::new()));
    selection(name, Some(alias), items.collect())
}

fn selection(
    name: &str,
    alias: Option<&str>,
    items: Vec<Positioned<Selection>>,
) -> Positioned<Selection> {
    here(Selection::Field(here(Field {
        alias: alias.map(|alias| here(Name::new(alias))),
        name: here(Name::new(name)),
        arguments: Vec::new(),
        directives: Vec::new(),
        selection_set: here(SelectionSet { items }),
    })))
}

fn here<T>(node: T) -> Positioned<T> {
    Positioned::new(node, Pos::default())
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn export(text: &str) -> Result<ExportDocument, Fault> {
        ExportDocument::new(parse_query(text).unwrap())
    }

    #[test]
    fn a_page_is_asked_for_with_the_jobs_own_arguments() {
        let plan = export("{ parties(first: 3, search: \"sol\") { nodes { id } } }").unwrap();
        let mut page = plan.page(250, Some("abc"));
        let root = only_field(only_operation(&mut page).unwrap()).unwrap();
        let given: Vec<String> = root
            .arguments
            .iter()
            .map(|(name, value)| format!("{}: {}", name.node, value.node))
            .collect();
        assert_eq!(given, ["search: \"sol\"", "first: 250", "after: \"abc\""]);
        assert_eq!(root.selection_set.node.items.len(), 2);
    }

    #[test]
    fn what_is_not_one_list_is_refused() {
        for text in [
            "mutation { partyCreate(input: {}) { userErrors { code } } }",
            "{ parties { nodes { id } } users { nodes { id } } }",
            "query ($n: Int) { parties(first: $n) { nodes { id } } }",
            "{ party(id: \"pty_1\") { name } }",
            "query a { parties { nodes { id } } } query b { users { nodes { id } } }",
            "{ ... on Query { parties { nodes { id } } } }",
        ] {
            assert!(export(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_import_takes_its_input_and_nothing_else() {
        let read = |text: &str| import(parse_query(text).unwrap());
        let good = "mutation ($input: A!) { partyCreate(input: $input) { party { id } } }";
        assert!(read(good).is_ok());
        for text in [
            "query ($input: A!) { partyCreate(input: $input) { party { id } } }",
            "mutation ($input: A!, $b: B) { partyCreate(input: $input) { party { id } } }",
            "mutation ($input: A!) { partyCreate(input: {name: \"a\"}) { party { id } } }",
            "mutation ($input: A!) { bulkImportRun(input: $input) { job { id } } }",
            "mutation ($input: A!) { a(input: $input) { b } c(input: $input) { d } }",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
