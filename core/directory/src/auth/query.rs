//! The one query that an actor is made of: a credential, its user, and every grant.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{
    Array, Binary, Bool, Jsonb, Nullable, Text, Timestamptz, Untyped, Uuid as SqlUuid,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use kernel::ids::{EmployeeId, UserId};
use kernel::{Locale, Result, Tx};
use serde::Deserialize;
use uuid::Uuid;

use crate::secret::{Token, TokenKind};

/// A credential with its user and grants, as one row.
#[derive(QueryableByName)]
pub(super) struct Found {
    #[diesel(sql_type = SqlUuid)]
    pub(super) user_id: UserId,
    #[diesel(sql_type = Binary)]
    pub(super) hash: Vec<u8>,
    #[diesel(sql_type = Timestamptz)]
    pub(super) expires_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    pub(super) session_expires_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub(super) ended_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub(super) last_seen_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub(super) proved_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Array<Text>>)]
    pub(super) scopes: Option<Vec<String>>,
    #[diesel(sql_type = Text)]
    pub(super) name: String,
    #[diesel(sql_type = Text)]
    pub(super) locale: Locale,
    #[diesel(sql_type = Bool)]
    pub(super) active: bool,
    #[diesel(sql_type = Bool)]
    pub(super) must_change: bool,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub(super) employee_id: Option<EmployeeId>,
    #[diesel(sql_type = Jsonb)]
    pub(super) grants: serde_json::Value,
}

/// One role given somewhere: its permissions and where they hold.
#[derive(Debug, Deserialize)]
pub(super) struct Given {
    pub(super) permissions: Vec<String>,
    pub(super) company: Option<Uuid>,
    pub(super) departments: Option<Vec<Uuid>>,
}

const OF_SESSION: &str = "SELECT user_id, access_hash AS hash, access_expires_at AS expires_at, \
    expires_at AS session_expires_at, ended_at, last_seen_at, proved_at, NULL::text[] AS scopes, \
    NULL::text AS label FROM directory.session WHERE organisation_id = $1 AND id = $2";

const OF_API_KEY: &str = "SELECT user_id, secret_hash AS hash, expires_at, \
    expires_at AS session_expires_at, revoked_at AS ended_at, last_used_at AS last_seen_at, \
    NULL::timestamptz AS proved_at, scopes, name AS label \
    FROM directory.api_key WHERE organisation_id = $1 AND id = $2";

const OF_USER: &str = "SELECT $2::uuid AS user_id, ''::bytea AS hash, 'infinity'::timestamptz AS \
    expires_at, 'epoch'::timestamptz AS session_expires_at";

/// Everything that a user was given, each department with those below it.
const GRANTS: &str = "given AS (
        SELECT r.permissions, a.company_id, a.department_id
        FROM directory.role_assignment a
        JOIN directory.role r ON r.organisation_id = a.organisation_id AND r.id = a.role_id
        WHERE a.organisation_id = $1 AND a.user_id = (SELECT user_id FROM shown)
            AND r.archived_at IS NULL
    ), tree AS (
        SELECT department_id AS root, department_id AS id FROM given
        WHERE department_id IS NOT NULL
        UNION
        SELECT tree.root, d.id FROM tree
        JOIN directory.department d ON d.organisation_id = $1 AND d.parent_id = tree.id
    ), grants AS (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'permissions', permissions,
            'company', CASE WHEN department_id IS NULL THEN company_id END,
            'departments', (SELECT jsonb_agg(id) FROM tree WHERE root = department_id)
        )), '[]') AS grants FROM given
    )";

/// Everything that a user was given.
pub(super) async fn given_to(tx: &mut Tx, user: UserId) -> Result<Vec<Given>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Jsonb)]
        grants: serde_json::Value,
    }
    let text = format!("WITH RECURSIVE shown AS ({OF_USER}), {GRANTS} SELECT grants FROM grants");
    let query = Prepared {
        text,
        organisation: tx.organisation().0,
        record: user.0,
    };
    let row: Row = query.get_result(tx.conn()).await?;
    Ok(serde_json::from_value(row.grants)?)
}

/// The credential that a token names, with its user and grants.
pub(super) async fn find(
    mut connection: &AsyncPgConnection,
    token: Token,
) -> Result<Option<Found>> {
    let shown = if token.kind == TokenKind::ApiKey {
        OF_API_KEY
    } else {
        OF_SESSION
    };
    let text = format!(
        "WITH RECURSIVE shown AS ({shown}), {GRANTS}
         SELECT s.user_id, s.hash, s.expires_at, s.session_expires_at, s.ended_at, s.last_seen_at,
             s.proved_at, s.scopes, coalesce(s.label, u.display_name) AS name, u.locale, u.active,
             coalesce(c.must_change, false) AS must_change, u.employee_id, g.grants
         FROM shown s
         JOIN directory.\"user\" u ON u.organisation_id = $1 AND u.id = s.user_id
         LEFT JOIN directory.credential c ON c.organisation_id = $1 AND c.user_id = s.user_id
         CROSS JOIN grants g"
    );
    let query = Prepared {
        text,
        organisation: token.organisation.0,
        record: token.record,
    };
    Ok(query.get_result(&mut connection).await.optional()?)
}

/// A query of ours with two binds, `$1` the organisation and `$2` the record. Unlike `sql_query` it
/// is prepared once a connection: this one runs with every request.
struct Prepared {
    text: String,
    organisation: Uuid,
    record: Uuid,
}

impl Query for Prepared {
    type SqlType = Untyped;
}

impl QueryId for Prepared {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for Prepared {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for (place, piece) in self.text.split('$').enumerate() {
            let (bound, rest) = match (place, piece.split_at_checked(1)) {
                (0, _) | (_, None) => (None, piece),
                (_, Some(("1", rest))) => (Some(&self.organisation), rest),
                (_, Some((_, rest))) => (Some(&self.record), rest),
            };
            if let Some(value) = bound {
                out.push_bind_param::<SqlUuid, _>(value)?;
            }
            out.push_sql(rest);
        }
        Ok(())
    }
}
