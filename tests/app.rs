//! What every test stands on: the services of the environment, one runtime, one migrated database.

use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use ::kernel::ids::OrganisationId;
use ::kernel::job::{Registry, Services, Worker};
use ::kernel::{Actor, Clock, Context, Db, DbSettings};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;
use trastienda_api::bulk::BulkHost;
use trastienda_api::core::Core;
use trastienda_api::feed::Feed;
use trastienda_api::transport::{Limits, Settings};
use trastienda_core::directory::Keys;
use trastienda_core::directory::file::FileStore;
use trastienda_core::directory::oidc::Landing;
use trastienda_core::mail::Mailer;
use trastienda_core::technology::Policy;
use url::Url;

use crate::administration::mails_server::POST_OFFICE;

/// One runtime for all tests of the process, so that pools outlive a test.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        // As the program itself has: see `STACK` in `src/command`.
        .thread_stack_size(16 << 20)
        .build()
        .expect("a runtime")
});
/// The master secret of the tests' installation.
pub const MASTER: &[u8] = b"a master secret for the tests alone";

static APP: OnceCell<App> = OnceCell::const_new();

/// Where the services are.
#[derive(Clone, Debug)]
pub struct Urls {
    pub app: String,
    pub owner: String,
    pub relay: String,
    pub redis: String,
}

/// The program as the tests hold it.
pub struct App {
    pub urls: Urls,
    pub db: Db,
    pub keys: Keys,
    with_worker: bool,
    api: OnceCell<String>,
}

/// Runs a test on the shared runtime, with the migrated database.
pub fn run<F, Fut>(test: F)
where
    F: FnOnce(&'static App) -> Fut,
    Fut: Future<Output = ()>,
{
    RUNTIME.block_on(async {
        let app = APP.get_or_init(App::start).await;
        test(app).await;
    });
}

impl App {
    async fn start() -> Self {
        // Clients of plain HTTP ask for a provider too; a second one is refused and changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self::at(Urls::from_environment(), true).await
    }

    /// The program at services of its own, whose jobs wait for the workers of the test.
    pub async fn without_worker(urls: Urls) -> Self {
        Self::at(urls, false).await
    }

    async fn at(urls: Urls, with_worker: bool) -> Self {
        ::kernel::migrate::up(&urls.owner)
            .await
            .expect("the migrations");
        let settings = DbSettings {
            pool_size: 40,
            ..DbSettings::new(&urls.app)
        };
        let db = Db::new(&settings, Clock::System).expect("a pool");
        let keys = Keys::new(MASTER).expect("the keys");
        Self {
            urls,
            db,
            keys,
            with_worker,
            api: OnceCell::new(),
        }
    }

    /// The address of the API, which is served with a worker from the first time it is asked for.
    pub async fn url(&self) -> &str {
        self.api.get_or_init(|| self.serve()).await
    }

    async fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let core = self.core(Landing::new(
            Url::parse(&format!("http://{address}")).ok(),
            Some("es.ejemplo.app:/back".to_owned()),
            "/graphiql".to_owned(),
        ));
        let settings = Settings {
            limits: Limits::for_testing(),
            ..Settings::default()
        };
        let stop = CancellationToken::new();
        let api = trastienda_api::server::serve(
            core,
            self.urls.app.clone(),
            listener,
            settings,
            String::new,
            stop.clone(),
        );
        tokio::spawn(api);
        if self.with_worker {
            self.work(stop);
        }
        format!("http://{address}/graphql")
    }

    /// The core that the API and the jobs that run GraphQL share.
    fn core(&self, landing: Landing) -> Arc<Core> {
        Arc::new(Core {
            db: self.db.clone(),
            speaker: trastienda_core::speaker().expect("the messages"),
            registry: registry(),
            feed: Feed::default(),
            services: self.services().with(landing.reaching_anywhere()),
        })
    }

    fn work(&self, stop: CancellationToken) {
        let mut settings = trastienda_worker::Settings::new(
            DbSettings::new(&self.urls.app),
            self.urls.relay.clone(),
            self.urls.redis.clone(),
        );
        settings.beat = Duration::from_millis(100);
        settings.tell_again = Duration::from_secs(2);
        let services = self.services().with(BulkHost::new(self.core(Landing::new(
            None,
            None,
            String::new(),
        ))));
        let services = services.with(Policy::listing(["127.0.0.1"]).expect("a policy"));
        let worker = trastienda_worker::run(settings, registry(), services, Clock::System, stop);
        tokio::spawn(worker);
    }

    /// What handlers and resolvers need beside the database.
    pub fn services(&self) -> Services {
        let store = FileStore::local(&self.files(), self.keys.clone()).expect("a file store");
        Services::new()
            .with(self.keys.clone())
            .with(store)
            .with(Mailer::new(&POST_OFFICE.settings(), &self.files()).expect("a mailer"))
            .with(trastienda_core::speaker().expect("the messages"))
            .with(trastienda_core::reports())
    }

    /// The folder of the files.
    pub fn files(&self) -> PathBuf {
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("files")
    }

    /// The database with a clock of its own.
    pub fn db_at(&self, clock: Clock) -> Db {
        let settings = DbSettings {
            pool_size: 12,
            ..DbSettings::new(&self.urls.app)
        };
        Db::new(&settings, clock).expect("a pool")
    }

    /// A worker's bench for jobs that a test runs by hand.
    pub fn worker(&self, db: &Db, registry: Registry) -> Worker {
        Worker {
            name: format!("test-{}", uuid::Uuid::new_v4()),
            db: db.clone(),
            registry: Arc::new(registry),
            services: Services::new(),
            lease: Duration::from_secs(30),
        }
    }

    /// A connection in the relay's role.
    pub async fn relay(&self) -> AsyncPgConnection {
        AsyncPgConnection::establish(&self.urls.relay)
            .await
            .expect("the relay's role")
    }

    /// A connection in the owner's role, for looking behind the curtain.
    pub async fn owner(&self) -> AsyncPgConnection {
        AsyncPgConnection::establish(&self.urls.owner)
            .await
            .expect("the owner's role")
    }

    /// A connection in the application's role with no tenant bound.
    pub async fn bare(&self) -> AsyncPgConnection {
        AsyncPgConnection::establish(&self.urls.app)
            .await
            .expect("the application's role")
    }
}

/// The system acting in an organisation.
pub fn system(organisation: OrganisationId, db: &Db) -> Arc<Context> {
    Arc::new(Context::new(
        Arc::new(Actor::system(organisation)),
        db.clock().now(),
    ))
}

impl Urls {
    fn from_environment() -> Self {
        let url = |name: &str| {
            std::env::var(name)
                .unwrap_or_else(|_| panic!("{name} is not set: run the suite by ./trastienda test"))
        };
        Self {
            app: url("DATABASE_URL"),
            owner: url("DATABASE_OWNER_URL"),
            relay: url("DATABASE_RELAY_URL"),
            redis: url("REDIS_URL"),
        }
    }
}

/// Every kind of job: the domains' own, and those that run GraphQL.
pub fn registry() -> Registry {
    let mut registry = trastienda_core::registry();
    trastienda_api::bulk::register(&mut registry);
    registry
}
