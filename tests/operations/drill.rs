//! The drill: a backup is made of a database in use, restored into an empty one and held against
//! the original.

use std::path::{Path, PathBuf};
use std::process::Command;

use url::Url;

use super::process::{Served, command, output};
use crate::app::{App, Urls, run};
use crate::people::stage::{Month, count};

/// An address with another database.
fn moved(address: &str, name: &str) -> String {
    let mut url = Url::parse(address).expect("an address");
    url.set_path(name);
    url.to_string()
}

/// The same command in another database.
fn in_database(app: &App, mut command: Command, name: &str) -> Command {
    command
        .env("DATABASE_URL", moved(&app.urls.app, name))
        .env("DATABASE_OWNER_URL", moved(&app.urls.owner, name))
        .env("DATABASE_RELAY_URL", moved(&app.urls.relay, name))
        .env_remove("DATABASE_BACKUP_URL");
    command
}

/// A program on a database of its own: other tests break their chains on purpose.
async fn apart(app: &App, name: &str) -> App {
    order(app, &format!("CREATE DATABASE {name}")).await;
    App::without_worker(Urls {
        app: moved(&app.urls.app, name),
        owner: moved(&app.urls.owner, name),
        relay: moved(&app.urls.relay, name),
        redis: app.urls.redis.clone(),
    })
    .await
}

fn backup(app: &App, below: &Path) -> PathBuf {
    let mut backup = command(app, &["backup", &below.to_string_lossy()]);
    backup.env_remove("DATABASE_BACKUP_URL");
    let made = output(backup);
    let said = String::from_utf8_lossy(&made.stderr).into_owned();
    assert!(made.status.success(), "{said}");
    let mut folders = std::fs::read_dir(below).expect("a folder");
    folders.next().expect("a backup").expect("a backup").path()
}

#[test]
fn a_backup_is_restored_and_nothing_is_missing() {
    run(|suite| async move {
        let original = format!("original_{}", uuid::Uuid::now_v7().simple());
        let app = &apart(suite, &original).await;
        let mut worker = command(app, &["work"]);
        worker.env("TRASTIENDA__WORK__PREFIX", &original);
        let worker = Served::start(worker, "TRASTIENDA__WORK__LISTEN").await;
        let month = Month::delivered(app).await;
        let home = std::env::temp_dir().join(format!("drill-{}", uuid::Uuid::new_v4()));
        let folder = backup(app, &home.join("backups"));
        let name = format!("drill_{}", uuid::Uuid::now_v7().simple());
        order(app, &format!("CREATE DATABASE {name}")).await;

        let restored = home.join("files");
        let restore = |folder: &Path| {
            let mut command = command(app, &["restore", &folder.to_string_lossy()]);
            command.env("TRASTIENDA__STORAGE__FOLDER", &restored);
            in_database(app, command, &name)
        };
        let mut stranger = restore(&folder);
        stranger.env("TRASTIENDA__SECURITY__MASTER_SECRET", "x".repeat(40));
        assert_eq!(
            output(stranger).status.code(),
            Some(2),
            "another master secret"
        );
        let done = output(restore(&folder));
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(0), "{said}{complaint}");
        assert!(said.contains("all sound"), "{said}");

        // The restored program works: its chains verify and its rows are under row-level security.
        let verify = in_database(app, command(app, &["audit", "verify"]), &name);
        let verified = output(verify);
        assert_eq!(verified.status.code(), Some(0), "{verified:?}");
        let there = elsewhere(app, &name, &month).await;
        let here = count(app, &month.tenant, "people.payslip").await;
        assert_eq!((here, there), (24, 24));
        assert_eq!(elsewhere_without_tenant(app, &name).await, 0);
        assert!(files(&restored) > 0 && files(&restored) >= files(&folder.join("files")));

        let again = output(restore(&folder));
        assert_eq!(again.status.code(), Some(2), "a database that is not empty");
        damage(&folder.join("database.dump"));
        assert_eq!(
            output(restore(&folder)).status.code(),
            Some(2),
            "a dump that was changed"
        );
        drop(worker);
        // The original is still served by this process, and goes with the cluster.
        order(suite, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
        std::fs::remove_dir_all(&home).expect("the folder");
    });
}

async fn order(app: &App, statement: &str) {
    use diesel_async::SimpleAsyncConnection;
    app.owner()
        .await
        .batch_execute(statement)
        .await
        .expect("the owner may make databases");
}

/// The payslips of the month in the restored database, as the application sees them.
async fn elsewhere(app: &App, name: &str, month: &Month) -> i64 {
    let bind = format!(
        "SELECT set_config('app.organisation', '{}', false)",
        month.tenant.demo.organisation.0
    );
    payslips(app, name, &bind).await
}

async fn elsewhere_without_tenant(app: &App, name: &str) -> i64 {
    payslips(app, name, "SELECT 1").await
}

async fn payslips(app: &App, name: &str, first: &str) -> i64 {
    use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
    #[derive(diesel::QueryableByName)]
    struct Counted {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        count: i64,
    }
    let mut there = AsyncPgConnection::establish(&moved(&app.urls.app, name))
        .await
        .expect("the database");
    there.batch_execute(first).await.expect("a setting");
    diesel::sql_query("SELECT count(*) AS count FROM people.payslip")
        .get_result::<Counted>(&mut there)
        .await
        .expect("a count")
        .count
}

fn files(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    let count = |entry: std::fs::DirEntry| match entry.path() {
        path if path.is_dir() => files(&path),
        _ => 1,
    };
    entries.flatten().map(count).sum()
}

fn damage(file: &Path) {
    let mut bytes = std::fs::read(file).expect("the dump");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(file, bytes).expect("the dump");
}
