//! `cpor healthcheck`: checks that a process is ready. A container runtime calls it in the
//! process's container.

use std::{
    io::{Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context as _, bail};

use crate::config::Config;

/// Arguments of `cpor healthcheck`.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    sources: crate::config::Sources,
}

/// The timeout for connecting, and for each read of the response.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Requests `/ready` from the admin address of the configuration.
///
/// # Errors
/// Returns an error if the process does not answer or is not ready. If it is not ready, the message
/// names the parts that are not ready.
#[expect(clippy::print_stdout, reason = "the state is the output of the command")]
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut address = Config::load(&args.sources)?.listen.admin;
    if address.ip().is_unspecified() {
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    let response = get_ready(address).with_context(|| format!("http://{address}/ready does not answer"))?;
    let (head, body) = response.split_once("\r\n\r\n").unwrap_or((&response, ""));
    if head.split_whitespace().nth(1) != Some("200") {
        bail!("not ready: {}", body.trim());
    }
    println!("ready");
    Ok(ExitCode::SUCCESS)
}

/// Sends `GET /ready` and returns the whole HTTP response, at most 64 KiB.
fn get_ready(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(format!("GET /ready HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").as_bytes())?;
    let mut response = String::new();
    stream.take(64 << 10).read_to_string(&mut response)?;
    Ok(response)
}
