//! The real binary as a child process: `cpor dev` on SQLite, and `cpor serve` with all five
//! services on PostgreSQL.

use std::{
    io::{BufRead as _, BufReader, Read},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::Duration,
};

use cpor_acceptance::{Engine, ReservedPort, TestStorage};
use cpor_auth::TokenSigner;
use cpor_types::{Service, SystemClock};
use tokio::sync::oneshot;

/// The start of the virtual clock.
const START: &str = "2026-03-16T09:00:00Z";

/// The ports of the process. They stay the same after a restart.
pub(crate) struct Ports {
    pub(crate) grpc: ReservedPort,
    pub(crate) web: ReservedPort,
    admin: ReservedPort,
}

/// The part of the system that a process of `cpor serve` hosts.
pub(crate) struct Replica<'a> {
    /// The index of its data directory.
    pub(crate) directory: usize,
    pub(crate) services: &'a [Service],
    pub(crate) ports: &'a Ports,
    /// The addresses of each service, in the order of [`Service::ALL`].
    pub(crate) peers: &'a [String],
    /// Further settings, as environment variables.
    pub(crate) settings: &'a [(&'a str, String)],
}

/// A running process, and the lines that it has logged.
pub(crate) struct Process {
    child: Child,
    log: Arc<Mutex<String>>,
    /// The threads that read the output.
    readers: Vec<JoinHandle<()>>,
}

impl Ports {
    pub(crate) fn reserve() -> Self {
        Self { grpc: ReservedPort::reserve(), web: ReservedPort::reserve(), admin: ReservedPort::reserve() }
    }

    pub(crate) fn url(&self) -> String {
        self.grpc.url()
    }

    pub(crate) fn admin_url(&self) -> String {
        self.admin.url()
    }
}

impl Process {
    /// Starts the binary on this storage and waits until it serves.
    pub(crate) async fn start(store: &TestStorage, ports: &Ports) -> Self {
        Self::start_with_log(store, ports, "warn,cpor::command=info").await
    }

    /// Starts the binary with this filter for its log, and waits until it serves.
    pub(crate) async fn start_with_log(store: &TestStorage, ports: &Ports, filter: &str) -> Self {
        let mut command = new_command(store, filter);
        match store.engine() {
            Engine::Sqlite => {
                configure_dev(&mut command, store, ports);
                let mut child = spawn(command);
                let (ready_sender, ready) = oneshot::channel();
                let (stdout, stderr) =
                    (child.stdout.take().expect("its output"), child.stderr.take().expect("its log"));
                let log = Arc::default();
                let output = read_lines(stdout, &Arc::default(), "ready grpc=", Some(ready_sender));
                let readers = vec![output, read_lines(stderr, &log, "", None)];
                ready.await.expect("the process is ready before it ends");
                Self { child, log, readers }
            }
            Engine::Postgres => {
                let peers = vec![ports.grpc.url(); Service::ALL.len()];
                let replica = Replica { directory: 0, services: Service::ALL, ports, peers: &peers, settings: &[] };
                Self::serve_with(command, store, &replica).await
            }
        }
    }

    /// Starts `cpor serve` on this storage and waits until it serves.
    pub(crate) async fn serve(store: &TestStorage, replica: &Replica<'_>) -> Self {
        Self::serve_with(new_command(store, "warn,cpor::command=info"), store, replica).await
    }

    async fn serve_with(mut command: Command, store: &TestStorage, replica: &Replica<'_>) -> Self {
        configure_serve(&mut command, store, replica);
        let mut child = spawn(command);
        let (ready_sender, ready) = oneshot::channel();
        let log = Arc::default();
        let stderr = child.stderr.take().expect("its log");
        let readers = vec![read_lines(stderr, &log, " serving", Some(ready_sender))];
        ready.await.expect("the process is ready before it ends");
        Self { child, log, readers }
    }

    /// The id of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Stops the process with SIGTERM and waits for its end.
    pub(crate) async fn terminate(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("to run kill").success());
        while self.child.try_wait().expect("the state of the child").is_none() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Kills the process with SIGKILL and waits for its end.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("to kill the child");
        self.child.wait().expect("the end of the child");
    }

    /// Returns what the process has logged. The process must have ended.
    pub(crate) fn log(&mut self) -> String {
        self.readers.drain(..).for_each(|reader| reader.join().expect("no panic"));
        self.log.lock().unwrap().clone()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The results are ignored because the process may have been killed before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The signer of the users' tokens for the system on this storage. Missing keys are generated.
pub(crate) fn user_token_signer(store: &TestStorage) -> TokenSigner {
    let data = store.directory(0);
    cpor::keys::create_missing(&data).expect("the keys");
    TokenSigner::from_file(&cpor::keys::user_key_file(&data), cpor::keys::ISSUER, Arc::new(SystemClock))
        .expect("the user key")
}

fn new_command(store: &TestStorage, filter: &str) -> Command {
    let binary = std::env::var("CPOR_TEST_BINARY").expect("CPOR_TEST_BINARY is not set: run `cargo xtask test`");
    let mut command = Command::new(binary);
    command.env("CPOR_CUSTOMER_CONSENT__MAIL__DIRECTORY", store.mail());
    command.env("CPOR_TELEMETRY__LOG_FILTER", filter).env("NO_COLOR", "1");
    command
}

fn spawn(mut command: Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts")
}

fn configure_dev(command: &mut Command, store: &TestStorage, ports: &Ports) {
    let address = |port: &ReservedPort| port.address().to_string();
    command.args(["dev", "--clock", "virtual"]).arg("--data").arg(store.directory(0));
    command.args(["--grpc", &address(&ports.grpc), "--web", &address(&ports.web), "--admin", &address(&ports.admin)]);
}

fn configure_serve(command: &mut Command, store: &TestStorage, replica: &Replica<'_>) {
    // The keys are in the first data directory.
    let data: PathBuf = store.directory(0);
    let (database, ports) = (store.config(replica.directory), replica.ports);
    command
        .args(["serve", "--insecure-plaintext", "--virtual-clock", START])
        .args(replica.services.iter().map(|service| service.as_str()));
    command.env("CPOR_DATABASE__URL", database.url.expect("a URL").expose()).env("CPOR_DATABASE__SCHEMA", "{service}");
    command.env("CPOR_DATABASE__DIRECTORY", database.directory);
    for (listener, port) in [("GRPC", &ports.grpc), ("WEB", &ports.web), ("ADMIN", &ports.admin)] {
        command.env(format!("CPOR_LISTEN__{listener}"), port.address().to_string());
    }
    command.env("CPOR_AUTH__ISSUER", cpor::keys::ISSUER);
    command
        .env("CPOR_AUTH__JWKS_FILE", cpor::keys::jwks_file(&data))
        .env("CPOR_AUTH__SERVICE_KEY_FILE", data.join("{service}/service.pem"))
        .env("CPOR_AUTH__SERVICE_JWKS_FILE", cpor::keys::service_jwks_file(&data))
        .env("CPOR_AUTH__RECEIPT_KEY_FILE", cpor::keys::receipt_key_file(&data));
    for (service, addresses) in Service::ALL.iter().zip(replica.peers) {
        let name = service.as_str().replace('-', "_").to_uppercase();
        command.env(format!("CPOR_PEERS__{name}"), addresses);
    }
    command.env("CPOR_CUSTOMER_CONSENT__PUBLIC_URL", ports.web.url());
    command.envs(replica.settings.iter().map(|(name, value)| (name, value)));
}

/// Reads the output until the process ends, so that the process never blocks on a full pipe, and
/// adds it to `log`. Sends `ready` when a line contains `awaited`, and prints errors.
fn read_lines(
    output: impl Read + Send + 'static,
    log: &Arc<Mutex<String>>,
    awaited: &'static str,
    ready: Option<oneshot::Sender<()>>,
) -> JoinHandle<()> {
    let log = log.clone();
    std::thread::spawn(move || {
        let mut ready = ready;
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            log.lock().unwrap().extend([line.as_str(), "\n"]);
            match ready.take_if(|_| line.contains(awaited)) {
                Some(ready) => drop(ready.send(())),
                None if line.contains("ERROR") || line.starts_with("cpor:") => println!("{line}"),
                None => {}
            }
        }
    })
}
