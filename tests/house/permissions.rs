//! Every permission belongs to some role, and no role names one that doesn't exist.

use std::collections::BTreeSet;

use trastienda_core::PERMISSIONS;
use trastienda_core::directory::role::TEMPLATES;

/// What only an owner may do.
const OWNER_ONLY: &[&str] = &[];
/// The owner's permission for everything.
const EVERYTHING: &str = "*";

fn all() -> BTreeSet<&'static str> {
    PERMISSIONS
        .iter()
        .flat_map(|domain| domain.iter())
        .map(|(name, _)| *name)
        .collect()
}

fn held() -> BTreeSet<&'static str> {
    TEMPLATES
        .iter()
        .flat_map(|template| template.permissions.iter().copied())
        .collect()
}

#[test]
fn every_permission_is_held_by_a_role_or_is_the_owners_alone() {
    let loose: Vec<_> = all().difference(&held()).copied().collect();
    assert_eq!(loose, OWNER_ONLY);
}

#[test]
fn every_permission_of_a_role_exists() {
    let unknown: Vec<_> = held().difference(&all()).copied().collect();
    assert_eq!(unknown, [EVERYTHING]);
    for template in TEMPLATES.iter().filter(|template| template.key != "owner") {
        assert!(
            !template.permissions.contains(&EVERYTHING),
            "{}",
            template.key
        );
    }
}

#[test]
fn every_permission_can_be_given_and_says_what_it_allows() {
    let count: usize = PERMISSIONS.iter().map(|domain| domain.len()).sum();
    assert_eq!(all().len(), count, "one is declared twice");
    for (name, allows) in PERMISSIONS.iter().flat_map(|domain| domain.iter()) {
        assert!(
            !allows.trim().is_empty(),
            "{name} doesn't say what it allows"
        );
        let known = trastienda_core::directory::permission::is_known(name);
        assert!(known, "{name} can't be given to a role");
    }
}
