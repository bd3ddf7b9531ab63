//! The rules that are built into the program.

use std::sync::LazyLock;

use kernel::ids::{ComplianceRuleId, OrganisationId};
use kernel::{Error, Result};
use uuid::Uuid;

use super::Rule;
use super::compile::{self, Compiled};

/// The name and text of a rule's file.
macro_rules! rule_file {
    ($name:literal) => {
        ($name, include_str!(concat!("../../rules/", $name, ".toml")))
    };
}

/// The files of the rules. A test compares them with the folder.
const FILES: &[(&str, &str)] = &[
    rule_file!("administration_document_past_retention"),
    rule_file!("directory_duties_in_conflict"),
    rule_file!("directory_owners_too_many"),
    rule_file!("directory_supplier_bank_of_employee"),
    rule_file!("directory_user_unused"),
    rule_file!("directory_user_without_second_factor"),
    rule_file!("finance_duplicate_supplier_document"),
    rule_file!("finance_invoice_without_file"),
    rule_file!("finance_payment_too_late"),
    rule_file!("finance_subledger_unbalanced"),
    rule_file!("inventory_layers_unbalanced"),
    rule_file!("inventory_ledger_unbalanced"),
    rule_file!("inventory_negative_stock"),
    rule_file!("inventory_purchase_near_limit"),
    rule_file!("inventory_purchase_split"),
    rule_file!("ledger_entry_at_night"),
    rule_file!("ledger_entry_on_closed_day"),
    rule_file!("people_contract_past_end"),
    rule_file!("people_contract_without_document"),
    rule_file!("people_data_past_retention"),
    rule_file!("people_payslip_under_minimum_wage"),
    rule_file!("people_temporary_chain"),
];

static RULES: LazyLock<Result<Vec<Rule>, String>> = LazyLock::new(load);

/// Every rule, by key.
pub fn all() -> Result<&'static [Rule]> {
    match &*RULES {
        Ok(rules) => Ok(rules),
        Err(why) => Err(Error::bug(why.clone())),
    }
}

/// A rule by its key.
pub fn find_key(key: &str) -> Result<Option<&'static Rule>> {
    Ok(all()?.iter().find(|rule| rule.key == key))
}

/// The id of a rule in an organisation: another in each, so that an id tells nothing elsewhere.
pub fn id_of(organisation: OrganisationId, key: &str) -> ComplianceRuleId {
    ComplianceRuleId(Uuid::new_v5(&organisation.0, key.as_bytes()))
}

fn load() -> Result<Vec<Rule>, String> {
    let mut rules = Vec::with_capacity(FILES.len());
    for (name, text) in FILES {
        rules.push(read(text).map_err(|why| format!("rule {name}: {why}"))?);
    }
    rules.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(rules)
}

/// A rule from its text.
pub(crate) fn read(text: &str) -> Result<Rule, String> {
    let mut rule: Rule = toml::from_str(text).map_err(|error| error.to_string())?;
    for parameter in &rule.parameters {
        parameter
            .read(&parameter.default)
            .map_err(|fault| format!("{}: {}", parameter.name, fault.reason))?;
    }
    let names: Vec<&str> = rule.parameters.iter().map(|it| it.name.as_str()).collect();
    let columns: Vec<&str> = rule.evidence.iter().map(|it| it.name.as_str()).collect();
    rule.scanned = Compiled::of(&rule.sql.scanned, &names)?;
    rule.breaches = compile::breaches(&rule.sql.query, &columns, &names)?;
    Ok(rule)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_of_the_folder_is_built_in_and_named_by_its_key() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        let built: BTreeSet<String> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(built, files);
        for rule in all().unwrap() {
            assert!(
                files.contains(&rule.key.replacen('.', "_", 1)),
                "{}",
                rule.key
            );
        }
    }

    #[test]
    fn there_are_enough_rules_and_each_says_where_it_comes_from() {
        let rules = all().unwrap();
        assert!(rules.len() >= 12, "{}", rules.len());
        let keys: BTreeSet<&str> = rules.iter().map(|rule| rule.key.as_str()).collect();
        assert_eq!(keys.len(), rules.len());
        for rule in rules {
            let words = [&rule.title, &rule.explanation];
            assert!(
                words
                    .iter()
                    .all(|it| !it.es.is_empty() && !it.en.is_empty())
            );
            assert!(!rule.source.norm.is_empty() && !rule.source.reference.is_empty());
            assert!(
                rule.key.starts_with(&format!("{}.", rule.domain)),
                "{}",
                rule.key
            );
        }
    }

    #[test]
    fn evidence_that_is_guarded_names_a_permission_that_exists() {
        let mut guarded = 0;
        for column in all().unwrap().iter().flat_map(|rule| &rule.evidence) {
            if let Some(permission) = &column.requires {
                assert!(directory::permission::is_known(permission), "{permission}");
                guarded += 1;
            }
        }
        assert!(guarded > 0);
    }

    #[test]
    fn a_rule_never_reads_without_its_organisation() {
        for rule in all().unwrap() {
            for text in [&rule.sql.query, &rule.sql.scanned] {
                assert!(text.contains(":organisation"), "{}", rule.key);
            }
            let limited = rule.sql.query.contains(":company");
            assert_eq!(limited, rule.per_company, "{}", rule.key);
        }
    }

    #[test]
    fn a_rule_that_names_a_value_nobody_gives_is_refused() {
        let text = FILES[0].1.replace(":today", ":yesterday");
        assert!(read(&text).unwrap_err().contains("yesterday"));
    }
}
