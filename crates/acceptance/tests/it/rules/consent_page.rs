//! R29, R40, R43: the consent page behind the link in a notice. Only a confirmed form decides.

use chrono::TimeDelta;
use cpor_acceptance::{ClaimStage, Session, TestClaim, TestSystem, both_databases, from_timestamp};
use cpor_proto::{
    claims::v1::{Claim, ClaimState},
    consents::v1::ConsentState,
    r#type::v1::{AssociationState, ConsentChannel},
};
use http::{Method, StatusCode};

both_databases![
    r43_opening_scanning_and_prefetching_change_nothing,
    r43_the_token_leaves_the_address,
    r43_two_links_work_in_one_browser,
    r43_a_form_of_another_session_changes_nothing,
    r43_an_unconfirmed_form_changes_nothing,
    r43_a_link_declines_a_claim_in_every_state,
    r43_a_link_approves_a_claim,
    r43_a_later_link_declines_an_early_approval,
    r43_a_link_acts_for_its_own_claim_only,
    r43_a_link_cannot_decline_after_the_window,
    r29_after_an_edit_earlier_links_can_only_decline,
    r40_the_page_can_be_read_in_other_languages,
];

/// The states of the claim and of the consent.
async fn states(case: &TestClaim<'_>) -> (ClaimState, ConsentState) {
    case.system.wait_until_idle().await;
    (case.claim().await.state(), case.consent().await.unwrap().state())
}

async fn r43_opening_scanning_and_prefetching_change_nothing(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    let link = system.mail_to(&case.contact().await).link().to_owned();
    let before = states(&case).await;
    let page = system.browser.open(&link).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.html.contains("Contoso Consulting GmbH") && page.html.contains("Dynamics 365 Sales"), "{}", page.html);
    assert!(!page.html.contains("proof.pdf"), "the page shows the proof of execution");
    for url in [
        format!("{link}?decision=decline"),
        format!("{link}?decision=approve&confirm=yes"),
        format!("{link}?confirm=yes"),
    ] {
        assert_eq!(system.browser.open(&url).await.status, StatusCode::OK);
    }
    assert_eq!(system.browser.send(Method::HEAD, &link).await.status, StatusCode::SEE_OTHER);
    for method in [Method::OPTIONS, Method::PUT, Method::DELETE, Method::PATCH] {
        assert!(!system.browser.send(method, &link).await.status.is_success());
    }
    assert_eq!(states(&case).await, before);
    for (name, value) in
        [("cache-control", "no-store"), ("referrer-policy", "no-referrer"), ("x-frame-options", "DENY")]
    {
        assert_eq!(page.headers.get(name).unwrap(), value);
    }
}

async fn r43_the_token_leaves_the_address(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    let mail = system.mail_to(&case.contact().await);
    let before = states(&case).await;
    for _ in 0..2 {
        let opened = system.browser.send(Method::GET, mail.link()).await;
        assert_eq!(opened.status, StatusCode::SEE_OTHER);
        assert!(!format!("{opened:?}").contains(mail.token()), "{opened:?}");
        let cookie = opened.headers.get("set-cookie").unwrap().to_str().unwrap();
        assert!(cookie.ends_with("; Path=/; Max-Age=7200; HttpOnly; SameSite=Lax"), "{cookie}");
    }
    let session = system.browser.start_session(mail.link()).await.unwrap();
    let page = system.browser.visit(&session).await;
    assert_eq!((page.status, page.html.contains(mail.token())), (StatusCode::OK, false));
    let without_cookie = system.browser.send(Method::GET, &session.url).await;
    assert_eq!(without_cookie.status, StatusCode::FORBIDDEN, "the address alone shows nothing");
    assert!(!without_cookie.html.contains("Contoso"), "{}", without_cookie.html);
    assert_eq!(states(&case).await, before);
}

async fn r43_two_links_work_in_one_browser(system: &TestSystem) {
    let one = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let mut other = system.usage().await;
    other.customer_contact = cpor_acceptance::contact("Ivan", "CFO", "ivan@fabrikam.example");
    let other = TestClaim::at_stage(system, other, ClaimStage::Submitted).await;
    let start = async |address: &str| system.browser.start_session(system.mail_to(address).link()).await.unwrap();
    let (first, second) = (start(&one.contact().await).await, start("ivan@fabrikam.example").await);
    let cookie = format!("{}; {}", first.cookie, second.cookie);
    for (case, session, own) in [(&one, &first, &first.cookie), (&other, &second, &second.cookie)] {
        let both = Session { url: session.url.clone(), cookie: cookie.clone() };
        assert_eq!(system.browser.visit(&both).await.status, StatusCode::OK);
        let secret = Session { url: session.url.clone(), cookie: own.clone() }.form_secret();
        let form = format!("decision=decline&confirm=yes&session={secret}");
        assert_eq!(system.browser.post(&both, &form).await.status, StatusCode::OK);
        assert_eq!(states(case).await.0, ClaimState::Rejected);
        assert_eq!(system.browser.post(&both, &form).await.status, StatusCode::OK, "a form that is sent twice");
    }
}

async fn r43_a_form_of_another_session_changes_nothing(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    let link = system.mail_to(&case.contact().await).link().to_owned();
    let before = states(&case).await;
    let session = system.browser.start_session(&link).await.unwrap();
    let other = system.browser.start_session(&link).await.unwrap();
    for secret in [String::new(), other.form_secret()] {
        let form = format!("decision=decline&confirm=yes&session={secret}");
        assert_eq!(system.browser.post(&session, &form).await.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(states(&case).await, before);
}

async fn r43_an_unconfirmed_form_changes_nothing(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    let link = system.mail_to(&case.contact().await).link().to_owned();
    let before = states(&case).await;
    for form in ["", "decision=decline", "confirm=yes", "decision=decline&confirm=no", "decision=perhaps&confirm=yes"] {
        let page = system.browser.submit(&link, form).await;
        assert!(page.status.is_client_error(), "{form:?}: {}", page.status);
    }
    let long = format!("decision=decline&confirm=yes&comment={}", "x".repeat(2001));
    assert!(system.browser.submit(&link, &long).await.status.is_client_error());
    assert_eq!(states(&case).await, before);
}

async fn r43_a_link_declines_a_claim_in_every_state(system: &TestSystem) {
    for stage in
        [ClaimStage::Submitted, ClaimStage::UnderReview, ClaimStage::PartnerActionRequired, ClaimStage::Approved]
    {
        let case = TestClaim::at_stage(system, system.presales().await, stage).await;
        let link = system.mail_to(&case.contact().await).link().to_owned();
        let page = system.browser.decline(&link, "We did this ourselves.").await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.html);
        assert_eq!(states(&case).await, (ClaimState::Rejected, ConsentState::Declined));
        assert_eq!(case.claim().await.rejection.unwrap().comment, "We did this ourselves.");
        assert_eq!(case.consent().await.unwrap().channel(), ConsentChannel::Link);
        assert!(!case.entry("customer_declined").await.subject.is_empty());
        assert_eq!(
            system.browser.decline(&link, "Again.").await.status,
            StatusCode::OK,
            "repeating gets the first answer"
        );
        assert_eq!(case.claim().await.rejection.unwrap().comment, "We did this ourselves.");
    }
}

async fn r43_a_link_approves_a_claim(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    let link = system.mail_to(&case.contact().await).link().to_owned();
    assert_eq!(system.browser.approve(&link).await.status, StatusCode::OK);
    assert_eq!(states(&case).await, (ClaimState::Approved, ConsentState::Granted));
    assert_eq!(case.claim().await.association_state(), AssociationState::Official);
    assert_eq!(case.consent().await.unwrap().channel(), ConsentChannel::Link);
}

async fn r43_a_later_link_declines_an_early_approval(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    let contact = case.contact().await;
    let request_link = system.mail_to(&contact).link().to_owned();
    assert_eq!(system.browser.approve(&request_link).await.status, StatusCode::OK);
    assert_eq!(states(&case).await, (ClaimState::UnderReview, ConsentState::Requested));
    case.approve(&system.reviewer).await.unwrap();
    assert_eq!(states(&case).await, (ClaimState::Approved, ConsentState::Granted));
    let notice = system.mail_to(&contact);
    assert_eq!(notice.subject, "Schváleno: Contoso Consulting GmbH je zapsán jako váš partner");
    let english = notice.text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(english.contains("so Contoso Consulting GmbH is on record as your partner now"), "{english}");
    assert_ne!(notice.link(), request_link);
    let page = system.browser.open(notice.link()).await.html;
    assert!(page.contains("decision=decline") && !page.contains("decision=approve"), "{page}");
    assert_eq!(system.browser.decline(notice.link(), "On second thoughts.").await.status, StatusCode::OK);
    assert_eq!(states(&case).await, (ClaimState::Rejected, ConsentState::Declined));
}

async fn r43_a_link_acts_for_its_own_claim_only(system: &TestSystem) {
    let one = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let mut other = system.usage().await;
    other.customer_contact = cpor_acceptance::contact("Ivan", "CFO", "ivan@fabrikam.example");
    let other = TestClaim::at_stage(system, other, ClaimStage::Submitted).await;
    let link = system.mail_to("ivan@fabrikam.example").link().to_owned();
    let token = system.mail_to("ivan@fabrikam.example").token().to_owned();
    let forged = link.replace(&token, &token.chars().rev().collect::<String>());
    for unknown_link in [forged.as_str(), &link[..link.len() - 1], &format!("{link}x"), &link.replace(&token, "x")] {
        assert_eq!(system.browser.open(unknown_link).await.status, StatusCode::NOT_FOUND);
        assert_eq!(system.browser.decline(unknown_link, "").await.status, StatusCode::NOT_FOUND);
    }
    system.browser.decline(&link, "").await;
    assert_eq!(states(&other).await.0, ClaimState::Rejected);
    assert_eq!(states(&one).await.0, ClaimState::Submitted);
}

async fn r43_a_link_cannot_decline_after_the_window(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    let link = system.mail_to(&case.contact().await).link().to_owned();
    let due = from_timestamp(case.consent().await.unwrap().due_time);
    system.advance_to(due - TimeDelta::microseconds(1)).await;
    assert!(system.browser.open(&link).await.html.contains("decision=decline"));
    system.advance_to(due).await;
    assert!(!system.browser.open(&link).await.html.contains("decision=decline"));
    assert_eq!(system.browser.decline(&link, "Too late.").await.status, StatusCode::CONFLICT);
    assert_eq!(states(&case).await, (ClaimState::Approved, ConsentState::Granted));
}

async fn r29_after_an_edit_earlier_links_can_only_decline(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let former_contact = case.contact().await;
    let earlier_link = system.mail_to(&former_contact).link().to_owned();
    assert_eq!(system.browser.approve(&earlier_link).await.status, StatusCode::OK);
    system.wait_until_idle().await;
    let customer_contact = cpor_acceptance::contact("Bea", "CIO", "bea@fabrikam.example");
    case.update(Claim { customer_contact, ..Claim::default() }, &["customer_contact"]).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(case.consent().await.unwrap().approve_time, None, "the approval has lapsed");
    let (to_former, to_new) = (system.mail_to(&former_contact), system.mail_to("bea@fabrikam.example"));
    for mail in [&to_former, &to_new] {
        assert!(mail.text.contains("Another person of your organisation is now the contact"), "{}", mail.text);
    }
    for outdated_link in [earlier_link.as_str(), to_former.link()] {
        let page = system.browser.open(outdated_link).await.html;
        assert!(page.contains("decision=decline") && !page.contains("decision=approve"), "{page}");
        assert_eq!(system.browser.approve(outdated_link).await.status, StatusCode::CONFLICT);
    }
    assert_eq!(case.consent().await.unwrap().approve_time, None);
    assert_eq!(system.browser.approve(to_new.link()).await.status, StatusCode::OK);
    assert!(case.consent().await.unwrap().approve_time.is_some());
    assert_eq!(system.browser.decline(&earlier_link, "Not them.").await.status, StatusCode::OK);
    assert_eq!(states(&case).await, (ClaimState::Rejected, ConsentState::Declined));
}

async fn r40_the_page_can_be_read_in_other_languages(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    let mail = system.mail_to(&case.contact().await);
    // The tenant's calendar is Czech.
    let (czech, english) =
        (mail.text.find("Když neuděláte nic").unwrap(), mail.text.find("If you do nothing").unwrap());
    assert!(czech < english, "the English text follows");
    for (language, sentence) in [
        ("en", "If you do nothing"),
        ("de", "Wenn Sie nichts tun"),
        ("fr", "Si vous ne faites rien"),
        ("es", "Si no hace nada"),
        ("cs", "Když neuděláte nic"),
        ("pl", "Jeśli nic Państwo nie zrobią"),
        ("hu", "Ha nem tesznek semmit"),
        ("ru", "Если вы ничего не сделаете"),
    ] {
        let page = system.browser.open(&format!("{}?lang={language}", mail.link())).await;
        assert_eq!(page.headers.get("content-language").unwrap(), language);
        assert!(page.html.contains(sentence), "{}", page.html);
    }
    let page = system.browser.open(mail.link()).await;
    assert_eq!(page.headers.get("content-language").unwrap(), "cs", "the browser requests no language");
}
