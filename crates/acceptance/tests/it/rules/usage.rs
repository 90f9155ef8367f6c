//! R50, R51: the import of usage, and who may read it.

use cpor_acceptance::{
    Actor, ClaimStage, FABRIKAM, LITWARE, TestClaim, TestSystem, assert_refused, both_databases, field_violations,
};
use cpor_proto::{
    claims::v1::WithdrawReason,
    eligibility::v1::{ImportUsageRequest, ListUsageRequest, UsageMonth, import_usage_result::Outcome},
};
use tonic::{Code, Status};

both_databases![
    r50_usage_is_open_while_the_association_is_official,
    r50_usage_is_credited_from_the_first_full_month,
    r51_importing_a_month_again_replaces_it,
    r51_replaced_usage_is_kept_and_listed,
    r51_invalid_rows_are_refused_individually,
    r51_keys_that_nobody_knows_are_refused,
];

/// Lists the usage of a key as an actor.
async fn usage(actor: &Actor, key: &str) -> Result<Vec<UsageMonth>, Status> {
    let request = ListUsageRequest { parent: key.into(), ..ListUsageRequest::default() };
    Ok(actor.eligibility().list_usage(request).await?.into_inner().usage_months)
}

async fn r50_usage_is_open_while_the_association_is_official(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    let key = case.key(0).await;
    system.import_usage(&key, &[("2026-01", 40), ("2026-02", 50)]).await;
    assert_refused(usage(&system.contoso, &key).await, Code::PermissionDenied, "USAGE_NOT_OPEN");
    case.approve_consent().await.unwrap();
    system.wait_until_idle().await;
    let months: Vec<_> = usage(&system.contoso, &key)
        .await
        .unwrap()
        .iter()
        .map(|month| (month.month.clone(), month.consumption))
        .collect();
    assert_eq!(months, [("2026-02".to_owned(), 50), ("2026-01".to_owned(), 40)], "all stored months, newest first");
    assert_refused(usage(&system.northwind, &key).await, Code::PermissionDenied, "USAGE_NOT_OPEN");
    assert_eq!(usage(&system.manager, &key).await.unwrap().len(), 2);
    case.withdraw(WithdrawReason::NoLongerWorksWithCustomer, "").await.unwrap();
    system.wait_until_idle().await;
    assert_refused(usage(&system.contoso, &key).await, Code::PermissionDenied, "USAGE_NOT_OPEN");
}

async fn r50_usage_is_credited_from_the_first_full_month(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    let key = case.key(0).await;
    system.advance_by(chrono::TimeDelta::days(60)).await;
    system.import_usage(&key, &[("2026-02", 50), ("2026-03", 60), ("2026-04", 70), ("2026-05", 80)]).await;
    let months: Vec<_> =
        usage(&system.contoso, &key).await.unwrap().into_iter().map(|month| (month.month, month.credited)).collect();
    let expected = [("2026-05", true), ("2026-04", true), ("2026-03", false), ("2026-02", false)];
    assert_eq!(months, expected.map(|(month, credited)| (month.to_owned(), credited)));
}

async fn r51_importing_a_month_again_replaces_it(system: &TestSystem) {
    let key = format!("tenants/{LITWARE}/workloads/teams");
    assert_eq!(system.import_usage(&key, &[("2026-02", 900)]).await, [Outcome::Created]);
    assert_eq!(system.import_usage(&key, &[("2026-02", 900)]).await, [Outcome::Unchanged]);
    assert_eq!(
        system.import_usage(&key, &[("2026-02", 930), ("2026-01", 880)]).await,
        [Outcome::Replaced, Outcome::Created]
    );
    let months: Vec<_> =
        usage(&system.manager, &key).await.unwrap().into_iter().map(|month| month.active_users).collect();
    assert_eq!(months, [930, 880]);
}

async fn r51_replaced_usage_is_kept_and_listed(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.usage().await, ClaimStage::Official).await;
    let key = case.key(0).await;
    for consumption in [40, 50, 60] {
        system.import_usage(&key, &[("2026-02", consumption), ("2026-03", 70)]).await;
    }
    system.advance_by(chrono::TimeDelta::days(60)).await;
    system.import_usage(&key, &[("2026-04", 80)]).await;
    system.import_usage(&key, &[("2026-04", 90)]).await;
    let mut request = ListUsageRequest { parent: key, page_size: 2, show_replaced: true, ..Default::default() };
    let mut months = Vec::new();
    loop {
        let page = system.contoso.eligibility().list_usage(request.clone()).await.unwrap().into_inner();
        months.extend(page.usage_months.into_iter().map(|month| {
            (month.month, month.revision, month.consumption, month.replace_time.is_some(), month.credited)
        }));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    let expected = [
        ("2026-04", 2, 90, false, true),
        ("2026-04", 1, 80, true, false),
        ("2026-03", 1, 70, false, false),
        ("2026-02", 3, 60, false, false),
        ("2026-02", 2, 50, true, false),
        ("2026-02", 1, 40, true, false),
    ];
    assert_eq!(
        months,
        expected.map(|(month, revision, consumption, replaced, credited)| {
            (month.to_owned(), revision, consumption, replaced, credited)
        })
    );
}

async fn r51_keys_that_nobody_knows_are_refused(system: &TestSystem) {
    let row = |key: String| UsageMonth { key, month: "2026-02".into(), ..UsageMonth::default() };
    let nowhere = system.next_uuid();
    let rows = vec![
        row(format!("tenants/{nowhere}/workloads/teams")),
        row(format!("tenants/{LITWARE}/workloads/nonsense")),
        row(format!("tenants/{LITWARE}/subscriptions/{nowhere}")),
        row(format!("tenants/{LITWARE}/subscriptions/{}", cpor_acceptance::FABRIKAM_SALES)),
        row(format!("tenants/{LITWARE}/workloads/teams")),
        row(format!("tenants/{}/subscriptions/{}", FABRIKAM.to_uppercase(), cpor_acceptance::FABRIKAM_SALES)),
    ];
    for validate_only in [true, false] {
        let request = ImportUsageRequest { rows: rows.clone(), validate_only, ..Default::default() };
        let results = system.directory.eligibility().import_usage(request).await.unwrap().into_inner().results;
        for result in &results[..4] {
            assert_eq!(result.outcome(), Outcome::Refused);
            let error = result.error.as_ref().unwrap();
            let details = prost::Message::encode_to_vec(error).into();
            let refused = Status::with_details(Code::from(error.code), error.message.clone(), details);
            assert_eq!(field_violations(&refused), [("key".to_owned(), "UNKNOWN_REFERENCE".to_owned())].into());
        }
        assert!(results[4..].iter().all(|result| result.outcome() == Outcome::Created), "{results:#?}");
    }
    for row in &rows[..4] {
        assert_eq!(usage(&system.manager, &row.key).await.unwrap(), []);
    }
}

async fn r51_invalid_rows_are_refused_individually(system: &TestSystem) {
    let row = |key: &str, month: &str| UsageMonth { key: key.into(), month: month.into(), ..UsageMonth::default() };
    let workload = format!("tenants/{LITWARE}/workloads/teams");
    let subscription = format!("tenants/{FABRIKAM}/subscriptions/{}", cpor_acceptance::FABRIKAM_SALES);
    let rows = vec![
        UsageMonth { seats_sold: 5, ..row(&workload, "2026-02") },
        UsageMonth { active_users: 5, ..row(&subscription, "2026-02") },
        UsageMonth { active_users: 5, ..row(&workload, "2026-04") },
        UsageMonth { active_users: 5, ..row(&workload, "2026-03") },
        UsageMonth { consumption: 5, ..row(&subscription, "2026-01") },
    ];
    let request = ImportUsageRequest { rows, ..Default::default() };
    let results = system.directory.eligibility().import_usage(request).await.unwrap().into_inner().results;
    let outcomes: Vec<_> = results.iter().map(|result| result.outcome()).collect();
    assert_eq!(outcomes, [Outcome::Refused, Outcome::Refused, Outcome::Refused, Outcome::Created, Outcome::Created]);
    let reasons = ["USAGE_MEASURE_MISMATCH", "USAGE_MEASURE_MISMATCH", "USAGE_MONTH_IN_FUTURE"];
    for (result, reason) in results.iter().zip(reasons) {
        let error = result.error.as_ref().unwrap();
        assert_eq!(Code::from(error.code), Code::InvalidArgument);
        let details = prost::Message::encode_to_vec(error);
        let status = Status::with_details(Code::InvalidArgument, error.message.clone(), details.into());
        assert_eq!(cpor_acceptance::reason(&status), reason);
    }
}
