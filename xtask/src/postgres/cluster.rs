//! A PostgreSQL cluster in a temporary directory. It is stopped and deleted when its value is
//! dropped or this program ends.

use std::{
    env, fs,
    net::{Ipv4Addr, TcpListener},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
};

use anyhow::{Context, Result, bail};

use super::{account::Account, install::install, programs::Programs};
use crate::{
    paths,
    shell::{command, find_on_path, read_output, run},
};

/// Whether commits survive a crash of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Commits can be lost. This is for tests, which create and drop many small databases.
    None,
    /// Commits survive. This is for measurements.
    Full,
}

impl Durability {
    /// Returns lines for `postgresql.conf`.
    const fn settings(self) -> &'static str {
        match self {
            // Connections of tests run each statement only a few times, so planning it every time
            // would take longer than running it. Databases are dropped before a vacuum or a
            // checkpoint pays for itself.
            Self::None => {
                "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nplan_cache_mode = force_generic_plan\n\
                 autovacuum = off\njit = off\ncheckpoint_timeout = 1h\n"
            }
            Self::Full => "fsync = on\nsynchronous_commit = on\nfull_page_writes = on\n",
        }
    }
}

/// Lines for `postgresql.conf` that all clusters have.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
wal_level = minimal
max_wal_senders = 0
max_connections = 400
shared_buffers = 256MB
max_parallel_workers_per_gather = 0
log_min_messages = warning
log_line_prefix = '%p '
";

/// A shell script that cleans up after this program, even if the program was ended by Ctrl-C, a
/// panic or `kill -9`. It waits until its standard input is closed, stops the server at once
/// (SIGQUIT is the immediate shutdown of PostgreSQL), and removes the directory. It waits for the
/// server for at most two seconds, because a stopped server keeps its process id if no process
/// reaps orphans.
const CLEANUP_SCRIPT: &str = r#"
trap '' INT TERM HUP
read -r _
if server=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null); then
    kill -QUIT "$server"
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        kill -0 "$server" || break
        sleep 0.1
    done
fi
rm -rf "$1"
"#;

/// A running temporary cluster. Dropping it stops the server and deletes the data.
pub(crate) struct Cluster {
    /// The process that runs [`CLEANUP_SCRIPT`].
    cleanup: Child,
    /// The directory of the data, the log and the Unix socket.
    directory: PathBuf,
    account: Account,
    /// The directory of the server programs, as the account can run them.
    programs: PathBuf,
    port: u16,
    version: String,
}

impl Cluster {
    /// Finds or installs the programs, creates a cluster, and starts it on a free port of
    /// 127.0.0.1. The cluster accepts connections without a password.
    pub(crate) fn start(durability: Durability) -> Result<Self> {
        let account = Account::choose()?;
        let programs = match Programs::find()? {
            Some(programs) => programs,
            None => install(account)?,
        };
        let directory = create_directory(account, durability)?;
        let (cleanup, version) = (start_cleanup(&directory)?, programs.version.clone());
        let mut cluster = Self { cleanup, directory, account, programs: programs.directory.clone(), port: 0, version };
        let directory = &cluster.directory;
        let programs = make_accessible(programs, account, directory)?;
        initialize(&programs, account, directory, durability)?;
        cluster.port = start_server(&programs, account, directory)?;
        cluster.programs = programs.directory;
        Ok(cluster)
    }

    /// Returns the URL of the database `postgres` for connections by TCP. Tests create their own
    /// databases.
    pub(crate) fn url(&self) -> String {
        self.url_with_host("127.0.0.1")
    }

    /// Returns the URL of the same database for connections by the Unix socket, which are faster.
    pub(crate) fn socket_url(&self) -> String {
        self.url_with_host(&self.directory.to_string_lossy().replace('/', "%2F"))
    }

    fn url_with_host(&self, host: &str) -> String {
        format!("postgres://postgres@{host}:{}/postgres", self.port)
    }

    /// Creates a database. Returns its URL for connections by TCP.
    ///
    /// # Errors
    /// Returns an error if `psql` is missing or the database exists.
    pub(crate) fn create_database(&self, name: &str) -> Result<String> {
        self.execute(&format!("CREATE DATABASE {name}"))?;
        Ok(format!("postgres://postgres@127.0.0.1:{}/{name}", self.port))
    }

    /// Executes a statement in the database `postgres`.
    ///
    /// # Errors
    /// Returns an error if `psql` is missing or the statement fails.
    pub(crate) fn execute(&self, statement: &str) -> Result<()> {
        read_output(self.command("psql")?.args(["--quiet", "--command", statement, "postgres"])).map(drop)
    }

    /// Returns a command for a client program of PostgreSQL that connects to this cluster.
    ///
    /// # Errors
    /// Returns an error if the program is not installed: some packages contain only the server.
    pub(crate) fn command(&self, program: &str) -> Result<Command> {
        let beside_server = self.programs.join(program);
        let path = if beside_server.is_file() { Some(beside_server) } else { find_on_path(program) };
        let path = path.with_context(|| {
            format!("{program} is missing: install PostgreSQL with its clients (Debian: `apt-get install postgresql`)")
        })?;
        let mut command = self.account.command(path, &self.directory);
        command.env("PGHOST", &self.directory).env("PGPORT", self.port.to_string()).env("PGUSER", "postgres");
        Ok(command)
    }

    /// Returns the directory of the cluster, which is removed with it.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Returns the file of the server's log.
    pub(crate) fn log(&self) -> PathBuf {
        self.directory.join("log")
    }

    /// Returns the output of `postgres --version`.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.cleanup.stdin.take());
        let _ = self.cleanup.wait();
    }
}

/// Creates the directory of the cluster, which belongs to the account of the server.
fn create_directory(account: Account, durability: Durability) -> Result<PathBuf> {
    let parent = match durability {
        Durability::None => paths::scratch(),
        // A measurement must write to a disk and not to memory.
        Durability::Full => env::temp_dir(),
    };
    let directory = parent.join(format!("cpor-postgres-{}", process::id()));
    fs::create_dir(&directory).with_context(|| format!("creating {}", directory.display()))?;
    account.take_ownership(&directory)?;
    Ok(directory)
}

/// Copies the programs to the directory of the cluster if the account cannot run them where they
/// are, for example in the home directory of root.
fn make_accessible(programs: Programs, account: Account, directory: &Path) -> Result<Programs> {
    if read_output(account.command(programs.directory.join("postgres"), directory).arg("--version")).is_ok() {
        return Ok(programs);
    }
    let installation = programs.directory.parent().context("the directory of the programs has no parent")?;
    let copy = directory.join("programs");
    run(command("cp").arg("-R").arg(installation).arg(&copy))?;
    Ok(Programs { directory: copy.join("bin"), version: programs.version })
}

/// Starts the cleanup script in its own process group, so that Ctrl-C does not stop it.
fn start_cleanup(directory: &Path) -> Result<Child> {
    let mut script = command("/bin/sh");
    script.args(["-c", CLEANUP_SCRIPT, "cleanup"]).arg(directory).current_dir("/");
    script.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    script.process_group(0).spawn().context("starting the cleanup script of the cluster")
}

/// Runs `initdb`, and writes the settings.
fn initialize(programs: &Programs, account: Account, directory: &Path, durability: Durability) -> Result<()> {
    let data = directory.join("data");
    let mut initdb = account.command(programs.directory.join("initdb"), directory);
    initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "--pgdata"]);
    read_output(initdb.arg(&data))?;
    let file = data.join("postgresql.conf");
    let settings = format!(
        "{}{SETTINGS}{}unix_socket_directories = '{}'\n",
        fs::read_to_string(&file)?,
        durability.settings(),
        directory.display()
    );
    fs::write(&file, settings).with_context(|| format!("writing {}", file.display()))
}

/// Starts the server on a free port. If another process takes the port before the server does,
/// another port is tried.
fn start_server(programs: &Programs, account: Account, directory: &Path) -> Result<u16> {
    let log = directory.join("log");
    for _ in 0..5 {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut start = account.command(programs.directory.join("pg_ctl"), directory);
        start.args(["start", "--silent", "--wait", "--timeout=60", "--options"]).arg(format!("-p {port}"));
        start.arg("--log").arg(&log).arg("--pgdata").arg(directory.join("data"));
        if start.stdout(Stdio::null()).stderr(Stdio::null()).status()?.success() {
            return Ok(port);
        }
    }
    let log = fs::read_to_string(&log).unwrap_or_default();
    bail!("{} does not start:\n{log}", programs.version)
}
