//! R59: claims are exported as CSV and as JSON lines.

use cpor_acceptance::{Actor, CONTOSO, ClaimStage, TestClaim, TestSystem, assert_refused, both_databases, line};
use cpor_proto::{
    claims::v1::{Claim, ExportClaimsRequest, ListClaimsRequest},
    r#type::v1::ExportFormat,
};
use cpor_types::Role;
use tonic::Code;

use super::bulk::{batch, list, named, row};

both_databases![r59_an_export_equals_the_list, r59_an_export_shows_what_its_caller_may_see];

/// Exports claims. Returns the number of parts and the file.
async fn export(actor: &Actor, request: ExportClaimsRequest) -> (usize, String) {
    let mut stream = actor.claims().export_claims(request).await.expect("an export").into_inner();
    let (mut parts, mut file) = (0, Vec::new());
    while let Some(part) = stream.message().await.expect("a part") {
        assert!(part.data.ends_with(b"\n"), "a part consists of whole lines");
        parts += 1;
        file.extend(part.data);
    }
    (parts, String::from_utf8(file).expect("text"))
}

async fn r59_an_export_equals_the_list(system: &TestSystem) {
    let lines = vec![line("teams", ""), line("exchange", "")];
    let with_two_lines = Claim { lines, ..named("=two, \"lines\"") };
    let rows = (0..150).map(|n| named(&format!("{n:03}"))).chain([with_two_lines]).map(|claim| row("", claim));
    batch(&system.contoso, rows.collect()).await.unwrap();
    let (filter, order_by) = ("NOT display_name:13".to_owned(), "display_name desc".to_owned());
    let parent = CONTOSO.to_owned();
    let listed = ListClaimsRequest {
        parent: parent.clone(),
        filter: filter.clone(),
        order_by: order_by.clone(),
        page_size: 1_000,
        ..ListClaimsRequest::default()
    };
    let listed = list(&system.contoso, listed).await.claims;
    assert_eq!(listed.len(), 151 - 12);

    let request = ExportClaimsRequest { parent, filter, order_by, format: ExportFormat::JsonLines.into() };
    let (parts, json) = export(&system.contoso, request.clone()).await;
    assert_eq!(parts, 2);
    let names = |file: &str| -> Vec<String> {
        let json = file.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
        json.map(|claim| claim["name"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(names(&json), listed.iter().map(|claim| claim.name.clone()).collect::<Vec<_>>());

    let (_, csv) = export(&system.contoso, ExportClaimsRequest { format: ExportFormat::Csv.into(), ..request }).await;
    let rows: Vec<&str> = csv.split("\r\n").collect();
    assert_eq!(rows.len(), 1 + listed.len() + 1 + 1, "a header, the second line of a claim, and an empty last row");
    assert!(rows[0].starts_with("claim,display_name,state,association_state,mpn_id,"), "{}", rows[0]);
    let rows_of_claim: Vec<&&str> = rows.iter().filter(|row| row.contains("'=two")).collect();
    assert!(
        rows_of_claim[0].contains(",\"'=two, \"\"lines\"\"\",editing,,") && rows_of_claim[0].contains(",teams,"),
        "{rows_of_claim:?}"
    );
    assert!(rows_of_claim[1].contains(",exchange,"), "{rows_of_claim:?}");
    let of_contoso =
        ExportClaimsRequest { parent: CONTOSO.into(), format: ExportFormat::Csv.into(), ..Default::default() };
    assert_refused(
        system.northwind.claims().export_claims(of_contoso).await.map(drop),
        Code::NotFound,
        "RESOURCE_NOT_FOUND",
    );
}

async fn r59_an_export_shows_what_its_caller_may_see(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let review = case.review_name().await;
    let manager = system.actor_with_role(Role::ProgramManager);
    for format in [ExportFormat::Csv, ExportFormat::JsonLines] {
        let request =
            |parent: &str| ExportClaimsRequest { parent: parent.into(), format: format.into(), ..Default::default() };
        let (_, partner) = export(&system.contoso, request(CONTOSO)).await;
        assert!(partner.contains("jana.dvorakova@fabrikam.example") && !partner.contains(&review));
        let (_, operator) = export(&system.operator, request("partners/-")).await;
        assert!(operator.contains("[redacted]") && !operator.contains("jana.dvorakova"), "{operator}");
        let (_, vendor) = export(&manager, request("partners/-")).await;
        assert!(vendor.contains("Jana Dvořáková"));
        let (_, empty) = export(&system.northwind, request(cpor_acceptance::NORTHWIND)).await;
        assert_eq!(empty.lines().count(), usize::from(format == ExportFormat::Csv), "{empty}");
        assert_refused(
            system.contoso.claims().export_claims(request("partners/-")).await.map(drop),
            Code::NotFound,
            "RESOURCE_NOT_FOUND",
        );
    }
}
