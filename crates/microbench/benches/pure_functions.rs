//! Measures the pure functions that most requests call, without network and database.
#![expect(clippy::unwrap_used, reason = "the inputs of the benchmarks are valid")]

use std::sync::Arc;

use cpor_auth::{ServiceSigner, TokenSigner, UserToken, VerificationKeys};
use cpor_claim_intake::domain::{
    Claim, ClaimRegistryData, ClaimStateKind, Contact, Content, Evidence, EvidenceKind, Line, LineRegistryData,
    RegistryAnswer, Rules, Submit, Tenant,
};
use cpor_history::{Audience, Digest, EntryFacts, HistoryEntry, SealedEntry};
use cpor_listing::filter::{self, Field, FieldType};
use cpor_proto::{claims::v1 as wire, r#type::v1 as types};
use cpor_rpc::request;
use cpor_types::{
    Activity, ActorSide, AssociationKey, Calendars, CaseId, ClaimName, EvidenceId, LineId, PolicyProfiles,
    ProductFamily, Role, Service, SolutionArea, SystemClock, Timestamp,
};
use divan::{Bencher, black_box};
use prost::Message as _;
use uuid::Uuid;

const CLAIM: &str = "partners/contoso/claims/00000000-0000-4000-8000-0000000000c1";
const TENANT: &str = "00000000-0000-4000-8000-000000000001";

fn main() {
    divan::main();
}

fn now() -> Timestamp {
    "2026-03-06T08:00:00Z".parse().unwrap()
}

/// Decides whether a complete claim can be submitted, with the deadlines and events that follow.
#[divan::bench]
fn submit(bencher: Bencher<'_, '_>) {
    let rules = Rules::new(PolicyProfiles::shipped().unwrap(), Calendars::shipped().unwrap());
    let facts = registry_answer();
    let draft = Claim::create(CLAIM.parse().unwrap(), content(), Some(&facts), now()).unwrap().next;
    let draft = draft.add_evidence(evidence(), &rules, now()).unwrap().next;
    let submit = || Submit { review_case: CaseId(Uuid::from_u128(2)), by_incentives_admin: true };
    bencher.with_inputs(submit).bench_values(|submit| draft.submit(submit, Some(&facts), &rules, now()).unwrap());
}

/// Hashes the parts of a history entry and chains it to the entry before.
#[divan::bench]
fn seal_history_entry(bencher: Bencher<'_, '_>) {
    let claim: ClaimName = CLAIM.parse().unwrap();
    let entry = HistoryEntry {
        audience: Audience::All,
        facts: EntryFacts {
            action: "submitted".to_owned(),
            side: ActorSide::Partner,
            effective_time: now(),
            record_time: now(),
            from: Some(ClaimStateKind::Editing),
            to: ClaimStateKind::Submitted,
            overtaken: false,
        },
        subject: "erik@contoso.example".to_owned(),
        reason: String::new(),
        changes: Vec::new(),
    };
    bencher
        .with_inputs(|| entry.clone())
        .bench_values(|entry| SealedEntry::seal(&claim, Digest([1; 32]), 2, Digest([2; 32]), entry));
}

#[divan::bench]
fn parse_claim_name() -> ClaimName {
    black_box(CLAIM).parse().unwrap()
}

/// Checks a valid request against the constraints of its proto.
#[divan::bench]
fn validate_create_claim(bencher: Bencher<'_, '_>) {
    let request = wire::CreateClaimRequest {
        parent: "partners/contoso".to_owned(),
        claim: Some(wire_claim()),
        ..wire::CreateClaimRequest::default()
    };
    bencher.bench_local(|| request::find_violations(black_box(&request)).unwrap());
}

#[divan::bench]
fn parse_filter(bencher: Bencher<'_, '_>) {
    let fields = [
        Field { name: "state", field_type: FieldType::Enum("CLAIM_STATE_", &["EDITING", "SUBMITTED"]), column: 0 },
        Field { name: "display_name", field_type: FieldType::Text, column: 1 },
        Field { name: "update_time", field_type: FieldType::Time, column: 2 },
    ];
    let filter = r#"state = SUBMITTED AND (display_name : "teams" OR update_time > "2026-03-01T00:00:00Z")"#;
    bencher.bench_local(|| filter::parse(black_box(filter), &fields).unwrap());
}

/// Verifies tokens that the process has not seen before, signature included.
#[divan::bench]
fn verify_new_token(bencher: Bencher<'_, '_>) {
    let signer = signer();
    bencher
        .with_inputs(|| (keys(&signer), token(&signer)))
        .bench_refs(|(keys, token)| keys.verify_with_loaded_keys(token, &[]).unwrap());
}

/// Verifies a token that the process has in its cache.
#[divan::bench]
fn verify_known_token(bencher: Bencher<'_, '_>) {
    let signer = signer();
    let (keys, token) = (keys(&signer), token(&signer));
    bencher.bench_local(|| keys.verify_with_loaded_keys(black_box(&token), &[]).unwrap());
}

#[divan::bench]
fn encode_claim(bencher: Bencher<'_, '_>) {
    let claim = wire_claim();
    bencher.bench_local(|| black_box(&claim).encode_to_vec());
}

fn signer() -> TokenSigner {
    TokenSigner::generate("cpor", Arc::new(SystemClock)).unwrap()
}

/// Returns the signer's keys with an empty cache of tokens.
fn keys(signer: &TokenSigner) -> VerificationKeys {
    let service = ServiceSigner::generate(Service::ClaimIntake, Arc::new(SystemClock)).unwrap();
    VerificationKeys::new("cpor", &signer.jwks(), &service.jwks()).unwrap()
}

fn token(signer: &TokenSigner) -> String {
    let user = UserToken {
        subject: "erik@contoso.example".to_owned(),
        roles: vec![Role::IncentivesAdmin],
        partner: Some("contoso".parse().unwrap()),
        tenant: None,
        lifetime: std::time::Duration::from_secs(3600),
    };
    signer.user_token(&user).unwrap()
}

fn content() -> Content {
    let contact = |name: &str, email: &str| Contact { name: name.into(), title: "IT".into(), email: email.into() };
    Content {
        display_name: "Teams at Fabrikam".into(),
        mpn_id: Some("4711".parse().unwrap()),
        customer_domain: "fabrikam.example".into(),
        tenant_id: TENANT.into(),
        solution_area: Some(SolutionArea::Microsoft365),
        activities: vec![Activity::Usage],
        lines: vec![Line::new(LineId(Uuid::from_u128(1)), "teams".parse().unwrap(), String::new())],
        customer_contact: contact("Ada", "ada@fabrikam.example"),
        partner_contact: contact("Ben", "ben@contoso.example"),
        terms_acknowledged: true,
        ..Content::default()
    }
}

fn evidence() -> Evidence {
    Evidence {
        id: EvidenceId(Uuid::from_u128(3)),
        file_name: "proof.pdf".into(),
        kind: EvidenceKind::Pdf,
        size_bytes: 10,
        sha256: "00".repeat(32),
        create_time: now(),
        signature_time: None,
        request: None,
    }
}

fn registry_answer() -> RegistryAnswer {
    let line = LineRegistryData {
        product_display_name: "Teams".into(),
        family: Some(ProductFamily::Microsoft365),
        subscription: None,
        key: Some(AssociationKey::Workload("teams".parse().unwrap())),
        legacy_holder: None,
    };
    let tenant = Tenant {
        id: TENANT.parse().unwrap(),
        display_name: "Fabrikam".into(),
        calendar: "us-east".into(),
        contact_domains: Vec::new(),
    };
    RegistryAnswer {
        claim: ClaimRegistryData {
            partner_display_name: "Contoso".into(),
            partner_calendar: Some("de".into()),
            partner_language: None,
            tenant: Some(tenant),
            violations: Vec::new(),
        },
        lines: vec![(LineId(Uuid::from_u128(1)), line)],
    }
}

fn wire_claim() -> wire::Claim {
    let contact = |name: &str| types::Contact {
        name: name.to_owned(),
        title: "IT".to_owned(),
        email: "a@fabrikam.example".to_owned(),
    };
    wire::Claim {
        display_name: "Teams at Fabrikam".to_owned(),
        mpn_id: "4711".to_owned(),
        customer_domain: "fabrikam.example".to_owned(),
        tenant_id: TENANT.to_owned(),
        solution_area: types::SolutionArea::Microsoft365.into(),
        activities: vec![types::Activity::Usage.into()],
        lines: vec![wire::ClaimLine { product: "products/teams".to_owned(), ..wire::ClaimLine::default() }],
        customer_contact: Some(contact("Ada")),
        partner_contact: Some(contact("Ben")),
        ..wire::Claim::default()
    }
}
