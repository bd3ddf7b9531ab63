//! The organisation: the tenant. A new one is made by binding its new id as the tenant, so that
//! even its first row is written under row-level security.

use std::sync::Arc;

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{OrganisationId, UserId};
use kernel::{Actor, Context, Db, Event, Fault, Locale, Result, Tx};

use crate::check::{self, Input, taken};
use crate::permission::{COMPANY_READ, ORGANISATION_MANAGE};
use crate::role::{self, RoleAssignInput};
use crate::schema::organisation;
use crate::secret::{Keys, Sensitive};
use crate::user::{self, User, UserCreateInput};

/// The tenant.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = organisation, check_for_backend(diesel::pg::Pg))]
pub struct Organisation {
    /// The organisation.
    pub id: OrganisationId,
    /// Its short name, unique in the installation, for log-in.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// The language of what it gets when nobody chose one.
    pub locale: Locale,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Its version.
    pub version: i32,
}

/// Makes the tenant that the transaction is bound to, with the built-in roles.
#[derive(Clone, Debug)]
pub struct OrganisationCreate {
    /// The short name: small letters, digits and single hyphens.
    pub slug: String,
    /// The name.
    pub name: String,
    /// The language.
    pub locale: Locale,
}

/// Makes the tenant that the transaction is bound to, with the built-in roles. The actor is
/// Trastienda itself: nobody is there yet.
pub async fn create(tx: &mut Tx, command: OrganisationCreate) -> Result<Organisation> {
    tx.actor().require_everywhere(kernel::actor::EVERYTHING)?;
    let mut input = Input::new();
    let slug = input.take("slug", slug(&command.slug));
    let name = input.take("name", check::text(&command.name, 200));
    input.finish()?;
    let id = tx.organisation();
    let row = Organisation {
        id,
        slug,
        name,
        locale: command.locale,
        created_at: tx.now(),
        version: 1,
    };
    diesel::insert_into(organisation::table)
        .values(&row)
        .execute(tx.conn())
        .await
        .map_err(|e| {
            taken(
                e.into(),
                "organisation_slug_key",
                "directory.slug_taken",
                "slug",
            )
        })?;
    role::install_templates(tx, row.locale).await?;
    let made = Event::new(
        "directory.organisation.created",
        "Organisation",
        id,
        COMPANY_READ,
    );
    tx.emit(made.set("name", &row.name).set("slug", &row.slug))
        .await?;
    Ok(row)
}

/// A new tenant and its first user.
#[derive(Clone, Debug)]
pub struct Provision {
    /// The organisation.
    pub organisation: OrganisationCreate,
    /// The owner's e-mail address.
    pub email: String,
    /// The owner's name.
    pub display_name: String,
    /// The owner's password.
    pub password: Sensitive,
}

/// Makes a new tenant with an owner who may do everything, in one transaction of its own.
pub async fn provision(db: &Db, keys: &Keys, command: Provision) -> Result<(Organisation, User)> {
    let actor = Actor::system(OrganisationId::generate());
    let context = Arc::new(Context::new(Arc::new(actor), db.clock().now()));
    let mut tx = db.begin(&context).await?;
    let made = provision_in(&mut tx, keys, command).await;
    match made {
        Ok(made) => tx.commit().await.map(|()| made),
        Err(error) => {
            tx.rollback().await?;
            Err(error)
        }
    }
}

async fn provision_in(
    tx: &mut Tx,
    keys: &Keys,
    command: Provision,
) -> Result<(Organisation, User)> {
    let locale = command.organisation.locale;
    let made = create(tx, command.organisation).await?;
    let owner = UserCreateInput {
        id: None,
        email: command.email,
        display_name: command.display_name,
        locale: Some(locale),
        employee_id: None,
        password: Some(command.password),
        must_change_password: false,
    };
    let owner = user::create(tx, keys, owner).await?;
    give_owner(tx, owner.id).await?;
    Ok((made, owner))
}

async fn give_owner(tx: &mut Tx, user: UserId) -> Result<()> {
    let owner = role::find_by_key(tx, "owner")
        .await?
        .ok_or_else(|| kernel::Error::bug("the role of owner was not installed"))?;
    let given = RoleAssignInput {
        role: owner.id,
        user,
        company: None,
        department: None,
    };
    role::assign(tx, given).await.map(drop)
}

/// The tenant of the transaction.
pub async fn find(tx: &mut Tx) -> Result<Option<Organisation>> {
    Ok(organisation::table
        .find(tx.organisation())
        .select(Organisation::as_select())
        .first(tx.conn())
        .await
        .optional()?)
}

/// Changes the organisation.
#[derive(Clone, Debug, InputObject)]
pub struct OrganisationUpdateInput {
    /// The version that the change was made on.
    pub expected_version: Option<i32>,
    /// What changes.
    pub patch: OrganisationPatch,
}

/// What of an organisation may change; absent fields stay.
#[derive(Clone, Debug, Default, InputObject)]
pub struct OrganisationPatch {
    /// The name.
    pub name: Option<String>,
    /// The language.
    pub locale: Option<Locale>,
}

/// Changes the organisation's name or language.
pub async fn update(tx: &mut Tx, command: OrganisationUpdateInput) -> Result<Organisation> {
    tx.actor().require_everywhere(ORGANISATION_MANAGE)?;
    let seen: Organisation = organisation::table
        .find(tx.organisation())
        .select(Organisation::as_select())
        .for_update()
        .first(tx.conn())
        .await?;
    check::version(seen.version, command.expected_version)?;
    let mut next = seen.clone();
    let mut input = Input::new();
    if let Some(name) = &command.patch.name {
        next.name = input.take("patch.name", check::text(name, 200));
    }
    next.locale = command.patch.locale.unwrap_or(seen.locale);
    input.finish()?;
    next.version += 1;
    diesel::update(organisation::table.find(next.id))
        .set(&next)
        .execute(tx.conn())
        .await?;
    let changed = Event::new(
        "directory.organisation.updated",
        "Organisation",
        next.id,
        COMPANY_READ,
    )
    .changed("name", &seen.name, &next.name)
    .changed("locale", &seen.locale, &next.locale);
    tx.emit(changed).await?;
    Ok(next)
}

fn slug(value: &str) -> Result<String, Fault> {
    let value = check::text(value, 40)?.to_lowercase();
    let fits = value.len() > 1
        && !value.starts_with('-')
        && !value.ends_with('-')
        && !value.contains("--")
        && value
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if fits {
        Ok(value)
    } else {
        Err(Fault::invalid("directory.slug_invalid"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_fit_in_addresses() {
        assert_eq!(slug("Luna-44").unwrap(), "luna-44");
        for bad in ["", "a", "-a", "a-", "a--b", "a_b", "ñandú"] {
            assert!(slug(bad).is_err(), "{bad}");
        }
    }
}
