//! A mail server (RFC 5321), as small as one can be, that refuses the recipients it is told to refuse.

use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf},
};

use crate::Mail;

/// The server; it ends with the test's runtime.
#[derive(Debug)]
pub struct MailServer {
    address: SocketAddr,
    books: Arc<Mutex<Books>>,
}

#[derive(Debug, Default)]
struct Books {
    refused: HashSet<String>,
    accepted: Vec<Mail>,
}

impl MailServer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let books = Arc::<Mutex<Books>>::default();
        let kept = books.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(converse(connection, kept.clone()));
            }
        });
        Self { address, books }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on mail to this address is refused for good.
    pub fn refuse(&self, recipient: &str) {
        lock(&self.books).refused.insert(recipient.to_owned());
    }

    /// From now on mail to this address is accepted.
    pub fn admit(&self, recipient: &str) {
        lock(&self.books).refused.remove(recipient);
    }

    /// What was accepted, in that order.
    #[must_use]
    pub fn accepted(&self) -> Vec<Mail> {
        lock(&self.books).accepted.clone()
    }
}

fn lock(books: &Mutex<Books>) -> std::sync::MutexGuard<'_, Books> {
    books.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One conversation. That it breaks off is the client's business.
async fn converse(connection: TcpStream, books: Arc<Mutex<Books>>) -> std::io::Result<()> {
    let (read, mut write) = connection.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 mail.example ESMTP\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        let answer = match verb.as_str() {
            "RCPT" if is_refused(&books, &line) => "550 5.1.1 no such mailbox",
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                let mail = Mail::parse(&content(&mut lines).await?);
                lock(&books).accepted.push(mail);
                "250 2.0.0 taken"
            }
            "QUIT" => "221 2.0.0 bye",
            _ => "250 2.0.0 well",
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}

fn is_refused(books: &Mutex<Books>, line: &str) -> bool {
    let recipient = line.split(['<', '>']).nth(1).unwrap_or_default();
    lock(books).refused.contains(recipient)
}

/// The mail up to the lonely dot.
async fn content(lines: &mut Lines<BufReader<OwnedReadHalf>>) -> std::io::Result<Vec<u8>> {
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
