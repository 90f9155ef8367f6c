//! R57: the mails to partners.

use chrono::TimeDelta;
use cpor_acceptance::{
    CONTOSO, ClaimStage, FABRIKAM, Mail, TestClaim, TestSystem, both_databases, line, rows, timestamp,
};
use cpor_proto::{
    claims::v1::{Claim, ClaimState, WithdrawReason},
    registry::v1::{
        DirectoryRow, GetPartnerRequest, ImportDirectoryRequest, ImportResult, Subscription, directory_row::Row,
    },
    r#type::v1::{Contact, SubscriptionStatus},
};

both_databases![
    r57_a_request_mail_says_what_how_and_until_when,
    r57_a_rejection_mail_says_why_and_how_to_dispute,
    r57_a_final_rejection_mail_suggests_a_new_claim,
    r57_approval_and_official_association_are_mailed,
    r57_a_competition_mail_never_names_the_rival,
    r57_lost_lines_are_mailed,
    r57_a_decline_mail_names_the_ended_association,
    r57_an_expired_or_superseded_association_is_mailed,
    r57_a_withdrawal_is_mailed_if_it_ends_associations,
    r57_mails_go_to_the_current_contact,
    r57_the_location_determines_the_language,
    r57_an_unknown_language_is_refused,
];

/// The only mail to the partner about the claim whose subject starts like this.
async fn only_mail(case: &TestClaim<'_>, subject: &str) -> Mail {
    case.system.wait_until_idle().await;
    let mut mails = case.partner_mails().await;
    let subjects: Vec<_> = mails.iter().map(|mail| mail.subject.clone()).collect();
    mails.retain(|mail| mail.subject.starts_with(subject));
    assert_eq!(mails.len(), 1, "{subject} in {subjects:?}");
    mails.remove(0)
}

async fn subjects(case: &TestClaim<'_>) -> Vec<String> {
    case.system.wait_until_idle().await;
    case.partner_mails().await.into_iter().map(|mail| mail.subject).collect()
}

/// Asserts that the plain text and the HTML of a mail contain these texts, apart from line breaks.
#[track_caller]
fn assert_mail_contains(mail: &Mail, texts: &[&str]) {
    let unwrap = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let html = unwrap(&mail.html.replace("&#39;", "'"));
    for text in texts {
        assert!(unwrap(&mail.text).contains(text), "`{text}` is not in {}", mail.text);
        assert!(html.contains(text), "`{text}` is not in {}", mail.html);
    }
}

/// Contoso's and Northwind's claims for two subscriptions, both under review.
async fn rivals(system: &TestSystem) -> (TestClaim<'_>, TestClaim<'_>) {
    let claim = system.presales().await;
    let second = line("dynamics-365-sales", &system.create_subscription("dynamics-365-sales").await);
    let claim = Claim { lines: vec![claim.lines[0].clone(), second], ..claim };
    let one = TestClaim::at_stage(system, claim.clone(), ClaimStage::UnderReview).await;
    let other = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    (one, other)
}

async fn r57_a_request_mail_says_what_how_and_until_when(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    let mail = only_mail(&case, "Action required by 23 March 2026: Fabrikam sales rollout").await;
    let until = "You have until the end of Monday, 23 March 2026 (Europe/Berlin, UTC+01:00).";
    assert_mail_contains(
        &mail,
        &["Hello Erik Weber,", "is not signed by the customer", "The signature page is missing.", until],
    );
    assert_mail_contains(
        &mail,
        &["UploadEvidence", "ResubmitClaim", "MPN ID 1001", &case.name, &case.claim().await.lines[0].subscription_id],
    );
    assert!(!mail.text.contains("rita") && !mail.html.contains("rita"), "the mail names the reviewer");
}

async fn r57_a_rejection_mail_says_why_and_how_to_dispute(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Rejected).await;
    let mail = only_mail(&case, "Claim rejected: Fabrikam sales rollout").await;
    assert_mail_contains(
        &mail,
        &["the proof of execution is not sufficient", "consent is missing", "The proof does not show your work."],
    );
    assert_mail_contains(
        &mail,
        &[
            "GetClaim",
            "dispute this until the end of Wednesday, 15 April 2026 (Europe/Berlin, UTC+02:00)",
            "DisputeClaim",
        ],
    );
    assert_eq!(subjects(&case).await, ["Claim rejected: Fabrikam sales rollout"]);
}

async fn r57_a_final_rejection_mail_suggests_a_new_claim(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Declined).await;
    case.dispute("They meant another project.").await.unwrap();
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let is_explained = |mail: &Mail| mail.text.contains("silence is not enough this time");
    assert_eq!(case.partner_mails().await.iter().filter(|mail| is_explained(mail)).count(), 1);
    system.advance_by(TimeDelta::days(8)).await;
    let mails = case.partner_mails().await;
    let last = mails.last().unwrap();
    assert!(last.subject.starts_with("Claim rejected"), "{}", last.subject);
    assert_mail_contains(
        last,
        &[
            "did not approve when asked again",
            "This is final",
            "Only a new claim with updated proof of execution helps.",
        ],
    );
    assert!(!last.text.contains("DisputeClaim"));
}

async fn r57_approval_and_official_association_are_mailed(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    let mail = only_mail(&case, "Claim approved: Fabrikam sales rollout").await;
    assert_mail_contains(
        &mail,
        &["does not need to do anything", "If it does not decline", "What you claim is reserved for you"],
    );
    system.advance_by(TimeDelta::days(8)).await;
    let mail = only_mail(&case, "On record: Fabrikam sales rollout").await;
    assert_mail_contains(&mail, &["Your company has been on record for", "ListUsage", "GetAssessment"]);
    assert_eq!(subjects(&case).await.len(), 2);
    // With an earlier approval of the customer there is nothing to wait for.
    let early = TestClaim::at_stage(system, system.usage().await, ClaimStage::Submitted).await;
    early.approve_consent().await.unwrap();
    early.take_and_start_review().await;
    early.approve(&system.reviewer).await.unwrap();
    assert_mail_contains(
        &only_mail(&early, "Claim approved: Fabrikam field app").await,
        &["The customer has approved too."],
    );
}

async fn r57_a_competition_mail_never_names_the_rival(system: &TestSystem) {
    let (one, other) = rivals(system).await;
    let rival_names = [(&one, ["northwind", "nora", "mpn id 2002"]), (&other, ["contoso", "erik", "mpn id 1001"])];
    for (case, names) in rival_names {
        let mail = only_mail(case, "A competing claim").await;
        assert_mail_contains(
            &mail,
            &[
                "Another company claims some of what you claim",
                "deadlines are stopped",
                &case.claim().await.lines[0].subscription_id,
            ],
        );
        let shown = format!("{} {} {}", mail.subject, mail.text, mail.html).to_lowercase();
        assert!(names.iter().all(|name| !shown.contains(name)), "{shown}");
    }
    other.withdraw(WithdrawReason::WrongActivity, "").await.unwrap();
    assert_eq!(subjects(&one).await.len(), 1, "the end of the competition is told by a comment only");
}

async fn r57_lost_lines_are_mailed(system: &TestSystem) {
    let (one, other) = rivals(system).await;
    let lines = one.claim().await.lines;
    let award = |line: usize, winner: &str| cpor_proto::reviews::v1::Award {
        key: lines[line].key.clone(),
        winner: winner.into(),
        ..Default::default()
    };
    let (first, second) = (one.review_name().await, other.review_name().await);
    let request = cpor_proto::reviews::v1::ArbitrateLinesRequest {
        parent: format!("tenants/{}", one.tenant),
        awards: vec![award(0, &first), award(1, &second)],
        comment: "One each.".into(),
        ..Default::default()
    };
    system.lead.reviews().arbitrate_lines(request).await.unwrap();
    for (case, lost) in [(&one, 1), (&other, 0)] {
        let mail = only_mail(case, "Lines lost").await;
        assert_mail_contains(
            &mail,
            &["another company's", &lines[lost].subscription_id, "continues with", &lines[1 - lost].subscription_id],
        );
        let rival = if lost == 1 { "northwind" } else { "contoso" };
        assert!(!format!("{}{}", mail.text, mail.html).to_lowercase().contains(rival));
    }
    // Losing the last line is a rejection and is mailed as one.
    let claim = system.usage().await;
    let loser = TestClaim::at_stage(system, claim.clone(), ClaimStage::UnderReview).await;
    let winner = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    winner.award(&system.lead, &[winner.claim().await.lines[0].key.as_str()]).await.unwrap();
    assert_mail_contains(
        &only_mail(&loser, "Claim rejected: Fabrikam field app").await,
        &["was awarded to another company's claim", "DisputeClaim"],
    );
}

async fn r57_a_decline_mail_names_the_ended_association(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Declined).await;
    let mail = only_mail(&case, "Claim rejected").await;
    assert_mail_contains(
        &mail,
        &["the customer declined", "We did this ourselves.", "The association that was pending", "DisputeClaim"],
    );
    // A decline of a rejected claim is mailed too, because it changes what a dispute needs.
    let rejected = TestClaim::at_stage(system, system.usage().await, ClaimStage::Rejected).await;
    rejected.decline_consent("").await.unwrap();
    let mail = only_mail(&rejected, "The customer declined: Fabrikam field app").await;
    assert_mail_contains(&mail, &["The claim was already rejected", "only if the customer approves it explicitly"]);
}

async fn r57_an_expired_or_superseded_association_is_mailed(system: &TestSystem) {
    let expired = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    let subscription = expired.claim().await.lines.remove(0).subscription_id;
    let ended = Subscription {
        status: SubscriptionStatus::Expired.into(),
        end_time: Some(timestamp("2026-03-01T00:00:00Z")),
        ..rows::subscription(FABRIKAM, &subscription, "dynamics-365-sales")
    };
    system.import_subscription(ended).await;
    let mail = only_mail(&expired, "Association ended: Fabrikam sales rollout").await;
    assert_mail_contains(&mail, &["The subscription has ended", "needs a new claim", &subscription]);

    let claim = system.usage().await;
    let holder = TestClaim::at_stage(system, claim.clone(), ClaimStage::Approved).await;
    let rival = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    rival.award(&system.lead, &[rival.claim().await.lines[0].key.as_str()]).await.unwrap();
    let mail = only_mail(&holder, "Association ended: Fabrikam field app").await;
    assert_mail_contains(
        &mail,
        &["A review lead decided between your claim and another company's", "was not on record yet"],
    );
    let shown = format!("{}{}", mail.text, mail.html).to_lowercase();
    assert!(!shown.contains("northwind") && !shown.contains("can no longer read"), "{shown}");
}

async fn r57_a_withdrawal_is_mailed_if_it_ends_associations(system: &TestSystem) {
    let official = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    official.withdraw(WithdrawReason::NoLongerWorksWithCustomer, "").await.unwrap();
    let mail = only_mail(&official, "Claim withdrawn").await;
    assert_mail_contains(
        &mail,
        &["Your company withdrew its claim", "has ended", "Only a new claim with updated proof of execution helps."],
    );
    let early = TestClaim::at_stage(system, system.usage().await, ClaimStage::Withdrawn).await;
    assert_eq!(subjects(&early).await, [""; 0]);
}

async fn r57_mails_go_to_the_current_contact(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    let contact = Contact { name: "Bea <b>Bold</b>".into(), title: String::new(), email: "bea@contoso.example".into() };
    case.update(Claim { partner_contact: Some(contact), ..Claim::default() }, &["partner_contact"]).await.unwrap();
    assert_eq!(subjects(&case).await, [""; 0], "earlier mails went to the former contact");
    case.resubmit("").await.unwrap();
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    case.reject(&system.reviewer).await.unwrap();
    let mail = only_mail(&case, "Claim rejected").await;
    assert_eq!(case.claim().await.state(), ClaimState::Rejected);
    assert!(mail.text.starts_with("Hello Bea <b>Bold</b>,") && !mail.html.contains("<b>"), "{}", mail.html);
}

/// Imports Contoso with this language at all its locations.
async fn set_language(system: &TestSystem, language_code: &str) -> ImportResult {
    let request = GetPartnerRequest { name: CONTOSO.into() };
    let mut partner = system.contoso.registry().get_partner(request).await.unwrap().into_inner();
    for location in &mut partner.locations {
        location.language_code = language_code.into();
    }
    let rows = vec![DirectoryRow { row: Some(Row::Partner(partner)) }];
    let request = ImportDirectoryRequest { rows, ..ImportDirectoryRequest::default() };
    system.directory.registry().import_directory(request).await.unwrap().into_inner().results.remove(0)
}

async fn r57_the_location_determines_the_language(system: &TestSystem) {
    let in_each_language = [
        ("", "en", "Claim rejected: Fabrikam sales rollout"),
        ("de", "de", "Antrag zurückgewiesen: Fabrikam sales rollout"),
        ("ru", "ru", "Заявка отклонена: Fabrikam sales rollout"),
    ];
    for (code, language, subject) in in_each_language {
        assert_eq!(set_language(system, code).await.error, None);
        let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Rejected).await;
        let mail = only_mail(&case, subject).await;
        assert!(mail.html.contains(&format!("<html lang=\"{language}\">")), "{}", mail.html);
    }
}

async fn r57_an_unknown_language_is_refused(system: &TestSystem) {
    for code in ["xx", "de-AT", "DE"] {
        let error = set_language(system, code).await.error.unwrap();
        assert!(String::from_utf8_lossy(&error.details[0].value).contains("LANGUAGE_UNKNOWN"), "{error:?}");
        for known in ["`cs`", "`de`", "`en`", "`es`", "`fr`", "`hu`", "`pl`", "`ru`"] {
            assert!(error.message.contains(known), "{}", error.message);
        }
    }
}
