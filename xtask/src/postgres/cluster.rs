//! One cluster in a temporary folder, gone with its owner.

use std::{
    env, fs,
    net::{Ipv4Addr, TcpListener},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{self, Child, Stdio},
};

use anyhow::{Context, Result, bail};

use super::{account::Account, install::install, programs::Programs};
use crate::{
    paths,
    shell::{command, read, run},
};

/// What a commit of the cluster is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Commits {
    /// Nothing after a crash of the machine: for tests, whose many small databases come and go fast.
    Forgotten,
    /// All that PostgreSQL promises: for measurements.
    Durable,
}

impl Commits {
    const fn settings(self) -> &'static str {
        match self {
            // A connection of a test runs a statement a few times: to plan it each time would cost more than to run it.
            Self::Forgotten => {
                "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nplan_cache_mode = force_generic_plan\n"
            }
            Self::Durable => "fsync = on\nsynchronous_commit = on\nfull_page_writes = on\n",
        }
    }
}

const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
wal_level = minimal
max_wal_senders = 0
max_connections = 400
shared_buffers = 256MB
max_parallel_workers_per_gather = 0
log_min_messages = warning
";

/// Waits until whoever started it is gone, however that happened (end, Ctrl-C, panic, kill -9): its standard input closes
/// then. Stops the server at once (SIGQUIT is PostgreSQL's immediate shutdown) and removes the folder. It never waits for
/// ever: where nobody reaps orphans, a stopped server still has a process id.
const KEEPER: &str = r#"
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

/// A running throw-away cluster; dropping it stops and deletes it.
pub(crate) struct Cluster {
    keeper: Child,
    /// Where its socket lies too.
    folder: PathBuf,
    port: u16,
    version: String,
}

impl Cluster {
    /// Finds or installs the programs, makes a cluster and starts it on a free port of 127.0.0.1, trusting everybody.
    pub(crate) fn start(commits: Commits) -> Result<Self> {
        let account = Account::choose()?;
        let programs = match Programs::find()? {
            Some(programs) => programs,
            None => install(account)?,
        };
        let folder = temporary_folder(account, commits)?;
        let (keeper, version) = (keep(&folder)?, programs.version.clone());
        let mut cluster = Self { keeper, folder, port: 0, version };
        let folder = &cluster.folder;
        let programs = reachable(programs, account, folder)?;
        make(&programs, account, folder, commits)?;
        cluster.port = serve(&programs, account, folder)?;
        Ok(cluster)
    }

    /// The maintenance database by TCP, as a service would reach it. Tests create their own beside it.
    pub(crate) fn url(&self) -> String {
        self.url_at("127.0.0.1")
    }

    /// The same by the socket, which costs both sides less.
    pub(crate) fn socket_url(&self) -> String {
        self.url_at(&self.folder.to_string_lossy().replace('/', "%2F"))
    }

    fn url_at(&self, host: &str) -> String {
        format!("postgres://postgres@{host}:{}/postgres", self.port)
    }

    /// As the server says it.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

fn temporary_folder(account: Account, commits: Commits) -> Result<PathBuf> {
    let parent = match commits {
        Commits::Forgotten => paths::scratch(),
        // Measurements are about disks.
        Commits::Durable => env::temp_dir(),
    };
    let folder = parent.join(format!("cpor-postgres-{}", process::id()));
    fs::create_dir(&folder).with_context(|| format!("making {}", folder.display()))?;
    account.own(&folder)?;
    Ok(folder)
}

/// Programs under root's home are out of another account's reach: copied into the cluster's folder then.
fn reachable(programs: Programs, account: Account, folder: &Path) -> Result<Programs> {
    if read(account.command(programs.folder.join("postgres"), folder).arg("--version")).is_ok() {
        return Ok(programs);
    }
    let installation = programs.folder.parent().context("the programs' folder has no parent")?;
    let copy = folder.join("programs");
    run(command("cp").arg("-R").arg(installation).arg(&copy))?;
    Ok(Programs { folder: copy.join("bin"), version: programs.version })
}

/// In a process group of its own, so that Ctrl-C reaches us and not it.
fn keep(folder: &Path) -> Result<Child> {
    let mut keeper = command("/bin/sh");
    keeper.args(["-c", KEEPER, "keeper"]).arg(folder).current_dir("/");
    keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    keeper.process_group(0).spawn().context("starting the cluster's keeper")
}

fn make(programs: &Programs, account: Account, folder: &Path, commits: Commits) -> Result<()> {
    let data = folder.join("data");
    let mut initdb = account.command(programs.folder.join("initdb"), folder);
    initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "--pgdata"]);
    read(initdb.arg(&data))?;
    let file = data.join("postgresql.conf");
    let settings = format!(
        "{}{SETTINGS}{}unix_socket_directories = '{}'\n",
        fs::read_to_string(&file)?,
        commits.settings(),
        folder.display()
    );
    fs::write(&file, settings).with_context(|| format!("writing {}", file.display()))
}

/// Somebody else may take a free port between our look and the server's; then another is tried.
fn serve(programs: &Programs, account: Account, folder: &Path) -> Result<u16> {
    let log = folder.join("log");
    for _ in 0..5 {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut start = account.command(programs.folder.join("pg_ctl"), folder);
        start.args(["start", "--silent", "--wait", "--timeout=60", "--options"]).arg(format!("-p {port}"));
        start.arg("--log").arg(&log).arg("--pgdata").arg(folder.join("data"));
        if start.stdout(Stdio::null()).stderr(Stdio::null()).status()?.success() {
            return Ok(port);
        }
    }
    let complaint = fs::read_to_string(&log).unwrap_or_default();
    bail!("{} does not start:\n{complaint}", programs.version)
}
