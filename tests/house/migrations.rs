//! The migrations go up, all the way down and up again to the same schema.

use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use url::Url;

use crate::app::{App, run};

#[derive(QueryableByName)]
struct Described {
    #[diesel(sql_type = Text)]
    what: String,
}

/// Every column, constraint, index, function, policy and grant of ours, as text.
const SHAPE: &str = "\
    SELECT 'column ' || table_schema || '.' || table_name || '.' || column_name || ' ' || \
           data_type || ' ' || is_nullable AS what \
    FROM information_schema.columns WHERE table_schema NOT IN \
        ('pg_catalog', 'information_schema', 'public') \
    UNION ALL SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || \
           pg_get_constraintdef(c.oid) FROM pg_constraint c \
        JOIN pg_namespace n ON n.oid = c.connamespace \
        WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'public') AND conrelid <> 0 \
    UNION ALL SELECT 'index ' || indexdef FROM pg_indexes \
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'public') \
    UNION ALL SELECT 'policy ' || schemaname || '.' || tablename || ' ' || policyname \
        FROM pg_policies \
    UNION ALL SELECT 'trigger ' || tgrelid::regclass || ' ' || tgname FROM pg_trigger \
        WHERE NOT tgisinternal \
    UNION ALL SELECT 'grant ' || grantee || ' ' || privilege_type || ' ' || table_schema || '.' \
        || table_name FROM information_schema.role_table_grants \
        WHERE grantee LIKE 'trastienda%' AND table_schema NOT IN \
            ('pg_catalog', 'information_schema', 'public') \
    UNION ALL SELECT 'function ' || p.oid::regprocedure FROM pg_proc p \
        JOIN pg_namespace n ON n.oid = p.pronamespace \
        WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'public') \
    ORDER BY 1";

async fn shape(url: &str) -> Vec<String> {
    let mut connection = AsyncPgConnection::establish(url)
        .await
        .expect("the scratch database");
    let rows: Vec<Described> = diesel::sql_query(SHAPE)
        .load(&mut connection)
        .await
        .expect("the schema");
    rows.into_iter().map(|row| row.what).collect()
}

async fn order(app: &App, statement: &str) {
    app.owner()
        .await
        .batch_execute(statement)
        .await
        .expect("the owner may make databases");
}

#[test]
fn migrations_go_up_down_and_up_to_the_same_schema() {
    run(|app| async move {
        let name = format!("scratch_{}", uuid::Uuid::now_v7().simple());
        order(app, &format!("CREATE DATABASE {name}")).await;
        let mut url = Url::parse(&app.urls.owner).expect("an address");
        url.set_path(&name);
        let first = ::kernel::migrate::up(url.as_str()).await.expect("up");
        let before = shape(url.as_str()).await;
        let taken = ::kernel::migrate::down(url.as_str()).await.expect("down");
        let nothing = shape(url.as_str()).await;
        let second = ::kernel::migrate::up(url.as_str()).await.expect("up again");
        let after = shape(url.as_str()).await;
        order(app, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
        assert_eq!(first, second);
        assert_eq!(taken, first.len());
        assert!(before.len() > 500, "{}", before.len());
        assert_eq!(nothing, Vec::<String>::new(), "down leaves nothing");
        let lost: Vec<_> = before.iter().filter(|one| !after.contains(one)).collect();
        assert_eq!(lost, Vec::<&String>::new());
        assert_eq!(before.len(), after.len());
    });
}
