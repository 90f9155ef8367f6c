//! R57: what partners are told by mail.

use chrono::TimeDelta;
use cpor_acceptance::{ClaimStage, FABRIKAM, Mail, TestClaim, TestSystem, both_databases, line, rows, timestamp};
use cpor_proto::{
    claims::v1::{Claim, ClaimState, WithdrawReason},
    registry::v1::Subscription,
    r#type::v1::{Contact, SubscriptionStatus},
};

both_databases![
    r57_a_request_for_action_says_what_until_when_and_how,
    r57_a_rejection_says_why_and_how_to_dispute_it,
    r57_a_final_rejection_says_that_only_a_new_claim_helps,
    r57_an_approval_and_the_official_association_are_told,
    r57_a_competing_claim_is_told_and_never_whose_it_is,
    r57_lost_lines_are_told,
    r57_a_decline_is_told_with_the_association_that_it_ends,
    r57_an_association_that_expires_or_is_superseded_is_told,
    r57_what_the_partner_withdrew_is_told_only_where_an_association_ends,
    r57_a_mail_goes_to_the_contact_as_it_stands,
];

/// The one mail to the claim's partner whose subject begins so.
async fn told(case: &TestClaim<'_>, subject: &str) -> Mail {
    case.system.wait_until_idle().await;
    let mut mails = case.partner_mails().await;
    let all: Vec<_> = mails.iter().map(|mail| mail.subject.clone()).collect();
    mails.retain(|mail| mail.subject.starts_with(subject));
    assert_eq!(mails.len(), 1, "{subject} in {all:?}");
    mails.remove(0)
}

async fn subjects(case: &TestClaim<'_>) -> Vec<String> {
    case.system.wait_until_idle().await;
    case.partner_mails().await.into_iter().map(|mail| mail.subject).collect()
}

/// Both forms of a mail say this; the text is wrapped, and what is compared is not.
#[track_caller]
fn says(mail: &Mail, words: &[&str]) {
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let html = flat(&mail.html.replace("&#39;", "'"));
    for word in words {
        assert!(flat(&mail.text).contains(word), "`{word}` is not in {}", mail.text);
        assert!(html.contains(word), "`{word}` is not in {}", mail.html);
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

async fn r57_a_request_for_action_says_what_until_when_and_how(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    let mail = told(&case, "Action required by 23 March 2026: Fabrikam sales rollout").await;
    let until = "You have until the end of Monday, 23 March 2026 (Europe/Berlin, UTC+01:00).";
    says(&mail, &["Hello Erik Weber,", "is not signed by the customer", "The signature page is missing.", until]);
    says(
        &mail,
        &["UploadEvidence", "ResubmitClaim", "MPN ID 1001", &case.name, &case.claim().await.lines[0].subscription_id],
    );
    assert!(!mail.text.contains("rita") && !mail.html.contains("rita"), "nor who reviews");
}

async fn r57_a_rejection_says_why_and_how_to_dispute_it(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Rejected).await;
    let mail = told(&case, "Claim rejected: Fabrikam sales rollout").await;
    says(
        &mail,
        &["the proof of execution is not sufficient", "consent is missing", "The proof does not show your work."],
    );
    says(
        &mail,
        &[
            "GetClaim",
            "dispute this until the end of Wednesday, 15 April 2026 (Europe/Berlin, UTC+02:00)",
            "DisputeClaim",
        ],
    );
    assert_eq!(subjects(&case).await, ["Claim rejected: Fabrikam sales rollout"]);
}

async fn r57_a_final_rejection_says_that_only_a_new_claim_helps(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Declined).await;
    case.dispute("They meant another project.").await.unwrap();
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let asked = |mail: &Mail| mail.text.contains("silence is not enough this time");
    assert_eq!(case.partner_mails().await.iter().filter(|mail| asked(mail)).count(), 1);
    system.advance_by(TimeDelta::days(8)).await;
    let mails = case.partner_mails().await;
    let last = mails.last().unwrap();
    assert!(last.subject.starts_with("Claim rejected"), "{}", last.subject);
    says(
        last,
        &[
            "did not approve when asked again",
            "This is final",
            "Only a new claim with updated proof of execution helps.",
        ],
    );
    assert!(!last.text.contains("DisputeClaim"));
}

async fn r57_an_approval_and_the_official_association_are_told(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    let mail = told(&case, "Claim approved: Fabrikam sales rollout").await;
    says(&mail, &["need do nothing", "if it does not decline", "What you claim is held for you"]);
    system.advance_by(TimeDelta::days(8)).await;
    let mail = told(&case, "On record: Fabrikam sales rollout").await;
    says(&mail, &["Your company is on record for", "ListUsage", "GetAssessment"]);
    assert_eq!(subjects(&case).await.len(), 2);
    // An approval that the customer gave before leaves nothing to wait for.
    let early = TestClaim::at_stage(system, system.usage().await, ClaimStage::Submitted).await;
    early.approve_consent().await.unwrap();
    early.take_and_start_review().await;
    early.approve(&system.reviewer).await.unwrap();
    says(&told(&early, "Claim approved: Fabrikam field app").await, &["The customer has approved too."]);
}

async fn r57_a_competing_claim_is_told_and_never_whose_it_is(system: &TestSystem) {
    let (one, other) = rivals(system).await;
    let strangers = [(&one, ["northwind", "nora", "mpn id 2002"]), (&other, ["contoso", "erik", "mpn id 1001"])];
    for (case, names) in strangers {
        let mail = told(case, "A competing claim").await;
        says(
            &mail,
            &[
                "Another company claims some of what you claim",
                "stand still",
                &case.claim().await.lines[0].subscription_id,
            ],
        );
        let seen = format!("{} {} {}", mail.subject, mail.text, mail.html).to_lowercase();
        assert!(names.iter().all(|name| !seen.contains(name)), "{seen}");
    }
    other.withdraw(WithdrawReason::WrongActivity, "").await.unwrap();
    assert_eq!(subjects(&one).await.len(), 1, "that it is over is told in a comment");
}

async fn r57_lost_lines_are_told(system: &TestSystem) {
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
        let mail = told(case, "Lines lost").await;
        says(
            &mail,
            &["another company's", &lines[lost].subscription_id, "goes on with", &lines[1 - lost].subscription_id],
        );
        let rival = if lost == 1 { "northwind" } else { "contoso" };
        assert!(!format!("{}{}", mail.text, mail.html).to_lowercase().contains(rival));
    }
    // The last line lost is a rejection, and told as one.
    let claim = system.usage().await;
    let loser = TestClaim::at_stage(system, claim.clone(), ClaimStage::UnderReview).await;
    let winner = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    winner.award(&system.lead, &[winner.claim().await.lines[0].key.as_str()]).await.unwrap();
    says(
        &told(&loser, "Claim rejected: Fabrikam field app").await,
        &["was awarded to another company's claim", "DisputeClaim"],
    );
}

async fn r57_a_decline_is_told_with_the_association_that_it_ends(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Declined).await;
    let mail = told(&case, "Claim rejected").await;
    says(
        &mail,
        &["the customer declined", "We did this ourselves.", "The association that was pending", "DisputeClaim"],
    );
    // A decline of what is rejected already is news too: it changes what a dispute needs.
    let rejected = TestClaim::at_stage(system, system.usage().await, ClaimStage::Rejected).await;
    rejected.decline_consent("").await.unwrap();
    let mail = told(&rejected, "The customer declined: Fabrikam field app").await;
    says(&mail, &["It is rejected already", "only if the customer approves it explicitly"]);
}

async fn r57_an_association_that_expires_or_is_superseded_is_told(system: &TestSystem) {
    let expired = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    let subscription = expired.claim().await.lines.remove(0).subscription_id;
    let over = Subscription {
        status: SubscriptionStatus::Expired.into(),
        end_time: Some(timestamp("2026-03-01T00:00:00Z")),
        ..rows::subscription(FABRIKAM, &subscription, "dynamics-365-sales")
    };
    system.import_subscription(over).await;
    let mail = told(&expired, "Association ended: Fabrikam sales rollout").await;
    says(&mail, &["The subscription has ended", "needs a new claim", &subscription]);

    let claim = system.usage().await;
    let holder = TestClaim::at_stage(system, claim.clone(), ClaimStage::Approved).await;
    let rival = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    rival.award(&system.lead, &[rival.claim().await.lines[0].key.as_str()]).await.unwrap();
    let mail = told(&holder, "Association ended: Fabrikam field app").await;
    says(&mail, &["a review lead decided between the two", "was not on record yet"]);
    let said = format!("{}{}", mail.text, mail.html).to_lowercase();
    assert!(!said.contains("northwind") && !said.contains("can no longer read"), "{said}");
}

async fn r57_what_the_partner_withdrew_is_told_only_where_an_association_ends(system: &TestSystem) {
    let official = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    official.withdraw(WithdrawReason::NoLongerWorksWithCustomer, "").await.unwrap();
    let mail = told(&official, "Claim withdrawn").await;
    says(
        &mail,
        &["Your company withdrew its claim", "is over", "Only a new claim with updated proof of execution helps."],
    );
    let early = TestClaim::at_stage(system, system.usage().await, ClaimStage::Withdrawn).await;
    assert_eq!(subjects(&early).await, [""; 0]);
}

async fn r57_a_mail_goes_to_the_contact_as_it_stands(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    let bea = Contact { name: "Bea <b>Bold</b>".into(), title: String::new(), email: "bea@contoso.example".into() };
    case.update(Claim { partner_contact: Some(bea), ..Claim::default() }, &["partner_contact"]).await.unwrap();
    assert_eq!(subjects(&case).await, [""; 0], "what was told before went to whoever it was then");
    case.resubmit("").await.unwrap();
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    case.reject(&system.reviewer).await.unwrap();
    let mail = told(&case, "Claim rejected").await;
    assert_eq!(case.claim().await.state(), ClaimState::Rejected);
    assert!(mail.text.starts_with("Hello Bea <b>Bold</b>,") && !mail.html.contains("<b>"), "{}", mail.html);
}
