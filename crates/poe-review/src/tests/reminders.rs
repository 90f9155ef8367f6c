//! Tests of mails to reviewers and leads (R45, R48).
use super::{test_system::TestSystem, *};
use crate::{reminders::ReminderComposer, store::mails};
use cpor_mail::{Mail, MailRenderer as _, RenderResult};
use cpor_testing::on_both_databases;
use sea_orm::{ConnectionTrait as _, Statement};

on_both_databases![
    r48_reminder_to_reviewer_escalation_to_lead,
    r48_lead_is_reminded_if_reviewer_has_no_address,
    r48_an_outdated_mail_is_withdrawn,
];

impl TestSystem {
    /// Returns the kind and the recipient of all mails queued so far.
    pub(super) async fn mails(&self) -> Vec<(String, String)> {
        let sql = "SELECT kind, recipient FROM mail ORDER BY kind DESC, recipient";
        let rows =
            self.db().query_all_raw(Statement::from_string(self.db().get_database_backend(), sql)).await.unwrap();
        rows.iter().map(|row| (row.try_get("", "kind").unwrap(), row.try_get("", "recipient").unwrap())).collect()
    }

    async fn render(&self, kind: &str, clock: &str) -> RenderResult {
        let data = serde_json::json!({ "case": claim(1).review_case_id, "clock": clock });
        let mail = Mail {
            owner: TENANT.to_owned(),
            id: uuid::Uuid::nil(),
            kind: kind.to_owned(),
            recipient: "amy@vendor.example".to_owned(),
            time: cpor_types::Timestamp::UNIX_EPOCH,
            data,
            attempts: 0,
        };
        ReminderComposer { db: self.api.db.clone() }.render(&mail).await.unwrap()
    }
}

fn pair(kind: &str, recipient: &str) -> (String, String) {
    (kind.to_owned(), recipient.to_owned())
}

async fn r48_reminder_to_reviewer_escalation_to_lead(system: TestSystem) {
    system.submit(1).await;
    system.take("amy@vendor.example", 1).await.unwrap();
    system.advance(day(6)).await;
    assert_eq!(system.mails().await, [pair("reminder", "amy@vendor.example")]);
    system.advance(day(8)).await;
    let both = [pair("reminder", "amy@vendor.example"), pair("escalation", "leads@vendor.example")];
    assert_eq!(system.mails().await, both);
}

async fn r48_lead_is_reminded_if_reviewer_has_no_address(system: TestSystem) {
    system.submit(1).await;
    system.take("amy", 1).await.unwrap();
    system.advance(day(6)).await;
    assert_eq!(system.mails().await, [pair("reminder", "leads@vendor.example")]);
}

async fn r48_an_outdated_mail_is_withdrawn(system: TestSystem) {
    system.submit(1).await;
    let RenderResult::Message(message) = system.render(mails::REMINDER, "start").await else { panic!("withdrawn") };
    assert_eq!(message.subject, "Soon due: start of the review of claim 1");
    assert!(message.text.contains(&case(1)) && message.text.contains("contoso for Fabrikam"), "{}", message.text);
    assert!(matches!(system.render(mails::ESCALATION, "start").await, RenderResult::Withdrawn), "not overdue yet");
    system.advance(day(8)).await;
    assert!(matches!(system.render(mails::ESCALATION, "start").await, RenderResult::Message(_)));
    assert!(matches!(system.render(mails::REMINDER, "start").await, RenderResult::Withdrawn));
    system.close(1).await;
    assert!(matches!(system.render(mails::ESCALATION, "start").await, RenderResult::Withdrawn));
}
