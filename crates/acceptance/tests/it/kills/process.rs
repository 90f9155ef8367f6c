//! The real binary, as a child process: `cpor dev` on SQLite, `cpor serve` with all five services on PostgreSQL.

use std::{
    io::{BufRead as _, BufReader, Read},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use cpor_acceptance::{Backend, ReservedPort, TestStorage};
use cpor_kit::auth::TokenSigner;
use cpor_types::{Service, SystemClock};
use tokio::sync::oneshot;

/// When the virtual clock starts.
const START: &str = "2026-03-16T09:00:00Z";

/// The ports of the process, which are the same in every life.
pub(crate) struct Ports {
    grpc: ReservedPort,
    web: ReservedPort,
    admin: ReservedPort,
}

/// A running process.
pub(crate) struct Process(Child);

impl Ports {
    pub(crate) fn reserve() -> Self {
        Self { grpc: ReservedPort::reserve(), web: ReservedPort::reserve(), admin: ReservedPort::reserve() }
    }

    pub(crate) fn url(&self) -> String {
        self.grpc.url()
    }
}

impl Process {
    /// Starts it on this store and waits until it serves.
    pub(crate) async fn start(store: &TestStorage, ports: &Ports) -> Self {
        let binary = std::env::var("CPOR_TEST_BINARY").expect("CPOR_TEST_BINARY is not set: run `cargo xtask test`");
        let mut command = Command::new(binary);
        command.env("CPOR_CUSTOMER_CONSENT__MAIL__DIRECTORY", store.mail());
        command.env("CPOR_TELEMETRY__LOG_FILTER", "warn,cpor::command=info").env("NO_COLOR", "1");
        match store.backend() {
            Backend::Sqlite => dev(&mut command, store, ports),
            Backend::Postgres => serve(&mut command, store, ports),
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
        let (ready, serving) = oneshot::channel();
        match store.backend() {
            Backend::Sqlite => {
                read(child.stdout.take().expect("its output"), "ready grpc=", Some(ready));
                read(child.stderr.take().expect("its log"), "", None);
            }
            Backend::Postgres => read(child.stderr.take().expect("its log"), " serving", Some(ready)),
        }
        serving.await.expect("it says that it is ready before it ends");
        Self(child)
    }

    /// SIGKILL, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.0.kill().expect("to kill the child");
        self.0.wait().expect("its end");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A test that failed leaves no process behind; one that was killed before is gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What signs users' tokens for the system on this store; its keys are made if they are not there.
pub(crate) fn issuer(store: &TestStorage) -> TokenSigner {
    let data = store.directory(0);
    cpor::keys::make_missing(&data).expect("the keys");
    TokenSigner::from_file(&cpor::keys::user_key(&data), cpor::keys::ISSUER, Arc::new(SystemClock))
        .expect("the user key")
}

fn dev(command: &mut Command, store: &TestStorage, ports: &Ports) {
    let address = |port: &ReservedPort| port.address().to_string();
    command.args(["dev", "--clock", "virtual"]).arg("--data").arg(store.directory(0));
    command.args(["--grpc", &address(&ports.grpc), "--web", &address(&ports.web), "--admin", &address(&ports.admin)]);
}

fn serve(command: &mut Command, store: &TestStorage, ports: &Ports) {
    let data: PathBuf = store.directory(0);
    let database = store.config(0);
    command
        .args(["serve", "--insecure-plaintext", "--virtual-clock", START])
        .args(Service::ALL.iter().map(|service| service.as_str()));
    command.env("CPOR_DATABASE__URL", database.url.expect("a URL").expose()).env("CPOR_DATABASE__SCHEMA", "{service}");
    command.env("CPOR_DATABASE__DIRECTORY", &data);
    for (listener, port) in [("GRPC", &ports.grpc), ("WEB", &ports.web), ("ADMIN", &ports.admin)] {
        command.env(format!("CPOR_LISTEN__{listener}"), port.address().to_string());
    }
    command.env("CPOR_AUTH__ISSUER", cpor::keys::ISSUER);
    command
        .env("CPOR_AUTH__JWKS_FILE", cpor::keys::jwks(&data))
        .env("CPOR_AUTH__SERVICE_KEY_FILE", cpor::keys::service_key(&data));
    for service in Service::ALL {
        let name = service.as_str().replace('-', "_").to_uppercase();
        command.env(format!("CPOR_PEERS__{name}"), ports.grpc.url());
    }
    command.env("CPOR_CUSTOMER_CONSENT__PUBLIC_URL", ports.web.url());
}

/// Reads until the process ends, so that it never waits for a reader, and tells when the awaited words come.
fn read(output: impl Read + Send + 'static, awaited: &'static str, ready: Option<oneshot::Sender<()>>) {
    std::thread::spawn(move || {
        let mut ready = ready;
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            match ready.take_if(|_| line.contains(awaited)) {
                Some(ready) => drop(ready.send(())),
                None if line.contains("ERROR") || line.starts_with("cpor:") => println!("{line}"),
                None => {}
            }
        }
    });
}
