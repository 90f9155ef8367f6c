//! Invalid requests are refused with all violations at once, and never with an internal error.

use std::collections::BTreeSet;

use cpor_acceptance::{
    CONTOSO, Method, TestClaim, TestSystem, assert_refused, both_databases, call, encode, field_violations, methods,
    reason,
};
use cpor_proto::{
    claims::v1::{Claim, ClaimLine, ClaimState, CreateClaimRequest, GetClaimRequest, UpdateClaimRequest},
    r#type::v1::{AssociationState, Contact},
};
use serde_json::json;
use tonic::{Code, Status};

both_databases![
    all_invalid_fields_are_named_at_once,
    every_method_handles_an_empty_message,
    every_method_refuses_malformed_messages,
    malformed_names_are_refused,
    names_of_people_claims_and_files_are_one_line,
    output_only_fields_are_ignored,
    too_large_requests_are_refused,
    unicode_texts_are_kept_unchanged,
];

async fn all_invalid_fields_are_named_at_once(system: &TestSystem) {
    let claim = Claim {
        name: "claims/1".into(),
        display_name: "x".repeat(201),
        mpn_id: "12a".into(),
        solution_area: 99,
        activities: vec![1, 1, 0],
        lines: vec![ClaimLine { product: "teams".into(), ..ClaimLine::default() }],
        customer_contact: Some(Contact { email: "at".into(), name: "y".repeat(201), ..Contact::default() }),
        ..Claim::default()
    };
    let request = CreateClaimRequest {
        parent: CONTOSO.into(),
        claim: Some(claim),
        request_id: "z".repeat(65),
        validate_only: false,
    };
    let status =
        assert_refused(system.contoso.claims().create_claim(request).await, Code::InvalidArgument, "INVALID_FIELDS");
    let fields: BTreeSet<_> = field_violations(&status).into_iter().map(|(field, _)| field).collect();
    let expected = [
        "claim.activities[1]",
        "claim.activities[2]",
        "claim.customer_contact.email",
        "claim.customer_contact.name",
        "claim.display_name",
        "claim.lines[0].product",
        "claim.mpn_id",
        "claim.name",
        "claim.solution_area",
        "request_id",
    ];
    assert_eq!(fields.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

/// Calls a method as an actor with one of the declared roles, or as one of the declared services.
async fn try_call(system: &TestSystem, method: &Method, message: Vec<u8>) -> Result<(), Status> {
    let actor = match (method.roles.first(), method.services.first()) {
        (Some(role), _) => system.actor_with_role(*role),
        (None, Some(service)) => system.service(*service, method.service),
        (None, None) => panic!("no role or service may call {}", method.path),
    };
    call(&actor, method, message).await.map(drop)
}

/// Whether a status has an expected code and a reason.
fn is_precise(status: &Status) -> bool {
    let is_expected = matches!(
        status.code(),
        Code::InvalidArgument | Code::NotFound | Code::FailedPrecondition | Code::PermissionDenied
    );
    is_expected && !reason(status).is_empty()
}

async fn every_method_handles_an_empty_message(system: &TestSystem) {
    let mut refusals = 0;
    for method in methods() {
        if let Err(status) = try_call(system, &method, vec![]).await {
            assert!(is_precise(&status), "{}: {status:?}", method.path);
            if reason(&status) == "INVALID_FIELDS" {
                refusals += 1;
                assert!(!field_violations(&status).is_empty(), "{}: {status:?}", method.path);
            }
        }
    }
    assert!(refusals > 40, "most methods have required fields: {refusals}");
}

async fn every_method_refuses_malformed_messages(system: &TestSystem) {
    for method in methods() {
        for malformed in [vec![0xff; 40], vec![0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]] {
            let status = try_call(system, &method, malformed).await.expect_err("a malformed message");
            assert!(is_precise(&status), "{}: {status:?}", method.path);
        }
        // A text that is not UTF-8, and an unknown field, which protobuf ignores.
        for odd in [b"\x0a\x02\xc3\x28".to_vec(), vec![0xf8, 0xff, 0x03, 0x01]] {
            let result = try_call(system, &method, odd).await;
            assert!(result.as_ref().map_or_else(is_precise, |()| true), "{}: {result:?}", method.path);
        }
    }
}

async fn output_only_fields_are_ignored(system: &TestSystem) {
    let time = Some(cpor_acceptance::timestamp("2020-01-01T00:00:00Z"));
    let forge = |claim: Claim| {
        let mut lines = claim.lines;
        for line in &mut lines {
            line.line_id = "x".into();
            line.key = "x".into();
            line.associations = vec!["x".into()];
            (line.contested, line.association_start_time) = (true, time);
            line.set_association_state(AssociationState::Official);
        }
        Claim {
            lines,
            state: ClaimState::Approved.into(),
            association_state: AssociationState::Official.into(),
            official_time: time,
            create_time: time,
            evidence_count: 7,
            policy: "x".into(),
            consent: "x".into(),
            assessment: "x".into(),
            etag: String::new(),
            ..claim
        }
    };
    let claim = Some(forge(system.presales().await));
    let create = CreateClaimRequest { parent: CONTOSO.into(), claim, ..CreateClaimRequest::default() };
    let created = system.contoso.claims().create_claim(create).await.unwrap().into_inner();
    let is_untouched = |claim: &Claim| {
        let line = &claim.lines[0];
        let of_claim = (claim.state(), claim.association_state(), claim.official_time, claim.evidence_count);
        assert_eq!(of_claim, (ClaimState::Editing, AssociationState::Unspecified, None, 0));
        assert!(claim.create_time != time && line.line_id != "x" && line.key != "x");
        assert_eq!((claim.policy.as_str(), claim.consent.as_str(), claim.assessment.as_str()), ("", "", ""));
        assert_eq!(
            (line.contested, line.association_state(), line.association_start_time),
            (false, AssociationState::Unspecified, None)
        );
        assert!(line.associations.is_empty());
    };
    is_untouched(&created);
    let update = |mask: Option<&str>| UpdateClaimRequest {
        claim: Some(forge(created.clone())),
        update_mask: mask.map(|path| prost_types::FieldMask { paths: vec![path.to_owned()] }),
        ..UpdateClaimRequest::default()
    };
    let mut claims = system.contoso.claims();
    for mask in [None, Some("*"), Some("lines")] {
        let updated = claims.update_claim(update(mask)).await.unwrap().into_inner();
        is_untouched(&updated);
        assert_eq!(updated.lines[0].line_id, created.lines[0].line_id);
    }
    // A mask that names such a field asks for a change that is not possible.
    let named = claims.update_claim(update(Some("state"))).await;
    assert_refused(named, Code::InvalidArgument, "UNKNOWN_UPDATE_FIELD");
}

async fn malformed_names_are_refused(system: &TestSystem) {
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    let id = case.id();
    let upper_case = case.name.to_uppercase();
    let names = [
        String::new(),
        "claims/1".into(),
        format!("partners/contoso/claims/{id}/"),
        format!("partners/contoso/claims/{}", &id[1..]),
        format!("partners/con toso/claims/{id}"),
        format!("partners/../claims/{id}"),
        format!("partners/contoso/claims/{id}' OR '1'='1"),
        upper_case,
        "x".repeat(100_000),
    ];
    for name in names {
        let status = assert_refused(
            system.contoso.claims().get_claim(GetClaimRequest { name }).await,
            Code::InvalidArgument,
            "INVALID_FIELDS",
        );
        assert_eq!(field_violations(&status).into_iter().map(|(field, _)| field).collect::<Vec<_>>(), ["name"]);
    }
}

async fn too_large_requests_are_refused(system: &TestSystem) {
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    let lines = vec![ClaimLine { product: "products/teams".into(), ..ClaimLine::default() }; 201];
    let too_many = case.update(Claim { lines, ..Claim::default() }, &["lines"]).await;
    assert_refused(too_many, Code::InvalidArgument, "INVALID_FIELDS");
    let too_long = case.comment(&case.partner, &"x".repeat(10_001)).await;
    assert_refused(too_long, Code::InvalidArgument, "INVALID_FIELDS");
    case.comment(&case.partner, &"x".repeat(10_000)).await.unwrap();
    let comment = methods().into_iter().find(|method| method.name == "CreateComment").unwrap();
    let huge = json!({"parent": case.name, "comment": {"text": "x".repeat(5 << 20)}});
    let status = call(&case.partner, &comment, encode(&comment.input, &huge)).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::ResourceExhausted, "MESSAGE_TOO_LARGE"));
}

/// Names appear in mails, pages and lists. A line break could forge a line of a mail, and a
/// direction control could show a name or the extension of a file in another order.
async fn names_of_people_claims_and_files_are_one_line(system: &TestSystem) {
    let draft = system.presales().await;
    for text in ["a\nb", "a\r\nBcc: b", "a\u{2028}b", "a\u{202e}b", "a\u{2066}b", "a\u{1b}[0m", "a\u{85}b"] {
        let contact = Some(Contact { name: text.into(), title: text.into(), email: "ada@fabrikam.example".into() });
        let claim = Claim {
            display_name: text.into(),
            solution_seller_name: text.into(),
            customer_name: text.into(),
            isv_solution_name: text.into(),
            customer_contact: contact.clone(),
            customer_technical_contact: contact.clone(),
            partner_contact: contact,
            ..draft.clone()
        };
        let request =
            CreateClaimRequest { parent: CONTOSO.into(), claim: Some(claim), ..CreateClaimRequest::default() };
        let refused = system.contoso.claims().create_claim(request).await;
        let refused = assert_refused(refused, Code::InvalidArgument, "INVALID_FIELDS");
        assert_eq!(field_violations(&refused).len(), 10, "{text:?}: {refused}");
    }
    let case = TestClaim::create_draft(system, draft).await.unwrap();
    for name in ["../proof.pdf", "a/b.pdf", "c:\\b.pdf", "proof\u{202e}fdp.exe", "proof\n.pdf"] {
        let refused = case.upload(name, cpor_acceptance::PDF).await;
        let refused = assert_refused(refused, Code::InvalidArgument, "INVALID_FIELDS");
        assert_eq!(field_violations(&refused).len(), 1, "{name:?}: {refused}");
    }
    // Marks that Hebrew and Arabic texts need do not change the order of other texts.
    case.upload("דוח\u{200f}.pdf", cpor_acceptance::PDF).await.unwrap();
}

async fn unicode_texts_are_kept_unchanged(system: &TestSystem) {
    let text = "Příliš žluťoučký kůň — 合同 — עברית — 🚀 — O'Brien \"%_\\ <script>";
    let case =
        TestClaim::create_draft(system, Claim { display_name: text.into(), ..system.presales().await }).await.unwrap();
    assert_eq!(case.claim().await.display_name, text);
    assert_eq!(case.comment(&case.partner, text).await.unwrap().text, text);
    assert_eq!(case.comments().await[0].text, text);
    let file_name = text.replace('\\', "");
    let uploaded = case.upload(&file_name, cpor_acceptance::PDF).await.unwrap();
    assert_eq!(case.download(&case.partner, &uploaded.name).await.unwrap().0.file_name, file_name);
    let nul = case.comment(&case.partner, "a\0b").await;
    assert!(nul.is_ok() || nul.is_err_and(|status| is_precise(&status)), "PostgreSQL cannot store NUL in a text");
}
