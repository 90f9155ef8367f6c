//! A minimal SMTP server (RFC 5321) that accepts mail and can refuse recipients.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf},
};

use crate::Mail;

/// The SMTP server. It stops with the runtime of the test.
#[derive(Debug)]
pub struct MailServer {
    address: SocketAddr,
    state: Arc<Mutex<ServerState>>,
}

#[derive(Debug, Default)]
struct ServerState {
    /// The replies to refused recipients, by address.
    refusals: HashMap<String, String>,
    accepted: Vec<Mail>,
}

impl MailServer {
    /// Starts the server on a free port.
    ///
    /// # Panics
    /// Panics if there is no free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::<Mutex<ServerState>>::default();
        let server_state = state.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serve_connection(connection, server_state.clone()));
            }
        });
        Self { address, state }
    }

    /// Returns the address that the server listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Refuses mail to this address permanently from now on.
    pub fn refuse(&self, recipient: &str) {
        self.refuse_with(recipient, "550 5.1.1 no such mailbox");
    }

    /// Refuses mail to this address with this reply from now on.
    pub fn refuse_with(&self, recipient: &str, reply: &str) {
        lock(&self.state).refusals.insert(recipient.to_owned(), reply.to_owned());
    }

    /// Accepts mail to this address from now on.
    pub fn admit(&self, recipient: &str) {
        lock(&self.state).refusals.remove(recipient);
    }

    /// Returns the accepted mails, in the order of their acceptance.
    #[must_use]
    pub fn accepted(&self) -> Vec<Mail> {
        lock(&self.state).accepted.clone()
    }
}

fn lock(state: &Mutex<ServerState>) -> std::sync::MutexGuard<'_, ServerState> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves one connection. An error of the connection is ignored.
async fn serve_connection(connection: TcpStream, state: Arc<Mutex<ServerState>>) -> std::io::Result<()> {
    let (read, mut write) = connection.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 mail.example ESMTP\r\n").await?;
    let mut sender = String::new();
    while let Some(line) = lines.next_line().await? {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        let address = line.split(['<', '>']).nth(1).unwrap_or_default();
        let reply = match verb.as_str() {
            "MAIL" => {
                address.clone_into(&mut sender);
                "250 2.0.0 ok".to_owned()
            }
            "RCPT" => lock(&state).refusals.get(address).cloned().unwrap_or_else(|| "250 2.0.0 ok".to_owned()),
            "DATA" => {
                write.write_all(b"354 start mail input\r\n").await?;
                let content = read_content(&mut lines).await?;
                let mail = Mail { return_path: sender.clone(), ..Mail::parse(&content) };
                lock(&state).accepted.push(mail);
                "250 2.0.0 accepted".to_owned()
            }
            "QUIT" => "221 2.0.0 closing".to_owned(),
            _ => "250 2.0.0 ok".to_owned(),
        };
        write.write_all(format!("{reply}\r\n").as_bytes()).await?;
    }
    Ok(())
}

/// Reads the content of a mail up to the line that consists of a dot.
async fn read_content(lines: &mut Lines<BufReader<OwnedReadHalf>>) -> std::io::Result<Vec<u8>> {
    let mut mail = Vec::new();
    while let Some(line) = lines.next_line().await? {
        if line == "." {
            break;
        }
        mail.extend_from_slice(line.strip_prefix('.').unwrap_or(&line).as_bytes());
        mail.extend_from_slice(b"\r\n");
    }
    Ok(mail)
}
