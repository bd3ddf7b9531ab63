//! Postgres: reachable, recent, the right role behind each login, and the same time of day.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Config, NoTls};

use super::Finding;
use crate::launcher::OLDEST_POSTGRES;
use crate::say::Text;
use crate::settings::{Address, Settings};

const PATIENCE: Duration = Duration::from_secs(5);

/// One round trip: version, role, powers, ownership, time.
const LOOK: &str = "
    SELECT current_setting('server_version_num')::int4,
           current_user::text,
           r.rolsuper,
           r.rolbypassrls,
           d.datdba = r.oid
               OR pg_catalog.pg_has_role(r.oid, d.datdba, 'MEMBER')
               OR EXISTS (SELECT FROM pg_catalog.pg_namespace n
                           WHERE n.nspowner = r.oid AND n.nspname !~ '^pg_'),
           pg_catalog.has_database_privilege(d.oid, 'CREATE'),
           pg_catalog.clock_timestamp()
      FROM pg_catalog.pg_roles r, pg_catalog.pg_database d
     WHERE r.rolname = current_user AND d.datname = pg_catalog.current_database()";

/// What one login is.
struct Login {
    version: u32,
    role: String,
    superuser: bool,
    bypasses: bool,
    owns: bool,
    creates: bool,
    /// Time of the server less time of this machine.
    ahead: TimeDelta,
}

/// The application's login.
pub async fn application(settings: &Settings) -> Vec<Finding> {
    let Some(address) = &settings.database.url else {
        return vec![absent("DATABASE_URL")];
    };
    match login(address).await {
        Ok(login) => vec![
            version(&login, address),
            powerless(&login, "DATABASE_URL", "trastienda_app"),
            clock(login.ahead),
        ],
        Err(finding) => vec![finding],
    }
}

/// The relay's login.
pub async fn relay(settings: &Settings) -> Vec<Finding> {
    let Some(address) = &settings.database.relay_url else {
        return vec![absent("DATABASE_RELAY_URL")];
    };
    match login(address).await {
        Ok(login) => {
            vec![
                version(&login, address),
                powerless(&login, "DATABASE_RELAY_URL", "trastienda_relay"),
            ]
        }
        Err(finding) => vec![finding],
    }
}

/// The owner's login.
pub async fn owner(settings: &Settings) -> Vec<Finding> {
    let Some(address) = &settings.database.owner_url else {
        return vec![absent("DATABASE_OWNER_URL")];
    };
    match login(address).await {
        Ok(login) => vec![version(&login, address), owning(&login)],
        Err(finding) => vec![finding],
    }
}

/// The login of backups. Without it the program works and can't be backed up by itself.
pub async fn backup(settings: &Settings) -> Vec<Finding> {
    let Some(address) = &settings.database.backup_url else {
        return Vec::new();
    };
    match login(address).await {
        Ok(login) => vec![reading(&login)],
        Err(mut finding) => {
            finding.soften();
            finding.advice = Some(how_to_back_up());
            vec![finding]
        }
    }
}

async fn login(address: &Address) -> Result<Login, Finding> {
    let asking = ask(address);
    match tokio::time::timeout(PATIENCE, asking).await {
        Ok(Ok(login)) => Ok(login),
        Ok(Err(error)) => Err(failed(address, &error)),
        Err(_) => Err(unreachable(address, &format!("{} s", PATIENCE.as_secs()))),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the machine's own clock is what is looked at"
)]
async fn ask(address: &Address) -> Result<Login, tokio_postgres::Error> {
    let mut config: Config = address.reveal().parse()?;
    config
        .connect_timeout(PATIENCE)
        .application_name("trastienda doctor");
    let (client, connection) = config.connect(NoTls).await?;
    let driver = tokio::spawn(connection);
    let statement = client.prepare(LOOK).await?;
    let before = Utc::now();
    let row = client.query_one(&statement, &[]).await?;
    let middle = before + (Utc::now() - before) / 2;
    let server_time: DateTime<Utc> = row.try_get::<_, std::time::SystemTime>(6)?.into();
    let number: i32 = row.try_get(0)?;
    let login = Login {
        version: u32::try_from(number).unwrap_or(0) / 10_000,
        role: row.try_get(1)?,
        superuser: row.try_get(2)?,
        bypasses: row.try_get(3)?,
        owns: row.try_get(4)?,
        creates: row.try_get(5)?,
        ahead: server_time - middle,
    };
    drop(client);
    if driver.await.is_err() {
        tracing::debug!("The connection's task was cancelled.");
    }
    Ok(login)
}

fn version(login: &Login, address: &Address) -> Finding {
    let (number, role) = (login.version, &login.role);
    let found = Text::new(
        format!("Postgres {number} como {role} en {address}."),
        format!("Postgres {number} as {role} at {address}."),
    );
    if number >= OLDEST_POSTGRES {
        return Finding::good(found);
    }
    Finding::failure(
        found,
        Text::new(
            format!("Hace falta Postgres {OLDEST_POSTGRES} o posterior."),
            format!("Postgres {OLDEST_POSTGRES} or later is needed."),
        ),
    )
}

/// Row-level security holds only for a login that owns nothing and cannot bypass it.
fn powerless(login: &Login, variable: &str, expected: &str) -> Finding {
    let role = &login.role;
    let wrong = if login.superuser {
        Some(("es superusuario", "is a superuser"))
    } else if login.bypasses {
        Some(("tiene BYPASSRLS", "has BYPASSRLS"))
    } else if login.owns {
        Some((
            "es dueño de la base o de un esquema",
            "owns the database or a schema",
        ))
    } else {
        None
    };
    let Some((es, en)) = wrong else {
        return Finding::good(Text::new(
            format!("{role} no es dueño de nada y obedece la seguridad por filas."),
            format!("{role} owns nothing and obeys row-level security."),
        ));
    };
    Finding::failure(
        Text::new(
            format!("El rol {role} de {variable} {es}: vería los datos de todos."),
            format!("The role {role} of {variable} {en}: it would see everybody's data."),
        ),
        Text::new(
            format!("Use el rol {expected}, que crea «trastienda migrate»."),
            format!("Use the role {expected}, which `trastienda migrate` creates."),
        ),
    )
}

fn owning(login: &Login) -> Finding {
    let role = &login.role;
    if login.creates {
        return Finding::good(Text::new(
            format!("{role} puede migrar la base."),
            format!("{role} can migrate the database."),
        ));
    }
    Finding::failure(
        Text::new(
            format!("El rol {role} de DATABASE_OWNER_URL no puede crear esquemas."),
            format!("The role {role} of DATABASE_OWNER_URL cannot create schemas."),
        ),
        Text::new(
            "Use el dueño de la base, trastienda_owner.",
            "Use the owner of the database, trastienda_owner.",
        ),
    )
}

/// A backup has to read every tenant's rows and nothing more.
fn reading(login: &Login) -> Finding {
    let role = &login.role;
    if login.bypasses || login.superuser {
        return Finding::good(Text::new(
            format!("{role} puede hacer copias de seguridad."),
            format!("{role} can make backups."),
        ));
    }
    Finding::warning(
        Text::new(
            format!("El rol {role} no puede leer las filas de todos: no sirve para copias."),
            format!("The role {role} cannot read everybody's rows: it is no good for backups."),
        ),
        how_to_back_up(),
    )
}

fn how_to_back_up() -> Text {
    let statement = "CREATE ROLE trastienda_backup LOGIN BYPASSRLS; \
                     GRANT pg_read_all_data TO trastienda_backup";
    Text::new(
        format!("Como superusuario: {statement}."),
        format!("As a superuser: {statement}."),
    )
}

fn clock(ahead: TimeDelta) -> Finding {
    let seconds = ahead.abs().as_seconds_f64();
    let found = Text::new(
        format!("Reloj: {seconds:.3} s entre Postgres y esta máquina."),
        format!("Clock: {seconds:.3} s between Postgres and this machine."),
    );
    let advice = Text::new(
        "Sincronice los relojes (NTP): plazos y sesiones dependen de ellos.",
        "Synchronise the clocks (NTP): due times and sessions depend on them.",
    );
    match seconds {
        seconds if seconds > 30.0 => Finding::failure(found, advice),
        seconds if seconds > 1.0 => Finding::warning(found, advice),
        _ => Finding::good(found),
    }
}

fn failed(address: &Address, error: &tokio_postgres::Error) -> Finding {
    let Some(refused) = error.as_db_error() else {
        return unreachable(address, &reason(error));
    };
    let unknown = [
        SqlState::INVALID_PASSWORD,
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
        SqlState::INVALID_CATALOG_NAME,
        SqlState::INSUFFICIENT_PRIVILEGE,
    ];
    if !unknown.contains(refused.code()) {
        return unreachable(address, refused.message());
    }
    let message = refused.message();
    Finding::failure(
        Text::new(
            format!("Postgres en {address} no admite la entrada ({message})."),
            format!("Postgres at {address} refuses the log-in ({message})."),
        ),
        Text::new(
            "Compruebe usuario, contraseña y base de la dirección.",
            "Check the user, the password and the database of the address.",
        ),
    )
}

/// The innermost cause says why: "connection refused" rather than "error connecting to server".
fn reason(error: &tokio_postgres::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

fn unreachable(address: &Address, reason: &str) -> Finding {
    Finding::failure(
        Text::new(
            format!("Postgres no responde en {address} ({reason})."),
            format!("Postgres does not answer at {address} ({reason})."),
        ),
        Text::new(
            "Compruebe la dirección y que el servidor esté en marcha.",
            "Check the address and that the server is running.",
        ),
    )
}

fn absent(variable: &str) -> Finding {
    Finding::failure(
        Text::new(
            format!("Falta {variable}."),
            format!("{variable} is missing."),
        ),
        Text::new(
            "Indíquelo, o use «trastienda up», que arranca un Postgres privado.",
            "Set it, or use `trastienda up`, which starts a private Postgres.",
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    fn login() -> Login {
        Login {
            version: 15,
            role: "someone".to_owned(),
            superuser: false,
            bypasses: false,
            owns: false,
            creates: false,
            ahead: TimeDelta::zero(),
        }
    }

    #[test]
    fn a_login_with_any_power_is_refused() {
        assert_eq!(powerless(&login(), "X", "y").level, Level::Good);
        for powerful in [
            Login {
                superuser: true,
                ..login()
            },
            Login {
                bypasses: true,
                ..login()
            },
            Login {
                owns: true,
                ..login()
            },
        ] {
            assert_eq!(powerless(&powerful, "X", "y").level, Level::Failure);
        }
    }

    #[test]
    fn an_old_server_and_a_wrong_clock_are_refused() {
        let address = Address::new("postgresql://a@b/c");
        assert_eq!(
            version(
                &Login {
                    version: 14,
                    ..login()
                },
                &address
            )
            .level,
            Level::Failure
        );
        assert_eq!(clock(TimeDelta::milliseconds(-200)).level, Level::Good);
        assert_eq!(clock(TimeDelta::seconds(-5)).level, Level::Warning);
        assert_eq!(clock(TimeDelta::seconds(40)).level, Level::Failure);
    }
}
