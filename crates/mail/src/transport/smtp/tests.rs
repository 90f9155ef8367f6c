use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::*;
use crate::queue::sample;
use cpor_process::config::Secret;

/// The step of the SMTP dialogue before the first command.
const GREETING: &str = "greeting";
/// The step after the content of a message.
const CONTENT: &str = "content";

/// Starts an SMTP server that answers every recipient with `to_recipient`. Returns its port and the
/// messages that it receives.
async fn start_server(to_recipient: &'static str) -> (u16, UnboundedReceiver<String>) {
    start_server_with("RCPT", to_recipient).await
}

/// Starts an SMTP server that answers with `reply` at this step: a command, [`GREETING`] or
/// [`CONTENT`].
async fn start_server_with(step: &'static str, reply: &'static str) -> (u16, UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (accepted, received) = unbounded_channel();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let _ = converse(connection, step, reply, &accepted).await;
        }
    });
    (port, received)
}

/// Answers one SMTP connection and passes each received message on.
async fn converse(
    connection: TcpStream,
    step: &str,
    reply: &str,
    accepted: &UnboundedSender<String>,
) -> std::io::Result<()> {
    let (read, mut write) = connection.into_split();
    let mut lines = BufReader::new(read).lines();
    let answer = |at: &str, usual: &str| format!("{}\r\n", if at == step { reply } else { usual });
    write.write_all(answer(GREETING, "220 mail.example").as_bytes()).await?;
    while let Some(line) = lines.next_line().await? {
        let command = line.split([' ', ':']).next().unwrap_or_default().to_owned();
        let usual = match command.as_str() {
            "EHLO" => "250-mail.example\r\n250 AUTH PLAIN",
            "DATA" => "354 go on",
            _ => "250 ok",
        };
        let replied = answer(&command, usual);
        write.write_all(replied.as_bytes()).await?;
        if replied.starts_with("354") {
            let mut text = String::new();
            while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                text.push_str(&line);
                text.push('\n');
            }
            let _ = accepted.send(text);
            write.write_all(answer(CONTENT, "250 taken").as_bytes()).await?;
        }
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
    let login = (Some("cpor".to_owned()), Some(Secret::new("hunter2")));
    let config = SmtpConfig { username: login.0, password: login.1, ..config(port, 5) };
    Smtp::new(&config).unwrap().send(&mail, &sample::email(&mail)).await
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
async fn r41b_only_the_recipient_and_the_content_can_bounce() {
    let replies = ["421 4.3.2 a", "450 4.1.8 a", "501 5.1.3 a", "504 5.5.2 a", "521 5.3.2 a", "550 5.1.1 a", "554 a"];
    for reply in replies {
        for step in [GREETING, "EHLO", "AUTH", "MAIL"] {
            let (port, _received) = start_server_with(step, reply).await;
            let result = send_to(port).await;
            assert!(matches!(result, Err(SendError::Unavailable(_))), "{step} {reply}: {result:?}");
        }
        for step in ["RCPT", "DATA", CONTENT] {
            let (port, _received) = start_server_with(step, reply).await;
            let result = send_to(port).await;
            match reply.starts_with('4') {
                true => assert!(matches!(result, Err(SendError::Deferred(_))), "{step} {reply}: {result:?}"),
                false => assert!(matches!(result, Err(SendError::Permanent(_))), "{step} {reply}: {result:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (accepted, mut received) = unbounded_channel();
    // The server serves one connection only.
    tokio::spawn(async move { converse(listener.accept().await.unwrap().0, "", "", &accepted).await });
    let server = Smtp::new(&config(port, 5)).unwrap();
    for _ in 0..3 {
        let mail = sample::mail("anna.lee@fabrikam.example");
        server.send(&mail, &sample::email(&mail)).await.unwrap();
        assert!(received.recv().await.is_some());
    }
}

#[tokio::test]
async fn an_unreachable_server_is_not_a_bounce() {
    let closed_port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    assert!(matches!(send_to(closed_port).await, Err(SendError::Unavailable(_))));
    let login_server = start_server("530 5.7.0 authentication required").await;
    assert_eq!(send_to(login_server.0).await, Err(SendError::Unavailable("SMTP 530 5.7.0".into())));
}
