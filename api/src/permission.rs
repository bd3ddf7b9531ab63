//! What the viewer may do with a record, told beside it. The act itself is checked again.

use async_graphql::SimpleObject;
use kernel::{Fault, Scope};

use crate::call::Call;

/// Whether the viewer may do something now.
#[derive(Clone, Debug, SimpleObject)]
pub struct Permission {
    /// Whether they may.
    #[graphql(name = "allowed")]
    may: bool,
    /// Why not, in the viewer's language; null when they may.
    reason: Option<String>,
}

impl Permission {
    /// They may.
    pub fn allowed() -> Self {
        Self {
            may: true,
            reason: None,
        }
    }

    /// They may when the permission holds where `holds` says.
    pub fn held(
        call: &Call,
        permission: kernel::Permission,
        holds: impl FnOnce(&Scope) -> bool,
    ) -> Self {
        if holds(&call.actor().scope(permission)) {
            return Self::allowed();
        }
        let args = [("permission", permission.to_owned())];
        let reason = call
            .core()
            .speaker
            .say(call.context().locale, "kernel.forbidden", &args);
        Self {
            may: false,
            reason: Some(reason),
        }
    }

    /// They may not, because the state of the record refuses it.
    pub fn refused(call: &Call, fault: &Fault) -> Self {
        let reason = call.core().speaker.fault(call.context().locale, fault);
        Self {
            may: false,
            reason: Some(reason),
        }
    }

    /// They may only when this and the other hold.
    #[must_use]
    pub fn and(self, other: impl FnOnce() -> Self) -> Self {
        if self.may { other() } else { self }
    }
}
