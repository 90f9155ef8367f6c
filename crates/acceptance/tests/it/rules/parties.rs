//! R1 to R5: who there is, and what each may do.

use cpor_acceptance::{CONTOSO, Case, FABRIKAM, NORTHWIND, Stage, World, at, both_databases, refused, rows};
use cpor_proto::{
    claims::v1::{
        Claim, CreateClaimRequest, ListClaimsRequest, SubmitClaimRequest, WithdrawClaimRequest, WithdrawReason,
    },
    registry::v1::{
        DirectoryRow, Enrolment, GetPartnerRequest, GetTenantRequest, ImportDirectoryRequest, ImportResult,
        ListSubscriptionsRequest, ListWorkloadsRequest, Program, directory_row::Row, import_result::Outcome,
    },
};
use cpor_types::Role;
use tonic::Code;

both_databases![
    r1_a_partner_is_a_company_with_locations,
    r1_an_mpn_id_belongs_to_one_company,
    r2_a_tenant_has_domains_subscriptions_and_workloads,
    r2_a_domain_belongs_to_one_tenant,
    r3_one_bad_row_does_not_stop_the_others,
    r4_admins_may_do_everything_and_users_what_drafts_need,
    r4_a_partner_never_sees_another_s_claims,
    r5_operators_see_no_evidence_and_personal_data_masked,
    r5_a_customer_sees_its_own_claims_from_submission_on,
];

async fn r1_a_partner_is_a_company_with_locations(world: &World) {
    let start_time = Some(at("2026-01-01T00:00:00Z"));
    let enrolment = Enrolment { program: Program::OsaSell.into(), start_time, end_time: None };
    let mut partner = rows::partner("adatum", "3001");
    partner.enrolments.push(enrolment);
    assert_eq!(world.import_row(Row::Partner(partner.clone())).await, Outcome::Created);
    assert_eq!(world.import_row(Row::Partner(partner.clone())).await, Outcome::Unchanged);
    partner.locations.push(cpor_proto::registry::v1::Location {
        mpn_id: "3002".into(),
        region: "apac".into(),
        calendar: "utc".into(),
    });
    assert_eq!(world.import_row(Row::Partner(partner.clone())).await, Outcome::Updated);
    let adatum = world.actor("ada@adatum.example", Role::GlobalAdmin, Some("partners/adatum"));
    let found =
        adatum.registry().get_partner(GetPartnerRequest { name: "partners/adatum".into() }).await.unwrap().into_inner();
    assert_eq!(found, partner);
}

/// The reason of each row's refusal; empty where it was taken.
fn reasons(results: &[ImportResult]) -> Vec<String> {
    let reason = |result: &ImportResult| {
        let Some(error) = &result.error else { return String::new() };
        let status = tonic::Status::with_details(Code::from(error.code), error.message.clone(), encoded(error).into());
        cpor_acceptance::reason(&status)
    };
    results.iter().map(reason).collect()
}

fn encoded(error: &tonic_types::Status) -> Vec<u8> {
    prost::Message::encode_to_vec(error)
}

async fn import(world: &World, rows: Vec<Row>) -> Vec<ImportResult> {
    let rows = rows.into_iter().map(|row| DirectoryRow { row: Some(row) }).collect();
    world.directory.registry().import_directory(ImportDirectoryRequest { rows }).await.unwrap().into_inner().results
}

async fn r1_an_mpn_id_belongs_to_one_company(world: &World) {
    let results = import(world, vec![Row::Partner(rows::partner("adatum", "1001"))]).await;
    assert_eq!(reasons(&results), ["MPN_ID_TAKEN"]);
    let nothing = world.manager.registry().get_partner(GetPartnerRequest { name: "partners/adatum".into() }).await;
    refused(nothing, Code::NotFound, "RESOURCE_NOT_FOUND");
}

async fn r2_a_tenant_has_domains_subscriptions_and_workloads(world: &World) {
    let (id, other) = (world.id(), world.id());
    let tenant = rows::tenant(&id, "Wingtip", "wingtip.example");
    let subscription = rows::subscription(&id, &other, "power-bi");
    let workload = rows::workload(&id, "teams");
    let imported =
        vec![Row::Tenant(tenant.clone()), Row::Subscription(subscription.clone()), Row::Workload(workload.clone())];
    let results = import(world, imported.clone()).await;
    assert_eq!(reasons(&results), ["", "", ""]);
    assert!(results.iter().all(|result| result.outcome() == Outcome::Created), "{results:?}");
    assert!(import(world, imported).await.iter().all(|result| result.outcome() == Outcome::Unchanged));

    let admin = world.actor("admin@wingtip.example", Role::CustomerAdmin, Some(&format!("tenants/{id}")));
    let parent = tenant.name.clone();
    let found = admin.registry().get_tenant(GetTenantRequest { name: parent.clone() }).await.unwrap().into_inner();
    assert_eq!(found, tenant);
    let request = ListSubscriptionsRequest { parent: parent.clone(), ..ListSubscriptionsRequest::default() };
    assert_eq!(admin.registry().list_subscriptions(request).await.unwrap().into_inner().subscriptions, [subscription]);
    let request = ListWorkloadsRequest { parent, ..ListWorkloadsRequest::default() };
    assert_eq!(admin.registry().list_workloads(request).await.unwrap().into_inner().workloads, [workload]);
}

async fn r2_a_domain_belongs_to_one_tenant(world: &World) {
    let results = import(world, vec![Row::Tenant(rows::tenant(&world.id(), "Not Fabrikam", "FABRIKAM.example"))]).await;
    assert_eq!(reasons(&results), ["DOMAIN_TAKEN"]);
}

async fn r3_one_bad_row_does_not_stop_the_others(world: &World) {
    let (id, nowhere) = (world.id(), world.id());
    let mut strange = rows::partner("adatum", "3001");
    strange.locations[0].calendar = "moon".into();
    let rows = vec![
        Row::Partner(strange),
        Row::Tenant(rows::tenant(&id, "Wingtip", "wingtip.example")),
        Row::Workload(rows::workload(&nowhere, "teams")),
        Row::Workload(rows::workload(&id, "no-such-product")),
        Row::Workload(rows::workload(&id, "teams")),
    ];
    let results = import(world, rows).await;
    assert_eq!(reasons(&results), ["CALENDAR_UNKNOWN", "", "TENANT_UNKNOWN", "PRODUCT_UNKNOWN", ""]);
    let refused = |result: &&ImportResult| result.outcome() == Outcome::Refused;
    assert_eq!(results.iter().filter(refused).count(), 3);
}

async fn r4_admins_may_do_everything_and_users_what_drafts_need(world: &World) {
    for role in [Role::GlobalAdmin, Role::BillingAdmin, Role::IncentivesAdmin] {
        let admin = world.actor("admin@contoso.example", role, Some(CONTOSO));
        let case = Case { partner: admin, ..Case::complete(world, world.presales().await).await };
        case.submit().await.unwrap();
        world.settle().await;
        case.withdraw(WithdrawReason::WrongMpnId, "").await.unwrap();
    }
    let claim = world.presales().await;
    let request =
        CreateClaimRequest { parent: CONTOSO.into(), claim: Some(claim.clone()), ..CreateClaimRequest::default() };
    let claim = world.contoso_user.claims().create_claim(request).await.unwrap().into_inner();
    let case = Case::of(world, &world.contoso_user, &claim);
    let evidence = case.upload("proof.pdf", cpor_acceptance::PDF).await.unwrap();
    case.remove(&evidence.name).await.unwrap();
    case.comment(&world.contoso_user, "One more moment.").await.unwrap();
    case.update(Claim { display_name: "Renamed".into(), ..Claim::default() }, &["display_name"]).await.unwrap();
    refused(case.submit().await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    refused(case.resubmit("x").await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    refused(case.withdraw(WithdrawReason::WrongMpnId, "").await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    refused(case.dispute("x").await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    case.delete().await.unwrap();
    let submitted = Case::at(world, world.presales().await, Stage::Submitted).await;
    let case = Case { partner: world.contoso_user.clone(), ..submitted };
    let contact = cpor_proto::claims::v1::Contact { name: "Bea".into(), ..Default::default() };
    let edit = case.update(Claim { partner_contact: Some(contact), ..Claim::default() }, &["partner_contact"]).await;
    refused(edit, Code::PermissionDenied, "DRAFTS_ONLY");
    case.upload("more.pdf", cpor_acceptance::PDF).await.unwrap();
}

async fn r4_a_partner_never_sees_another_s_claims(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::Submitted).await;
    let foreign = Case { partner: world.northwind.clone(), ..case.clone() };
    refused(case.seen_by(&world.northwind).await, Code::NotFound, "RESOURCE_NOT_FOUND");
    refused(foreign.submit().await, Code::NotFound, "RESOURCE_NOT_FOUND");
    refused(foreign.comment(&world.northwind, "hello").await, Code::NotFound, "RESOURCE_NOT_FOUND");
    let document = case.evidence().await.remove(0).name;
    refused(case.download(&world.northwind, &document).await, Code::NotFound, "RESOURCE_NOT_FOUND");
    for parent in [CONTOSO, "partners/-"] {
        let request = ListClaimsRequest { parent: parent.into(), ..ListClaimsRequest::default() };
        refused(world.northwind.claims().list_claims(request).await, Code::NotFound, "RESOURCE_NOT_FOUND");
    }
    let request = ListClaimsRequest { parent: NORTHWIND.into(), ..ListClaimsRequest::default() };
    assert!(world.northwind.claims().list_claims(request).await.unwrap().into_inner().claims.is_empty());
    let request =
        SubmitClaimRequest { name: case.name.replace("contoso", "northwind"), ..SubmitClaimRequest::default() };
    refused(world.northwind.claims().submit_claim(request).await, Code::NotFound, "RESOURCE_NOT_FOUND");
    let request = WithdrawClaimRequest { name: case.name.clone(), reason: 1, ..WithdrawClaimRequest::default() };
    refused(world.northwind.claims().withdraw_claim(request).await, Code::NotFound, "RESOURCE_NOT_FOUND");
}

async fn r5_operators_see_no_evidence_and_personal_data_masked(world: &World) {
    let case = Case::at(world, world.recognition().await, Stage::Submitted).await;
    let document = case.evidence().await.remove(0).name;
    refused(case.download(&world.operator, &document).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    let seen = case.seen_by(&world.operator).await.unwrap();
    let shown = format!("{seen:?}");
    for secret in ["jana.dvorakova@fabrikam.example", "Jana Dvořáková", "Erik Weber", "Sandra Novotná"] {
        assert!(!shown.contains(secret), "an operator reads {secret}: {shown}");
    }
    assert_eq!(seen.tenant_id, FABRIKAM, "what is not personal is shown");
    let request = cpor_proto::claims::v1::ListHistoryRequest { parent: case.name.clone(), ..Default::default() };
    let history = format!("{:?}", world.operator.claims().list_history(request).await.unwrap().into_inner());
    for secret in ["jana.dvorakova@fabrikam.example", "erik@contoso.example"] {
        assert!(!history.contains(secret), "an operator reads {secret} in the history: {history}");
    }
}

async fn r5_a_customer_sees_its_own_claims_from_submission_on(world: &World) {
    let case = Case::complete(world, world.presales().await).await;
    refused(case.consent().await, Code::NotFound, "RESOURCE_NOT_FOUND");
    case.submit().await.unwrap();
    world.settle().await;
    let consent = case.consent().await.unwrap();
    assert_eq!((consent.partner_display_name.as_str(), consent.lines.len()), ("Contoso Consulting GmbH", 1));
    let request = cpor_proto::consents::v1::GetConsentRequest { name: case.consent_name() };
    refused(world.litware.consents().get_consent(request).await, Code::NotFound, "RESOURCE_NOT_FOUND");
    refused(case.seen_by(&world.fabrikam).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
}
