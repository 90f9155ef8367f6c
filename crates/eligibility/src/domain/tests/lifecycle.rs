//! Tests when a claim is assessed and what the results contain (R28, R52).
use super::*;

#[test]
fn r52_each_condition_shows_the_facts_it_saw() {
    let mut claim = AssessedClaim::open(presales());
    let events = claim.assess("2026-03-26T00:00:00Z");
    let latest = claim.assessment.latest.unwrap();
    assert_eq!(events, vec![AssessmentEvent::MonthAssessed(latest.clone())]);
    let conditions = &latest.results[0].conditions;
    let enrolled = &conditions[0].facts;
    assert_eq!(enrolled["program"], "\"osa_sell\"");
    assert_eq!(enrolled["partner.enrolled"], "[\"osa_sell\", \"osu_microsoft_365\"]");
    assert!(conditions.iter().all(|condition| condition.facts.values().all(|fact| fact != "null")), "{conditions:?}");
}

#[test]
fn r52_assessed_again_each_month_until_it_ends() {
    let opened = Assessment::open(None, presales()).unwrap().next;
    assert_eq!(opened.deadlines()[0].due, time("2026-04-01T00:00:00Z"));
    assert!(opened.apply_passed_deadline(time("2026-03-31T23:59:59Z")).is_none());
    let elapsed = opened.apply_passed_deadline(time("2026-06-15T00:00:00Z")).unwrap();
    assert_eq!(elapsed.due, time("2026-04-01T00:00:00Z"));
    let next = elapsed.transition.next;
    assert_eq!(next.deadlines()[0].due, time("2026-05-01T00:00:00Z"));
    let ended = next.end_lines(&[], &end_at("2026-06-16T00:00:00Z")).unwrap().next;
    assert_eq!(ended.deadlines(), []);
    assert!(ended.apply_passed_deadline(time("2027-01-01T00:00:00Z")).is_none());
}

#[test]
fn r28_an_association_can_become_official_again() {
    let mut claim =
        AssessedClaim { usage: seats(&[("2026-04", 10), ("2026-08", 20)]), ..AssessedClaim::open(presales()) };
    assert_eq!(Assessment::open(Some(&claim.assessment), presales()), None, "reported twice");
    claim.assess("2026-05-01T00:00:00Z");
    claim.apply(claim.assessment.end_lines(&[], &end_at("2026-06-16T00:00:00Z")));
    let second = AssociationFacts { official_time: time("2026-07-10T00:00:00Z"), ..presales() };
    claim.apply(Assessment::open(Some(&claim.assessment), second.clone()));
    assert_eq!(
        (claim.assessment.facts(), claim.assessment.association_end(), claim.assessment.is_stale),
        (&second, None, true)
    );
    claim.assess("2026-09-01T00:00:00Z");
    let reasons = ["2026-06", "2026-07"].map(|month| claim.earned(month).clone());
    assert_eq!(
        reasons,
        [const { EarnedAmount::Nothing(NoEarningReason::NotCredited) }; 2],
        "neither month was official throughout"
    );
    claim.usage = seats(&[("2026-04", 9), ("2026-08", 20)]);
    claim.assess("2026-09-02T00:00:00Z");
    assert_eq!(
        claim.amounts().last(),
        Some(&("2026-04".to_owned(), -4_000_000)),
        "the first association is corrected too"
    );
}

#[test]
fn r52_assessed_again_when_a_fact_changes() {
    let mut claim = AssessedClaim::open(presales());
    claim.assess("2026-04-01T00:00:00Z");
    let now = time("2026-04-02T00:00:00Z");
    assert!(!claim.assessment.is_stale);
    assert!(claim.assessment.change_subscription(&subscription(), now).is_none(), "nothing has changed");
    let expired = SubscriptionFacts { status: "expired".into(), ..subscription() };
    let Transition { next, events } = claim.assessment.change_subscription(&expired, now).unwrap();
    assert!(next.is_stale);
    assert_eq!(events, vec![AssessmentEvent::BecameStale]);
}

#[test]
fn r52_an_unchanged_result_is_not_stored_again() {
    let mut claim = AssessedClaim::open(presales());
    assert_eq!(claim.assess("2026-03-26T00:00:00Z").len(), 1);
    assert_eq!(claim.assess("2026-03-27T00:00:00Z"), []);
    let april = claim.assess("2026-04-01T00:00:00Z");
    assert!(
        matches!(april.as_slice(), [AssessmentEvent::MonthAssessed(march), AssessmentEvent::EarningsRecorded(_), AssessmentEvent::MonthAssessed(april)]
        if march.month < april.month),
        "March is over, April has begun: {april:?}"
    );
}

#[test]
fn r52_only_the_current_month_needs_a_guide() {
    let early = AssociationFacts { official_time: time("2019-11-05T00:00:00Z"), ..presales() };
    let mut claim = AssessedClaim::open(early);
    let AssessedClaim { guides, usage, results, .. } = &claim;
    let inputs = AssessmentInputs { guides, usage, previous_results: results };
    assert!(claim.assessment.assess(inputs, time("2019-12-05T00:00:00Z")).is_err());
    claim.assess("2020-01-05T00:00:00Z");
    assert_eq!(claim.results.len(), 1);
}
