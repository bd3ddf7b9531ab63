//! From a credential to an actor with all grants, in one query.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{ApiKeyId, CompanyId, DepartmentId, OrganisationId, SessionId, UserId};
use kernel::{Actor, Context, Db, Error, Locale, Principal, Result, Scope, Tx};

use super::query::{Found, Given, find, given_to};
use crate::schema::{api_key, session};
use crate::secret::{Token, TokenKind, same};
use crate::session::is_fresh;

/// Seconds between two notes of a sign of life.
const TOUCH_SECONDS: i64 = 60;

/// What a caller presents.
#[derive(Clone, Copy)]
pub enum Credential<'a> {
    /// A bearer token: an app's access token or an API key.
    Bearer(&'a str),
    /// A browser's cookie, for a request that changes nothing.
    CookieRead(&'a str),
    /// A browser's cookie with the CSRF header that a request that may change something needs.
    CookieWrite {
        /// The cookie.
        token: &'a str,
        /// The header.
        csrf: Option<&'a str>,
    },
}

/// Whether the look-up is a sign of life that keeps a session from idling out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// The user is there.
    Sign,
    /// An open socket is rechecked.
    Recheck,
}

/// Why a credential makes no actor.
#[derive(Debug)]
pub enum Refusal {
    /// It is malformed, unknown, over, revoked, or its user is not active.
    Unauthenticated,
    /// The cookie is right but the CSRF header is missing or wrong.
    CsrfMissing,
    /// It could not be looked up.
    Failed(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// An actor, and what else the door wants to know.
#[derive(Clone, Debug)]
pub struct Authenticated {
    /// Who acts, with every grant.
    pub actor: Actor,
    /// The session; an API key has none.
    pub session: Option<SessionId>,
    /// The language of the user.
    pub locale: Locale,
    /// Whether a new password must be set first; until then there are no grants.
    pub must_change_password: bool,
    /// When the credential is over in any case.
    pub expires_at: DateTime<Utc>,
    /// The CSRF token of a browser's session.
    pub csrf: Option<String>,
}

/// Turns a credential into an actor. Costs two round trips: the query goes with the
/// beginning of its transaction.
pub async fn authenticate(
    db: &Db,
    credential: Credential<'_>,
    life: Life,
) -> Result<Authenticated, Refusal> {
    let token = token_of(credential)?;
    let actor = Actor::system(token.organisation);
    let context = Arc::new(Context::new(Arc::new(actor), db.clock().now()));
    let named = token.clone();
    let (mut tx, found) = db
        .begin_asking(&context, |connection| Box::pin(find(connection, named)))
        .await?;
    let accepted = found.filter(|found| is_good(&token, found, tx.now()));
    let Some(found) = accepted else {
        tx.commit().await?;
        return Err(Refusal::Unauthenticated);
    };
    if life == Life::Sign && is_long_ago(found.last_seen_at, tx.now()) {
        touch(&mut tx, &token).await?;
    }
    tx.commit().await?;
    Ok(authenticated(&token, found)?)
}

/// Everything that a user may do now, for jobs that act on behalf of one.
pub async fn grants_of(tx: &mut Tx, user: UserId) -> Result<BTreeMap<String, Scope>> {
    Ok(scopes_of(given_to(tx, user).await?, None))
}

/// An API key as an actor with everything that it may do now: what its maker may, within its
/// scopes. `None` when it is over or revoked, or its maker is not active.
pub(crate) async fn key_actor(tx: &mut Tx, key: ApiKeyId) -> Result<Option<Actor>> {
    use crate::schema::user;
    let maker = user::organisation_id
        .eq(api_key::organisation_id)
        .and(user::id.eq(api_key::user_id));
    let found: Option<(UserId, String, Vec<String>)> = api_key::table
        .inner_join(user::table.on(maker))
        .filter(api_key::organisation_id.eq(tx.organisation()))
        .filter(api_key::id.eq(key))
        .filter(api_key::revoked_at.is_null())
        .filter(api_key::expires_at.gt(tx.now()))
        .filter(user::active)
        .select((api_key::user_id, api_key::name, api_key::scopes))
        .first(tx.conn())
        .await
        .optional()?;
    let Some((maker, name, scopes)) = found else {
        return Ok(None);
    };
    let given = given_to(tx, maker).await?;
    Ok(Some(Actor {
        principal: Principal::ApiKey(key),
        name,
        grants: scopes_of(given, Some(&scopes)),
        ..Actor::system(tx.organisation())
    }))
}

fn token_of(credential: Credential<'_>) -> Result<Token, Refusal> {
    let unknown = Refusal::Unauthenticated;
    match credential {
        Credential::Bearer(text) => Token::parse(TokenKind::Access, text)
            .or_else(|| Token::parse(TokenKind::ApiKey, text))
            .ok_or(unknown),
        Credential::CookieRead(text) => Token::parse(TokenKind::Cookie, text).ok_or(unknown),
        Credential::CookieWrite { token, csrf } => {
            let token = Token::parse(TokenKind::Cookie, token).ok_or(unknown)?;
            let right = csrf.is_some_and(|csrf| same(token.csrf().as_bytes(), csrf.as_bytes()));
            if right {
                Ok(token)
            } else {
                Err(Refusal::CsrfMissing)
            }
        }
    }
}

fn is_good(token: &Token, found: &Found, now: DateTime<Utc>) -> bool {
    let in_time = match (token.kind, found.last_seen_at) {
        (TokenKind::ApiKey, _) => now < found.expires_at,
        (_, Some(seen)) => now < found.expires_at && is_fresh(now, seen, found.session_expires_at),
        (_, None) => false,
    };
    token.fits(&found.hash) && in_time && found.ended_at.is_none() && found.active
}

fn is_long_ago(seen: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    seen.is_none_or(|seen| now - seen >= TimeDelta::seconds(TOUCH_SECONDS))
}

async fn touch(tx: &mut Tx, token: &Token) -> Result<()> {
    let (key, now) = ((tx.organisation(), token.record), tx.now());
    if token.kind == TokenKind::ApiKey {
        diesel::update(api_key::table.find(key))
            .set(api_key::last_used_at.eq(Some(now)))
            .execute(tx.conn())
            .await?;
    } else {
        diesel::update(session::table.find(key))
            .set(session::last_seen_at.eq(now))
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

fn authenticated(token: &Token, found: Found) -> Result<Authenticated> {
    let is_key = token.kind == TokenKind::ApiKey;
    let given = if found.must_change {
        Vec::new()
    } else {
        serde_json::from_value(found.grants)?
    };
    let principal = if is_key {
        Principal::ApiKey(ApiKeyId(token.record))
    } else {
        Principal::User(found.user_id)
    };
    let actor = Actor {
        organisation: token.organisation,
        principal,
        name: found.name,
        employee: found.employee_id.filter(|_| !is_key),
        grants: scopes_of(given, found.scopes.as_deref()),
        proved_at: found.proved_at,
    };
    Ok(Authenticated {
        actor,
        session: (!is_key).then_some(SessionId(token.record)),
        locale: found.locale,
        must_change_password: found.must_change,
        expires_at: found.session_expires_at,
        csrf: (token.kind == TokenKind::Cookie).then(|| token.csrf()),
    })
}

/// Where each permission holds. An API key keeps of them only its scopes; a creator who may do
/// everything gives it each scope everywhere.
fn scopes_of(given: Vec<Given>, only: Option<&[String]>) -> BTreeMap<String, Scope> {
    let mut grants: BTreeMap<String, Scope> = BTreeMap::new();
    for role in given {
        let scope = Scope {
            everywhere: role.company.is_none() && role.departments.is_none(),
            companies: role.company.map(CompanyId).into_iter().collect(),
            departments: role
                .departments
                .unwrap_or_default()
                .into_iter()
                .map(DepartmentId)
                .collect(),
        };
        for permission in role.permissions {
            grants.entry(permission).or_default().widen(&scope);
        }
    }
    match only {
        Some(only) => narrowed(&grants, only),
        None => grants,
    }
}

fn narrowed(grants: &BTreeMap<String, Scope>, only: &[String]) -> BTreeMap<String, Scope> {
    let mut kept = BTreeMap::new();
    for permission in only.iter().filter(|name| *name != "*") {
        let mut scope = grants.get(permission).cloned().unwrap_or_default();
        if let Some(everything) = grants.get("*") {
            scope.widen(everything);
        }
        if !scope.is_nowhere() {
            kept.insert(permission.clone(), scope);
        }
    }
    kept
}

/// The organisation that a token names, for those who route by tenant before they look it up.
pub fn organisation_of(text: &str) -> Option<OrganisationId> {
    let kinds = [TokenKind::Access, TokenKind::ApiKey, TokenKind::Cookie];
    kinds
        .iter()
        .find_map(|kind| Token::parse(*kind, text))
        .map(|token| token.organisation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn given(permissions: &[&str], company: Option<Uuid>) -> Given {
        let permissions = permissions.iter().map(|name| (*name).to_owned()).collect();
        Given {
            permissions,
            company,
            departments: None,
        }
    }

    #[test]
    fn grants_of_several_roles_widen_each_other() {
        let company = Uuid::now_v7();
        let grants = scopes_of(
            vec![given(&["a.b.c"], Some(company)), given(&["a.b.d"], None)],
            None,
        );
        assert_eq!(grants["a.b.c"].companies, [CompanyId(company)]);
        assert!(!grants["a.b.c"].everywhere && grants["a.b.d"].everywhere);
    }

    #[test]
    fn an_api_key_gets_no_more_than_its_scopes_and_its_creator() {
        let only = ["a.b.c".to_owned(), "a.b.x".to_owned(), "*".to_owned()];
        let grants = scopes_of(vec![given(&["a.b.c", "a.b.d"], None)], Some(&only));
        assert_eq!(grants.keys().collect::<Vec<_>>(), ["a.b.c"]);
        let grants = scopes_of(vec![given(&["*"], None)], Some(&only));
        assert_eq!(grants.keys().collect::<Vec<_>>(), ["a.b.c", "a.b.x"]);
    }

    #[test]
    fn a_cookie_that_may_write_needs_its_csrf_token() {
        let token = Token::new(
            TokenKind::Cookie,
            OrganisationId::generate(),
            SessionId::generate(),
        )
        .unwrap();
        let (text, csrf) = (token.text(), token.csrf());
        let write = |csrf| token_of(Credential::CookieWrite { token: &text, csrf });
        assert!(write(Some(&csrf)).is_ok());
        assert!(matches!(write(Some("x")), Err(Refusal::CsrfMissing)));
        assert!(matches!(write(None), Err(Refusal::CsrfMissing)));
        assert!(token_of(Credential::Bearer(&text)).is_err());
    }
}
