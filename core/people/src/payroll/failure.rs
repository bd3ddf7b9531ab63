//! Employees who could not be calculated, with every reason.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use kernel::ids::{EmployeeId, OrganisationId, PayrollRunId};
use kernel::{Fault, Locale, Speaker};
use serde_json::{Value, json};

use crate::schema::payroll_failure;

/// The names of the values that kept faults speak of.
const VALUES: &[&str] = &[
    "amount",
    "count",
    "country",
    "date",
    "detail_en",
    "detail_es",
    "field",
    "group",
    "name",
    "situation",
    "start",
    "status",
    "year",
];

/// An employee who could not be calculated.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
#[diesel(table_name = payroll_failure, check_for_backend(diesel::pg::Pg))]
pub struct PayrollFailure {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The run.
    pub run_id: PayrollRunId,
    /// The employee.
    pub employee_id: EmployeeId,
    /// Why: objects with `code`, `reason`, `args` and `field`, as job items keep them.
    pub faults: Value,
    /// When it was tried.
    pub failed_at: DateTime<Utc>,
}

impl PayrollFailure {
    /// Every reason as a sentence in a language, with the path of what is to be mended.
    pub fn sentences(&self, speaker: &Speaker, locale: Locale) -> Vec<(Vec<String>, String)> {
        let faults = self.faults.as_array().cloned().unwrap_or_default();
        faults
            .iter()
            .map(|fault| (field_of(fault), sentence(fault, speaker, locale)))
            .collect()
    }
}

fn field_of(fault: &Value) -> Vec<String> {
    let field = fault.get("field").cloned().unwrap_or_default();
    serde_json::from_value(field).unwrap_or_default()
}

fn sentence(fault: &Value, speaker: &Speaker, locale: Locale) -> String {
    let reason = fault
        .get("reason")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let args = fault.get("args").cloned().unwrap_or_default();
    let args: Vec<(String, String)> = serde_json::from_value(args).unwrap_or_default();
    let args: Vec<(&'static str, String)> = args
        .into_iter()
        .filter_map(|(name, value)| {
            let name = VALUES.iter().find(|known| **known == name)?;
            Some((*name, value))
        })
        .collect();
    speaker.say(locale, reason, &args)
}

/// Faults as a failure keeps them.
pub(super) fn kept(faults: &[Fault]) -> Value {
    let kept = faults.iter().map(|fault| {
        let args: Vec<_> = fault
            .args
            .iter()
            .map(|(name, value)| json!([name, value]))
            .collect();
        json!({
            "code": fault.code, "reason": fault.reason, "args": args, "field": fault.field,
        })
    });
    Value::Array(kept.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault;

    #[test]
    fn kept_faults_speak_both_languages() {
        let fault = Fault::invalid(fault::UNKNOWN_GROUP)
            .with("group", 12)
            .at(["contract"]);
        let rules = Fault::invalid(fault::RULE)
            .with("detail_es", "mal")
            .with("detail_en", "bad");
        let failure = PayrollFailure {
            organisation_id: OrganisationId::generate(),
            run_id: PayrollRunId::generate(),
            employee_id: EmployeeId::generate(),
            faults: kept(&[fault, rules]),
            failed_at: DateTime::default(),
        };
        let speaker = Speaker::new(&[crate::MESSAGES]).unwrap();
        let said = failure.sentences(&speaker, Locale::En);
        assert!(said[0].1.contains("12") && said[0].0 == ["contract"]);
        assert_eq!(said[1].1, "bad");
        assert_eq!(failure.sentences(&speaker, Locale::Es)[1].1, "mal");
    }
}
