//! R1 to R4: partners, customers, and what the roles of partner and vendor may do.

use cpor_acceptance::{
    CONTOSO, ClaimStage, NORTHWIND, PDF, TestClaim, TestSystem, assert_refused, both_databases, call, encode, methods,
    rows, timestamp,
};
use cpor_proto::{
    claims::v1::{
        Claim, CreateClaimRequest, ListClaimsRequest, SubmitClaimRequest, WithdrawClaimRequest, WithdrawReason,
    },
    registry::v1::{
        DirectoryRow, Enrollment, GetPartnerRequest, GetTenantRequest, ImportDirectoryRequest, ImportResult,
        ListSubscriptionsRequest, ListWorkloadsRequest, directory_row::Row, import_result::Outcome,
    },
    r#type::v1::Program,
};
use cpor_types::Role;
use tonic::Code;

use crate::identity::{fixture::ResourceNames, requests::request_for};

both_databases![
    r1_a_partner_is_a_company_with_locations,
    r1_an_mpn_id_belongs_to_one_company,
    r2_a_tenant_has_domains_subscriptions_and_workloads,
    r2_a_domain_belongs_to_one_tenant,
    r3_one_bad_row_does_not_stop_the_others,
    r3_each_vendor_role_has_its_own_methods,
    r4_admins_do_everything_and_users_edit_drafts,
    r4_a_partner_never_sees_claims_of_others,
];

async fn r1_a_partner_is_a_company_with_locations(system: &TestSystem) {
    let start_time = Some(timestamp("2026-01-01T00:00:00Z"));
    let enrollment = Enrollment { program: Program::OsaSell.into(), start_time, end_time: None };
    let mut partner = rows::partner("adatum", "3001");
    partner.enrollments.push(enrollment);
    assert_eq!(system.import_row(Row::Partner(partner.clone())).await, Outcome::Created);
    assert_eq!(system.import_row(Row::Partner(partner.clone())).await, Outcome::Unchanged);
    partner.locations.push(cpor_proto::registry::v1::Location {
        mpn_id: "3002".into(),
        region: "apac".into(),
        calendar: "utc".into(),
        end_time: None,
        language_code: "cs".into(),
    });
    assert_eq!(system.import_row(Row::Partner(partner.clone())).await, Outcome::Updated);
    let adatum = system.actor("ada@adatum.example", Role::GlobalAdmin, Some("partners/adatum"));
    let imported =
        adatum.registry().get_partner(GetPartnerRequest { name: "partners/adatum".into() }).await.unwrap().into_inner();
    assert_eq!(imported, partner);
}

/// The reason why each row was refused; empty for accepted rows.
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

async fn import(system: &TestSystem, rows: Vec<Row>) -> Vec<ImportResult> {
    let rows = rows.into_iter().map(|row| DirectoryRow { row: Some(row) }).collect();
    system
        .directory
        .registry()
        .import_directory(ImportDirectoryRequest { rows, ..Default::default() })
        .await
        .unwrap()
        .into_inner()
        .results
}

async fn r1_an_mpn_id_belongs_to_one_company(system: &TestSystem) {
    let results = import(system, vec![Row::Partner(rows::partner("adatum", "1001"))]).await;
    assert_eq!(reasons(&results), ["MPN_ID_TAKEN"]);
    let missing = system.manager.registry().get_partner(GetPartnerRequest { name: "partners/adatum".into() }).await;
    assert_refused(missing, Code::NotFound, "RESOURCE_NOT_FOUND");
}

async fn r2_a_tenant_has_domains_subscriptions_and_workloads(system: &TestSystem) {
    let (id, other) = (system.next_uuid(), system.next_uuid());
    let tenant = rows::tenant(&id, "Wingtip", "wingtip.example");
    let subscription = rows::subscription(&id, &other, "power-bi");
    let workload = rows::workload(&id, "teams");
    let rows =
        vec![Row::Tenant(tenant.clone()), Row::Subscription(subscription.clone()), Row::Workload(workload.clone())];
    let results = import(system, rows.clone()).await;
    assert_eq!(reasons(&results), ["", "", ""]);
    assert!(results.iter().all(|result| result.outcome() == Outcome::Created), "{results:?}");
    assert!(import(system, rows).await.iter().all(|result| result.outcome() == Outcome::Unchanged));

    let admin = system.actor("admin@wingtip.example", Role::CustomerAdmin, Some(&format!("tenants/{id}")));
    let parent = tenant.name.clone();
    let found_tenant =
        admin.registry().get_tenant(GetTenantRequest { name: parent.clone() }).await.unwrap().into_inner();
    assert_eq!(found_tenant, tenant);
    let request = ListSubscriptionsRequest { parent: parent.clone(), ..ListSubscriptionsRequest::default() };
    assert_eq!(admin.registry().list_subscriptions(request).await.unwrap().into_inner().subscriptions, [subscription]);
    let request = ListWorkloadsRequest { parent, ..ListWorkloadsRequest::default() };
    assert_eq!(admin.registry().list_workloads(request).await.unwrap().into_inner().workloads, [workload]);
}

async fn r2_a_domain_belongs_to_one_tenant(system: &TestSystem) {
    let results =
        import(system, vec![Row::Tenant(rows::tenant(&system.next_uuid(), "Not Fabrikam", "FABRIKAM.example"))]).await;
    assert_eq!(reasons(&results), ["DOMAIN_TAKEN"]);
}

async fn r3_one_bad_row_does_not_stop_the_others(system: &TestSystem) {
    let (id, unknown_tenant) = (system.next_uuid(), system.next_uuid());
    let mut without_calendar = rows::partner("adatum", "3001");
    without_calendar.locations[0].calendar = "moon".into();
    let rows = vec![
        Row::Partner(without_calendar),
        Row::Tenant(rows::tenant(&id, "Wingtip", "wingtip.example")),
        Row::Workload(rows::workload(&unknown_tenant, "teams")),
        Row::Workload(rows::workload(&id, "no-such-product")),
        Row::Workload(rows::workload(&id, "teams")),
    ];
    let results = import(system, rows).await;
    assert_eq!(reasons(&results), ["CALENDAR_UNKNOWN", "", "TENANT_UNKNOWN", "PRODUCT_UNKNOWN", ""]);
    let refused = |result: &&ImportResult| result.outcome() == Outcome::Refused;
    assert_eq!(results.iter().filter(refused).count(), 3);
}

async fn r3_each_vendor_role_has_its_own_methods(system: &TestSystem) {
    let vendor_roles = [Role::PoeReviewer, Role::ReviewLead, Role::ProgramManager, Role::DirectorySync, Role::Operator];
    let permitted = [
        ("TakeReviewCase", &[Role::PoeReviewer, Role::ReviewLead][..]),
        ("AssignReviewCase", &[Role::ReviewLead]),
        ("ArbitrateLines", &[Role::ReviewLead]),
        ("CreateProgramGuide", &[Role::ProgramManager]),
        ("RecordPayout", &[Role::ProgramManager]),
        ("ImportDirectory", &[Role::DirectorySync]),
        ("ImportUsage", &[Role::DirectorySync]),
        ("ListStreams", &[Role::Operator]),
        ("ErasePersonalData", &[Role::Operator]),
    ];
    let names =
        ResourceNames::of(&TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await).await;
    for (name, roles) in permitted {
        let method = methods().into_iter().find(|method| method.name == name).unwrap();
        for role in vendor_roles {
            let request = encode(&method.input, &request_for(&method, &names));
            let response = call(&system.actor_with_role(role), &method, request).await;
            if roles.contains(&role) {
                let denied = response.as_ref().is_err_and(|status| status.code() == Code::PermissionDenied);
                assert!(!denied, "{role} may call {name}: {response:?}");
            } else {
                assert_refused(response, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
            }
        }
    }
}

async fn r4_admins_do_everything_and_users_edit_drafts(system: &TestSystem) {
    for role in [Role::GlobalAdmin, Role::BillingAdmin, Role::IncentivesAdmin] {
        let admin = system.actor("admin@contoso.example", role, Some(CONTOSO));
        let case =
            TestClaim { partner: admin, ..TestClaim::create_with_evidence(system, system.presales().await).await };
        case.submit().await.unwrap();
        system.wait_until_idle().await;
        case.withdraw(WithdrawReason::WrongMpnId, "").await.unwrap();
    }
    let claim = system.presales().await;
    let request =
        CreateClaimRequest { parent: CONTOSO.into(), claim: Some(claim.clone()), ..CreateClaimRequest::default() };
    let claim = system.contoso_user.claims().create_claim(request).await.unwrap().into_inner();
    let case = TestClaim::existing(system, &system.contoso_user, &claim);
    let evidence = case.upload("proof.pdf", PDF).await.unwrap();
    case.remove(&evidence.name).await.unwrap();
    case.comment(&system.contoso_user, "One more moment.").await.unwrap();
    case.update(Claim { display_name: "Renamed".into(), ..Claim::default() }, &["display_name"]).await.unwrap();
    assert_refused(case.submit().await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    assert_refused(case.resubmit("x").await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    assert_refused(case.withdraw(WithdrawReason::WrongMpnId, "").await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    assert_refused(case.dispute("x").await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    case.delete().await.unwrap();
    let submitted = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let case = TestClaim { partner: system.contoso_user.clone(), ..submitted };
    let contact = cpor_proto::r#type::v1::Contact { name: "Bea".into(), ..Default::default() };
    let edit = case.update(Claim { partner_contact: Some(contact), ..Claim::default() }, &["partner_contact"]).await;
    assert_refused(edit, Code::PermissionDenied, "DRAFTS_ONLY");
    case.upload("more.pdf", PDF).await.unwrap();
}

async fn r4_a_partner_never_sees_claims_of_others(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let as_rival = TestClaim { partner: system.northwind.clone(), ..case.clone() };
    assert_refused(case.claim_as(&system.northwind).await, Code::NotFound, "RESOURCE_NOT_FOUND");
    assert_refused(as_rival.submit().await, Code::NotFound, "RESOURCE_NOT_FOUND");
    assert_refused(as_rival.comment(&system.northwind, "hello").await, Code::NotFound, "RESOURCE_NOT_FOUND");
    let document = case.evidence().await.remove(0).name;
    assert_refused(case.download(&system.northwind, &document).await, Code::NotFound, "RESOURCE_NOT_FOUND");
    for parent in [CONTOSO, "partners/-"] {
        let request = ListClaimsRequest { parent: parent.into(), ..ListClaimsRequest::default() };
        assert_refused(system.northwind.claims().list_claims(request).await, Code::NotFound, "RESOURCE_NOT_FOUND");
    }
    let request = ListClaimsRequest { parent: NORTHWIND.into(), ..ListClaimsRequest::default() };
    assert!(system.northwind.claims().list_claims(request).await.unwrap().into_inner().claims.is_empty());
    let request =
        SubmitClaimRequest { name: case.name.replace("contoso", "northwind"), ..SubmitClaimRequest::default() };
    assert_refused(system.northwind.claims().submit_claim(request).await, Code::NotFound, "RESOURCE_NOT_FOUND");
    let request = WithdrawClaimRequest { name: case.name.clone(), reason: 1, ..WithdrawClaimRequest::default() };
    assert_refused(system.northwind.claims().withdraw_claim(request).await, Code::NotFound, "RESOURCE_NOT_FOUND");
}
