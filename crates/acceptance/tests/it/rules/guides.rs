//! R52, R54: program guides are uploaded, checked, activated for a period, revised and simulated.

use std::collections::BTreeSet;

use cpor_acceptance::{
    Actor, ClaimStage, TestClaim, TestSystem, assert_refused, both_databases, field_violations, metadata, timestamp,
};
use cpor_proto::{
    eligibility::v1::{
        ActivateProgramGuideRequest, Assessment, CreateProgramGuideRequest, EarningOutcome, GetAssessmentRequest,
        GetProgramGuideRequest, GuideDifference, GuideRate, GuideState, ListEarningsRequest, ListProgramGuidesRequest,
        ProgramGuide, SimulateProgramGuideRequest, SimulationSummary, UsageUnit,
        simulate_program_guide_response::Content,
    },
    r#type::v1::{Money, Verdict},
};
use tonic::{Code, Status};

both_databases![
    r52_all_faults_of_a_guide_are_named_at_once,
    r52_a_guide_is_uploaded_once_and_stays_a_draft,
    r52_only_the_vendor_sees_draft_guides,
    r52_a_guide_is_put_in_force_for_a_period,
    r52_a_month_is_assessed_by_its_own_guide,
    r54_a_revised_guide_corrects_past_months,
    r52_a_simulation_streams_what_a_draft_would_change,
];
both_databases![with two_replicas: r52_one_of_two_concurrent_activations_wins];

/// Gets the shipped guide.
pub(crate) async fn shipped(system: &TestSystem) -> ProgramGuide {
    let request = GetProgramGuideRequest { name: "programGuides/default-2026".into() };
    system.manager.eligibility().get_program_guide(request).await.unwrap().into_inner()
}

/// Uploads a draft.
pub(crate) async fn create(system: &TestSystem, id: &str, guide: ProgramGuide) -> Result<ProgramGuide, Status> {
    let request = CreateProgramGuideRequest {
        program_guide_id: id.into(),
        program_guide: Some(guide),
        ..CreateProgramGuideRequest::default()
    };
    Ok(system.manager.eligibility().create_program_guide(request).await?.into_inner())
}

/// Activates a draft guide; `end` may be empty.
pub(super) async fn activate(actor: &Actor, id: &str, start: &str, end: &str) -> Result<ProgramGuide, Status> {
    let request = ActivateProgramGuideRequest {
        name: format!("programGuides/{id}"),
        start_month: start.into(),
        end_month: end.into(),
        ..ActivateProgramGuideRequest::default()
    };
    Ok(actor.eligibility().activate_program_guide(request).await?.into_inner())
}

/// The ids and states of the guides that an actor sees.
async fn listed(actor: &Actor) -> Vec<(String, GuideState)> {
    let request = ListProgramGuidesRequest::default();
    let guides = actor.eligibility().list_program_guides(request).await.unwrap().into_inner().program_guides;
    guides
        .into_iter()
        .map(|guide| (guide.name.trim_start_matches("programGuides/").to_owned(), guide.state()))
        .collect()
}

async fn assessment(case: &TestClaim<'_>, month: &str) -> Result<Assessment, Status> {
    let name = format!("tenants/{}/assessments/{}", case.tenant, case.id());
    let request = GetAssessmentRequest { name, month: month.into() };
    Ok(case.partner.eligibility().get_assessment(request).await?.into_inner())
}

async fn r52_all_faults_of_a_guide_are_named_at_once(system: &TestSystem) {
    let mut guide = shipped(system).await;
    guide.display_name = String::new();
    guide.conditions[1].name = guide.conditions[0].name.clone();
    guide.conditions[1].programs = vec![99];
    guide.conditions[2].expression = "weather == 'fine'".into();
    guide.conditions[3].expression = "claim.submit_time".into();
    guide.conditions[4].expression = "usage.latest > '10' && (".into();
    guide.conditions[4].facts = vec!["usage.everything".into()];
    guide.rates[1].unit = UsageUnit::SeatsSold.into();
    guide.rates[2].amount = Some(Money { currency: "USD".into(), micros: -1 });
    guide.conditions[0].programs = vec![guide.conditions[0].programs[0]; 2];
    let (first, second) = (guide.rates[0].clone(), guide.rates[1].clone());
    let amount = Some(Money { currency: "dollars".into(), micros: 1 });
    guide.rates.extend([second, GuideRate { unit: UsageUnit::Unspecified.into(), ..first.clone() }]);
    // A rate that cannot be parsed does not change the indexes of the rates after it.
    guide.rates.insert(0, GuideRate { amount, ..first });
    let field = |field: &str| format!("program_guide.{field}");
    let expected = [
        ("display_name", "STRING_MIN_LEN"),
        ("conditions[1].name", "DUPLICATE_NAME"),
        ("conditions[1].programs", "NO_PROGRAMS"),
        ("conditions[1].programs[0]", "MALFORMED"),
        ("conditions[2].expression", "UNKNOWN_FACT"),
        ("conditions[3].expression", "EXPRESSION_NOT_BOOL"),
        ("conditions[4].expression", "EXPRESSION_SYNTAX"),
        ("conditions[4].facts[0]", "UNKNOWN_FACT"),
        ("conditions[0].programs", "DUPLICATE_PROGRAM"),
        ("conditions[1].programs[0]", "ENUM_DEFINED_ONLY"),
        ("rates[0].amount.currency", "STRING_PATTERN"),
        ("rates[0].amount.currency", "MALFORMED"),
        ("rates[2].unit", "UNIT_MISMATCH"),
        ("rates[3].amount.micros", "NEGATIVE_AMOUNT"),
        ("rates[5].product", "DUPLICATE_RATE"),
        ("rates[5].unit", "UNIT_MISMATCH"),
        ("rates[6].unit", "ENUM_NOT_IN"),
    ];
    let expected: BTreeSet<_> = expected.into_iter().map(|(name, reason)| (field(name), reason.to_owned())).collect();
    let status = assert_refused(create(system, "odd", guide).await, Code::InvalidArgument, "INVALID_FIELDS");
    assert_eq!(field_violations(&status), expected);
    assert_eq!(listed(&system.manager).await.len(), 1, "the guide was not stored");
}

async fn r52_a_guide_is_uploaded_once_and_stays_a_draft(system: &TestSystem) {
    let guide = ProgramGuide { display_name: "Fall".into(), version: "2".into(), ..shipped(system).await };
    let request = CreateProgramGuideRequest {
        program_guide_id: "fall".into(),
        program_guide: Some(guide.clone()),
        request_id: "one".into(),
        validate_only: true,
    };
    let mut client = system.manager.eligibility();
    let preview = client.create_program_guide(request.clone()).await.unwrap().into_inner();
    assert_eq!((preview.name.as_str(), preview.state()), ("programGuides/fall", GuideState::Draft));
    assert_eq!(listed(&system.manager).await.len(), 1, "validate_only");

    let request = CreateProgramGuideRequest { validate_only: false, ..request };
    let created = client.create_program_guide(request.clone()).await.unwrap().into_inner();
    assert_eq!((created.state(), created.effective_start_time), (GuideState::Draft, None));
    assert_eq!((&created.conditions, &created.rates), (&guide.conditions, &guide.rates));
    assert_eq!(client.create_program_guide(request.clone()).await.unwrap().into_inner(), created, "the first answer");
    let other_guide = CreateProgramGuideRequest { program_guide_id: "winter".into(), ..request };
    assert_refused(client.create_program_guide(other_guide).await, Code::InvalidArgument, "REQUEST_ID_REUSED");
    let again = assert_refused(create(system, "fall", guide).await, Code::AlreadyExists, "GUIDE_EXISTS");
    assert_eq!(metadata(&again, "guide"), "programGuides/fall");
    let expected = [("fall", GuideState::Draft), ("default-2026", GuideState::Active)];
    assert_eq!(listed(&system.manager).await, expected.map(|(name, state)| (name.to_owned(), state)));
}

async fn r52_only_the_vendor_sees_draft_guides(system: &TestSystem) {
    create(system, "fall", shipped(system).await).await.unwrap();
    let get = async |actor: &Actor, id: &str| {
        let request = GetProgramGuideRequest { name: format!("programGuides/{id}") };
        actor.eligibility().get_program_guide(request).await
    };
    let hidden = assert_refused(get(&system.contoso, "fall").await, Code::NotFound, "RESOURCE_NOT_FOUND");
    let absent = assert_refused(get(&system.contoso, "none").await, Code::NotFound, "RESOURCE_NOT_FOUND");
    assert_eq!(hidden.message().replace("/fall", "/none"), absent.message());
    assert_eq!(listed(&system.contoso).await.len(), 1);
    assert!(get(&system.reviewer, "fall").await.is_ok());
    let denied = activate(&system.contoso, "fall", "2026-05", "").await;
    assert_refused(denied, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    activate(&system.manager, "fall", "2026-05", "").await.unwrap();
    assert!(get(&system.contoso, "fall").await.is_ok());
}

async fn r52_a_guide_is_put_in_force_for_a_period(system: &TestSystem) {
    for id in ["summer", "fall"] {
        create(system, id, shipped(system).await).await.unwrap();
    }
    let summer = activate(&system.manager, "summer", "2026-06", "2026-09").await.unwrap();
    assert_eq!(summer.state(), GuideState::Active);
    let period = (summer.effective_start_time, summer.effective_end_time);
    assert_eq!(period, (Some(timestamp("2026-06-01T00:00:00Z")), Some(timestamp("2026-09-01T00:00:00Z"))));
    let shipped = shipped(system).await;
    assert_eq!(shipped.effective_end_time, summer.effective_start_time, "the end was open before");

    let again = activate(&system.manager, "summer", "2027-01", "").await;
    assert_refused(again, Code::FailedPrecondition, "GUIDE_NOT_DRAFT");
    for (start, end, other) in
        [("2026-08", "", "summer"), ("2026-05", "2026-07", "default-2026"), ("2019-12", "2020-02", "default-2026")]
    {
        let overlap = activate(&system.manager, "fall", start, end).await;
        let overlap = assert_refused(overlap, Code::FailedPrecondition, "GUIDE_PERIOD_OVERLAPS");
        assert_eq!(metadata(&overlap, "guide"), format!("programGuides/{other}"));
    }
    let empty = activate(&system.manager, "fall", "2026-09", "2026-09").await;
    let empty = assert_refused(empty, Code::InvalidArgument, "INVALID_FIELDS");
    assert_eq!(field_violations(&empty), [("end_month".to_owned(), "NOT_AFTER_START".to_owned())].into());
    assert_refused(activate(&system.manager, "none", "2026-09", "").await, Code::NotFound, "RESOURCE_NOT_FOUND");

    let request = ActivateProgramGuideRequest {
        name: "programGuides/fall".into(),
        start_month: "2026-09".into(),
        validate_only: true,
        request_id: "one".into(),
        ..ActivateProgramGuideRequest::default()
    };
    let mut client = system.manager.eligibility();
    assert_eq!(client.activate_program_guide(request.clone()).await.unwrap().into_inner().state(), GuideState::Active);
    assert_eq!(listed(&system.manager).await[0], ("fall".to_owned(), GuideState::Draft), "validate_only");
    let request = ActivateProgramGuideRequest { validate_only: false, ..request };
    for _ in 0..2 {
        let fall = client.activate_program_guide(request.clone()).await.unwrap().into_inner();
        assert_eq!((fall.state(), fall.effective_end_time), (GuideState::Active, None));
    }
    let names: Vec<_> = listed(&system.manager).await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["fall", "summer", "default-2026"], "newest first");
}

async fn r52_a_month_is_assessed_by_its_own_guide(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    let mut strict = shipped(system).await;
    strict.conditions.truncate(1);
    strict.conditions[0].name = "three_programs".into();
    strict.conditions[0].expression = "size(partner.enrolled) >= 3".into();
    strict.conditions[0].facts.clear();
    create(system, "strict", strict).await.unwrap();
    activate(&system.manager, "strict", "2026-05", "").await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(assessment(&case, "").await.unwrap().guide, "programGuides/default-2026");

    system.advance_to("2026-05-02T00:00:00Z".parse().unwrap()).await;
    let may = assessment(&case, "").await.unwrap();
    assert_eq!((may.month.as_str(), may.guide.as_str()), ("2026-05", "programGuides/strict"));
    let condition = &may.results[0].conditions[0];
    assert_eq!((may.results[0].verdict(), condition.satisfied), (Verdict::NotEligible, false));
    let enrolled = r#"["osa_sell", "osu_business_applications"]"#;
    assert_eq!(condition.facts["partner.enrolled"], enrolled, "the facts that the expression uses");
    let april = assessment(&case, "2026-04").await.unwrap();
    assert_eq!((april.guide.as_str(), april.results[0].verdict()), ("programGuides/default-2026", Verdict::Eligible));
    assert_refused(assessment(&case, "2026-06").await, Code::NotFound, "RESOURCE_NOT_FOUND");
    let as_rival = TestClaim { partner: system.northwind.clone(), ..case.clone() };
    assert_refused(assessment(&as_rival, "2026-04").await, Code::NotFound, "RESOURCE_NOT_FOUND");
}

async fn r54_a_revised_guide_corrects_past_months(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    let key = case.key(0).await;
    system.advance_to("2026-06-02T00:00:00Z".parse().unwrap()).await;
    system.import_usage(&key, &[("2026-04", 1), ("2026-05", 1)]).await;
    system.wait_until_idle().await;
    let ledger = async || {
        let request = ListEarningsRequest { parent: "tenants/-".into(), ..ListEarningsRequest::default() };
        let lines = case.partner.eligibility().list_earnings(request).await.unwrap().into_inner().earnings;
        let paid = lines.into_iter().filter_map(|line| Some((line.month, line.amount?.micros, line.guide)));
        paid.collect::<Vec<_>>()
    };
    let default = "programGuides/default-2026".to_owned();
    let before = ["2026-04", "2026-05"].map(|month| (month.to_owned(), 200_000_000, default.clone()));
    let mut sorted = ledger().await;
    sorted.sort();
    assert_eq!(sorted, before);

    let unknown = ProgramGuide { revises: "programGuides/none".into(), ..shipped(system).await };
    assert_refused(create(system, "april", unknown).await, Code::FailedPrecondition, "GUIDE_NOT_IN_FORCE");
    let mut april = ProgramGuide { revises: default.clone(), ..shipped(system).await };
    april.rates[0].amount = Some(Money { currency: "USD".into(), micros: 3_000_000 });
    create(system, "april", april).await.unwrap();
    activate(&system.manager, "april", "2026-04", "2026-05").await.unwrap();
    system.wait_until_idle().await;
    let correction = ("2026-04".to_owned(), -50_000_000, "programGuides/april".to_owned());
    assert_eq!(ledger().await[2..], [correction]);
    assert_eq!(shipped(system).await.effective_end_time, None, "the revised guide stays in force for other months");
    assert_eq!(assessment(&case, "2026-05").await.unwrap().guide, default);
}

/// Simulates a draft guide from `start` on. Returns the differences and the summary.
async fn simulate(
    system: &TestSystem,
    id: &str,
    start: &str,
) -> Result<(Vec<GuideDifference>, SimulationSummary), Status> {
    let request = SimulateProgramGuideRequest {
        name: format!("programGuides/{id}"),
        start_month: start.into(),
        end_month: String::new(),
    };
    let mut parts = system.manager.eligibility().simulate_program_guide(request).await?.into_inner();
    let (mut differences, mut summary) = (Vec::new(), None);
    while let Some(message) = parts.message().await? {
        assert!(summary.is_none(), "the summary comes last");
        match message.content.unwrap() {
            Content::Difference(difference) => differences.push(difference),
            Content::Summary(last) => summary = Some(last),
        }
    }
    Ok((differences, summary.unwrap()))
}

async fn r52_a_simulation_streams_what_a_draft_would_change(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    let other = TestClaim::at_stage(system, system.usage().await, ClaimStage::Official).await;
    system.advance_to("2026-05-02T00:00:00Z".parse().unwrap()).await;
    system.import_usage(&case.key(0).await, &[("2026-04", 1)]).await;
    system.wait_until_idle().await;
    let before = (case.assessment().await.unwrap(), other.assessment().await.unwrap());

    let mut draft = shipped(system).await;
    draft.conditions[3].expression =
        "subscription != null && claim.submit_time - subscription.purchase_time <= duration('240h')".into();
    create(system, "draft", draft).await.unwrap();
    let (differences, summary) = simulate(system, "draft", "2026-04").await.unwrap();
    assert_eq!((summary.compared_count, summary.changed_count), (4, 2), "two claims, April and May");
    let usd = |micros| vec![Money { currency: "USD".into(), micros }];
    assert_eq!((summary.amounts_before, summary.amounts_after), (usd(200_000_000), vec![]));
    let [april, may] = differences.as_slice() else { panic!("{differences:#?}") };
    assert_eq!(
        (april.claim.as_str(), april.month.as_str(), may.month.as_str()),
        (case.name.as_str(), "2026-04", "2026-05")
    );
    assert_eq!(april.changed_conditions, ["purchased_within_90_days"]);
    let (old, new) = (april.before.as_ref().unwrap(), april.after.as_ref().unwrap());
    assert_eq!((old.verdict(), new.verdict()), (Verdict::Eligible, Verdict::NotEligible));
    assert_eq!(
        old.monthly_earning.as_ref().unwrap().amount,
        Some(Money { currency: "USD".into(), micros: 200_000_000 })
    );
    assert_eq!(new.monthly_earning.as_ref().unwrap().outcome(), EarningOutcome::ConditionsFailed);

    system.wait_until_idle().await;
    assert_eq!((case.assessment().await.unwrap(), other.assessment().await.unwrap()), before, "nothing has changed");
    assert_refused(simulate(system, "none", "").await, Code::NotFound, "RESOURCE_NOT_FOUND");
    assert_refused(simulate(system, "default-2026", "").await, Code::FailedPrecondition, "GUIDE_NOT_DRAFT");
}

async fn r52_one_of_two_concurrent_activations_wins(system: &TestSystem) {
    for id in ["one", "two"] {
        create(system, id, shipped(system).await).await.unwrap();
    }
    let other = system.manager.at_replica(system.replicas() - 1);
    let (one, two) = tokio::join!(
        activate(&system.manager, "one", "2026-09", "2026-12"),
        activate(&other, "two", "2026-09", "2026-12"),
    );
    let first_lost = one.is_err();
    let refusal = if first_lost { one.and(two) } else { two.and(one) };
    let refusal = assert_refused(refusal, Code::FailedPrecondition, "GUIDE_PERIOD_OVERLAPS");
    assert_eq!(metadata(&refusal, "guide"), if first_lost { "programGuides/two" } else { "programGuides/one" });
}
