//! R2a, R12a: snapshots of the directory, what claims keep when the directory changes, and what the
//! directory tells before a claim names one of the tenant's own domains.

use cpor_acceptance::{
    ClaimStage, FABRIKAM, LITWARE, NORTHWIND, TAILSPIN, TestClaim, TestSystem, assert_refused, both_databases, line,
    rows, timestamp,
};
use cpor_proto::{
    claims::v1::{
        BatchCreateClaimsRequest, BatchCreateClaimsResult, BatchCreateClaimsRow, Claim, ClaimState, CreateClaimRequest,
        ExplainClaimRequest, GetClaimRequest, SuggestClaimLinesRequest, WithdrawReason,
    },
    registry::v1::{
        DirectoryRow, DomainEnd, GetPartnerRequest, GetTenantRequest, ImportDirectoryRequest, ListPartnersRequest,
        ListTenantsRequest, LookupTenantRequest, Partner, Tenant, directory_row::Row, import_result::Outcome,
    },
    r#type::v1::{Activity, AssociationEndReason, AssociationState},
};
use tonic::Code;

both_databases![
    r2a_companies_merge_in_any_row_order,
    r2a_companies_merge_in_two_requests,
    r2a_domains_move_in_any_row_order,
    r2a_each_contradictory_row_is_refused,
    r2a_a_claim_keeps_its_location_and_company,
    r2a_a_claim_keeps_its_domain_and_tenant,
    r2a_locations_and_domains_end,
    r2a_a_workload_ends_its_lines,
    r12a_a_wrong_domain_learns_nothing,
    r12a_a_batch_with_wrong_domains_learns_nothing,
    r12a_an_own_domain_shows_what_can_be_claimed,
    r12a_a_domain_names_its_tenant_and_no_more,
    r38_a_line_of_another_claim_is_not_suggested,
];

/// Imports rows and returns the outcome and the reason of the refusal of each. A call with
/// `validate_only` must give the same before.
async fn import(system: &TestSystem, rows: &[Row]) -> Vec<(Outcome, String)> {
    let rows: Vec<_> = rows.iter().map(|row| DirectoryRow { row: Some(row.clone()) }).collect();
    let mut verdicts = Vec::new();
    for validate_only in [true, false] {
        let request = ImportDirectoryRequest { rows: rows.clone(), validate_only, ..Default::default() };
        let results = system.directory.registry().import_directory(request).await.unwrap().into_inner().results;
        let verdict = |result: &cpor_proto::registry::v1::ImportResult| {
            let error = result.error.clone().unwrap_or_default();
            let details = prost::Message::encode_to_vec(&error).into();
            let status = tonic::Status::with_details(Code::from(error.code), error.message, details);
            let reason = if result.error.is_some() { cpor_acceptance::reason(&status) } else { String::new() };
            (result.outcome(), reason)
        };
        verdicts.push(results.iter().map(verdict).collect::<Vec<_>>());
    }
    assert_eq!(verdicts[0], verdicts[1], "validate_only gives the same verdicts");
    verdicts.remove(1)
}

async fn partner(system: &TestSystem, name: &str) -> Partner {
    system.manager.registry().get_partner(GetPartnerRequest { name: name.into() }).await.unwrap().into_inner()
}

async fn tenant(system: &TestSystem, id: &str) -> Tenant {
    let name = format!("tenants/{id}");
    system.manager.registry().get_tenant(GetTenantRequest { name }).await.unwrap().into_inner()
}

/// Northwind without locations, and Contoso with the locations of both companies.
async fn merger(system: &TestSystem) -> [Partner; 2] {
    let (mut northwind, mut contoso) = (partner(system, NORTHWIND).await, partner(system, "partners/contoso").await);
    contoso.locations.append(&mut northwind.locations);
    [northwind, contoso]
}

const UPDATED: (Outcome, String) = (Outcome::Updated, String::new());

async fn r2a_companies_merge_in_any_row_order(system: &TestSystem) {
    let before = [partner(system, NORTHWIND).await, partner(system, "partners/contoso").await];
    for reversed in [false, true] {
        let mut rows = merger(system).await.map(Row::Partner);
        if reversed {
            rows.reverse();
        }
        assert_eq!(import(system, &rows).await, [UPDATED, UPDATED]);
        assert!(partner(system, NORTHWIND).await.locations.is_empty());
        assert_eq!(partner(system, "partners/contoso").await.locations.len(), 4);
        let mut rows = before.clone().map(Row::Partner);
        rows.reverse();
        assert_eq!(import(system, &rows).await, [UPDATED, UPDATED], "and apart again");
    }
}

async fn r2a_companies_merge_in_two_requests(system: &TestSystem) {
    let [northwind, contoso] = merger(system).await.map(Row::Partner);
    let refused = import(system, std::slice::from_ref(&contoso)).await;
    assert_eq!(refused, [(Outcome::Refused, "MPN_ID_TAKEN".to_owned())]);
    assert_eq!(import(system, &[northwind]).await, [UPDATED]);
    assert_eq!(import(system, &[contoso]).await, [UPDATED]);
    let without_location = Partner { locations: vec![], ..rows::partner("adatum", "3001") };
    let refused = import(system, &[Row::Partner(without_location)]).await;
    assert_eq!(refused, [(Outcome::Refused, "INVALID_FIELDS".to_owned())]);
}

async fn r2a_domains_move_in_any_row_order(system: &TestSystem) {
    let ids = [FABRIKAM, LITWARE, TAILSPIN];
    for reversed in [false, true] {
        let mut tenants = Vec::new();
        for id in ids {
            tenants.push(tenant(system, id).await);
        }
        // Each tenant gets the domains of the next one.
        let mut domains: Vec<_> = tenants.iter().map(|tenant| tenant.domains.clone()).collect();
        domains.rotate_left(1);
        let moved = tenants.into_iter().zip(domains).map(|(tenant, domains)| Row::Tenant(Tenant { domains, ..tenant }));
        let mut rows: Vec<_> = moved.collect();
        if reversed {
            rows.reverse();
        }
        assert_eq!(import(system, &rows).await, [UPDATED, UPDATED, UPDATED]);
    }
    let fabrikam = tenant(system, FABRIKAM).await;
    let domain = fabrikam.domains[0].clone();
    let left = Tenant { domains: vec!["new.example".into()], ..fabrikam };
    assert_eq!(import(system, &[Row::Tenant(left)]).await, [UPDATED]);
    let lookup = LookupTenantRequest { domain: domain.clone() };
    assert_refused(system.contoso.registry().lookup_tenant(lookup).await, Code::NotFound, "RESOURCE_NOT_FOUND");
    let taken = rows::tenant(&system.next_uuid(), "Wingtip", &domain);
    assert_eq!(import(system, &[Row::Tenant(taken)]).await, [(Outcome::Created, String::new())]);
}

async fn r2a_each_contradictory_row_is_refused(system: &TestSystem) {
    let (one, other) = (system.next_uuid(), system.next_uuid());
    let rows = [
        Row::Workload(rows::workload(&one, "teams")),
        Row::Tenant(rows::tenant(&one, "Wingtip", "wingtip.example")),
        Row::Tenant(rows::tenant(&other, "Not Wingtip", "wingtip.example")),
        Row::Partner(rows::partner("adatum", "3001")),
        Row::Partner(rows::partner("adatum", "3002")),
        Row::Partner(rows::partner("proseware", "4001")),
    ];
    let contradiction = || (Outcome::Refused, "ROWS_CONTRADICT".to_owned());
    let expected = [
        (Outcome::Refused, "TENANT_UNKNOWN".to_owned()),
        contradiction(),
        contradiction(),
        contradiction(),
        contradiction(),
        (Outcome::Created, String::new()),
    ];
    assert_eq!(import(system, &rows).await, expected);
    // The workload's row can come before that of its tenant.
    let created = (Outcome::Created, String::new());
    assert_eq!(import(system, &rows[..2]).await, [created.clone(), created]);
}

/// The fields and reasons of what has changed since the submission, as the reviewer sees it.
async fn directory_changes(case: &TestClaim<'_>) -> Vec<(String, String)> {
    let review = case.review(&case.system.lead).await.unwrap();
    let changes = review.directory_comparison.expect("a comparison").changes;
    changes.into_iter().map(|change| (change.field, change.reason)).collect()
}

async fn r2a_a_claim_keeps_its_location_and_company(system: &TestSystem) {
    let rival = system.rival_of(&system.presales().await);
    let case = TestClaim::at_stage(system, rival, ClaimStage::PartnerActionRequired).await;
    assert_eq!(directory_changes(&case).await, []);
    assert_eq!(import(system, &merger(system).await.map(Row::Partner)).await, [UPDATED, UPDATED]);
    let moved = [("mpn_id".to_owned(), "LOCATION_NOT_OF_PARTNER".to_owned())];
    assert_eq!(directory_changes(&case).await, moved);

    case.resubmit("Here is more.").await.unwrap();
    system.wait_until_idle().await;
    case.start_review(&system.reviewer).await.unwrap();
    assert_eq!(directory_changes(&case).await, moved);
    case.approve(&system.reviewer).await.unwrap();
    case.approve_consent().await.unwrap();
    system.wait_until_idle().await;
    let association = case.associations().await.remove(0);
    assert_eq!((association.state(), association.partner.as_str()), (AssociationState::Official, NORTHWIND));
    assert_eq!(association.mpn_id, "2002");
    let results = case.assessment().await.unwrap().results;
    let region = results[0].conditions.iter().find(|condition| condition.condition == "same_region").unwrap();
    assert_eq!((region.satisfied, region.facts["partner.region"].as_str()), (true, "\"emea\""), "of its location");
}

async fn r2a_a_claim_keeps_its_domain_and_tenant(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let left = Tenant { domains: vec!["new.example".into()], ..tenant(system, FABRIKAM).await };
    assert_eq!(import(system, &[Row::Tenant(left)]).await, [UPDATED]);
    assert_eq!(directory_changes(&case).await, [("customer_domain".to_owned(), "DOMAIN_NOT_OF_TENANT".to_owned())]);
    let edit = Claim { mpn_id: "1002".into(), ..Claim::default() };
    assert_eq!(case.update(edit, &["mpn_id"]).await.unwrap().state(), ClaimState::Submitted);
    system.wait_until_idle().await;
    case.take(&system.reviewer).await.unwrap();
    case.start_review(&system.reviewer).await.unwrap();
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(case.claim().await.state(), ClaimState::Approved);
}

async fn r2a_locations_and_domains_end(system: &TestSystem) {
    let draft = TestClaim::create_with_evidence(system, system.presales().await).await;
    let (mut contoso, fabrikam) = (partner(system, "partners/contoso").await, tenant(system, FABRIKAM).await);
    let end_time = Some(timestamp("2026-03-01T00:00:00Z"));
    contoso.locations.iter_mut().for_each(|location| location.end_time = end_time);
    let domain_ends = fabrikam.domains.iter().map(|domain| DomainEnd { domain: domain.clone(), end_time }).collect();
    let fabrikam = Tenant { domain_ends, ..fabrikam };
    let rows = [Row::Partner(contoso.clone()), Row::Tenant(fabrikam.clone())];
    assert_eq!(import(system, &rows).await, [UPDATED, UPDATED]);
    assert_eq!((partner(system, &contoso.name).await, tenant(system, FABRIKAM).await), (contoso, fabrikam));
    let refused = draft.submit().await;
    cpor_acceptance::assert_violations(
        refused,
        &[("mpn_id", "LOCATION_NOT_OF_PARTNER"), ("customer_domain", "DOMAIN_NOT_OF_TENANT")],
    );
}

async fn r2a_a_workload_ends_its_lines(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.workloads(), ClaimStage::Official).await;
    let end_time = Some(timestamp("2026-05-01T00:00:00Z"));
    let mut teams = rows::workload(&case.tenant, "teams");
    teams.end_time = end_time;
    assert_eq!(import(system, &[Row::Workload(teams)]).await, [UPDATED]);
    let expected: Vec<_> = case.associations().await.into_iter().filter_map(|found| found.expected_end_time).collect();
    assert_eq!(expected, end_time.into_iter().collect::<Vec<_>>(), "R49: the end is shown before it comes");
    system.advance_to("2026-05-01T00:00:00Z".parse().unwrap()).await;
    for association in case.associations().await {
        if association.key.ends_with("/workloads/teams") {
            assert_eq!(association.end_reason(), AssociationEndReason::Expired);
            assert_eq!((association.end_time, association.expected_end_time), (end_time, None));
        } else {
            assert_eq!(association.state(), AssociationState::Official);
        }
    }
    assert_eq!(case.claim().await.state(), ClaimState::Approved);
    system.wait_until_idle().await;
    let mails = case.partner_mails().await;
    let mail = mails.iter().find(|mail| mail.subject.starts_with("Association ended")).expect("the mail (R57)");
    assert!(mail.text.contains("use of the workload has ended"), "{}", mail.text);
}

async fn r12a_a_wrong_domain_learns_nothing(system: &TestSystem) {
    let subscription = system.create_subscription("power-apps").await;
    let lines = vec![
        line("dynamics-365-sales", ""),
        line("power-apps", &subscription),
        line("power-apps", &system.next_uuid()),
        line("power-automate", ""),
    ];
    for (customer_domain, reasons) in [("tailspin.example", &["DOMAIN_NOT_OF_TENANT"][..]), ("", &[])] {
        let claim = Claim { customer_domain: customer_domain.into(), lines: lines.clone(), ..system.presales().await };
        let about_tenant = |claim: &Claim| -> Vec<String> {
            let fields = ["customer_domain", "tenant_id", "lines"];
            let is_about_tenant = |field: &str| fields.iter().any(|prefix| field.starts_with(prefix));
            let violations = claim.violations.iter().filter(|violation| is_about_tenant(&violation.field));
            violations.map(|found| found.reason.clone()).filter(|reason| reason != "FIELD_REQUIRED").collect()
        };
        let request = CreateClaimRequest {
            parent: "partners/contoso".into(),
            claim: Some(claim.clone()),
            validate_only: true,
            ..CreateClaimRequest::default()
        };
        let validated = system.contoso.claims().create_claim(request).await.unwrap().into_inner();
        let case = TestClaim::create_with_evidence(system, claim.clone()).await;
        let created = case.claim().await;
        let renamed = Claim { display_name: "Renamed".into(), ..Claim::default() };
        let updated = case.update(renamed, &["display_name"]).await.unwrap();
        for claim in [validated, created, updated] {
            assert_eq!(about_tenant(&claim), reasons, "{customer_domain}");
            let shown: Vec<_> = claim.lines.iter().map(|line| line.subscription_id.as_str()).collect();
            assert_eq!(shown, lines.iter().map(|line| line.subscription_id.as_str()).collect::<Vec<_>>());
        }
        let refused = case.submit().await.unwrap_err();
        assert!(!format!("{refused:?}").contains("ON_TENANT"), "{refused:?}");
        let explained = system.contoso.claims().explain_claim(ExplainClaimRequest { name: case.name.clone() }).await;
        assert!(!format!("{explained:?}").contains("ON_TENANT"), "{explained:?}");
        let template = case.poe_template(&system.contoso, Activity::PreSales).await.unwrap();
        assert!(!format!("{template:?}").contains("Fabrikam"));
        let request = SuggestClaimLinesRequest { name: case.name.clone(), ..Default::default() };
        let suggested = system.contoso.claims().suggest_claim_lines(request).await.unwrap().into_inner();
        assert_eq!((suggested.suggestions.len(), suggested.total_size), (0, 0));
    }
}

async fn r12a_a_batch_with_wrong_domains_learns_nothing(system: &TestSystem) {
    let claim = system.presales().await;
    let lines = vec![
        // The tenant has one such subscription, which would be filled in (R10 g).
        line("dynamics-365-sales", ""),
        line("power-apps", &system.next_uuid()),
        line("power-automate", ""),
    ];
    let row = |domain: &str, tenant: &str| BatchCreateClaimsRow {
        claim: Some(Claim {
            customer_domain: domain.into(),
            tenant_id: tenant.into(),
            lines: lines.clone(),
            ..claim.clone()
        }),
        ..BatchCreateClaimsRow::default()
    };
    let unknown = system.next_uuid();
    let rows = vec![
        row("tailspin.example", FABRIKAM),
        row("", FABRIKAM),
        row("fabrikam.example", &unknown),
        row("fabrikam.example", FABRIKAM),
    ];
    for validate_only in [true, false] {
        let request = BatchCreateClaimsRequest { parent: "partners/contoso".into(), rows: rows.clone(), validate_only };
        let results = system.contoso.claims().batch_create_claims(request).await.unwrap().into_inner().results;
        let about_tenant = |result: &BatchCreateClaimsResult| -> Vec<String> {
            let fields = ["customer_domain", "tenant_id", "lines"];
            let is_about_tenant = |field: &str| fields.iter().any(|prefix| field.starts_with(prefix));
            let violations = result.violations.iter().filter(|violation| is_about_tenant(&violation.field));
            violations.map(|found| found.reason.clone()).filter(|reason| reason != "FIELD_REQUIRED").collect()
        };
        assert_eq!(about_tenant(&results[0]), ["DOMAIN_NOT_OF_TENANT"]);
        assert!(about_tenant(&results[1]).is_empty(), "{:?}", results[1]);
        assert_eq!(about_tenant(&results[2]), ["TENANT_UNKNOWN"]);
        assert!(about_tenant(&results[3]).len() > 1, "the own domain is judged: {:?}", results[3]);
        for result in results[..3].iter().filter(|_| !validate_only) {
            let request = GetClaimRequest { name: result.claim.clone() };
            let created = system.contoso.claims().get_claim(request).await.unwrap().into_inner();
            assert_eq!(created.lines[0].subscription_id, "", "nothing is filled in");
        }
    }
}

async fn r12a_an_own_domain_shows_what_can_be_claimed(system: &TestSystem) {
    let claim = system.presales().await;
    let subscription = claim.lines[0].subscription_id.clone();
    let case = TestClaim::create_draft(system, Claim { lines: vec![], ..claim }).await.unwrap();
    let request = SuggestClaimLinesRequest { name: case.name.clone(), ..Default::default() };
    let all = system.contoso.claims().suggest_claim_lines(request.clone()).await.unwrap().into_inner();
    assert!(all.suggestions.iter().any(|found| found.subscription_id == subscription), "{all:?}");
    assert!(all.suggestions.iter().all(|found| !found.subscription_id.is_empty()), "Business Applications only");
    let request = SuggestClaimLinesRequest { product: "products/power-bi".into(), ..request };
    let some = system.contoso.claims().suggest_claim_lines(request.clone()).await.unwrap().into_inner();
    assert!(some.suggestions.iter().all(|found| found.product == "products/power-bi"));
    let foreign = system.northwind.claims().suggest_claim_lines(request).await;
    assert_refused(foreign, Code::NotFound, "RESOURCE_NOT_FOUND");
}

async fn r38_a_line_of_another_claim_is_not_suggested(system: &TestSystem) {
    let claim = system.presales().await;
    let product = claim.lines[0].product.clone();
    let suggested = async |case: &TestClaim<'_>| -> Vec<String> {
        let request = SuggestClaimLinesRequest { name: case.name.clone(), product: product.clone() };
        let response = case.partner.claims().suggest_claim_lines(request).await.unwrap().into_inner();
        assert_eq!(response.total_size as usize, response.suggestions.len());
        response.suggestions.into_iter().map(|found| found.subscription_id).collect()
    };
    let subscription = claim.lines[0].subscription_id.clone();
    let draft = async |activities: &[Activity]| {
        let activities = activities.iter().map(|activity| (*activity).into()).collect();
        TestClaim::create_draft(system, Claim { lines: vec![], activities, ..claim.clone() }).await.unwrap()
    };
    let presales = draft(&[Activity::PreSales]).await;
    let both = draft(&[Activity::Usage, Activity::PreSales]).await;
    let (usage, open) = (draft(&[Activity::Usage]).await, draft(&[]).await);
    // R37: what a rival claims or holds makes no difference.
    TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::Official).await;
    for case in [&presales, &both, &usage, &open] {
        assert!(suggested(case).await.contains(&subscription));
    }
    let own = TestClaim::at_stage(system, claim.clone(), ClaimStage::Submitted).await;
    for (case, is_suggested) in [(&presales, false), (&both, false), (&usage, true), (&open, true), (&own, true)] {
        assert_eq!(suggested(case).await.contains(&subscription), is_suggested, "{:?}", case.claim().await.activities);
    }
    own.withdraw(WithdrawReason::WrongActivity, "").await.unwrap();
    assert!(suggested(&presales).await.contains(&subscription), "the claim is closed");
}

async fn r12a_a_domain_names_its_tenant_and_no_more(system: &TestSystem) {
    let lookup = async |domain: &str| {
        let request = LookupTenantRequest { domain: domain.into() };
        system.contoso.registry().lookup_tenant(request).await.map(|found| found.into_inner().tenant)
    };
    assert_eq!(lookup("Fabrikam.example").await.unwrap(), format!("tenants/{FABRIKAM}"));
    assert_refused(lookup("abrikam.example").await, Code::NotFound, "RESOURCE_NOT_FOUND");
    let tenants = system.manager.registry().list_tenants(ListTenantsRequest::default()).await.unwrap().into_inner();
    assert!(tenants.tenants.iter().any(|tenant| tenant.name.ends_with(FABRIKAM)));
    let partners = system.manager.registry().list_partners(ListPartnersRequest::default()).await.unwrap().into_inner();
    assert!(partners.partners.iter().any(|partner| partner.name == NORTHWIND));
    let denied = system.contoso.registry().list_tenants(ListTenantsRequest::default()).await;
    assert_refused(denied, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    let denied = system.contoso.registry().list_partners(ListPartnersRequest::default()).await;
    assert_refused(denied, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
}
