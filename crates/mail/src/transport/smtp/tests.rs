use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::*;
use crate::queue::sample;

/// Starts an SMTP server that answers every recipient with `to_recipient`. Returns its port and the
/// messages that it receives.
async fn start_server(to_recipient: &'static str) -> (u16, UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (accepted, received) = unbounded_channel();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let _ = converse(connection, to_recipient, &accepted).await;
        }
    });
    (port, received)
}

/// Answers one SMTP connection and passes each received message on.
async fn converse(
    connection: TcpStream,
    to_recipient: &str,
    accepted: &UnboundedSender<String>,
) -> std::io::Result<()> {
    let (read, mut write) = connection.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 mail.example\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let reply = match line.split([' ', ':']).next().unwrap_or_default() {
            "RCPT" => to_recipient,
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                let mut text = String::new();
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    text.push_str(&line);
                    text.push('\n');
                }
                let _ = accepted.send(text);
                "250 taken"
            }
            _ => "250 mail.example",
        };
        write.write_all(format!("{reply}\r\n").as_bytes()).await?;
    }
    Ok(())
}

fn config(port: u16, timeout_seconds: u64) -> SmtpConfig {
    SmtpConfig {
        host: "127.0.0.1".into(),
        port: Some(port),
        security: Security::Plain,
        ca_file: None,
        username: None,
        password: None,
        timeout_seconds,
    }
}

async fn send_to(port: u16) -> Result<(), SendError> {
    let mail = sample::mail("anna.lee@fabrikam.example");
    Smtp::new(&config(port, 5)).unwrap().send(&mail, &sample::email(&mail)).await
}

#[tokio::test]
async fn the_send_timeout_covers_one_slow_step() {
    for (timeout, send_timeout) in [(1, 30), (30, 30), (60, 60)] {
        assert_eq!(Smtp::new(&config(25, timeout)).unwrap().send_timeout(), Duration::from_secs(send_timeout));
    }
}

#[tokio::test]
async fn the_server_receives_the_whole_message() {
    let (port, mut received) = start_server("250 ok").await;
    send_to(port).await.unwrap();
    let text = received.recv().await.unwrap();
    for part in [
        "Auto-Submitted: auto-generated",
        "Message-ID: <01941f29-",
        "multipart/alternative",
        "https://consent.example/consent/abc",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
}

#[tokio::test]
async fn r41_refusals_are_permanent_or_deferred() {
    let (port, _received) = start_server("550 5.1.1 no such user anna.lee@fabrikam.example").await;
    assert_eq!(send_to(port).await, Err(SendError::Permanent("SMTP 550 5.1.1".into())), "without the address");
    let (port, _received) = start_server("451 4.7.1 greylisted").await;
    assert_eq!(send_to(port).await, Err(SendError::Deferred("SMTP 451 4.7.1".into())));
}

#[tokio::test]
async fn r41b_refusals_of_the_recipient_are_bounces() {
    for reply in [
        "501 5.1.3 a",
        "504 5.5.2 a",
        "521 5.3.2 a",
        "550 a",
        "553 a",
        "556 a",
        "500 5.1.2 a",
        "554-5.7.1 a\r\n554 5.7.1 b",
    ] {
        let (port, _received) = start_server(reply).await;
        let result = send_to(port).await;
        assert!(matches!(result, Err(SendError::Permanent(_))), "{reply}: {result:?}");
    }
    for reply in ["530 5.7.0 no", "535 5.1.1 no", "500 5.5.2 no", "502 no", "553 5.1.7 no", "550 5.1.8 no"] {
        let (port, _received) = start_server(reply).await;
        let result = send_to(port).await;
        assert!(matches!(result, Err(SendError::Unavailable(_))), "{reply}: {result:?}");
    }
}

#[tokio::test]
async fn an_unreachable_server_is_not_a_bounce() {
    let closed_port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    assert!(matches!(send_to(closed_port).await, Err(SendError::Unavailable(_))));
    let login_server = start_server("530 5.7.0 authentication required").await;
    assert_eq!(send_to(login_server.0).await, Err(SendError::Unavailable("SMTP 530 5.7.0".into())));
}
