//! The templates that come with the suite, read from their data files.

use serde::Deserialize;

use kernel::Result;

use super::broken;
use crate::account::{AccountKind, NormalSide};

/// A chart of accounts as data.
#[derive(Clone, Debug, Deserialize)]
pub struct ChartTemplate {
    /// Its code.
    pub code: String,
    /// Its name in Spanish.
    pub name_es: String,
    /// Its name in English.
    pub name_en: String,
    /// Where it comes from: the law, or who made it.
    pub source: String,
    /// What kind an account is, by the beginning of its code; the longest one wins.
    pub rules: Vec<KindRule>,
    /// The accounts, each parent before its children.
    pub accounts: Vec<TemplateAccount>,
}

/// The kind of all accounts whose code begins in one way.
#[derive(Clone, Debug, Deserialize)]
pub struct KindRule {
    /// How the code begins.
    pub prefix: String,
    /// The kind.
    pub kind: AccountKind,
    /// The normal side.
    pub side: NormalSide,
}

/// An account of a template.
#[derive(Clone, Debug, Deserialize)]
pub struct TemplateAccount {
    /// Its code.
    pub code: String,
    /// Its name in Spanish.
    pub name_es: String,
    /// Its name in English.
    pub name_en: Option<String>,
    /// The code of the account above.
    pub parent: Option<String>,
}

impl ChartTemplate {
    /// The kind and normal side of an account, by the longest rule that fits its code.
    pub fn kind_of(&self, code: &str) -> Result<(AccountKind, NormalSide)> {
        self.rules
            .iter()
            .filter(|rule| code.starts_with(&rule.prefix))
            .max_by_key(|rule| rule.prefix.len())
            .map(|rule| (rule.kind, rule.side))
            .ok_or_else(|| broken(format!("no kind for {code}")))
    }
}

/// The Spanish plan for small and medium-sized companies, Real Decreto 1515/2007.
pub fn spanish_pyme() -> Result<ChartTemplate> {
    read(include_str!("../../data/es_pyme.json"))
}

/// A small international chart.
pub fn generic() -> Result<ChartTemplate> {
    read(include_str!("../../data/generic.json"))
}

fn read(text: &str) -> Result<ChartTemplate> {
    serde_json::from_str(text).map_err(broken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn templates_are_trees_and_every_account_has_a_kind() {
        for template in [spanish_pyme().unwrap(), generic().unwrap()] {
            let mut seen = HashSet::new();
            for account in &template.accounts {
                template.kind_of(&account.code).unwrap();
                assert!(crate::account::is_code(&account.code));
                if let Some(parent) = &account.parent {
                    assert!(template.accounts.iter().any(|one| one.code == *parent));
                }
                assert!(seen.insert(&account.code), "{} twice", account.code);
            }
        }
    }

    #[test]
    fn kinds_follow_the_groups_of_the_plan() {
        use AccountKind::*;
        let plan = spanish_pyme().unwrap();
        let kind = |code| plan.kind_of(code).unwrap();
        assert_eq!(kind("640"), (Expense, NormalSide::Debit));
        assert_eq!(kind("4751"), (Liability, NormalSide::Credit));
        assert_eq!(kind("476"), (Liability, NormalSide::Credit));
        assert_eq!(kind("465"), (Liability, NormalSide::Credit));
        assert_eq!(kind("460"), (Asset, NormalSide::Debit));
        assert_eq!(kind("572"), (Asset, NormalSide::Debit));
        assert_eq!(kind("281"), (Asset, NormalSide::Credit));
        assert_eq!(kind("100"), (Equity, NormalSide::Credit));
        assert_eq!(kind("170"), (Liability, NormalSide::Credit));
        assert_eq!(kind("708"), (Income, NormalSide::Debit));
    }
}
