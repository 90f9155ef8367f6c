//! Measures the same claims as workflows of Restate, with its own storage.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{CLAIMS_IN_FLIGHT, SECONDS, figures::Figure};
use crate::{
    paths,
    shell::{command, find_on_path, print_line, read_output},
    tools,
};

const SERVER_VERSION: &str = "1.7.12";
const SDK_VERSION: &str = "1.17.2";
/// The time in which a program must listen on its port.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// An installation of Restate's server and of its SDK for Node.js.
pub(super) struct Restate {
    /// The directory that contains `node_modules`.
    directory: PathBuf,
    node: PathBuf,
}

/// A program that is stopped when the value is dropped.
struct RunningProgram(Child);

impl Drop for RunningProgram {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Restate {
    pub(super) fn install() -> Result<Self> {
        let packages = [("@restatedev/restate-server", SERVER_VERSION), ("@restatedev/restate-sdk", SDK_VERSION)];
        let modules = tools::install_npm_packages(&packages)?;
        let directory = modules.parent().context("node_modules has no parent")?.to_path_buf();
        let node =
            find_on_path("node").context("node is missing: install Node.js (Debian: `apt-get install nodejs`)")?;
        Ok(Self { directory, node })
    }

    /// Runs `benches/peers/restate_claims.mjs` on a new server.
    pub(super) fn measure(&self) -> Result<Figure> {
        print_line("Restate");
        let data = std::env::temp_dir().join(format!("cpor-restate-{}", std::process::id()));
        let figure = self.measure_in(&data);
        fs::remove_dir_all(&data).with_context(|| format!("removing {}", data.display()))?;
        figure
    }

    fn measure_in(&self, data: &std::path::Path) -> Result<Figure> {
        let [node_port, ingress_port, admin_port, claims_port] = free_ports()?;
        let mut server = command(self.directory.join("node_modules/.bin/restate-server"));
        server.args(["--no-logo", "--listen-mode=tcp", "--base-dir"]).arg(data);
        server.env("RESTATE_BIND_ADDRESS", format!("127.0.0.1:{node_port}"));
        server.env("RESTATE_INGRESS__BIND_ADDRESS", format!("127.0.0.1:{ingress_port}"));
        server.env("RESTATE_ADMIN__BIND_ADDRESS", format!("127.0.0.1:{admin_port}"));
        let _server = start(&mut server, admin_port)?;
        let _claims = start(self.node_program("restate_claims.mjs")?.arg(claims_port.to_string()), claims_port)?;
        let mut load = self.node_program("restate_load.mjs")?;
        for port in [admin_port, claims_port, ingress_port] {
            load.arg(format!("http://127.0.0.1:{port}"));
        }
        parse(&read_output(load.args([CLAIMS_IN_FLIGHT, 2 * SECONDS].map(|number| number.to_string())))?)
    }

    /// Returns a command for one of the programs. It is copied beside `node_modules`, where Node.js
    /// looks for imported packages.
    fn node_program(&self, name: &str) -> Result<Command> {
        let copy = self.directory.join(name);
        fs::copy(paths::root().join("benches/peers").join(name), &copy).with_context(|| format!("copying {name}"))?;
        let mut node = command(&self.node);
        node.arg(copy);
        Ok(node)
    }
}

/// Returns ports that are free at the moment.
fn free_ports<const N: usize>() -> Result<[u16; N]> {
    let listeners = [(); N].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
    let mut ports = [0; N];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        let listener = listener.as_ref().map_err(|error| anyhow::anyhow!("no port is free: {error}"))?;
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}

/// Starts a program without its output, and waits until it listens on the port.
#[expect(clippy::disallowed_methods, reason = "this program has one thread and no executor, and a port tells no event")]
fn start(program: &mut Command, port: u16) -> Result<RunningProgram> {
    let child = program.stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("starting a program of Restate")?;
    let mut running = RunningProgram(child);
    let deadline = Instant::now() + START_TIMEOUT;
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        if let Some(status) = running.0.try_wait()? {
            bail!("{} ended: {status}", program.get_program().display());
        }
        if Instant::now() > deadline {
            bail!("{} does not listen on port {port}", program.get_program().display());
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(running)
}

/// Parses the figures that a program of `benches/peers` prints on its last line.
pub(super) fn parse(output: &str) -> Result<Figure> {
    let line = output.lines().last().unwrap_or_default();
    let figures: Value = serde_json::from_str(line).with_context(|| format!("no figures in `{output}`"))?;
    let number = |field| figures.get(field).and_then(Value::as_f64);
    let per_second = number("per_second").with_context(|| format!("no rate in `{line}`"))?;
    Ok(Figure { per_second, p50_ms: number("p50_ms"), ..Figure::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_has_the_figures() {
        let output = "starting\n{\"claims\": 5, \"per_second\": 2.5, \"p50_ms\": 4.0}";
        assert_eq!(parse(output).unwrap(), Figure { per_second: 2.5, p50_ms: Some(4.0), ..Figure::default() });
        assert!(parse("starting").is_err());
    }
}
