//! Personal data does not reach logs, spans, metrics and errors. The texts of people are unique
//! here, and the process logs everything that the crates of this project can log.

use cpor_acceptance::{CONTOSO, Engine, PDF, StorageTemplate, TestClaim, TestSystem, assert_refused, contact};
use cpor_proto::claims::v1::{Claim, CreateClaimRequest};
use cpor_types::Role;
use http::{Method, StatusCode};
use tonic::{Code, Status};

use crate::crash_tests::process::{self, Ports, Process};

/// A part of all texts that must not be printed.
const CANARY: &str = "canary7c1e";

#[test]
fn personal_data_is_not_printed_sqlite() {
    run(Engine::Sqlite);
}

#[test]
fn personal_data_is_not_printed_postgres() {
    run(Engine::Postgres);
}

fn run(engine: Engine) {
    let template = StorageTemplate::for_engine(engine);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let (store, ports) = (template.copy(1).await, Ports::reserve());
        let issuer = process::user_token_signer(&store);
        let mut process = Process::start_with_log(&store, &ports, "info,cpor=trace").await;
        let system = TestSystem::connect_to(store, issuer, &ports.url());
        let link_token = use_personal_data(&system).await;
        let metrics = system.browser.send(Method::GET, &format!("{}/metrics", ports.admin_url())).await;
        assert_eq!(metrics.status, StatusCode::OK);
        process.kill();
        let log = process.log();
        assert!(log.contains("request finished"), "the requests are logged: {log}");
        // All bearer tokens begin with the Base64 form of `{"`.
        for secret in [CANARY, &link_token, "eyJ"] {
            let found: Vec<_> = log.lines().filter(|line| line.contains(secret)).collect();
            assert!(found.is_empty(), "{secret} is in the log: {found:#?}");
            assert!(!metrics.html.contains(secret), "{secret} is in the metrics");
        }
        drop(system.into_store().await);
    });
}

fn canary(text: &str) -> String {
    format!("{CANARY} {text}")
}

fn assert_not_in_error(status: &Status) {
    let text = format!("{} {}", status.message(), String::from_utf8_lossy(status.details()));
    assert!(!text.contains(CANARY), "{text}");
}

/// Takes a claim through comments, reviews, mails and the customer's page, and causes refusals.
/// Returns the token of a link.
async fn use_personal_data(system: &TestSystem) -> String {
    let address = format!("{CANARY}@fabrikam.example");
    let partner = system.actor(&format!("{CANARY}-partner@contoso.example"), Role::IncentivesAdmin, Some(CONTOSO));
    let reviewer = system.actor(&format!("{CANARY}-reviewer@vendor.example"), Role::PoeReviewer, None);
    let claim = Claim {
        customer_contact: contact(&canary("Customer"), &canary("CIO"), &address),
        partner_contact: contact(&canary("Partner"), "", &format!("{CANARY}@contoso.example")),
        ..system.presales().await
    };
    let draft = TestClaim::create_draft(system, claim.clone()).await.unwrap().claim().await;
    let case = TestClaim::existing(system, &partner, &draft);
    case.upload(&format!("{CANARY}.pdf"), PDF).await.unwrap();
    assert_not_in_error(&case.upload(&format!("{CANARY}.exe"), b"MZ").await.unwrap_err());
    case.comment(&partner, &canary("comment")).await.unwrap();
    case.submit().await.unwrap();
    system.wait_until_idle().await;
    case.take(&reviewer).await.unwrap();
    case.start_review(&reviewer).await.unwrap();
    case.note(&reviewer, &canary("note")).await.unwrap();
    case.approve(&reviewer).await.unwrap();
    system.wait_until_idle().await;
    let link = system.mail_to(&address);
    assert_eq!(system.browser.open(link.link()).await.status, StatusCode::OK);
    let unknown = link.link().replace(link.token(), CANARY);
    assert_eq!(system.browser.open(&unknown).await.status, StatusCode::NOT_FOUND);
    assert_eq!(system.browser.decline(link.link(), &format!("{CANARY}+declined")).await.status, StatusCode::OK);
    system.wait_until_idle().await;
    case.dispute(&canary("justification")).await.unwrap();
    system.wait_until_idle().await;
    for broken in
        [contact(&canary("a\u{202e}b"), "CIO", &address), contact("Ada", "CIO", &format!("{CANARY} no address"))]
    {
        let claim = Claim { customer_contact: broken, ..claim.clone() };
        let request =
            CreateClaimRequest { parent: format!("partners/{CONTOSO}"), claim: Some(claim), ..Default::default() };
        if let Err(status) = partner.claims().create_claim(request).await {
            assert_not_in_error(&status);
        }
    }
    let forged = system.actor_with_token(&format!("eyJ{CANARY}"));
    let refused = case.claim_as(&forged).await;
    assert_not_in_error(refused.as_ref().unwrap_err());
    assert_refused(refused, Code::Unauthenticated, "UNAUTHENTICATED");
    link.token().to_owned()
}
