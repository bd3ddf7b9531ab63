//! The guard: judges a document before anything of it is validated or executed.
//!
//! A fragment bomb names few things and means millions. Nothing here ever expands a document: each
//! fragment is measured once and its measure is reused, so that the work is linear in the text.

mod cost;
mod lexer;
mod measure;

pub(super) use cost::objects;
pub(super) use lexer::{scan, scan_nesting};
pub(super) use measure::{Measure, measure};

use super::{
    limits::Limits,
    refusal::{Refusal, code},
};

impl Measure {
    /// Holds the document to the limits; a trusted one is exempt from those on depth and aliases.
    pub(super) fn enforce(&self, limits: &Limits, trusted: bool) -> Result<(), Refusal> {
        self.enforce_bounds(limits)?;
        if trusted {
            Ok(())
        } else {
            self.enforce_shape(limits)
        }
    }

    /// The limits that protect the machine, whoever wrote the document.
    fn enforce_bounds(&self, limits: &Limits) -> Result<(), Refusal> {
        check(
            code::SELECTIONS,
            (
                "campos tras expandir los fragmentos",
                "selections after expanding fragments",
            ),
            limits.selections,
            self.selections,
        )?;
        check(
            code::RECURSION,
            ("niveles de anidamiento", "nesting levels"),
            u64::from(limits.recursion),
            u64::from(self.recursion),
        )?;
        check(
            code::ROOT_FIELDS,
            ("campos raíz", "root fields"),
            limits.root_fields,
            self.root_fields,
        )?;
        check(
            code::DIRECTIVES,
            ("directivas", "directives"),
            u64::from(limits.directives),
            u64::from(self.directives),
        )?;
        check(
            code::DIRECTIVES,
            ("directivas en un mismo campo", "directives on one field"),
            u64::from(limits.directives_a_field),
            u64::from(self.directives_a_field),
        )
    }

    /// The limits on how a document is written.
    fn enforce_shape(&self, limits: &Limits) -> Result<(), Refusal> {
        check(
            code::DEPTH,
            ("profundidad", "depth"),
            u64::from(limits.depth),
            u64::from(self.depth),
        )?;
        check(
            code::INTROSPECTION,
            ("profundidad de introspección", "introspection depth"),
            u64::from(limits.introspection_depth),
            u64::from(self.introspection_depth),
        )?;
        check(
            code::INTROSPECTION,
            (
                "listas de introspección anidadas",
                "nested introspection lists",
            ),
            u64::from(limits.introspection_lists),
            u64::from(self.introspection_lists),
        )?;
        check(
            code::ALIASES,
            ("alias", "aliases"),
            u64::from(limits.aliases),
            u64::from(self.aliases),
        )
    }
}

fn check(code: &'static str, what: (&str, &str), limit: u64, actual: u64) -> Result<(), Refusal> {
    if actual > limit {
        Err(Refusal::limit(code, what, limit, actual))
    } else {
        Ok(())
    }
}
