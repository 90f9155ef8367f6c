use lettre::transport::smtp::response::Detail;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::*;
use crate::queue::sample;

#[test]
fn r41_only_a_last_word_on_the_mailbox_is_a_bounce() {
    let heard = |severity, category| verdict(Code::new(severity, category, Detail::Zero));
    let (permanent, transient) = (Severity::PermanentNegativeCompletion, Severity::TransientNegativeCompletion);
    assert_eq!(heard(permanent, Category::MailSystem), Rejection::Permanent("SMTP 550".into()));
    assert_eq!(heard(transient, Category::MailSystem), Rejection::Deferred("SMTP 450".into()), "greylisted");
    assert_eq!(heard(permanent, Category::Unspecified3), Rejection::Unavailable("SMTP 530".into()), "our login");
    assert_eq!(heard(permanent, Category::Syntax), Rejection::Unavailable("SMTP 500".into()), "our syntax");
}

/// A mail server that answers every recipient with `to_recipient`, and passes on what it is given.
async fn server(to_recipient: &'static str) -> (u16, UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (taken, received) = unbounded_channel();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let _ = converse(connection, to_recipient, &taken).await;
        }
    });
    (port, received)
}

async fn converse(connection: TcpStream, to_recipient: &str, taken: &UnboundedSender<String>) -> std::io::Result<()> {
    let (read, mut write) = connection.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 mail.example\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let answer = match line.split([' ', ':']).next().unwrap_or_default() {
            "RCPT" => to_recipient,
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                let mut text = String::new();
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    text.push_str(&line);
                    text.push('\n');
                }
                let _ = taken.send(text);
                "250 taken"
            }
            _ => "250 mail.example",
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await?;
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

async fn sent(port: u16) -> Result<(), Rejection> {
    let mail = sample::mail("anna.lee@fabrikam.example");
    Smtp::new(&config(port, 5)).unwrap().send(&mail, &sample::message(&mail)).await
}

#[tokio::test]
async fn no_step_is_cut_off_that_is_given_its_time() {
    for (timeout, patience) in [(1, 30), (30, 30), (60, 60)] {
        assert_eq!(Smtp::new(&config(25, timeout)).unwrap().patience(), Duration::from_secs(patience));
    }
}

#[tokio::test]
async fn what_a_server_takes_is_the_whole_message() {
    let (port, mut received) = server("250 ok").await;
    sent(port).await.unwrap();
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
async fn r41_a_server_refuses_a_recipient_for_good_or_for_now() {
    let (port, _received) = server("550 5.1.1 no such user anna.lee@fabrikam.example").await;
    assert_eq!(sent(port).await, Err(Rejection::Permanent("SMTP 550".into())), "without the address");
    let (port, _received) = server("451 4.7.1 greylisted").await;
    assert_eq!(sent(port).await, Err(Rejection::Deferred("SMTP 451".into())));
}

#[tokio::test]
async fn without_a_server_nothing_is_said_of_the_recipient() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    assert!(matches!(sent(gone).await, Err(Rejection::Unavailable(_))));
    let login = server("530 5.7.0 authentication required").await;
    assert_eq!(sent(login.0).await, Err(Rejection::Unavailable("SMTP 530".into())));
}
