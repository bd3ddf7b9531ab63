//! Errors as clients see them: user errors as data, the rest as top-level errors with a code.

use async_graphql::{Error as GraphError, ErrorExtensions, SimpleObject};
use kernel::error::Error;
use kernel::{Fault, Locale, Speaker, UserErrorCode};
use serde::{Deserialize, Serialize};

use crate::call::Call;

/// Something in the input that a person can mend.
#[derive(Clone, Debug, Serialize, Deserialize, SimpleObject)]
pub struct UserError {
    /// The coarse kind, to switch on.
    pub code: UserErrorCode,
    /// The stable reason, `domain.what`.
    pub reason: String,
    /// A sentence in the caller's language.
    pub message: String,
    /// The path in the arguments, as in `["input", "lines", "0", "price"]`.
    pub field: Option<Vec<String>>,
}

impl UserError {
    /// A fault, spoken.
    pub fn of(speaker: &Speaker, locale: Locale, fault: &Fault) -> Self {
        let path = |field: &[String]| {
            let mut path = vec!["input".to_owned()];
            path.extend(field.iter().cloned());
            path
        };
        Self {
            code: fault.code,
            reason: fault.reason.to_owned(),
            message: speaker.fault(locale, fault),
            field: (!fault.field.is_empty()).then(|| path(&fault.field)),
        }
    }

    /// A fault as a job's row keeps it, spoken.
    pub fn of_kept(speaker: &Speaker, locale: Locale, kept: &serde_json::Value) -> Option<Self> {
        let reason = kept.get("reason")?.as_str()?;
        let code = serde_json::from_value(kept.get("code")?.clone()).ok()?;
        let args: Vec<(String, String)> =
            serde_json::from_value(kept.get("args")?.clone()).unwrap_or_default();
        let field: Vec<String> =
            serde_json::from_value(kept.get("field")?.clone()).unwrap_or_default();
        Some(Self {
            code,
            reason: reason.to_owned(),
            message: speaker.say_owned(locale, reason, &args),
            field: (!field.is_empty()).then_some(field),
        })
    }
}

/// The faults of an error that a person can mend, spoken; other errors come back as they are.
pub fn user_errors(call: &Call, error: Error) -> Result<Vec<UserError>, Error> {
    let (speaker, locale) = (&call.core().speaker, call.context().locale);
    let speak = |fault: &Fault| UserError::of(speaker, locale, fault);
    match error {
        Error::Refused(faults) => Ok(faults.iter().map(speak).collect()),
        Error::StepUpNeeded => {
            let fault = Fault::new(UserErrorCode::StepUpRequired, "kernel.step_up_required");
            Ok(vec![speak(&fault)])
        }
        other => Err(other),
    }
}

/// An error as a top-level error of the response.
pub fn of(call: &Call, error: Error) -> GraphError {
    of_shared(call, &error)
}

/// Like [`of`], for an error that several share.
pub fn of_shared(call: &Call, error: &Error) -> GraphError {
    let (speaker, locale) = (&call.core().speaker, call.context().locale);
    match error {
        Error::Refused(faults) => {
            let said: Vec<String> = faults
                .iter()
                .map(|fault| speaker.fault(locale, fault))
                .collect();
            let reason = faults.first().map(|fault| fault.reason).unwrap_or_default();
            coded(said.join(" "), "BAD_USER_INPUT").extend_with(|_, e| e.set("reason", reason))
        }
        Error::Denied(permission) => {
            let args = [("permission", (*permission).to_owned())];
            coded(speaker.say(locale, "kernel.forbidden", &args), "FORBIDDEN")
        }
        Error::StepUpNeeded => coded(
            speaker.say(locale, "kernel.step_up_required", &[]),
            "FORBIDDEN",
        ),
        Error::Unavailable(what) => {
            tracing::warn!(what, "Something that a request needs is away.");
            coded(
                speaker.say(locale, "kernel.unavailable", &[]),
                "UNAVAILABLE",
            )
        }
        Error::Interrupted(what) => GraphError::new(*what),
        Error::Bug(what) => GraphError::new(what.clone()),
    }
}

/// That nobody is logged in.
pub fn unauthenticated() -> GraphError {
    coded(
        "Identifíquese. Please log in.".to_owned(),
        "UNAUTHENTICATED",
    )
}

fn coded(message: String, code: &'static str) -> GraphError {
    GraphError::new(message).extend_with(|_, extensions| extensions.set("code", code))
}
