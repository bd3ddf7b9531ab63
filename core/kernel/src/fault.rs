//! Business refusals: a stable reason, what it is about, and where in the input it lies.

use std::fmt::Display;

use crate::error::{Error, Result};

crate::text_enum! {
    /// The coarse kind of a user error, for clients to switch on.
    pub enum UserErrorCode {
        /// A value is malformed or out of bounds.
        Invalid = "INVALID",
        /// What the input names does not exist or is not visible.
        NotFound = "NOT_FOUND",
        /// It clashes with what is already there.
        Conflict = "CONFLICT",
        /// The record has changed since it was read.
        Stale = "STALE",
        /// The state of the record does not allow it.
        NotAllowed = "NOT_ALLOWED",
        /// The actor may not do it.
        Forbidden = "FORBIDDEN",
        /// The act needs a fresh proof of identity.
        StepUpRequired = "STEP_UP_REQUIRED",
        /// A limit is exceeded.
        LimitExceeded = "LIMIT_EXCEEDED",
    }
}

/// One thing a person can mend. The sentence lives in the message files under its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The coarse kind.
    pub code: UserErrorCode,
    /// The stable reason, `domain.what`, which is also the key of its sentence.
    pub reason: &'static str,
    /// Values the sentence speaks of.
    pub args: Vec<(&'static str, String)>,
    /// The path in the input, below `input`; camelCase names and indexes.
    pub field: Vec<String>,
}

impl Fault {
    /// A value is malformed or out of bounds.
    pub fn invalid(reason: &'static str) -> Self {
        Self::new(UserErrorCode::Invalid, reason)
    }

    /// What the input names does not exist or is not visible.
    pub fn not_found(reason: &'static str) -> Self {
        Self::new(UserErrorCode::NotFound, reason)
    }

    /// It clashes with what is already there.
    pub fn conflict(reason: &'static str) -> Self {
        Self::new(UserErrorCode::Conflict, reason)
    }

    /// The state of the record does not allow it.
    pub fn not_allowed(reason: &'static str) -> Self {
        Self::new(UserErrorCode::NotAllowed, reason)
    }

    /// The record has changed since it was read.
    pub fn stale() -> Self {
        Self::new(UserErrorCode::Stale, "kernel.stale").at(["expectedVersion"])
    }

    /// A fault of a kind with its reason.
    pub fn new(code: UserErrorCode, reason: &'static str) -> Self {
        Self {
            code,
            reason,
            args: Vec::new(),
            field: Vec::new(),
        }
    }

    /// Says where in the input the fault lies, below `input`.
    pub fn at<S: Into<String>>(mut self, path: impl IntoIterator<Item = S>) -> Self {
        self.field = path.into_iter().map(Into::into).collect();
        self
    }

    /// Puts the path below another one: `["lines", "0"]` before `["price"]`.
    pub fn under<S: Into<String>>(mut self, path: impl IntoIterator<Item = S>) -> Self {
        let mut field: Vec<String> = path.into_iter().map(Into::into).collect();
        field.append(&mut self.field);
        self.field = field;
        self
    }

    /// Adds a value that the sentence speaks of.
    pub fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.args.push((name, value.to_string()));
        self
    }

    /// The fault behind a violated unique constraint; its name is given to the reader.
    pub fn from_constraint(name: &str) -> Self {
        Self::conflict("kernel.already_exists").with("constraint", name)
    }
}

/// Collects faults, so that all of an input are told at once.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a fault.
    pub fn push(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// Adds the fault unless the condition holds.
    pub fn check(&mut self, holds: bool, fault: impl FnOnce() -> Fault) {
        if !holds {
            self.0.push(fault());
        }
    }

    /// Keeps the value of a result and collects its faults; other errors pass through.
    pub fn take<T>(&mut self, result: Result<T>) -> Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(Error::Refused(mut faults)) => {
                self.0.append(&mut faults);
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    /// Whether nothing is wrong so far.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything collected, as the error it is; `Ok` when nothing was.
    pub fn finish(self) -> Result<()> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Error::Refused(self.0))
        }
    }
}
