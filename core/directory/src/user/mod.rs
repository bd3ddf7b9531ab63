//! Users: the people who can log in. What proves them lies apart, in `credential`.

mod password;
mod store;

use async_graphql::{InputObject, MaybeUndefined, OneofObject};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{BooleanFilter, DateTimeFilter, IdFilter, TextFilter};
use kernel::id::TypedId;
use kernel::ids::{EmployeeId, OrganisationId, UserId};
use kernel::page::{Page, PageRequest};
use kernel::predicate::Value;
use kernel::{Event, Fault, Locale, Predicate, Result, Tx, listing};

pub use password::{
    UserPasswordChangeInput, UserPasswordResetInput, UserTotpRemoveInput, change_password,
    remove_totp, reset_password,
};
pub(crate) use store::exists;

use crate::auth::own_user;
use crate::check::{self, Input};
use crate::permission::{USER_MANAGE, USER_READ};
use crate::schema::user;
use crate::secret::{Keys, Sensitive};
use crate::session::{self, SessionEnd};

/// A person who can log in.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = user,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct User {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The user.
    pub id: UserId,
    /// The e-mail address, in small letters.
    pub email: String,
    /// The name to show.
    pub display_name: String,
    /// The language of messages to them.
    pub locale: Locale,
    /// Whether they can log in.
    pub active: bool,
    /// The employee they are.
    pub employee_id: Option<EmployeeId>,
    /// Whether a second factor is asked for.
    pub totp_enabled: bool,
    /// When they last logged in.
    pub last_login_at: Option<DateTime<Utc>>,
    /// When they were made.
    pub created_at: DateTime<Utc>,
    /// Its version.
    pub version: i32,
}

listing! {
    /// Conditions on users.
    filter UserFilter {
        /// By id.
        id: IdFilter => id,
        /// By address.
        email: TextFilter => email,
        /// By name.
        display_name: TextFilter => display_name,
        /// By whether they can log in.
        active: BooleanFilter => active,
        /// By whether they have a second factor.
        totp_enabled: BooleanFilter => totp_enabled,
        /// By their last log-in.
        last_login_at: DateTimeFilter => last_login_at,
        /// By the employee they are.
        employee: IdFilter => employee_id,
    }
    /// An order of users.
    sort UserSort;
    /// What users can be sorted by.
    by UserSortField {
        /// By name.
        DisplayName = "DISPLAY_NAME" => display_name,
        /// By address.
        Email = "EMAIL" => email,
        /// By when they were made.
        CreatedAt = "CREATED_AT" => created_at,
    }
    default DisplayName Asc;
    search [email, display_name];
    from "directory" user as User;
}

/// Everybody with the right to see users; with a limited one those who have a role in the same
/// companies or departments; and always oneself.
fn visible(tx: &Tx) -> Predicate {
    let scope = tx.actor().scope(USER_READ);
    let given = "\"directory\".\"role_assignment\"";
    let nearby = if scope.everywhere {
        Predicate::all()
    } else if scope.is_nowhere() {
        Predicate::none()
    } else {
        let ids = |ids: Vec<uuid::Uuid>| Value::Uuids(ids);
        let companies = ids(scope.companies.iter().map(|id| id.0).collect());
        let departments = ids(scope.departments.iter().map(|id| id.0).collect());
        Predicate::sql(format!(
            "\"directory\".\"user\".\"id\" IN (SELECT user_id FROM {given} WHERE "
        ))
        .then_all(
            Predicate::any("company_id", companies)
                .or(Predicate::any("department_id", departments)),
        )
        .then(")")
    };
    let own = match tx.actor().principal.user() {
        Some(user) => Predicate::equal("\"directory\".\"user\".\"id\"", user.uuid()),
        None => Predicate::none(),
    };
    let organisation = tx.organisation().uuid();
    Predicate::equal("\"directory\".\"user\".\"organisation_id\"", organisation).and(nearby.or(own))
}

/// A page of the users that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<UserFilter, UserSortField>,
) -> Result<Page<User>> {
    let visible = visible(tx);
    list(tx, request, visible).await
}

/// How many users the actor may see.
pub async fn count(tx: &mut Tx, request: PageRequest<UserFilter, UserSortField>) -> Result<i64> {
    let visible = visible(tx);
    tally(tx, request, visible).await
}

/// The visible ones among some users.
pub async fn by_ids(tx: &mut Tx, ids: &[UserId]) -> Result<Vec<User>> {
    let visible = visible(tx);
    Ok(user::table
        .filter(user::organisation_id.eq(tx.organisation()))
        .filter(user::id.eq_any(ids))
        .filter(visible)
        .select(User::as_select())
        .load(tx.conn())
        .await?)
}

/// A user that the actor may see.
pub async fn find(tx: &mut Tx, id: UserId) -> Result<Option<User>> {
    Ok(by_ids(tx, &[id]).await?.into_iter().next())
}

/// The user who acts; `None` for automations and Trastienda itself.
pub async fn viewer(tx: &mut Tx) -> Result<Option<User>> {
    match tx.actor().principal.user() {
        Some(id) => find(tx, id).await,
        None => Ok(None),
    }
}

/// The users who are some employees, whatever the actor may see: for notices to them.
pub async fn of_employees(tx: &mut Tx, employees: &[EmployeeId]) -> Result<Vec<User>> {
    Ok(user::table
        .filter(user::organisation_id.eq(tx.organisation()))
        .filter(user::employee_id.eq_any(employees))
        .select(User::as_select())
        .load(tx.conn())
        .await?)
}

/// Names a user in one of several ways.
#[derive(Clone, Debug, OneofObject)]
pub enum UserRef {
    /// By id.
    Id(UserId),
    /// By e-mail address.
    Email(String),
}

/// The visible user that a reference names.
pub async fn resolve(tx: &mut Tx, named: &UserRef) -> Result<User> {
    let visible = visible(tx);
    let mut query = user::table
        .filter(visible)
        .select(User::as_select())
        .into_boxed();
    query = match named {
        UserRef::Id(id) => query.filter(user::id.eq(*id)),
        UserRef::Email(email) => query.filter(user::email.eq(email.trim().to_lowercase())),
    };
    query
        .first(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| Fault::not_found("directory.user_unknown").into())
}

/// Makes a user.
#[derive(Clone, Debug, InputObject)]
pub struct UserCreateInput {
    /// An id made by the client, `usr_…`.
    pub id: Option<UserId>,
    /// The e-mail address, unique in the organisation.
    pub email: String,
    /// The name to show.
    pub display_name: String,
    /// The language of messages to them; Spanish when absent.
    pub locale: Option<Locale>,
    /// The employee they are.
    #[graphql(name = "employee")]
    pub employee_id: Option<EmployeeId>,
    /// The first password; without one they can only come through an identity provider.
    pub password: Option<Sensitive>,
    /// Whether they must set a password of their own first.
    #[graphql(default = true)]
    pub must_change_password: bool,
}

/// Makes a user, with their credential and the row that finds them at log-in.
pub async fn create(tx: &mut Tx, keys: &Keys, command: UserCreateInput) -> Result<User> {
    tx.actor().require_everywhere(USER_MANAGE)?;
    let row = decide(tx, &command)?;
    let hash = match &command.password {
        Some(password) => Some(crate::password::hash(password).await?),
        None => None,
    };
    store::insert(tx, &row, hash, command.must_change_password).await?;
    store::list_at_login(tx, keys, &row).await?;
    let made = Event::new("directory.user.created", "User", row.id, USER_READ)
        .owner(Some(row.id))
        .set("email", &row.email)
        .set("displayName", &row.display_name);
    tx.emit(made).await?;
    Ok(row)
}

fn decide(tx: &Tx, command: &UserCreateInput) -> Result<User> {
    let mut input = Input::new();
    let row = User {
        organisation_id: tx.organisation(),
        id: command.id.unwrap_or_else(UserId::generate),
        email: input.take("email", check::email(&command.email)),
        display_name: input.take("displayName", check::text(&command.display_name, 200)),
        locale: command.locale.unwrap_or(Locale::Es),
        active: true,
        employee_id: command.employee_id,
        totp_enabled: false,
        last_login_at: None,
        created_at: tx.now(),
        version: 1,
    };
    if let Some(password) = &command.password {
        let known = [row.email.as_str(), row.display_name.as_str()];
        input.try_take("password", crate::password::check(password, &known));
    }
    input.finish()?;
    Ok(row)
}

/// Changes a user.
#[derive(Clone, Debug, InputObject)]
pub struct UserUpdateInput {
    /// The user.
    pub id: UserId,
    /// The version that the change was made on.
    pub expected_version: Option<i32>,
    /// What changes.
    pub patch: UserPatch,
}

/// What of a user may change: absent fields stay, null ones are cleared. Of oneself one may change
/// name and language.
#[derive(Clone, Debug, Default, InputObject)]
pub struct UserPatch {
    /// The e-mail address.
    pub email: Option<String>,
    /// The name to show.
    pub display_name: Option<String>,
    /// The language of messages to them.
    pub locale: Option<Locale>,
    /// The employee they are.
    #[graphql(name = "employee")]
    pub employee_id: MaybeUndefined<EmployeeId>,
}

/// Changes a user. Address and employee link need the right to manage users, and a fresh proof of
/// identity: both decide who gets in and what they see.
pub async fn update(tx: &mut Tx, keys: &Keys, command: UserUpdateInput) -> Result<User> {
    let seen = store::lock(tx, command.id).await?;
    check::version(seen.version, command.expected_version)?;
    let next = patched(&seen, command.patch)?;
    let guarded = next.email != seen.email || next.employee_id != seen.employee_id;
    if guarded || own_user(tx).ok() != Some(seen.id) {
        tx.actor().require_everywhere(USER_MANAGE)?;
    }
    if guarded {
        crate::auth::require_proof(tx)?;
    }
    store::save(tx, &next).await?;
    if next.email != seen.email {
        store::list_at_login(tx, keys, &next).await?;
    }
    let changed = Event::new("directory.user.updated", "User", next.id, USER_READ)
        .owner(Some(next.id))
        .changed("email", &seen.email, &next.email)
        .changed("displayName", &seen.display_name, &next.display_name)
        .changed("locale", &seen.locale, &next.locale)
        .changed("employee", &seen.employee_id, &next.employee_id);
    tx.emit(changed).await?;
    Ok(next)
}

fn patched(seen: &User, patch: UserPatch) -> Result<User> {
    let mut next = seen.clone();
    let mut input = Input::new();
    if let Some(email) = &patch.email {
        next.email = input.take("patch.email", check::email(email));
    }
    if let Some(name) = &patch.display_name {
        next.display_name = input.take("patch.displayName", check::text(name, 200));
    }
    next.locale = patch.locale.unwrap_or(seen.locale);
    patch.employee_id.update_to(&mut next.employee_id);
    input.finish()?;
    next.version += 1;
    Ok(next)
}

/// Deactivates a user.
#[derive(Clone, Debug, InputObject)]
pub struct UserDeactivateInput {
    /// The user.
    pub id: UserId,
    /// The version that the change was made on.
    pub expected_version: Option<i32>,
}

/// Deactivates a user and ends their sessions. The last owner can't be deactivated, nor can anyone
/// lock themselves out.
pub async fn deactivate(tx: &mut Tx, command: UserDeactivateInput) -> Result<User> {
    tx.actor().require_everywhere(USER_MANAGE)?;
    let mut row = store::lock(tx, command.id).await?;
    check::version(row.version, command.expected_version)?;
    if own_user(tx).ok() == Some(row.id) {
        return Err(Fault::not_allowed("directory.user_self").at(["id"]).into());
    }
    crate::role::require_other_owner(tx, row.id).await?;
    if !row.active {
        return Ok(row);
    }
    row.active = false;
    row.version += 1;
    store::save(tx, &row).await?;
    session::end_all(tx, row.id, None, SessionEnd::Deactivated).await?;
    let gone = Event::new("directory.user.deactivated", "User", row.id, USER_READ);
    tx.emit(gone.owner(Some(row.id)).changed("active", &true, &false))
        .await?;
    Ok(row)
}

/// Lets a user log in again.
#[derive(Clone, Debug, InputObject)]
pub struct UserReactivateInput {
    /// The user.
    pub id: UserId,
    /// The version that the change was made on.
    pub expected_version: Option<i32>,
}

/// Lets a user log in again.
pub async fn reactivate(tx: &mut Tx, command: UserReactivateInput) -> Result<User> {
    tx.actor().require_everywhere(USER_MANAGE)?;
    let mut row = store::lock(tx, command.id).await?;
    check::version(row.version, command.expected_version)?;
    if row.active {
        return Ok(row);
    }
    row.active = true;
    row.version += 1;
    store::save(tx, &row).await?;
    let back = Event::new("directory.user.reactivated", "User", row.id, USER_READ);
    tx.emit(back.owner(Some(row.id)).changed("active", &false, &true))
        .await?;
    Ok(row)
}
