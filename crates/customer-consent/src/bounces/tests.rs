//! Tests of the reports that mail systems send to return addresses.

use cpor_testing::on_both_databases;

use super::*;
use crate::domain::StateKind;
use crate::test_system::{RETURN_DOMAIN, TestSystem};

on_both_databases![r41b_a_failed_delivery_stops_the_window, r41b_other_mails_change_nothing];

/// The address that the notices of the sample claim are sent to.
const CONTACT: &str = "anna.lee@fabrikam.example";

/// A sample of a report: its name, its content, and the reason of the bounce, if it is one.
macro_rules! sample {
    ($name:literal, $reason:expr) => {
        ($name, include_str!(concat!("samples/", $name, ".eml")), $reason)
    };
}

/// Returns a report (RFC 3464) with these fields for the recipient.
fn report(to: &str, recipient_fields: &str) -> String {
    format!(
        "From: MAILER-DAEMON@relay.example\r\nTo: <{to}>\r\nSubject: Delivery Status\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b1\"\r\n\r\n\
         --b1\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n\
         --b1\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; relay.example\r\nArrival-Date: Mon, 2 Mar 2026 09:30:00 +0100\r\n\r\n\
         {recipient_fields}\r\n\
         --b1\r\nContent-Type: message/rfc822\r\n\r\nSubject: Approved\r\n\r\nText\r\n--b1--\r\n"
    )
}

fn reader(system: &TestSystem, maildir: &Path) -> BounceReader {
    BounceReader::create_folders(maildir).unwrap();
    let addresses = ReturnAddresses::at(RETURN_DOMAIN);
    BounceReader { consents: system.consents.clone(), addresses, maildir: maildir.to_owned() }
}

async fn deliver(reader: &BounceReader, content: &str) {
    let name = format!("{}.relay", Uuid::new_v5(&Uuid::nil(), content.as_bytes()));
    std::fs::write(reader.maildir.join("new").join(&name), content).unwrap();
    reader.apply_reports().await.unwrap();
    assert!(std::fs::read_dir(reader.maildir.join("new")).unwrap().next().is_none());
    assert!(reader.maildir.join("cur").join(format!("{name}:2,S")).exists());
}

async fn r41b_a_failed_delivery_stops_the_window(system: TestSystem) {
    let folder = tempfile::tempdir().unwrap();
    let reader = reader(&system, folder.path());
    system.submit_claim().await;
    system.approve_claim().await;
    let to = system.mailbox.latest().return_path;
    assert_eq!(system.consent().await.state.kind(), StateKind::WindowOpen);
    for action in ["delayed", "Delivered", "relayed", "expanded (to a list)"] {
        let fields = format!("Final-Recipient: rfc822; {CONTACT}\r\nAction: {action}\r\nStatus: 2.1.5\r\n");
        deliver(&reader, &report(&to, &fields)).await;
        assert_eq!(system.consent().await.state.kind(), StateKind::WindowOpen, "{action}");
    }
    let fields = "Original-Recipient: rfc822; list@fabrikam.example\r\nFinal-Recipient: rfc822; x@y.example\r\n\
                  Action: Failed (bad mailbox)\r\nStatus: 5.1.1 (unknown)\r\n";
    deliver(&reader, &report(&to.to_uppercase(), fields)).await;
    let consent = system.consent().await;
    assert_eq!(consent.state.kind(), StateKind::AwaitingDelivery);
    assert!(consent.is_waiting_for_delivery());
    let sent = system.sent_events().await;
    let reasons = sent.iter().filter_map(|event| {
        let cpor_proto::events::v1::event::Payload::NoticeReported(reported) = event else { return None };
        (!reported.accepted).then_some(reported.bounce_reason.as_str())
    });
    assert_eq!(reasons.collect::<Vec<_>>(), ["delivery report 5.1.1"]);
}

async fn r41b_other_mails_change_nothing(system: TestSystem) {
    let folder = tempfile::tempdir().unwrap();
    let reader = reader(&system, folder.path());
    system.submit_claim().await;
    system.approve_claim().await;
    let to = system.mailbox.latest().return_path;
    let failed =
        |recipient: &str| format!("Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: 5.0.0\r\n");
    let unknown = ReturnAddress { tenant: crate::domain::samples::claim().tenant, notice: Uuid::nil() };
    let others = [
        String::new(),
        format!("To: {to}\r\nSubject: I am on holiday\r\n\r\nBack on Monday.\r\n"),
        report("postmaster@vendor.example", &failed(CONTACT)),
        report(&to.replace("bounces.", "other."), &failed(CONTACT)),
        report(&reader.addresses.format(unknown), &failed(CONTACT)),
        report(&to, ""),
        // The mail to the contact arrived; another address of a list did not get it.
        report(
            &to,
            &format!(
                "Final-Recipient: rfc822; {CONTACT}\r\nAction: delivered\r\nStatus: 2.0.0\r\n\r\n{}",
                failed("other@fabrikam.example")
            ),
        ),
    ];
    for other in others {
        deliver(&reader, &other).await;
        assert_eq!(system.consent().await.state.kind(), StateKind::WindowOpen, "{other}");
    }
}

/// Reports in the formats of several mail systems, with the reason of the bounce, if it is one.
/// `{to}` stands for the return address and `{recipient}` for the recipient.
const SAMPLES: [(&str, &str, Option<&str>); 18] = [
    sample!("postfix-failed", Some("delivery report 5.1.1")),
    sample!("postfix-expired", Some("delivery report 4.4.1")),
    sample!("postfix-delayed", None),
    sample!("exchange-online-failed", Some("delivery report 5.1.10")),
    sample!("exchange-online-delayed", None),
    sample!("gmail-failed", Some("delivery report 5.1.1")),
    sample!("gmail-delayed", None),
    sample!("exim-failed", Some("delivery report 5.0.0")),
    sample!("exim-text-failed", Some("delivery report")),
    sample!("exim-text-delayed", None),
    sample!("sendmail-failed", Some("delivery report 5.1.1")),
    sample!("no-final-recipient-failed", Some("delivery report 5.2.1")),
    sample!("no-action-failed", Some("delivery report 5.4.4")),
    sample!("utf8-failed", Some("delivery report 5.1.1")),
    sample!("utf8-delayed", None),
    sample!("read-receipt", None),
    sample!("list-delivered", None),
    ("holiday", "To: {to}\nAuto-Submitted: auto-replied\nSubject: Automatic reply\n\nBack on Monday.\n", None),
];

#[test]
fn r41b_reports_of_many_mail_systems_are_read() {
    let addresses = ReturnAddresses::at(RETURN_DOMAIN);
    let address = ReturnAddress { tenant: crate::domain::samples::claim().tenant, notice: Uuid::max() };
    for (name, content, expected) in SAMPLES {
        let content = content.replace("{to}", &addresses.format(address)).replace("{recipient}", CONTACT);
        for content in [content.clone(), content.replace('\n', "\r\n")] {
            let status = DeliveryStatus::read(content.as_bytes(), &addresses);
            assert!(expected.is_none() || status.as_ref().is_some_and(|status| status.address == address), "{name}");
            let reason = status.and_then(|status| status.bounce_of(CONTACT));
            assert_eq!(reason.as_deref(), expected, "{name}");
        }
    }
}

#[test]
fn return_addresses_fit_and_survive_case_changes() {
    let addresses = ReturnAddresses::at(RETURN_DOMAIN);
    let address = ReturnAddress { tenant: crate::domain::samples::claim().tenant, notice: Uuid::max() };
    let text = addresses.format(address);
    assert!(text.split('@').next().unwrap().len() <= 64, "{text}");
    assert_eq!(addresses.find_in(&format!("\"x\" <{}>", text.to_uppercase())), Some(address));
    assert_eq!(addresses.find_in("bounce+x@bounces.vendor.example, bounce+@"), None);
}
