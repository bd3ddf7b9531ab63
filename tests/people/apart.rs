//! A world that no other test shares: a database and a Redis of its own, and no worker but those
//! that the test starts. For tests that kill workers and empty Redis.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use diesel_async::SimpleAsyncConnection;
use url::Url;

use crate::app::{App, MASTER, Urls};

/// How long a service may take to begin.
const PATIENCE: Duration = Duration::from_secs(30);

/// A database, a Redis and an API.
pub struct Apart {
    pub app: App,
    redis: Child,
    folder: PathBuf,
    database: String,
}

impl Apart {
    /// Makes the database by the migrations and starts the Redis.
    pub async fn new(shared: &App) -> Self {
        let database = format!("apart_{}", uuid::Uuid::now_v7().simple());
        shared
            .owner()
            .await
            .batch_execute(&format!("CREATE DATABASE {database}"))
            .await
            .expect("the owner may make databases");
        let folder = std::env::temp_dir().join(&database);
        std::fs::create_dir_all(&folder).expect("a folder");
        let socket = folder.join("redis.sock");
        let redis = start_redis(&folder, &socket);
        let within = |url: &str| {
            let mut url = Url::parse(url).expect("an address");
            url.set_path(&database);
            url.to_string()
        };
        let urls = Urls {
            app: within(&shared.urls.app),
            owner: within(&shared.urls.owner),
            relay: within(&shared.urls.relay),
            redis: format!("redis+unix://{}", socket.display()),
        };
        Self {
            app: App::without_worker(urls).await,
            redis,
            folder,
            database,
        }
    }

    /// A worker in a process of its own.
    pub fn worker(&self) -> WorkerProcess {
        WorkerProcess(
            Command::new(env!("CARGO_BIN_EXE_trastienda"))
                .arg("work")
                .env("DATABASE_URL", &self.app.urls.app)
                .env("DATABASE_OWNER_URL", &self.app.urls.owner)
                .env("DATABASE_RELAY_URL", &self.app.urls.relay)
                .env("REDIS_URL", &self.app.urls.redis)
                .env("TRASTIENDA__DATA", self.folder.join("data"))
                .env("TRASTIENDA__WORK__LEASE_S", "2")
                .env("TRASTIENDA__WORK__BEAT_MS", "50")
                .env("TRASTIENDA__STORAGE__FOLDER", self.app.files())
                .env(
                    "TRASTIENDA__SECURITY__MASTER_SECRET",
                    String::from_utf8_lossy(MASTER).into_owned(),
                )
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("a worker"),
        )
    }

    /// A connection to the Redis.
    pub async fn redis(&self) -> redis::aio::ConnectionManager {
        trastienda_worker::connect(&self.app.urls.redis)
            .await
            .expect("the Redis answers")
    }

    /// Takes everything away again. Sessions that are still open are ended by their own roles: the
    /// owner of a database may not end those of others.
    pub async fn end(self, shared: &App) {
        let over = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = '{}' AND usename = current_user",
            self.database
        );
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.database);
        let begun = Instant::now();
        loop {
            for mut connection in [shared.bare().await, shared.relay().await] {
                connection.batch_execute(&over).await.expect("our own");
            }
            match shared.owner().await.batch_execute(&drop).await {
                Ok(()) => return,
                Err(error) => assert!(begun.elapsed() < PATIENCE, "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        let _ = self.redis.kill();
        let _ = self.redis.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A worker's process, killed when dropped.
pub struct WorkerProcess(Child);

impl WorkerProcess {
    /// Stops it where it stands; it goes on or is killed later.
    pub fn hold(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    pub fn release(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, which: &str) {
        let sent = Command::new("kill")
            .args([which, &self.0.id().to_string()])
            .status();
        assert!(sent.expect("kill").success());
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start_redis(folder: &Path, socket: &Path) -> Child {
    let program = ["redis-server", "valkey-server"].into_iter();
    let begun = program.filter_map(|name| {
        Command::new(name)
            .args(["--port", "0", "--save", "", "--appendonly", "no"])
            .args(["--maxmemory-policy", "noeviction"])
            .arg("--dir")
            .arg(folder)
            .arg("--unixsocket")
            .arg(socket)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()
    });
    let child = begun.into_iter().next().expect("redis-server is installed");
    let begun = Instant::now();
    while std::os::unix::net::UnixStream::connect(socket).is_err() {
        assert!(begun.elapsed() < PATIENCE, "redis-server does not answer");
        std::thread::sleep(Duration::from_millis(10));
    }
    child
}
