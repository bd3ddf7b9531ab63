//! What a tenant changes of a rule: on or off, its severity, its parameters.

use std::collections::BTreeMap;

use async_graphql::{InputObject, MaybeUndefined};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check;
use kernel::ids::{ComplianceRuleId, OrganisationId, UserId};
use kernel::{Event, Fault, Faults, Result, Tx};
use serde_json::{Map, Value};

use super::{ParameterValue, Rule, Severity, catalogue};
use crate::permission::{RULE_MANAGE, RULE_READ};
use crate::schema::rule_setting;
use crate::{fault, finding};

/// What an organisation changed of a rule.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = rule_setting,
    primary_key(organisation_id, rule_key),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct Setting {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The rule.
    pub rule_key: String,
    /// Whether scans take it.
    pub enabled: bool,
    /// How grave a breach is here; as the rule says when absent.
    pub severity: Option<Severity>,
    /// The parameters that are not as the rule says, by name.
    pub parameters: Value,
    /// Who last changed it.
    pub updated_by: Option<UserId>,
    /// When.
    pub updated_at: DateTime<Utc>,
    /// Counts the changes, from 2: 1 is the rule as it was written.
    pub version: i32,
}

/// A rule as it is in force for an organisation.
#[derive(Clone, Debug, PartialEq)]
pub struct ComplianceRule {
    /// Its id in the organisation.
    pub id: ComplianceRuleId,
    /// The rule as it was written.
    pub rule: &'static Rule,
    /// Whether scans take it.
    pub enabled: bool,
    /// How grave a breach is.
    pub severity: Severity,
    /// The value of each parameter, by name.
    pub parameters: BTreeMap<String, ParameterValue>,
    /// Those of them that are not as the rule says.
    pub changed: Vec<String>,
    /// Who last changed it.
    pub updated_by: Option<UserId>,
    /// When.
    pub updated_at: Option<DateTime<Utc>>,
    /// Counts the changes, from 1.
    pub version: i32,
}

impl ComplianceRule {
    /// The parameters as they are kept with a scan.
    pub fn kept_parameters(&self) -> Value {
        let pairs = self.parameters.iter();
        Value::Object(pairs.map(|(name, it)| (name.clone(), it.kept())).collect())
    }
}

/// Changes a rule for one's organisation.
#[derive(Clone, Debug, InputObject)]
pub struct ComplianceRuleUpdateInput {
    /// The rule.
    pub id: ComplianceRuleId,
    /// The version that was read; another one by now is refused as stale.
    pub expected_version: Option<i32>,
    /// What changes: what is absent stays.
    pub patch: ComplianceRulePatch,
}

/// What of a rule changes.
#[derive(Clone, Debug, Default, InputObject)]
pub struct ComplianceRulePatch {
    /// Whether scans take it.
    pub is_enabled: Option<bool>,
    /// How grave a breach is; null goes back to what the rule says.
    pub severity: MaybeUndefined<Severity>,
    /// The parameters to change; those that are not named stay.
    #[graphql(default)]
    pub parameters: Vec<ComplianceParameterInput>,
}

/// The value of a parameter of a rule.
#[derive(Clone, Debug, Default, InputObject)]
pub struct ComplianceParameterInput {
    /// Its name.
    pub name: String,
    /// Its value as text; with neither this nor `values` it goes back to what the rule says.
    pub value: Option<String>,
    /// Its values, for a list.
    pub values: Option<Vec<String>>,
}

/// A rule with what was changed of it. A kept value that the rule no longer takes counts as not
/// changed: a rule may have got narrower bounds since.
pub fn as_set(
    organisation: OrganisationId,
    rule: &'static Rule,
    setting: Option<&Setting>,
) -> Result<ComplianceRule> {
    let kept = setting.and_then(|it| it.parameters.as_object());
    let mut parameters = BTreeMap::new();
    let mut changed = Vec::new();
    for parameter in &rule.parameters {
        let own = kept.and_then(|kept| kept.get(&parameter.name));
        let own = own.and_then(|kept| parameter.read(kept).ok());
        if own.is_some() {
            changed.push(parameter.name.clone());
        }
        let value = match own {
            Some(value) => value,
            None => parameter.usual()?,
        };
        parameters.insert(parameter.name.clone(), value);
    }
    Ok(ComplianceRule {
        id: catalogue::id_of(organisation, &rule.key),
        rule,
        enabled: setting.is_none_or(|it| it.enabled),
        severity: setting.and_then(|it| it.severity).unwrap_or(rule.severity),
        parameters,
        changed,
        updated_by: setting.and_then(|it| it.updated_by),
        updated_at: setting.map(|it| it.updated_at),
        version: setting.map_or(1, |it| it.version),
    })
}

/// Every rule as it is in force. Checks no permission.
pub(crate) async fn in_force(tx: &mut Tx) -> Result<Vec<ComplianceRule>> {
    let settings: Vec<Setting> = rule_setting::table
        .filter(rule_setting::organisation_id.eq(tx.organisation()))
        .select(Setting::as_select())
        .load(tx.conn())
        .await?;
    catalogue::all()?
        .iter()
        .map(|rule| {
            let setting = settings.iter().find(|it| it.rule_key == rule.key);
            as_set(tx.organisation(), rule, setting)
        })
        .collect()
}

/// Changes a rule for the organisation: on or off, severity, parameters. What it asks can't be
/// changed. The findings of a rule that is turned off are closed, and opened again by the first scan
/// that finds them once it is on again.
///
/// # Errors
/// Every fault of the input at once; stale when the rule has changed.
#[tracing::instrument(skip_all, fields(rule.id = %command.id), err)]
pub async fn update(tx: &mut Tx, command: ComplianceRuleUpdateInput) -> Result<ComplianceRule> {
    tx.actor().require_everywhere(RULE_MANAGE)?;
    let rule = catalogue::all()?
        .iter()
        .find(|rule| catalogue::id_of(tx.organisation(), &rule.key) == command.id)
        .ok_or_else(|| {
            Fault::not_found(fault::RULE_UNKNOWN)
                .with("rule", command.id)
                .at(["id"])
        })?;
    let seen = lock(tx, rule).await?;
    let before = as_set(tx.organisation(), rule, seen.as_ref())?;
    check::version(before.version, command.expected_version)?;
    let next = decide(tx, rule, seen.as_ref(), &command.patch)?;
    let after = as_set(tx.organisation(), rule, Some(&next))?;
    diesel::insert_into(rule_setting::table)
        .values(&next)
        .on_conflict((rule_setting::organisation_id, rule_setting::rule_key))
        .do_update()
        .set(&next)
        .execute(tx.conn())
        .await?;
    let event = Event::new(
        "compliance.rule.updated",
        "ComplianceRule",
        after.id,
        RULE_READ,
    );
    let event = event
        .set("rule", &rule.key)
        .changed("isEnabled", &before.enabled, &after.enabled)
        .changed("severity", &before.severity, &after.severity)
        .changed(
            "parameters",
            &before.kept_parameters(),
            &after.kept_parameters(),
        );
    tx.emit(event).await?;
    if before.enabled && !after.enabled {
        finding::close_turned_off(tx, std::slice::from_ref(&rule.key)).await?;
    }
    Ok(after)
}

/// Locks what was changed of a rule. Two who change it first take turns by an advisory lock.
async fn lock(tx: &mut Tx, rule: &Rule) -> Result<Option<Setting>> {
    let key = format!("{}:{}", tx.organisation().0, rule.key);
    diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 132))")
        .bind::<diesel::sql_types::Text, _>(key)
        .execute(tx.conn())
        .await?;
    Ok(rule_setting::table
        .find((tx.organisation(), &rule.key))
        .select(Setting::as_select())
        .for_update()
        .first(tx.conn())
        .await
        .optional()?)
}

fn decide(
    tx: &Tx,
    rule: &Rule,
    seen: Option<&Setting>,
    patch: &ComplianceRulePatch,
) -> Result<Setting> {
    let mut kept = seen
        .and_then(|it| it.parameters.as_object().cloned())
        .unwrap_or_default();
    let mut faults = Faults::new();
    for (index, given) in patch.parameters.iter().enumerate() {
        let at = ["patch".into(), "parameters".into(), index.to_string()];
        if let Err(fault) = set(rule, given, &mut kept) {
            faults.push(fault.at(at));
        }
    }
    faults.finish()?;
    let severity = match patch.severity {
        MaybeUndefined::Undefined => seen.and_then(|it| it.severity),
        MaybeUndefined::Null => None,
        MaybeUndefined::Value(severity) => Some(severity),
    };
    let enabled = seen.is_none_or(|it| it.enabled);
    Ok(Setting {
        organisation_id: tx.organisation(),
        rule_key: rule.key.clone(),
        enabled: patch.is_enabled.unwrap_or(enabled),
        severity,
        parameters: Value::Object(kept),
        updated_by: tx.actor().principal.user(),
        updated_at: tx.now(),
        version: seen.map_or(1, |it| it.version) + 1,
    })
}

/// Sets one parameter, or takes it back.
fn set(
    rule: &Rule,
    given: &ComplianceParameterInput,
    kept: &mut Map<String, Value>,
) -> Result<(), Fault> {
    let known = rule.parameters.iter().find(|it| it.name == given.name);
    let parameter = known
        .ok_or_else(|| Fault::not_found(fault::PARAMETER_UNKNOWN).with("name", &given.name))?;
    let written = match (&given.value, &given.values) {
        (None, None) => {
            kept.remove(&given.name);
            return Ok(());
        }
        (Some(one), None) => vec![one.clone()],
        (None, Some(many)) => many.clone(),
        (Some(_), Some(_)) => {
            return Err(Fault::invalid(fault::PARAMETER_INVALID)
                .with("name", &given.name)
                .with("kind", parameter.kind));
        }
    };
    let value = parameter.parse(&written)?;
    kept.insert(given.name.clone(), value.kept());
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rule(key: &str) -> &'static Rule {
        catalogue::find_key(key).unwrap().unwrap()
    }

    fn setting(parameters: Value) -> Setting {
        Setting {
            organisation_id: OrganisationId::generate(),
            rule_key: "directory.user_unused".into(),
            enabled: false,
            severity: Some(Severity::High),
            parameters,
            updated_by: None,
            updated_at: DateTime::<Utc>::MIN_UTC,
            version: 2,
        }
    }

    #[test]
    fn a_rule_is_as_it_was_written_until_somebody_changes_it() {
        let unused = rule("directory.user_unused");
        let plain = as_set(OrganisationId::generate(), unused, None).unwrap();
        assert!(plain.enabled && plain.changed.is_empty() && plain.version == 1);
        assert_eq!(plain.parameters["days"], ParameterValue::Integer(90));
        let changed = as_set(
            OrganisationId::generate(),
            unused,
            Some(&setting(json!({ "days": 30 }))),
        )
        .unwrap();
        assert!(!changed.enabled);
        assert_eq!(changed.severity, Severity::High);
        assert_eq!(changed.parameters["days"], ParameterValue::Integer(30));
        assert_eq!(changed.changed, ["days"]);
    }

    #[test]
    fn a_kept_value_that_the_rule_no_longer_takes_counts_as_not_changed() {
        let kept = setting(json!({ "days": 0, "gone": "x" }));
        let set = as_set(
            OrganisationId::generate(),
            rule("directory.user_unused"),
            Some(&kept),
        )
        .unwrap();
        assert_eq!(set.parameters["days"], ParameterValue::Integer(90));
        assert!(set.changed.is_empty());
    }

    #[test]
    fn a_parameter_is_set_taken_back_or_refused() {
        let rule = rule("directory.user_unused");
        let mut kept = Map::new();
        let mut give = |name: &str, value: Option<&str>| {
            let given = ComplianceParameterInput {
                name: name.into(),
                value: value.map(str::to_owned),
                values: None,
            };
            set(rule, &given, &mut kept).map_err(|fault| fault.reason)
        };
        assert_eq!(give("days", Some("45")), Ok(()));
        assert_eq!(
            give("days", Some("1); DELETE")),
            Err(fault::PARAMETER_INVALID)
        );
        assert_eq!(give("sql", Some("x")), Err(fault::PARAMETER_UNKNOWN));
        assert_eq!(give("days", None), Ok(()));
        assert!(kept.is_empty());
    }
}
