//! No row crosses from tenant to tenant, and none is seen without a tenant.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_async::RunQueryDsl;

use super::jobs::{Rehearsal, enqueue};
use crate::app::{App, run};
use ::kernel::ids::OrganisationId;

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Every table of ours, `schema.table`, where a condition on `pg_class c` holds.
async fn tables(app: &App, condition: &str) -> Vec<String> {
    diesel::sql_query(format!(
        "SELECT n.nspname || '.' || c.relname AS name FROM pg_class c \
         JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', \
         'pg_toast', 'public') AND {condition} ORDER BY 1"
    ))
    .load::<Named>(&mut app.owner().await)
    .await
    .unwrap()
    .into_iter()
    .map(|row| row.name)
    .collect()
}

#[test]
fn every_tenant_table_forces_row_level_security() {
    run(|app| async {
        let tenant = "EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid \
                      AND a.attname = 'organisation_id' AND NOT a.attisdropped)";
        assert!(!tables(app, tenant).await.is_empty());
        let open = format!("{tenant} AND NOT (c.relrowsecurity AND c.relforcerowsecurity)");
        assert_eq!(tables(app, &open).await, Vec::<String>::new());
    });
}

#[test]
fn raw_sql_with_no_tenant_sees_no_row_in_any_tenant_table() {
    run(|app| async {
        enqueue(&app.db, OrganisationId::generate(), &Rehearsal::default()).await;
        let mut bare = app.bare().await;
        let readable = "EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid \
                        AND a.attname = 'organisation_id' AND NOT a.attisdropped) \
                        AND has_table_privilege('trastienda_app', c.oid, 'SELECT')";
        for table in tables(app, readable).await {
            let rows = diesel::sql_query(format!("SELECT count(*) AS count FROM {table}"))
                .get_result::<Counted>(&mut bare)
                .await
                .unwrap();
            assert_eq!(rows.count, 0, "{table}");
        }
    });
}

#[test]
fn the_application_owns_nothing_and_cannot_pass_row_level_security() {
    run(|app| async {
        let owned = tables(app, "c.relowner = 'trastienda_app'::regrole").await;
        assert_eq!(owned, Vec::<String>::new());
        let strong = diesel::sql_query(
            "SELECT count(*) AS count FROM pg_roles WHERE rolname IN ('trastienda_app', \
             'trastienda_relay') AND (rolsuper OR rolbypassrls)",
        )
        .get_result::<Counted>(&mut app.owner().await)
        .await
        .unwrap();
        assert_eq!(strong.count, 0);
        let truncatable = "has_table_privilege('trastienda_app', c.oid, 'TRUNCATE')";
        assert_eq!(tables(app, truncatable).await, Vec::<String>::new());
    });
}

#[test]
fn every_foreign_key_between_tenant_tables_carries_the_tenant() {
    run(|app| async {
        let loose: Vec<Named> = diesel::sql_query(
            "SELECT k.conname AS name FROM pg_constraint k \
             JOIN pg_attribute t ON t.attrelid = k.confrelid AND t.attname = 'organisation_id' \
             WHERE k.contype = 'f' AND NOT t.attnum = ANY (k.confkey)",
        )
        .load(&mut app.owner().await)
        .await
        .unwrap();
        let loose: Vec<_> = loose.into_iter().map(|row| row.name).collect();
        assert_eq!(loose, Vec::<String>::new());
    });
}
