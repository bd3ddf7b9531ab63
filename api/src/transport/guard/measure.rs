//! Measures a parsed document: how much it means with every fragment expanded, without expanding.

use crate::transport::refusal::{Refusal, code};
use async_graphql::{
    Name, Positioned,
    parser::types::{
        Directive, ExecutableDocument, Field, FragmentDefinition, OperationDefinition,
        OperationType, Selection, SelectionSet,
    },
};
use std::collections::HashMap;

/// The size of a whole document. Counts are after expanding fragments unless said otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::transport) struct Measure {
    /// Fields, spreads and inline fragments of all operations and fragments together.
    pub selections: u64,
    /// The deepest field outside introspection.
    pub depth: u32,
    /// The deepest field within introspection, a chain of `ofType` counted once.
    pub introspection_depth: u32,
    /// How often lists of the schema nest within introspection.
    pub introspection_lists: u32,
    /// Nested selection sets and spreads, in fragments that nothing uses too.
    pub recursion: u32,
    /// Root fields of the largest operation.
    pub root_fields: u64,
    /// Aliases as written.
    pub aliases: u32,
    /// Directives as written.
    pub directives: u32,
    /// The most directives at one place.
    pub directives_a_field: u32,
}

/// What one selection set means, relative to where it stands.
#[derive(Debug, Clone, Copy, Default)]
struct Extent {
    selections: u64,
    roots: u64,
    depth: u32,
    /// Depth when a chain of `ofType` counts once.
    collapsed: u32,
    /// Nested schema lists.
    lists: u32,
    introspection: u32,
    introspection_lists: u32,
    recursion: u32,
}

impl Extent {
    /// Both side by side.
    fn beside(self, other: Self) -> Self {
        Self {
            selections: self.selections.saturating_add(other.selections),
            roots: self.roots.saturating_add(other.roots),
            depth: self.depth.max(other.depth),
            collapsed: self.collapsed.max(other.collapsed),
            lists: self.lists.max(other.lists),
            introspection: self.introspection.max(other.introspection),
            introspection_lists: self.introspection_lists.max(other.introspection_lists),
            recursion: self.recursion.max(other.recursion),
        }
    }

    /// The same selections one spread further in.
    fn spread(self) -> Self {
        Self {
            selections: self.selections.saturating_add(1),
            recursion: self.recursion.saturating_add(1),
            ..self
        }
    }

    /// These selections as the children of a field of this name.
    fn under(self, name: &str) -> Self {
        let depth = self.depth.saturating_add(1);
        let collapsed = self.collapsed.saturating_add(u32::from(name != "ofType"));
        let lists = self.lists.saturating_add(u32::from(is_schema_list(name)));
        let field = Self {
            selections: self.selections.saturating_add(1),
            roots: 1,
            recursion: self.recursion.saturating_add(1),
            depth,
            collapsed,
            lists,
            ..self
        };
        if matches!(name, "__schema" | "__type") {
            return Self {
                depth: 0,
                introspection: collapsed,
                introspection_lists: lists,
                ..field
            };
        }
        field
    }
}

fn is_schema_list(name: &str) -> bool {
    matches!(
        name,
        "fields" | "interfaces" | "possibleTypes" | "inputFields"
    )
}

/// Measures a document in time linear to its text; refuses a cycle of fragments.
pub(in crate::transport) fn measure(document: &ExecutableDocument) -> Result<Measure, Refusal> {
    let mut walk = Walk {
        document,
        known: HashMap::new(),
        tally: Measure::default(),
    };
    for (_, operation) in document.operations.iter() {
        walk.operation(&operation.node)?;
    }
    for (name, fragment) in &document.fragments {
        let extent = walk.fragment(name, fragment)?;
        walk.tally.recursion = walk.tally.recursion.max(extent.recursion);
    }
    let unused = document
        .fragments
        .keys()
        .filter_map(|name| walk.known.get(name.as_str()));
    let fragments = unused.flatten().fold(0u64, |n, e| n.max(e.selections));
    walk.tally.selections = walk.tally.selections.max(fragments);
    Ok(walk.tally)
}

struct Walk<'a> {
    document: &'a ExecutableDocument,
    /// `None` while a fragment is being measured: meeting it then is a cycle.
    known: HashMap<&'a str, Option<Extent>>,
    tally: Measure,
}

impl<'a> Walk<'a> {
    fn operation(&mut self, operation: &'a OperationDefinition) -> Result<(), Refusal> {
        self.directives(&operation.directives);
        for variable in &operation.variable_definitions {
            self.directives(&variable.node.directives);
        }
        let extent = self.set(&operation.selection_set.node)?;
        if operation.ty == OperationType::Subscription && extent.roots != 1 {
            return Err(several_subscriptions());
        }
        let tally = &mut self.tally;
        tally.selections = tally.selections.saturating_add(extent.selections);
        tally.depth = tally.depth.max(extent.depth);
        tally.introspection_depth = tally.introspection_depth.max(extent.introspection);
        tally.introspection_lists = tally.introspection_lists.max(extent.introspection_lists);
        tally.recursion = tally.recursion.max(extent.recursion);
        tally.root_fields = tally.root_fields.max(extent.roots);
        Ok(())
    }

    fn set(&mut self, set: &'a SelectionSet) -> Result<Extent, Refusal> {
        let mut total = Extent::default();
        for selection in &set.items {
            let extent = match &selection.node {
                Selection::Field(field) => self.field(&field.node)?,
                Selection::InlineFragment(inline) => {
                    self.directives(&inline.node.directives);
                    self.set(&inline.node.selection_set.node)?.spread()
                }
                Selection::FragmentSpread(spread) => {
                    self.directives(&spread.node.directives);
                    self.named(&spread.node.fragment_name.node)?.spread()
                }
            };
            total = total.beside(extent);
        }
        Ok(total)
    }

    fn field(&mut self, field: &'a Field) -> Result<Extent, Refusal> {
        self.directives(&field.directives);
        self.tally.aliases = self
            .tally
            .aliases
            .saturating_add(u32::from(field.alias.is_some()));
        let children = self.set(&field.selection_set.node)?;
        Ok(children.under(&field.name.node))
    }

    /// A fragment by name; one that does not exist is left to validation.
    fn named(&mut self, name: &'a Name) -> Result<Extent, Refusal> {
        match self.document.fragments.get(name) {
            Some(fragment) => self.fragment(name, fragment),
            None => Ok(Extent::default()),
        }
    }

    fn fragment(
        &mut self,
        name: &'a Name,
        fragment: &'a Positioned<FragmentDefinition>,
    ) -> Result<Extent, Refusal> {
        match self.known.get(name.as_str()) {
            Some(Some(extent)) => return Ok(*extent),
            Some(None) => return Err(cycle(name)),
            None => self.known.insert(name.as_str(), None),
        };
        self.directives(&fragment.node.directives);
        let extent = self.set(&fragment.node.selection_set.node)?;
        self.known.insert(name.as_str(), Some(extent));
        Ok(extent)
    }

    fn directives(&mut self, directives: &[Positioned<Directive>]) {
        let here = u32::try_from(directives.len()).unwrap_or(u32::MAX);
        self.tally.directives = self.tally.directives.saturating_add(here);
        self.tally.directives_a_field = self.tally.directives_a_field.max(here);
    }
}

fn cycle(name: &str) -> Refusal {
    Refusal::document(
        code::VALIDATION,
        format!("El fragmento «{name}» se incluye a sí mismo."),
        format!("The fragment \"{name}\" includes itself."),
    )
}

fn several_subscriptions() -> Refusal {
    Refusal::document(
        code::VALIDATION,
        "Una suscripción tiene exactamente un campo raíz.".to_owned(),
        "A subscription has exactly one root field.".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::limits::Limits;
    use async_graphql::parser::parse_query;
    use std::{fmt::Write, time::Instant};

    fn measured(text: &str) -> Measure {
        measure(&parse_query(text).unwrap()).unwrap()
    }

    fn refused(text: &str) -> &'static str {
        measure(&parse_query(text).unwrap())
            .and_then(|m| m.enforce(&Limits::default(), false))
            .unwrap_err()
            .code
    }

    #[test]
    fn fragments_count_where_they_are_spread() {
        let m = measured("{ x: a { ...F ...F } b } fragment F on T { c { d @x @y } }");
        assert_eq!(m.selections, 2 + 2 * 3);
        assert_eq!((m.depth, m.root_fields, m.aliases), (3, 2, 1));
        assert_eq!((m.directives, m.directives_a_field), (2, 2));
    }

    #[test]
    fn doubling_bombs_are_refused_in_milliseconds() {
        let mut wide = "{ ...F0 }".to_owned();
        for i in 0..25 {
            write!(wide, "fragment F{i} on Q{{...F{0} ...F{0}}}", i + 1).unwrap();
        }
        wide.push_str("fragment F25 on Q{a}");
        let mut fields = "{ ...F0 }".to_owned();
        for i in 0..10 {
            write!(
                fields,
                "fragment F{i} on Q{{x{{...F{0}}} y{{...F{0}}} z{{...F{0}}}}}",
                i + 1
            )
            .unwrap();
        }
        fields.push_str("fragment F10 on Q{a}");
        let mut unused = "{ a }".to_owned();
        unused.push_str(&fields.replace("{ ...F0 }", ""));
        for (bomb, expected) in [
            (wide, code::SELECTIONS),
            (fields, code::SELECTIONS),
            (unused, code::SELECTIONS),
        ] {
            let begun = Instant::now();
            assert_eq!(refused(&bomb), expected);
            assert!(begun.elapsed().as_millis() < 250, "{:?}", begun.elapsed());
        }
    }

    #[test]
    fn cycles_and_long_chains_are_refused() {
        assert_eq!(refused("{...A} fragment A on Q{...A}"), code::VALIDATION);
        let ring = "{a} fragment A on Q{...B} fragment B on Q{x{...C}} fragment C on Q{...A ...B}";
        assert_eq!(refused(ring), code::VALIDATION);
        let mut chain = "{ a }".to_owned();
        for i in 0..300 {
            write!(chain, "fragment F{i} on Q{{...F{}}}", i + 1).unwrap();
        }
        assert_eq!(refused(&chain), code::RECURSION);
    }

    #[test]
    fn every_limit_has_its_code() {
        assert_eq!(refused("{a{a{a{a{a{a{a{a{a}}}}}}}}}"), code::DEPTH);
        let aliases: String = (0..16).map(|i| format!("a{i}: a ")).collect();
        assert_eq!(refused(&format!("{{b{{{aliases}}}}}")), code::ALIASES);
        let roots: String = (0..21).map(|i| format!("a{i} ")).collect();
        assert_eq!(refused(&format!("{{{roots}}}")), code::ROOT_FIELDS);
        assert_eq!(refused("{a @a @b @c @d @e @f}"), code::DIRECTIVES);
        assert_eq!(refused("subscription {a b}"), code::VALIDATION);
        let many: String = (0..11).map(|i| format!("f{i} @a @b @c @d @e ")).collect();
        assert_eq!(refused(&format!("{{b{{{many}}}}}")), code::DIRECTIVES);
    }

    #[test]
    fn an_explorers_introspection_passes_and_an_abuse_does_not() {
        let standard = "query { __schema { types { ...T } } }
            fragment T on __Type { kind fields(includeDeprecated: true) { args { type { ...R } } } }
            fragment R on __Type { name ofType { name ofType { name ofType { name ofType { name
              ofType { name ofType { name ofType { name ofType { name ofType { name } } } } } } } } } }";
        let m = measured(standard);
        assert_eq!(
            (m.depth, m.introspection_depth, m.introspection_lists),
            (0, 6, 1)
        );
        assert!(m.enforce(&Limits::default(), false).is_ok());
        let abuse = "{__schema{types{fields{type{fields{type{fields{name}}}}}}}}";
        assert_eq!(refused(abuse), code::INTROSPECTION);
    }
}
