//! The evidence of findings: typed values with their titles, each shown to who may see it.

use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use compliance::finding::Finding;
use compliance::rule::{self, EvidenceColumn, EvidenceKind};
use kernel::{Date, Dec};
use rust_decimal::Decimal;

use crate::call::Call;

/// A piece of evidence. Exactly one of its values is given, by its kind; none when the viewer may
/// not see it, or when it has no value.
#[derive(Clone, Debug, SimpleObject)]
pub struct FindingEvidence {
    /// Its name.
    pub(super) name: String,
    /// What it is, in the viewer's language.
    title: String,
    /// What its value is.
    kind: EvidenceKind,
    /// The words of a `TEXT`.
    text: Option<String>,
    /// The number of an `AMOUNT`, in the currency of the company, a `NUMBER` or a `COUNT`.
    number: Option<Dec>,
    /// The day of a `DATE`.
    day_date: Option<Date>,
    /// The instant of an `INSTANT`.
    instant_at: Option<DateTime<Utc>>,
    /// Whether the viewer lacks the permission to see it.
    pub(super) is_redacted: bool,
}

/// The evidence of a finding as the viewer may see it, in the order of its rule.
pub fn shown(call: &Call, finding: &Finding) -> Vec<FindingEvidence> {
    let rule = rule::find_key(&finding.rule_key).ok().flatten();
    let columns = rule
        .map(|rule| rule.evidence.as_slice())
        .unwrap_or_default();
    columns
        .iter()
        .map(|column| piece(call, finding, column))
        .collect()
}

fn piece(call: &Call, finding: &Finding, column: &'static EvidenceColumn) -> FindingEvidence {
    let hidden = column.requires.as_deref().is_some_and(|permission| {
        let scope = call.actor().scope(permission);
        !scope.covers(finding.company_id, None)
    });
    let kept = finding.evidence.get(&column.name);
    let value = kept.and_then(serde_json::Value::as_str).filter(|_| !hidden);
    let of = |kinds: &[EvidenceKind]| value.filter(|_| kinds.contains(&column.kind));
    let numbers = [
        EvidenceKind::Amount,
        EvidenceKind::Number,
        EvidenceKind::Count,
    ];
    FindingEvidence {
        name: column.name.clone(),
        title: column.title(call.context().locale).to_owned(),
        kind: column.kind,
        text: of(&[EvidenceKind::Text]).map(str::to_owned),
        number: of(&numbers)
            .and_then(|text| Decimal::from_str_exact(text).ok())
            .map(Dec),
        day_date: of(&[EvidenceKind::Date])
            .and_then(|text| text.parse().ok())
            .map(Date),
        instant_at: of(&[EvidenceKind::Instant]).and_then(|text| text.parse().ok()),
        is_redacted: hidden,
    }
}
