//! Two competing partners, their customer and the vendor work with a unique text (a canary) in each
//! piece of data. Afterwards everything that each party got is searched for the canaries that it
//! must not see. `canaries` searches logs, spans and metrics.
//!
//! The harness searches the answers and mails of every test for the names of other companies.

use cpor_acceptance::{
    Actor, CONTOSO, FABRIKAM, NORTHWIND, PDF, TestClaim, TestSystem, both_databases, call, contact, encode, methods,
};
use cpor_proto::{
    claims::v1::{Claim, CreateClaimRequest},
    r#type::v1::AssociationState,
};
use cpor_types::Role;

use crate::identity::{fixture::ResourceNames, requests::request_for};

both_databases![nobody_gets_the_canaries_of_others];

/// The kinds of data that carry a canary: `kanari-{partner}-{kind}`.
const PERSONAL: &str = "contact";
const PROOF: &str = "proof";
const COMMENT: &str = "comment";
const NOTE: &str = "kanari-vendor-note";

fn canary(partner: &str, kind: &str) -> String {
    format!("kanari-{partner}-{kind}")
}

async fn nobody_gets_the_canaries_of_others(system: &TestSystem) {
    let pages = compete(system).await;
    assert_hidden(system, &pages);
}

/// The claim of a partner with canaries in all of its texts.
async fn create<'s>(system: &'s TestSystem, partner: &str, actor: &Actor, claim: Claim) -> TestClaim<'s> {
    let person = |name: &str, domain: &str| {
        let canary = canary(partner, PERSONAL);
        contact(&format!("{canary} {name}"), "CFO", &format!("{canary}-{name}@{domain}"))
    };
    let claim = Claim {
        display_name: canary(partner, "name"),
        customer_contact: person("jana", "fabrikam.example"),
        customer_technical_contact: person("petr", "fabrikam.example"),
        partner_contact: person("erik", &format!("{partner}.example")),
        ..claim
    };
    let parent = format!("partners/{partner}");
    let request = CreateClaimRequest { parent, claim: Some(claim), ..CreateClaimRequest::default() };
    let claim = actor.claims().create_claim(request).await.unwrap().into_inner();
    let case = TestClaim::existing(system, actor, &claim);
    let bytes = [PDF, canary(partner, PROOF).as_bytes()].concat();
    case.upload(&format!("{}.pdf", canary(partner, PROOF)), &bytes).await.unwrap();
    case.comment(actor, &canary(partner, COMMENT)).await.unwrap();
    case
}

/// Two claims for one key, from draft to the official association of the winner. Returns the pages
/// that the customer opened.
async fn compete(system: &TestSystem) -> String {
    let claim = system.presales().await;
    let user = |partner: &str| {
        let subject = format!("{}@{partner}.example", canary(partner, PERSONAL));
        system.actor(&subject, Role::IncentivesAdmin, Some(&format!("partners/{partner}")))
    };
    let winner = create(system, "contoso", &user("contoso"), claim.clone()).await;
    let loser = create(system, "northwind", &user("northwind"), system.rival_of(&claim)).await;
    for case in [&winner, &loser] {
        case.submit().await.unwrap();
        system.wait_until_idle().await;
        case.take_and_start_review().await;
        case.note(&system.reviewer, NOTE).await.unwrap();
        case.request_action(&system.reviewer).await.unwrap();
        system.wait_until_idle().await;
        case.resubmit(&canary(partner_of(case), COMMENT)).await.unwrap();
        system.wait_until_idle().await;
        case.take_and_start_review().await;
    }
    loser.reject(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    loser.dispute(&canary("northwind", COMMENT)).await.unwrap();
    system.wait_until_idle().await;
    winner.award(&system.lead, &[&winner.key(0).await]).await.unwrap();
    system.wait_until_idle().await;
    winner.approve(&system.lead).await.unwrap();
    system.wait_until_idle().await;
    let mut pages = String::new();
    for partner in ["contoso", "northwind"] {
        for mail in system.mails_to(&format!("{}-jana@fabrikam.example", canary(partner, PERSONAL))) {
            pages.push_str(&[mail.subject.as_str(), &mail.text, &mail.html].concat());
            if mail.text.contains("/consent/") {
                pages.push_str(&system.browser.open(mail.link()).await.html);
            }
        }
    }
    winner.approve_consent().await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(winner.claim().await.association_state(), AssociationState::Official);
    let names = ResourceNames::of(&winner).await;
    let others = ResourceNames { partner: NORTHWIND.into(), claim: loser.name.clone(), ..names.clone() };
    for actor in
        [&winner.partner, &loser.partner, &system.fabrikam, &system.operator, &system.reviewer, &system.manager]
    {
        read_everything(actor, &names).await;
        read_everything(actor, &others).await;
    }
    pages
}

fn partner_of(case: &TestClaim<'_>) -> &'static str {
    if case.name.starts_with(CONTOSO) { "contoso" } else { "northwind" }
}

/// Calls every method that changes nothing, or only validates. Refusals are answers, too.
async fn read_everything(actor: &Actor, names: &ResourceNames) {
    for method in methods() {
        let is_reading = ["Get", "List", "Watch", "Export", "Download", "Explain", "Lookup", "Suggest", "Check"];
        let is_reading = is_reading.iter().any(|verb| method.name.starts_with(verb));
        if is_reading || method.input.get_field_by_name("validate_only").is_some() {
            // A refusal is an answer that the harness records.
            let _ = call(actor, &method, encode(&method.input, &request_for(&method, names))).await;
        }
    }
}

/// R5: customers and program managers see no proof, comments and notes; an operator sees no proof,
/// and no personal data. R56: partners see no notes.
fn assert_hidden(system: &TestSystem, pages: &str) {
    let mut shown = Vec::new();
    let mut search = |party: &str, text: &str, hidden: &[&str]| {
        for partner in ["contoso", "northwind"] {
            for kind in hidden {
                let found = text.find(&canary(partner, kind));
                shown.extend(found.map(|at| format!("{party} sees {kind} of {partner}: {:?}", excerpt(text, at))));
            }
        }
        if let Some(at) = text.find(NOTE) {
            shown.push(format!("{party} sees a note: {:?}", excerpt(text, at)));
        }
    };
    search("customer", &system.answers_to(FABRIKAM), &[PROOF, COMMENT]);
    search("page", &pages.to_lowercase(), &[PROOF, COMMENT]);
    search("operator", &system.answers_to("olga@vendor.example"), &[PROOF, PERSONAL]);
    search("program manager", &system.answers_to(&system.manager.subject), &[PROOF, COMMENT]);
    let (contoso, northwind) = (system.answers_to(CONTOSO), system.answers_to(NORTHWIND));
    search("contoso", &contoso, &[]);
    search("northwind", &northwind, &[]);
    for (party, text, rival) in [("contoso", &contoso, "kanari-northwind"), ("northwind", &northwind, "kanari-contoso")]
    {
        shown.extend(text.find(rival).map(|at| format!("{party} sees its rival: {:?}", excerpt(text, at))));
    }
    assert!(shown.is_empty(), "{shown:#?}");
    assert!(contoso.contains(&canary("contoso", COMMENT)), "the partner sees its own data");
}

fn excerpt(text: &str, at: usize) -> String {
    let start = text.floor_char_boundary(at.saturating_sub(80));
    text[start..].chars().take(160).collect()
}
