//! Tests of lists of claims.
use crate::fixture::TestSystem;
use cpor_proto::claims::v1 as wire;
use cpor_testing::on_both_databases;
use cpor_types::Role;

use crate::fixture::claim;

on_both_databases![claims_are_listed];

/// Lists are ordered newest first and paged, leave out deleted drafts, and can be filtered by
/// state.
async fn claims_are_listed(system: TestSystem) {
    let mut names = Vec::new();
    for _ in 0..5 {
        names.push(system.create(claim()).await.unwrap().name);
    }
    system
        .contoso()
        .delete_claim(wire::DeleteClaimRequest { name: names.remove(2), ..Default::default() })
        .await
        .unwrap();
    names.reverse();
    let list = |parent: &str, page_token: String, filter: &str| wire::ListClaimsRequest {
        parent: parent.into(),
        page_size: 3,
        page_token,
        filter: filter.into(),
        ..Default::default()
    };
    for parent in ["partners/contoso", "partners/-"] {
        let mut vendor = system.vendor(Role::ReviewLead);
        let first = vendor.list_claims(list(parent, String::new(), "")).await.unwrap().into_inner();
        let last = vendor.list_claims(list(parent, first.next_page_token, "")).await.unwrap().into_inner();
        let listed: Vec<_> = first.claims.iter().chain(&last.claims).map(|claim| claim.name.clone()).collect();
        assert_eq!((listed, last.next_page_token), (names.clone(), String::new()));
    }
    let editing = list("partners/contoso", String::new(), "state = EDITING");
    assert_eq!(system.contoso().list_claims(editing).await.unwrap().into_inner().claims.len(), 3);
    let submitted = list("partners/contoso", String::new(), "state = SUBMITTED");
    assert_eq!(system.contoso().list_claims(submitted).await.unwrap().into_inner().claims, []);
}
