//! Who acts, and what they may do where: default deny, grants limited to companies or departments.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::id::TypedId;
use crate::ids::{ApiKeyId, CompanyId, DepartmentId, EmployeeId, OrganisationId, UserId};

/// A permission's name, `domain.noun.act`.
pub type Permission = &'static str;

/// Declares the permissions of a crate: constants, and the list `PERMISSIONS` with descriptions.
#[macro_export]
macro_rules! permissions {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal;)*) => {
        $($(#[doc = $doc])+ pub const $name: $crate::actor::Permission = $text;)*

        /// Every permission of this crate with what it allows.
        pub const PERMISSIONS: &[($crate::actor::Permission, &str)] =
            &[$(($text, concat!($($doc),+)),)*];
    };
}

/// Who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "id")]
pub enum Principal {
    /// A person.
    User(UserId),
    /// An automation.
    ApiKey(ApiKeyId),
    /// Trastienda itself: schedules and housekeeping.
    System,
}

impl Principal {
    /// The kind as text: `user`, `api_key`, `system`.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::ApiKey(_) => "api_key",
            Self::System => "system",
        }
    }

    /// The raw id; all zeros for the system.
    pub fn uuid(self) -> Uuid {
        match self {
            Self::User(id) => id.uuid(),
            Self::ApiKey(id) => id.uuid(),
            Self::System => Uuid::nil(),
        }
    }

    /// The user, if it is one.
    pub const fn user(self) -> Option<UserId> {
        match self {
            Self::User(id) => Some(id),
            _ => None,
        }
    }
}

/// Where a permission holds: everywhere, or in the companies and departments named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// In the whole organisation.
    pub everywhere: bool,
    /// In these companies, all departments.
    pub companies: Vec<CompanyId>,
    /// In these departments.
    pub departments: Vec<DepartmentId>,
}

impl Scope {
    /// The whole organisation.
    pub const fn everywhere() -> Self {
        Self {
            everywhere: true,
            companies: Vec::new(),
            departments: Vec::new(),
        }
    }

    /// Whether it holds nowhere.
    pub fn is_nowhere(&self) -> bool {
        !self.everywhere && self.companies.is_empty() && self.departments.is_empty()
    }

    /// Whether it covers a record of a company and perhaps a department.
    pub fn covers(&self, company: Option<CompanyId>, department: Option<DepartmentId>) -> bool {
        self.everywhere
            || company.is_some_and(|id| self.companies.contains(&id))
            || department.is_some_and(|id| self.departments.contains(&id))
    }

    /// Adds where another grant of the same permission holds.
    pub fn widen(&mut self, other: &Self) {
        self.everywhere |= other.everywhere;
        self.companies.extend(other.companies.iter().copied());
        self.departments.extend(other.departments.iter().copied());
    }
}

/// Who acts in a request or job, with everything that decides what they may do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Actor {
    /// The tenant.
    pub organisation: OrganisationId,
    /// Who it is.
    pub principal: Principal,
    /// The name to show.
    pub name: String,
    /// The employee that the user is, if they are one.
    pub employee: Option<EmployeeId>,
    /// Where each permission holds.
    pub grants: BTreeMap<String, Scope>,
    /// When the user last proved their identity.
    pub proved_at: Option<DateTime<Utc>>,
}

/// The permission that stands for all: only the system's actor and the role of owner have it.
pub const EVERYTHING: Permission = "*";

impl Actor {
    /// Trastienda itself, acting in an organisation.
    pub fn system(organisation: OrganisationId) -> Self {
        Self {
            organisation,
            principal: Principal::System,
            name: "Trastienda".to_owned(),
            employee: None,
            grants: BTreeMap::from([(EVERYTHING.to_owned(), Scope::everywhere())]),
            proved_at: None,
        }
    }

    /// Where a permission holds for this actor; nowhere by default.
    pub fn scope(&self, permission: &str) -> Scope {
        let mut scope = self.grants.get(permission).cloned().unwrap_or_default();
        if let Some(everything) = self.grants.get(EVERYTHING) {
            scope.widen(everything);
        }
        scope
    }

    /// Whether the permission holds somewhere.
    pub fn may(&self, permission: Permission) -> bool {
        !self.scope(permission).is_nowhere()
    }

    /// Where the permission holds; an error when nowhere.
    pub fn require(&self, permission: Permission) -> Result<Scope> {
        let scope = self.scope(permission);
        if scope.is_nowhere() {
            Err(Error::Denied(permission))
        } else {
            Ok(scope)
        }
    }

    /// That the permission holds for a record of a company and perhaps a department.
    pub fn require_in(
        &self,
        permission: Permission,
        company: CompanyId,
        department: Option<DepartmentId>,
    ) -> Result<()> {
        if self.scope(permission).covers(Some(company), department) {
            Ok(())
        } else {
            Err(Error::Denied(permission))
        }
    }

    /// That the permission holds in the whole organisation.
    pub fn require_everywhere(&self, permission: Permission) -> Result<()> {
        if self.scope(permission).everywhere {
            Ok(())
        } else {
            Err(Error::Denied(permission))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actor(grants: &[(&str, Scope)]) -> Actor {
        let grants = grants
            .iter()
            .map(|(name, scope)| ((*name).to_owned(), scope.clone()));
        Actor {
            grants: grants.collect(),
            ..Actor::system(OrganisationId::generate())
        }
    }

    #[test]
    fn denies_by_default() {
        assert!(actor(&[]).require("ledger.entry.post").is_err());
    }

    #[test]
    fn a_limited_grant_covers_its_company_alone() {
        let (mine, other) = (CompanyId::generate(), CompanyId::generate());
        let scope = Scope {
            companies: vec![mine],
            ..Scope::default()
        };
        let actor = actor(&[("people.employee.read", scope)]);
        assert!(actor.require_in("people.employee.read", mine, None).is_ok());
        assert!(
            actor
                .require_in("people.employee.read", other, None)
                .is_err()
        );
        assert!(actor.require_everywhere("people.employee.read").is_err());
    }
}
