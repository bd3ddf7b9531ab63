//! The text of a pack as it stands in TOML, before any check.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::{Deserializer, Error};

use crate::explained::{Certainty, Side};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PackText {
    pub id: String,
    pub country: String,
    pub version: String,
    pub valid_from: NaiveDate,
    pub valid_to: NaiveDate,
    pub es: String,
    pub en: String,
    pub sources: BTreeMap<String, SourceText>,
    #[serde(default)]
    pub figures: BTreeMap<String, FigureText>,
    #[serde(default)]
    pub tables: BTreeMap<String, TableText>,
    #[serde(default)]
    pub procedures: BTreeMap<String, ProcedureText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceText {
    pub norm: String,
    pub reference: String,
    pub in_force: NaiveDate,
    /// How well the norm itself is attested; each figure says how well it is.
    #[serde(rename = "sure")]
    pub _sure: Certainty,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FigureText {
    #[serde(deserialize_with = "exact")]
    pub value: Decimal,
    pub source: String,
    pub article: String,
    pub sure: Certainty,
    pub es: String,
    pub en: String,
    #[serde(default)]
    pub changes: Vec<ChangeText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeText {
    pub from: NaiveDate,
    #[serde(deserialize_with = "exact")]
    pub value: Decimal,
    pub source: String,
    pub article: String,
    pub sure: Certainty,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableText {
    pub source: String,
    pub article: String,
    pub sure: Certainty,
    pub es: String,
    pub en: String,
    #[serde(default)]
    pub rows: Vec<BTreeMap<String, String>>,
    #[serde(default)]
    pub brackets: Vec<BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProcedureText {
    /// Procedures that run before this one, whose values it may use.
    #[serde(default)]
    pub after: Vec<String>,
    pub inputs: Vec<String>,
    #[serde(default)]
    pub lists: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub checks: Vec<CheckText>,
    pub steps: Vec<StepText>,
    #[serde(default)]
    pub notices: Vec<NoticeText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckText {
    pub refuse_when: String,
    pub code: String,
    pub field: String,
    pub es: String,
    pub en: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoticeText {
    pub notice_when: String,
    pub code: String,
    pub es: String,
    pub en: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepText {
    pub code: String,
    pub es: String,
    pub en: String,
    pub source: Option<String>,
    pub article: Option<String>,
    pub sure: Option<Certainty>,
    pub when: Option<String>,
    pub formula: Option<String>,
    pub lookup: Option<LookupText>,
    pub scale: Option<ScaleText>,
    pub each: Option<EachText>,
    pub total: Option<Side>,
    pub at_least: Option<String>,
    pub at_most: Option<String>,
    pub round: Option<RoundText>,
    pub line: Option<LineText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LookupText {
    pub table: String,
    pub key: String,
    pub column: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScaleText {
    pub table: String,
    pub of: String,
    pub unit: Option<String>,
    pub column: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EachText {
    pub list: String,
    #[serde(rename = "where")]
    pub only: Option<String>,
    pub value: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoundText {
    pub mode: RoundMode,
    pub places: u32,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RoundMode {
    HalfAway,
    HalfEven,
    Truncate,
    Up,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LineText {
    pub side: Side,
    pub base: Option<String>,
    pub rate: Option<String>,
}

/// Reads a number from a string alone: an unquoted one would have gone through a float.
fn exact<'de, D: Deserializer<'de>>(source: D) -> Result<Decimal, D::Error> {
    String::deserialize(source)?
        .parse()
        .map_err(D::Error::custom)
}
