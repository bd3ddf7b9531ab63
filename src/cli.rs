//! The commands and their options, as a person types them. Help is in Spanish and English.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::say::Language;

/// What was typed after `trastienda`.
#[derive(Debug, Parser)]
#[command(
    name = "trastienda",
    version,
    about = "La trastienda como un solo programa · A back office as one program",
    disable_help_subcommand = true
)]
pub struct Arguments {
    /// Fichero de configuración · Configuration file (trastienda.toml)
    #[arg(long, global = true, value_name = "FILE", env = "TRASTIENDA_CONFIG")]
    pub config: Option<PathBuf>,
    /// Idioma de los mensajes · Language of messages
    #[arg(long, global = true, value_enum)]
    pub language: Option<Language>,
    #[command(subcommand)]
    pub command: Command,
}

/// The roles of the one binary.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Sirve la API GraphQL · Serves the GraphQL API
    Serve(ServeOptions),
    /// Ejecuta colas, planificador y repetidor · Runs queues, schedules and relay
    Work,
    /// Todo en una máquina · Everything on one machine
    Up(UpOptions),
    /// Como `up`, con la empresa de muestra · `up` with the demo company and its jobs run now
    Demo(DemoOptions),
    /// Aplica las migraciones · Applies the migrations
    Migrate,
    /// Escribe schema.graphql · Writes schema.graphql
    Schema {
        /// Fichero de salida, - para la salida estándar · Output file, - for standard output
        #[arg(default_value = "schema.graphql")]
        output: PathBuf,
    },
    /// Dice qué encuentra y qué hacer · Says what it finds and what to do
    Doctor,
    /// Trabajos: ver, repetir, cancelar · Jobs: list, retry, cancel
    #[command(subcommand)]
    Job(JobCommand),
    /// Usuarios · Users
    #[command(subcommand)]
    User(UserCommand),
    /// Registro de auditoría · Audit trail
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Hace una copia de seguridad · Makes a backup
    Backup {
        /// Carpeta en la que se hace · Folder that it is made in
        folder: PathBuf,
        /// Solo la base, sin los ficheros · The database alone, without the files
        #[arg(long)]
        without_files: bool,
    },
    /// Restaura una copia en una base vacía · Restores a backup into an empty database
    Restore {
        /// Carpeta de la copia · Folder of the backup
        folder: PathBuf,
    },
    /// Mide el servidor en marcha con datos propios · Measures the running server with its own data
    Bench(BenchOptions),
    /// Lanza una orden con Postgres y Redis efímeros · Runs a command with throw-away services
    #[command(hide = true)]
    WithServices {
        /// La orden y sus argumentos · The command and its arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<OsString>,
    },
    /// Paso intermedio del lanzador · The launcher's stepping stone to a child process
    #[command(hide = true)]
    Child(ChildOptions),
}

/// Options of `serve`.
#[derive(Args, Clone, Debug, Default)]
pub struct ServeOptions {
    /// Dirección de escucha · Address to listen on
    #[arg(long, value_name = "IP:PORT")]
    pub listen: Option<SocketAddr>,
}

/// Options of `demo`.
#[derive(Args, Clone, Debug)]
pub struct DemoOptions {
    /// Tamaño de la empresa, en veces 120 empleados · Size of the company, in times 120 employees
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub scale: u16,
    /// Lo demás, como en `up` · The rest, as in `up`
    #[command(flatten)]
    pub up: UpOptions,
}

/// Options of `up` and `demo`.
#[derive(Args, Clone, Debug, Default)]
pub struct UpOptions {
    /// Dirección de la API · Address of the API
    #[arg(long, value_name = "IP:PORT", conflicts_with = "port")]
    pub listen: Option<SocketAddr>,
    /// Puerto local de la API · Loopback port of the API
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
    /// Además del socket, puerto local de Postgres · Postgres on a loopback port too
    #[arg(long, value_name = "PORT")]
    pub postgres_port: Option<u16>,
    /// Además del socket, puerto local de Redis · Redis on a loopback port too
    #[arg(long, value_name = "PORT")]
    pub redis_port: Option<u16>,
    /// Borra los datos privados y empieza de nuevo · Deletes the private data and starts over
    #[arg(long)]
    pub fresh: bool,
}

/// Options of `bench`.
#[derive(Args, Clone, Debug)]
pub struct BenchOptions {
    /// Dirección del servidor · Address of the server
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:4000")]
    pub url: String,
    /// Tamaño: parte de los datos completos · Scale: share of the full data
    #[arg(long, default_value_t = 1.0)]
    pub scale: f64,
    /// Segundos por medida · Seconds a measure
    #[arg(long, default_value_t = 10)]
    pub seconds: u64,
    /// Veces por medida; cuenta la mejor · Runs a measure; the best counts
    #[arg(long, default_value_t = 1)]
    pub runs: u32,
    /// Clientes a la vez · Clients at once
    #[arg(long, default_value_t = 8)]
    pub clients: usize,
    /// Solo estas medidas · These measures alone
    #[arg(value_name = "MEASURE")]
    pub only: Vec<String>,
    /// Proceso de `serve` cuya CPU y memoria se mide · Process of `serve` to measure
    #[arg(long, value_name = "PID")]
    pub serve_pid: Option<u32>,
    /// Proceso de `work` cuya CPU y memoria se mide · Process of `work` to measure
    #[arg(long, value_name = "PID")]
    pub work_pid: Option<u32>,
    /// Otro servidor GraphQL de la misma base, para comparar · Another GraphQL server of the same
    /// database, to compare with
    #[arg(long, value_name = "URL")]
    pub rival: Option<String>,
    /// Proceso de ese otro servidor · Process of that other server
    #[arg(long, value_name = "PID")]
    pub rival_pid: Option<u32>,
}

/// Operations on jobs.
#[derive(Debug, Subcommand)]
pub enum JobCommand {
    /// Lista los trabajos recientes · Lists recent jobs
    List,
    /// Muestra un trabajo · Shows one job
    Show { id: String },
    /// Repite un trabajo fallido · Retries a failed job
    Retry { id: String },
    /// Cancela un trabajo · Cancels a job
    Cancel { id: String },
}

/// Operations on users.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Crea una organización con su administrador · Creates an organisation and its administrator
    Create {
        /// Nombre de la organización · Name of the organisation
        #[arg(long)]
        organisation: String,
        /// Correo de la persona · The person's e-mail
        #[arg(long)]
        email: String,
    },
    /// Cambia la contraseña, leída de la entrada · Sets the password, read from standard input
    Password {
        /// Correo de la persona · The person's e-mail
        email: String,
    },
}

/// Operations on the audit trail.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Recalcula la cadena y dice dónde se rompe · Recomputes the chain and says where it breaks
    Verify {
        /// Solo esta organización · Only this organisation
        #[arg(long)]
        organisation: Option<String>,
        /// Carpeta de las cabeceras firmadas · Folder of the signed heads
        #[arg(long)]
        heads: Option<PathBuf>,
    },
}

/// How the launcher asks this binary to become a service's process.
#[derive(Args, Debug)]
pub struct ChildOptions {
    /// The process whose death ends this one.
    #[arg(long)]
    pub parent: i32,
    /// The signal that ends it then.
    #[arg(long, value_enum)]
    pub signal: EndSignal,
    /// Unprivileged user and group to become, `uid:gid`.
    #[arg(long)]
    pub user: Option<String>,
    /// Starts a session of its own, out of reach of the terminal's Ctrl-C.
    #[arg(long)]
    pub session: bool,
    /// The program and its arguments.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub command: Vec<OsString>,
}

/// Signals that end a child in good order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum EndSignal {
    /// SIGINT: the fast shutdown of Postgres.
    Int,
    /// SIGTERM: the orderly end of everything else.
    Term,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_wrapped_command_keeps_its_own_options() {
        let typed = [
            "trastienda",
            "with-services",
            "--",
            "cargo",
            "test",
            "--",
            "--nocapture",
        ];
        let Command::WithServices { command } = Arguments::parse_from(typed).command else {
            panic!("another command");
        };
        assert_eq!(command, ["cargo", "test", "--", "--nocapture"]);
    }
}
