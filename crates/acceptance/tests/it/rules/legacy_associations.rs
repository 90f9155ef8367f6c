//! R37, R58: imported legacy associations, which have no claim.

use chrono::TimeDelta;
use cpor_acceptance::{
    CONTOSO, ClaimStage, FABRIKAM, LITWARE, NORTHWIND, TestClaim, TestSystem, assert_refused, both_databases, contact,
    line, rows,
};
use cpor_proto::{
    claims::v1::{Claim, ClaimState, WithdrawReason},
    registry::v1::{
        Association, CheckUsageAccessRequest, DeclineLegacyAssociationRequest, EraseLegacyHolderRequest,
        ImportLegacyAssociationsRequest, ImportResult, LegacyAssociation, ListAssociationsRequest, directory_row::Row,
        import_result::Outcome,
    },
    reviews::v1::{AwardOutcome, ReviewCommand, statement::Status},
    r#type::v1::{Activity, AssociationEndReason, AssociationState},
};
use cpor_types::Service;
use http::{Method, StatusCode};
use tonic::Code;

both_databases![
    r58_a_legacy_association_is_official_and_declinable,
    r58_a_legacy_association_ends_without_grace,
    r58_refuses_microsoft_365_and_held_keys,
    r37_a_claim_against_a_legacy_association_is_contested,
    r58_a_legacy_association_can_be_superseded,
    r58a_the_holder_is_told_of_a_competing_claim,
    r58a_the_holder_is_asked_for_a_statement,
    r58a_silence_of_the_holder_is_noted,
    r58a_a_holder_without_contact_is_not_asked,
    r58a_the_holder_is_told_of_the_loss,
    r58a_a_contact_needs_a_name_and_an_address,
    r58_a_legacy_holder_that_ends_competes_no_more,
    r58a_each_holder_answers_for_itself,
    r58a_a_contact_is_added_by_another_import,
    r48_a_legacy_holder_is_reminded,
    r58_a_later_legacy_holder_contests_an_edited_claim,
    r56_a_legacy_holder_is_erased,
    r56_erasing_a_claim_erases_its_request_to_a_holder,
    r56_a_later_holder_keeps_its_statement,
];
both_databases![with five_processes: r58_a_holder_that_ended_meanwhile_does_not_compete];

fn row(key: &str, partner: &str, mpn_id: &str) -> LegacyAssociation {
    let activities = vec![Activity::Usage.into(), Activity::PreSales.into()];
    LegacyAssociation {
        key: key.into(),
        partner: partner.into(),
        mpn_id: mpn_id.into(),
        activities,
        ..Default::default()
    }
}

async fn import(system: &TestSystem, rows: Vec<LegacyAssociation>) -> Vec<ImportResult> {
    let request = ImportLegacyAssociationsRequest { rows, ..Default::default() };
    system.directory.registry().import_legacy_associations(request).await.unwrap().into_inner().results
}

/// The key of a new subscription of Fabrikam.
async fn new_key(system: &TestSystem, product: &str) -> String {
    format!("tenants/{FABRIKAM}/subscriptions/{}", system.create_subscription(product).await)
}

async fn r58_a_legacy_association_is_official_and_declinable(system: &TestSystem) {
    let key = new_key(system, "dynamics-365-sales").await;
    for outcome in [Outcome::Created, Outcome::Unchanged] {
        assert_eq!(import(system, vec![row(&key, CONTOSO, "1001")]).await[0].outcome(), outcome);
    }
    let shown = system.associations_of_key(&key, None).await;
    assert_eq!((shown.len(), shown[0].claim.as_str(), shown[0].state()), (2, "", AssociationState::Official));
    assert_eq!(shown[0].activities, [Activity::Usage as i32, Activity::PreSales as i32]);
    let usage = CheckUsageAccessRequest { partner: CONTOSO.into(), key: key.clone() };
    assert!(system.contoso.registry().check_usage_access(usage.clone()).await.unwrap().into_inner().allowed);
    for association in shown {
        let decline = DeclineLegacyAssociationRequest { name: association.name, ..Default::default() };
        assert_refused(
            system.litware.registry().decline_legacy_association(decline.clone()).await,
            Code::NotFound,
            "RESOURCE_NOT_FOUND",
        );
        assert_refused(
            system.contoso.registry().decline_legacy_association(decline.clone()).await,
            Code::PermissionDenied,
            "ROLE_NOT_ALLOWED",
        );
        let ended = system.fabrikam.registry().decline_legacy_association(decline.clone()).await.unwrap().into_inner();
        assert_eq!((ended.state(), ended.end_reason()), (AssociationState::Ended, AssociationEndReason::Declined));
        let again = system.fabrikam.registry().decline_legacy_association(decline).await.unwrap().into_inner();
        assert_eq!(again, ended);
    }
    assert!(system.associations_of_key(&key, None).await.is_empty());
    assert!(!system.contoso.registry().check_usage_access(usage).await.unwrap().into_inner().allowed);
}

async fn r58_a_legacy_association_ends_without_grace(system: &TestSystem) {
    let id = system.next_uuid();
    let end = system.now().await + TimeDelta::days(20);
    let subscription = rows::subscription(FABRIKAM, &id, "power-bi");
    let end_time = Some(cpor_acceptance::to_timestamp(end));
    system.import_subscription(cpor_proto::registry::v1::Subscription { end_time, ..subscription }).await;
    let key = format!("tenants/{FABRIKAM}/subscriptions/{id}");
    import(system, vec![row(&key, CONTOSO, "1001")]).await;
    system.advance_to(end - TimeDelta::seconds(1)).await;
    assert_eq!(system.associations_of_key(&key, None).await.len(), 2);
    system.advance_to(end).await;
    assert!(system.associations_of_key(&key, None).await.is_empty());
}

async fn r58_refuses_microsoft_365_and_held_keys(system: &TestSystem) {
    let (sales, apps) = (new_key(system, "dynamics-365-sales").await, new_key(system, "power-apps").await);
    let teams = format!("tenants/{LITWARE}/workloads/teams");
    let results = import(
        system,
        vec![
            row(&sales, CONTOSO, "1001"),
            row(&sales, "partners/northwind", "2001"),
            row(&teams, CONTOSO, "1001"),
            row(&apps, CONTOSO, "1001"),
        ],
    )
    .await;
    assert_eq!(results[0].outcome(), Outcome::Created);
    let reason = |result: &ImportResult| {
        let error = result.error.clone().unwrap();
        let details = prost_types::Any::clone(&error.details[0]);
        String::from_utf8_lossy(&details.value).into_owned()
    };
    for (result, expected) in results[1..].iter().zip(["KEY_HELD", "MUST_BE_CLAIMED_ANEW", "FAMILY_NOT_IMPORTED"]) {
        assert_eq!(result.outcome(), Outcome::Refused);
        assert!(reason(result).contains(expected), "{result:?}");
    }
}

/// Northwind's claim for a key that Contoso holds by a legacy association, with the key.
async fn claim_against_legacy(system: &TestSystem, stage: ClaimStage) -> (TestClaim<'_>, String) {
    let claim = system.rival_of(&system.presales().await);
    let key = format!("tenants/{FABRIKAM}/subscriptions/{}", claim.lines[0].subscription_id);
    import(system, vec![row(&key, CONTOSO, "1001")]).await;
    (TestClaim::at_stage(system, claim, stage).await, key)
}

async fn r37_a_claim_against_a_legacy_association_is_contested(system: &TestSystem) {
    let (case, key) = claim_against_legacy(system, ClaimStage::UnderReview).await;
    let claim = case.claim().await;
    assert!(claim.lines[0].contested);
    assert!(!format!("{claim:?}{:?}", case.comments().await).to_lowercase().contains("contoso"), "the rival is named");
    let review = case.review(&system.reviewer).await.unwrap();
    assert!(review.deadlines.iter().all(|clock| clock.due_time.is_none()), "the clocks are stopped");
    // Without an arbitration the key stays held.
    assert_refused(case.approve(&system.reviewer).await, Code::FailedPrecondition, "LINES_NOT_HELD");
    system.wait_until_idle().await;
    assert_eq!(case.claim().await.state(), ClaimState::UnderReview);
    assert_eq!(case.entry("approval_refused").await.changes[0].new_value, "KEY_HELD");
    assert_eq!(system.associations_of_key(&key, None).await[0].partner, CONTOSO);
}

async fn r58_a_legacy_association_can_be_superseded(system: &TestSystem) {
    let (case, key) = claim_against_legacy(system, ClaimStage::UnderReview).await;
    let line_key = case.claim().await.lines[0].key.clone();
    let arbitration = case.award(&system.lead, &[line_key.as_str()]).await.unwrap();
    assert_eq!(arbitration.awards[0].outcome(), AwardOutcome::SucceedsHolder);
    system.wait_until_idle().await;
    assert!(!case.claim().await.lines[0].contested);
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(case.claim().await.state(), ClaimState::Approved);
    let on_record = system.associations_of_key(&key, None).await;
    assert!(
        on_record.iter().all(|association| association.partner == CONTOSO),
        "until the winner is official: {on_record:?}"
    );
    system.advance_by(TimeDelta::days(8)).await;
    let on_record = system.associations_of_key(&key, None).await;
    assert_eq!((on_record.len(), on_record[0].partner.as_str()), (1, NORTHWIND));
    let request =
        ListAssociationsRequest { parent: format!("tenants/{FABRIKAM}"), ..ListAssociationsRequest::default() };
    let all = system.lead.registry().list_associations(request).await.unwrap().into_inner().associations;
    let legacy: Vec<_> =
        all.into_iter().filter(|association| association.key == key && association.partner == CONTOSO).collect();
    assert!(!legacy.is_empty());
    for ended in legacy {
        assert_eq!((ended.state(), ended.end_reason()), (AssociationState::Ended, AssociationEndReason::Superseded));
        assert_eq!(ended.end_time, on_record[0].official_time, "both change in the same instant");
    }
}

const HOLDER: &str = "ada@contoso.example";

/// Northwind's claim, under review, for a key that Contoso holds by a legacy association with a
/// contact.
async fn claim_against_holder(system: &TestSystem) -> (TestClaim<'_>, String) {
    let claim = system.rival_of(&system.presales().await);
    let key = format!("tenants/{FABRIKAM}/subscriptions/{}", claim.lines[0].subscription_id);
    let holder = LegacyAssociation { contact: contact("Ada", "", HOLDER), ..row(&key, CONTOSO, "1001") };
    assert_eq!(import(system, vec![holder]).await[0].outcome(), Outcome::Created);
    (TestClaim::at_stage(system, claim, ClaimStage::UnderReview).await, key)
}

/// The texts of the holder's statements, as the reviewer sees them, and the status of the request.
async fn statements(case: &TestClaim<'_>) -> (Vec<String>, Option<Status>) {
    case.system.wait_until_idle().await;
    let review = case.review(&case.system.reviewer).await.unwrap();
    let texts = review.legacy_statements.into_iter().map(|statement| statement.text).collect();
    (texts, review.statement.map(|statement| statement.status()))
}

async fn r58a_the_holder_is_told_of_a_competing_claim(system: &TestSystem) {
    let (case, _) = claim_against_holder(system).await;
    system.wait_until_idle().await;
    let mail = system.mail_to(HOLDER);
    assert!(mail.subject.contains("Fabrikam") || mail.text.contains("Another company claims"), "{mail:?}");
    assert!(!format!("{mail:?}").to_lowercase().contains("northwind"), "the rival is named: {mail:?}");
    // Opening, scanning and prefetching the link change nothing, and neither does an incomplete
    // form.
    for method in [Method::GET, Method::HEAD, Method::GET] {
        let opened = system.browser.send(method, mail.link()).await;
        assert_eq!(opened.status, StatusCode::SEE_OTHER, "the token leaves the address (R43)");
        assert!(!format!("{:?}", opened.headers).contains(mail.token()));
    }
    let session = system.browser.start_session(mail.link()).await.unwrap();
    assert_eq!(system.browser.visit(&session).await.status, StatusCode::OK);
    assert_eq!(system.browser.send(Method::GET, &session.url).await.status, StatusCode::FORBIDDEN);
    let forged = system.browser.post(&session, "confirm=yes&comment=Forged.").await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN, "a form without the secret of the session");
    for form in ["comment=We+work+there.", "confirm=yes&comment=++", "confirm=yes"] {
        assert_eq!(system.browser.submit(mail.link(), form).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(statements(&case).await, (vec![], None));
    for _ in 0..2 {
        let page = system.browser.submit(mail.link(), "confirm=yes&comment=We+work+there+%26+often.").await;
        assert_eq!(page.status, StatusCode::OK);
    }
    assert_eq!(statements(&case).await, (vec!["We work there & often.".to_owned()], None));
    assert!(case.review(&system.operator).await.unwrap().legacy_statements.is_empty());
    assert_eq!(system.browser.open(&format!("{}x", mail.link())).await.status, StatusCode::NOT_FOUND);
}

async fn r58a_the_holder_is_asked_for_a_statement(system: &TestSystem) {
    let (case, _) = claim_against_holder(system).await;
    let review = case.review(&system.reviewer).await.unwrap();
    assert!(review.allowed_commands().any(|command| command == ReviewCommand::RequestStatement));
    case.request_statement(&system.reviewer).await.unwrap();
    assert_eq!(statements(&case).await, (vec![], Some(Status::Open)));
    let statement = case.review(&system.reviewer).await.unwrap().statement.unwrap();
    assert!(statement.due_time.is_some());
    assert_refused(case.request_statement(&system.reviewer).await, Code::FailedPrecondition, "STATEMENT_NOT_POSSIBLE");
    let mail = system.mail_to(HOLDER);
    assert!(mail.text.contains("Do you still work there?"), "{mail:?}");
    assert!(system.browser.open(mail.link()).await.html.contains("Do you still work there?"));
    system.browser.submit(mail.link(), "confirm=yes&comment=Every+day.").await;
    assert_eq!(statements(&case).await, (vec!["Every day.".to_owned()], Some(Status::Given)));
}

async fn r58a_silence_of_the_holder_is_noted(system: &TestSystem) {
    let (case, key) = claim_against_holder(system).await;
    case.request_statement(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let due = case.review(&system.reviewer).await.unwrap().statement.unwrap().due_time;
    system.advance_to(cpor_acceptance::from_timestamp(due) - TimeDelta::microseconds(1)).await;
    assert_eq!(statements(&case).await, (vec![], Some(Status::Open)));
    system.advance_to(cpor_acceptance::from_timestamp(due)).await;
    assert_eq!(statements(&case).await, (vec![], Some(Status::NotGiven)));
    let late = system.browser.submit(system.mail_to(HOLDER).link(), "confirm=yes&comment=Late.").await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert_eq!(statements(&case).await, (vec![], Some(Status::NotGiven)));
    assert!(case.claim().await.lines[0].contested, "silence decides nothing");
    assert_eq!(system.associations_of_key(&key, None).await[0].partner, CONTOSO);
}

async fn r48_a_legacy_holder_is_reminded(system: &TestSystem) {
    for answers in [false, true] {
        let (case, _) = claim_against_holder(system).await;
        case.request_statement(&system.reviewer).await.unwrap();
        system.wait_until_idle().await;
        let due =
            cpor_acceptance::from_timestamp(case.review(&system.reviewer).await.unwrap().statement.unwrap().due_time);
        let request = system.mail_to(HOLDER);
        if answers {
            system.browser.submit(request.link(), "confirm=yes&comment=Every+day.").await;
        }
        let before = system.mails_to(HOLDER).len();
        system.advance_to(due - TimeDelta::microseconds(1)).await;
        let mails = system.mails_to(HOLDER);
        assert_eq!(mails.len() - before, usize::from(!answers), "one reminder, and none after the answer");
        if !answers {
            let reminder = mails.last().unwrap();
            let text = reminder.text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(text.contains("has no answer yet") && text.contains("Do you still work there?"), "{text}");
            system.browser.submit(reminder.link(), "confirm=yes&comment=Just+in+time.").await;
            assert_eq!(statements(&case).await, (vec!["Just in time.".to_owned()], Some(Status::Given)));
        }
        system.advance_by(TimeDelta::days(30)).await;
        assert_eq!(system.mails_to(HOLDER).len(), mails.len());
    }
}

const LATER_HOLDER: &str = "pia@proseware.example";

async fn edit_contact(case: &TestClaim<'_>, name: &str) {
    let partner_contact = contact(name, "", "nora@northwind.example");
    case.update(Claim { partner_contact, ..Claim::default() }, &["partner_contact"]).await.unwrap();
    case.system.wait_until_idle().await;
}

/// Proseware gets a legacy association with the key, which nobody holds, and the claim is edited.
async fn contest_with_later_holder(case: &TestClaim<'_>, key: &str) {
    let system = case.system;
    case.request_action(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    system.import_row(Row::Partner(rows::partner("proseware", "3001"))).await;
    let later =
        LegacyAssociation { contact: contact("Pia", "", LATER_HOLDER), ..row(key, "partners/proseware", "3001") };
    assert_eq!(import(system, vec![later]).await[0].outcome(), Outcome::Created);
    edit_contact(case, "Nora North").await;
}

/// A legacy association ends while the claim competes with it. Later another company gets one, and
/// the claim is edited.
async fn r58_a_later_legacy_holder_contests_an_edited_claim(system: &TestSystem) {
    let (case, key) = claim_against_holder(system).await;
    decline_legacy(system, &key).await;
    system.wait_until_idle().await;
    assert!(!case.claim().await.lines[0].contested);
    contest_with_later_holder(&case, &key).await;
    assert!(case.claim().await.lines[0].contested, "another company holds the key");
    assert!(system.mail_to(LATER_HOLDER).text.contains("Another company now claims the same"));
    decline_legacy(system, &key).await;
    system.wait_until_idle().await;
    assert!(!case.claim().await.lines[0].contested);
    edit_contact(&case, "Nora South").await;
    assert!(!case.claim().await.lines[0].contested, "nobody holds the key");
}

async fn r58a_a_holder_without_contact_is_not_asked(system: &TestSystem) {
    let (case, _) = claim_against_legacy(system, ClaimStage::UnderReview).await;
    case.request_statement(&system.reviewer).await.unwrap();
    assert_eq!(statements(&case).await, (vec![], Some(Status::NoContact)));
}

async fn r58a_the_holder_is_told_of_the_loss(system: &TestSystem) {
    let (case, _) = claim_against_holder(system).await;
    case.award(&system.lead, &[case.claim().await.lines[0].key.as_str()]).await.unwrap();
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let told = system.mails_to(HOLDER);
    system.advance_by(TimeDelta::days(8)).await;
    let mails = system.mails_to(HOLDER);
    assert_eq!(mails.len(), told.len() + 1, "one mail for both activities");
    assert!(mails.last().unwrap().text.contains("awarded Dynamics 365 Sales"), "{mails:?}");
    let over = system.browser.submit(told[0].link(), "confirm=yes&comment=Late.").await;
    assert_eq!(over.status, StatusCode::CONFLICT);
}

async fn r58a_a_contact_needs_a_name_and_an_address(system: &TestSystem) {
    let key = new_key(system, "power-bi").await;
    for (name, email) in [("", HOLDER), ("Ada", ""), ("Ada", "contoso.example"), ("Ada", "a b@contoso.example")] {
        let holder = LegacyAssociation { contact: contact(name, "", email), ..row(&key, CONTOSO, "1001") };
        let result = import(system, vec![holder]).await.remove(0);
        assert_eq!(result.outcome(), Outcome::Refused, "{result:?}");
    }
}

/// Declines all associations with the key.
async fn decline_legacy(system: &TestSystem, key: &str) {
    for association in system.associations_of_key(key, None).await {
        let decline = DeclineLegacyAssociationRequest { name: association.name, ..Default::default() };
        system.fabrikam.registry().decline_legacy_association(decline).await.unwrap();
    }
}

/// Asserts that the case is not contested, that its clocks run, that nobody can be asked for a
/// statement, and that it can be approved.
async fn assert_free(case: &TestClaim<'_>) {
    let system = case.system;
    assert!(!case.claim().await.lines[0].contested);
    let review = case.review(&system.reviewer).await.unwrap();
    assert!(review.deadlines.iter().any(|clock| clock.due_time.is_some()), "the clocks run: {review:#?}");
    assert_refused(case.request_statement(&system.reviewer).await, Code::FailedPrecondition, "STATEMENT_NOT_POSSIBLE");
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(case.claim().await.state(), ClaimState::Approved);
}

/// The customer declines the legacy association, or its subscription ends (without grace) while a
/// reviewer has asked the holder for a statement.
async fn r58_a_legacy_holder_that_ends_competes_no_more(system: &TestSystem) {
    for expires in [false, true] {
        let (case, key) = claim_against_holder(system).await;
        case.request_statement(&system.reviewer).await.unwrap();
        assert_eq!(statements(&case).await, (vec![], Some(Status::Open)));
        if expires {
            let end = system.now().await + TimeDelta::days(1);
            let id = key.rsplit('/').next().unwrap();
            let subscription = rows::subscription(FABRIKAM, id, "dynamics-365-sales");
            let end_time = Some(cpor_acceptance::to_timestamp(end));
            system.import_subscription(cpor_proto::registry::v1::Subscription { end_time, ..subscription }).await;
            system.advance_to(end).await;
        } else {
            decline_legacy(system, &key).await;
        }
        assert_eq!(statements(&case).await, (vec![], Some(Status::Lapsed)));
        assert_free(&case).await;
    }
}

/// The legacy association ends before poe-review learns of the claim, which was submitted while the
/// association held the key.
async fn r58_a_holder_that_ended_meanwhile_does_not_compete(system: &TestSystem) {
    let (case, key) = claim_against_legacy(system, ClaimStage::Editing).await;
    let reviews = system.process_hosting(Service::PoeReview);
    system.nodes()[reviews].stop().await;
    case.submit().await.unwrap();
    decline_legacy(system, &key).await;
    system.start(reviews).await;
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    assert_free(&case).await;
}

/// One of two legacy holders has no contact.
async fn r58a_each_holder_answers_for_itself(system: &TestSystem) {
    let claim = system.rival_of(&system.presales().await);
    let second = line("dynamics-365-sales", &system.create_subscription("dynamics-365-sales").await);
    let claim = Claim { lines: vec![claim.lines[0].clone(), second], ..claim };
    let key = |line: usize| format!("tenants/{FABRIKAM}/subscriptions/{}", claim.lines[line].subscription_id);
    let holder = LegacyAssociation { contact: contact("Ada", "", HOLDER), ..row(&key(0), CONTOSO, "1001") };
    let results = import(system, vec![holder, row(&key(1), CONTOSO, "1001")]).await;
    assert!(results.iter().all(|result| result.outcome() == Outcome::Created), "{results:?}");
    let case = TestClaim::at_stage(system, claim, ClaimStage::UnderReview).await;
    case.request_statement(&system.reviewer).await.unwrap();
    assert_eq!(statements(&case).await, (vec![], Some(Status::Open)), "one holder can answer");
    system.browser.submit(system.mail_to(HOLDER).link(), "confirm=yes&comment=Every+day.").await;
    assert_eq!(statements(&case).await, (vec!["Every day.".to_owned()], Some(Status::Given)));
}

async fn r58a_a_contact_is_added_by_another_import(system: &TestSystem) {
    let (case, key) = claim_against_legacy(system, ClaimStage::UnderReview).await;
    case.request_statement(&system.reviewer).await.unwrap();
    assert_eq!(statements(&case).await, (vec![], Some(Status::NoContact)));
    let wrong = "ida@contoso.example";
    for (email, outcome) in [(wrong, Outcome::Updated), (HOLDER, Outcome::Updated), (HOLDER, Outcome::Unchanged)] {
        let holder = LegacyAssociation { contact: contact("Ada", "", email), ..row(&key, CONTOSO, "1001") };
        for validate_only in [true, false] {
            let rows = vec![holder.clone()];
            let request = ImportLegacyAssociationsRequest { rows, validate_only, ..Default::default() };
            let imported = system.directory.registry().import_legacy_associations(request).await.unwrap().into_inner();
            assert_eq!(imported.results[0].outcome(), outcome, "{email}, {validate_only}");
        }
    }
    let without_contact = import(system, vec![row(&key, CONTOSO, "1001")]).await;
    assert_eq!(without_contact[0].outcome(), Outcome::Unchanged, "the contact is kept");
    case.request_statement(&system.reviewer).await.unwrap();
    assert_eq!(statements(&case).await, (vec![], Some(Status::Open)));
    assert!(system.mails_to(wrong).is_empty());
    assert!(system.mail_to(HOLDER).text.contains("Do you still work there?"));
}

const ERASURE_REASON: &str = "Request 4711";

/// Erases the personal data of the holder of the legacy association with this name.
async fn erase_holder(
    system: &TestSystem,
    name: &str,
    validate_only: bool,
) -> Result<tonic::Response<Association>, tonic::Status> {
    let (name, reason) = (name.to_owned(), ERASURE_REASON.to_owned());
    let request = EraseLegacyHolderRequest { name, reason, validate_only, ..Default::default() };
    let erased = system.operator.registry().erase_legacy_holder(request).await;
    system.wait_until_idle().await;
    erased
}

/// Two companies hold the key one after the other and give a statement. Only the first is erased.
async fn r56_a_later_holder_keeps_its_statement(system: &TestSystem) {
    let (case, key) = claim_against_holder(system).await;
    system.wait_until_idle().await;
    system.browser.submit(system.mail_to(HOLDER).link(), "confirm=yes&comment=Ada+works+there.").await;
    let name = system.associations_of_key(&key, None).await.remove(0).name;
    decline_legacy(system, &key).await;
    system.wait_until_idle().await;
    contest_with_later_holder(&case, &key).await;
    system.browser.submit(system.mail_to(LATER_HOLDER).link(), "confirm=yes&comment=Pia+works+there.").await;
    assert_eq!(statements(&case).await.0, ["Ada works there.", "Pia works there."]);
    erase_holder(system, &name, false).await.unwrap();
    assert_eq!(statements(&case).await.0, ["", "Pia works there."]);
}

async fn r56_erasing_a_claim_erases_its_request_to_a_holder(system: &TestSystem) {
    let (case, _) = claim_against_holder(system).await;
    case.request_statement(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let comment = ["Do you still work there?"];
    let stored = system.columns_with_texts(&comment).await;
    assert!(stored.iter().any(|place| place.starts_with("customer-consent.legacy_holder.body")), "{stored:?}");
    case.withdraw(WithdrawReason::WrongActivity, "").await.unwrap();
    system.wait_until_idle().await;
    case.erase(&system.operator, &[]).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(system.columns_with_texts(&comment).await, Vec::<String>::new());
}

/// The holder has got mails and given a statement. Its data is needed until the association ends.
async fn r56_a_legacy_holder_is_erased(system: &TestSystem) {
    let (case, key) = claim_against_holder(system).await;
    case.request_statement(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    system.browser.submit(system.mail_to(HOLDER).link(), "confirm=yes&comment=Ada+works+there.").await;
    assert_eq!(statements(&case).await.0, ["Ada works there."]);
    let name = system.associations_of_key(&key, None).await.remove(0).name;
    let erase = async |name: &str, validate_only| erase_holder(system, name, validate_only).await;
    assert_refused(erase(&name, false).await, Code::FailedPrecondition, "HOLDER_DATA_NEEDED");
    decline_legacy(system, &key).await;
    system.wait_until_idle().await;
    let texts = [HOLDER, "Ada works there", "Do you still work there?"];
    let stored = system.columns_with_texts(&texts).await;
    for column in [
        "registry.association.holder_contact",
        "customer-consent.legacy_holder.body",
        "customer-consent.mail.recipient",
        "poe-review.review_case.",
    ] {
        assert!(stored.iter().any(|place| place.starts_with(column)), "nothing in {column}: {stored:?}");
    }
    erase(&name, true).await.unwrap();
    assert_eq!(system.columns_with_texts(&texts).await, stored, "validate_only erases nothing");
    let erased = erase(&name, false).await.unwrap().into_inner();
    assert_eq!(erased.state(), AssociationState::Ended);
    assert_eq!(system.columns_with_texts(&texts).await, Vec::<String>::new());
    assert_eq!(statements(&case).await.0, [""]);
    let recorded = system.columns_with_texts(&[ERASURE_REASON]).await;
    assert!(recorded.iter().any(|place| place.starts_with("registry.association.holder_erasure")), "{recorded:?}");
    erase(&name, false).await.unwrap();
    let unknown = format!("tenants/{FABRIKAM}/associations/{}", system.next_uuid());
    assert_refused(erase(&unknown, false).await, Code::NotFound, "RESOURCE_NOT_FOUND");
    let official = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    let of_claim = official.associations().await.remove(0).name;
    assert_refused(erase(&of_claim, false).await, Code::FailedPrecondition, "ASSOCIATION_OF_CLAIM");
}
