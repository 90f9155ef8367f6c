//! The real binary, as a child process.

use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use cpor_acceptance::Store;
use cpor_kit::auth::TokenSigner;
use cpor_types::SystemClock;
use tokio::sync::oneshot;

/// `cpor dev` on a virtual clock.
pub(crate) struct Process {
    child: Child,
    data: PathBuf,
    grpc: String,
}

impl Process {
    /// Starts it on this store and waits until it serves.
    pub(crate) async fn start(store: &Store) -> Self {
        let binary = std::env::var("CPOR_TEST_BINARY").expect("CPOR_TEST_BINARY is not set: run `cargo xtask test`");
        let data = store.directory(0);
        let free = "127.0.0.1:0";
        let mut command = Command::new(binary);
        command
            .arg("dev")
            .arg("--data")
            .arg(&data)
            .args(["--clock", "virtual", "--grpc", free, "--web", free, "--admin", free]);
        let database = store.config(0);
        if let Some(url) = &database.url {
            command.env("CPOR_DATABASE__URL", url.expose()).env("CPOR_DATABASE__SCHEMA", "{service}");
        }
        command.env("CPOR_CUSTOMER_CONSENT__MAIL__DIRECTORY", store.mail());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().expect("the binary starts");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let (ready, serving) = oneshot::channel();
        // Reads until the process ends, so that it never waits for a reader.
        std::thread::spawn(move || {
            let mut ready = Some(ready);
            for line in lines.map_while(Result::ok) {
                if let (Some(rest), Some(_)) = (line.strip_prefix("ready grpc="), &ready) {
                    let grpc = rest.split(' ').next().unwrap_or_default().to_owned();
                    drop(ready.take().map(|ready| ready.send(grpc)));
                }
            }
        });
        let grpc = serving.await.expect("it says that it is ready before it ends");
        Self { child, data, grpc }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.grpc)
    }

    /// What signs users' tokens.
    pub(crate) fn issuer(&self) -> TokenSigner {
        TokenSigner::from_file(&self.data.join("user.pem"), "cpor", Arc::new(SystemClock)).expect("the user key")
    }

    /// SIGKILL, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("to kill the child");
        self.child.wait().expect("its end");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A test that failed leaves no process behind; one that was killed before is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
