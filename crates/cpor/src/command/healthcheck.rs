//! `cpor healthcheck`: for container runtimes.

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

const PATIENCE: Duration = Duration::from_secs(3);

/// Asks `/ready` of the admin listener that the configuration names.
///
/// # Errors
/// When nobody listens, or what listens is not ready; the text says what is not.
#[expect(clippy::print_stdout, reason = "says that it is ready")]
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut address = Config::load(&args.sources)?.listen.admin;
    if address.ip().is_unspecified() {
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    let answer = ask(address).with_context(|| format!("http://{address}/ready does not answer"))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    if head.split_whitespace().nth(1) != Some("200") {
        bail!("not ready: {}", body.trim());
    }
    println!("ready");
    Ok(ExitCode::SUCCESS)
}

fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(format!("GET /ready HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").as_bytes())?;
    let mut answer = String::new();
    stream.take(64 << 10).read_to_string(&mut answer)?;
    Ok(answer)
}
