//! Tests which earnings are recorded and how they are corrected (R54).
use proptest::prelude::*;

use super::{
    super::{Guide, GuideDocument, earning::CurrencyTotals},
    *,
};

#[test]
fn r50_r54_only_full_months_earn() {
    let usage = seats(&[("2026-03", 10), ("2026-04", 10), ("2026-05", 12), ("2026-06", 12)]);
    let mut claim = AssessedClaim { usage, ..AssessedClaim::open(presales()) };
    claim.assess("2026-06-02T00:00:00Z");
    claim.apply(claim.assessment.end_lines(&[], &end_at("2026-06-20T00:00:00Z")));
    claim.assess("2026-06-20T00:00:00Z");
    let amounts = [("2026-03", 0), ("2026-04", 40_000_000), ("2026-05", 48_000_000), ("2026-06", 48_000_000)];
    let taken_back = [("2026-06", -48_000_000)];
    let expected: Vec<_> =
        amounts.iter().chain(&taken_back).map(|(month, micros)| ((*month).to_owned(), *micros)).collect();
    assert_eq!(claim.amounts(), expected, "the association ended in June");
    assert_eq!(claim.earnings[4].corrects, Some(claim.earnings[3].id));
    assert_eq!(claim.earned("2026-03"), &EarnedAmount::Nothing(NoEarningReason::NotCredited));
    assert_eq!(claim.earned("2026-06"), &EarnedAmount::Nothing(NoEarningReason::NotCredited));
    let periods: Vec<_> = claim.earnings.iter().map(|earning| earning.payout_period.to_string()).collect();
    assert_eq!(periods, ["2026-Q2"; 5], "all earnings were recorded in June");
}

/// The association ended early in April, but the report arrives after April and May were assessed.
#[test]
fn r47_months_after_an_end_that_is_reported_late_are_corrected() {
    let usage = seats(&[("2026-04", 10), ("2026-05", 10)]);
    let mut claim = AssessedClaim { usage, ..AssessedClaim::open(presales()) };
    claim.assess("2026-06-02T00:00:00Z");
    claim.apply(claim.assessment.end_lines(&[], &end_at("2026-04-02T00:00:00Z")));
    claim.assess("2026-06-02T00:00:01Z");
    for month in ["2026-04", "2026-05"] {
        assert_eq!(claim.earned(month), &EarnedAmount::Nothing(NoEarningReason::NotCredited), "{month}");
    }
    let amounts = claim.amounts();
    assert_eq!(amounts.iter().map(|(_, micros)| micros).sum::<i64>(), 0, "{amounts:?}");
    assert_eq!(claim.assess("2026-06-02T00:00:02Z"), [], "nothing is corrected twice");
}

#[test]
fn r54b_declined_payment_is_taken_back_in_all_months() {
    let usage = seats(&[("2026-04", 10), ("2026-05", 10)]);
    let mut claim = AssessedClaim { usage, ..AssessedClaim::open(presales()) };
    claim.assess("2026-06-02T00:00:00Z");
    claim.apply(claim.assessment.decline_payment());
    claim.assess("2026-06-02T00:00:01Z");
    let amounts = claim.amounts();
    assert_eq!(amounts.iter().map(|(_, micros)| micros).sum::<i64>(), 0, "{amounts:?}");
    assert_eq!(claim.earned("2026-04"), &EarnedAmount::Nothing(NoEarningReason::PaymentDeclined));
    let result = &claim.results[&"2026-05".parse().unwrap()].results[0];
    assert_eq!((result.verdict, result.conditions.is_empty()), (Verdict::RecognitionOnly, false));
    assert_eq!(claim.assessment.decline_payment(), None, "it was declined before");
}

#[test]
fn r52_a_catalog_applies_from_its_month_on() {
    let usage = seats(&[("2026-04", 10), ("2026-05", 10)]);
    let mut claim = AssessedClaim { usage, ..AssessedClaim::open(presales()) };
    claim.assess("2026-05-02T00:00:00Z");
    let product = presales().lines[0].product.clone();
    let version = |start: &str, incentivized| CatalogVersion {
        start_time: time(start),
        facts: CatalogFacts([(product.clone(), incentivized)].into()),
    };
    let first = version("2026-01-01T00:00:00Z", true);
    assert_eq!(claim.assessment.apply_catalog(std::slice::from_ref(&first)), None, "it is as the registry reported");
    let mut catalog = vec![first, version("2026-05-10T00:00:00Z", false)];
    claim.apply(claim.assessment.apply_catalog(&catalog));
    claim.assess("2026-06-02T00:00:00Z");
    assert_eq!(claim.earned("2026-04").amount().map(|amount| amount.micros), Some(40_000_000), "April keeps its facts");
    assert_eq!(claim.earned("2026-05"), &EarnedAmount::Nothing(NoEarningReason::RecognitionOnly));
    catalog.push(version("2026-06-02T00:00:00Z", false));
    assert_eq!(claim.assessment.apply_catalog(&catalog), None, "it is the same");
    // An association that is reported late has the flag of the catalog of now.
    let mut facts = presales();
    facts.lines[0].is_incentivized = false;
    let mut late = AssessedClaim { usage: claim.usage.clone(), ..AssessedClaim::open(facts) };
    late.apply(late.assessment.apply_catalog(&catalog));
    late.assess("2026-06-02T00:00:00Z");
    assert_eq!(
        late.amounts(),
        [("2026-03".to_owned(), 0), ("2026-04".to_owned(), 40_000_000), ("2026-05".to_owned(), 0)]
    );
}

#[test]
fn r54_recorded_when_over_or_with_usage() {
    let mut claim = AssessedClaim::open(presales());
    claim.assess("2026-04-30T23:59:59Z");
    assert_eq!(claim.amounts(), [("2026-03".to_owned(), 0)], "April is not over");
    claim.assess("2026-05-01T00:00:00Z");
    assert_eq!(claim.earned("2026-04"), &EarnedAmount::Nothing(NoEarningReason::UsageMissing));
    claim.usage = seats(&[("2026-04", 3), ("2026-05", 4)]);
    claim.assess("2026-05-04T00:00:00Z");
    let expected = [("2026-03", 0), ("2026-04", 0), ("2026-04", 12_000_000), ("2026-05", 16_000_000)];
    assert_eq!(claim.amounts(), expected.map(|(month, micros)| (month.to_owned(), micros)));
}

#[test]
fn r54_reimported_usage_is_corrected() {
    let mut claim = AssessedClaim::open(usage_of_teams());
    for (day, april) in [("2026-05-02", 1100), ("2026-05-03", 1200), ("2026-05-04", 1099), ("2026-05-05", 1150)] {
        claim.usage = teams(&[("2026-03", 1000), ("2026-04", april)]);
        claim.assess(&format!("{day}T00:00:00Z"));
        let sum: i64 = claim.amounts().iter().filter(|(month, _)| month == "2026-04").map(|(_, micros)| micros).sum();
        assert_eq!(Some(sum).filter(|sum| *sum != 0), claim.earned("2026-04").amount().map(|amount| amount.micros));
    }
    let april: Vec<_> =
        claim.amounts().into_iter().filter(|(month, _)| month == "2026-04").map(|(_, micros)| micros).collect();
    assert_eq!(april, [385_000_000, 35_000_000, -420_000_000, 402_500_000]);
    let failed = EarnedAmount::Nothing(NoEarningReason::ConditionsFailed(vec!["usage_grown_by_10_percent".into()]));
    assert_eq!(claim.earnings.iter().filter(|earning| earning.earned == failed).count(), 1);
}

#[test]
fn r54_a_status_applies_from_its_month_a_date_always() {
    let mut claim =
        AssessedClaim { usage: seats(&[("2026-04", 10), ("2026-05", 10)]), ..AssessedClaim::open(presales()) };
    claim.assess("2026-05-10T00:00:00Z");
    let suspended = SubscriptionFacts { status: "suspended".into(), ..subscription() };
    claim.apply(claim.assessment.change_subscription(&suspended, time("2026-05-12T00:00:00Z")));
    claim.assess("2026-05-12T00:00:00Z");
    let expected = [("2026-03", 0), ("2026-04", 40_000_000), ("2026-05", 40_000_000), ("2026-05", -40_000_000)];
    assert_eq!(
        claim.amounts(),
        expected.map(|(month, micros)| (month.to_owned(), micros)),
        "the subscription was not suspended in April"
    );

    let older = SubscriptionFacts { purchase_time: time("2025-11-01T00:00:00Z"), ..suspended };
    claim.apply(claim.assessment.change_subscription(&older, time("2026-05-13T00:00:00Z")));
    claim.assess("2026-05-13T00:00:00Z");
    let failed = ["purchased_within_90_days".to_owned()];
    assert_eq!(
        claim.earned("2026-04"),
        &EarnedAmount::Nothing(NoEarningReason::ConditionsFailed(failed.into())),
        "the purchase time applies to April too"
    );
    assert_eq!(claim.amounts()[4], ("2026-04".to_owned(), -40_000_000));
}

#[test]
fn r54_a_region_applies_from_its_month() {
    let mut claim = AssessedClaim { usage: seats(&[("2026-04", 10)]), ..AssessedClaim::open(presales()) };
    claim.assess("2026-05-10T00:00:00Z");
    let facts = presales().partner;
    let moved = PartnerRecord { regions: [(facts.mpn_id, "apac".into())].into(), enrollments: facts.enrollments };
    claim.apply(claim.assessment.change_partner(&moved, time("2026-05-12T00:00:00Z")));
    claim.assess("2026-05-12T00:00:00Z");
    assert!(claim.earned("2026-04").amount().is_some());
    assert_eq!(claim.assessment.latest.unwrap().results[0].failed_conditions().collect::<Vec<_>>(), ["same_region"]);
}

#[test]
fn r2a_a_location_of_a_merged_company_keeps_its_region() {
    let mut claim = AssessedClaim { usage: seats(&[("2026-04", 10)]), ..AssessedClaim::open(presales()) };
    let merged = PartnerRecord { regions: BTreeMap::new(), enrollments: presales().partner.enrollments };
    assert_eq!(claim.assessment.change_partner(&merged, time("2026-05-02T00:00:00Z")), None);
    claim.assess("2026-05-10T00:00:00Z");
    assert!(claim.earned("2026-04").amount().is_some());
}

#[test]
fn r39_one_line_can_end_while_others_continue() {
    let mut facts = presales();
    let (mut other, line) = (facts.lines[0].clone(), facts.lines[0].line);
    other.line = uuid::Uuid::from_u128(4).into();
    facts.lines.push(other);
    let mut claim = AssessedClaim { usage: seats(&[("2026-04", 10)]), ..AssessedClaim::open(facts) };
    claim.apply(claim.assessment.end_lines(&[line], &end_at("2026-04-20T00:00:00Z")));
    assert_eq!(
        claim.assessment.end_lines(&[line], &end_at("2026-04-21T00:00:00Z")),
        None,
        "the line has ended already"
    );
    claim.assess("2026-05-01T00:00:00Z");
    let earned =
        claim.results[&"2026-04".parse().unwrap()].results.iter().map(|result| result.earned.amount().is_some());
    assert_eq!(earned.collect::<Vec<_>>(), [false, true]);
    assert_eq!(claim.assessment.latest.as_ref().unwrap().results.len(), 1, "May has one line");
    assert_eq!(claim.assessment.association_end(), None);
    claim.apply(claim.assessment.end_lines(&[], &end_at("2026-05-20T00:00:00Z")));
    assert_eq!(claim.assessment.association_end(), Some(&end_at("2026-05-20T00:00:00Z")));
}

#[test]
fn r54_a_revised_guide_corrects_the_months_it_covers() {
    let usage = seats(&[("2026-04", 10), ("2026-05", 10)]);
    let mut claim = AssessedClaim { usage, ..AssessedClaim::open(presales()) };
    claim.assess("2026-06-01T00:00:00Z");
    let revised = GuideDocument {
        id: "april".parse().unwrap(),
        rates: guide_catalog().guides[0].document.rates[..1]
            .iter()
            .cloned()
            .map(|mut rate| {
                rate.amount.micros = 5_000_000;
                rate
            })
            .collect(),
        ..guide_catalog().guides[0].document.clone()
    };
    let catalog =
        guide_catalog().create(revised, Some("default-2026".parse().unwrap()), Timestamp::UNIX_EPOCH).unwrap().next;
    let activated =
        catalog.activate(&"april".parse().unwrap(), "2026-04".parse().unwrap(), Some("2026-05".parse().unwrap()));
    claim.guides = ActiveGuides::compile(&activated.unwrap().next).unwrap();
    claim.assess("2026-06-02T00:00:00Z");
    assert_eq!(claim.amounts().last(), Some(&("2026-04".to_owned(), 10_000_000)));
    assert_eq!(claim.earnings.len(), 4, "March and May are not corrected");
    assert_eq!(claim.earnings[3].guide.as_str(), "april");
    assert_eq!(claim.assessment.edition, 1);
}

#[test]
fn a_simulation_reports_what_would_change() {
    let mut claim =
        AssessedClaim { usage: seats(&[("2026-04", 10), ("2026-05", 30)]), ..AssessedClaim::open(presales()) };
    claim.assess("2026-05-20T00:00:00Z");
    let mut document = guide_catalog().guides[0].document.clone();
    document.conditions[0].expression = "size(partner.enrolled) > 7".into();
    document.conditions[3].name = "bought_lately".into();
    let draft = Guide::compile(&document).unwrap();
    let mut summary = SimulationSummary::default();
    let now = time("2026-05-20T00:00:00Z");
    let differences: Vec<_> = claim
        .results
        .values()
        .flat_map(|before| {
            let after = claim.assessment.simulate(&draft, &claim.usage, before.month, now).unwrap();
            summary.compare(before, &after)
        })
        .collect();
    assert_eq!((summary.compared, summary.changed, differences.len()), (3, 3, 3));
    assert_eq!(differences[1].changed_conditions, ["partner_enrolled", "purchased_within_90_days", "bought_lately"]);
    let sums = |totals: &CurrencyTotals| totals.sums().map(|money| money.micros).collect::<Vec<_>>();
    assert_eq!((sums(&summary.amounts_before), sums(&summary.amounts_after)), (vec![160_000_000], vec![]));
    assert_eq!(claim.assessment.simulate(&draft, &claim.usage, "2026-01".parse().unwrap(), now), None);
}

#[test]
fn r54_earnings_are_numbered_without_gaps() {
    let mut claim = AssessedClaim::open(presales());
    for (now, seats_in_april) in [("2026-05-02", 1), ("2026-05-02", 2), ("2026-05-03", 2), ("2026-06-01", 3)] {
        claim.usage = seats(&[("2026-04", seats_in_april)]);
        claim.assess(&format!("{now}T00:00:00Z"));
    }
    let numbers: Vec<u64> = claim.earnings.iter().map(|earning| earning.number).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    let ids: std::collections::BTreeSet<_> = claim.earnings.iter().map(|earning| earning.id).collect();
    assert_eq!((ids.len(), numbers.len()), (5, 5));
}

/// Generates a list of actions, each as the kind of the action, a month and a number. Kind 0
/// imports the usage of the month, with the number as the seats. Kind 1 changes the status of the
/// subscription, depending on whether the number is even. Kind 2 does nothing.
fn actions() -> impl Strategy<Value = Vec<(u8, u8, i64)>> {
    proptest::collection::vec((0..3_u8, 3..8_u8, 0..5_i64), 1..20)
}

proptest! {
    #[test]
    fn r54_the_earnings_of_a_month_add_up(actions in actions()) {
        let (mut claim, mut seats_by_month) = (AssessedClaim::open(presales()), BTreeMap::new());
        for (n, (kind, month, number)) in actions.into_iter().enumerate() {
            let now = time("2026-04-02T00:00:00Z") + std::time::Duration::from_secs(9 * 86_400 * n as u64);
            match kind {
                0 => drop(seats_by_month.insert(format!("2026-{month:02}"), number)),
                1 => {
                    let status = if number % 2 == 0 { "active" } else { "suspended" };
                    let changed = SubscriptionFacts { status: status.into(), ..subscription() };
                    let transition = claim.assessment.change_subscription(&changed, now);
                    claim.assessment = transition.map_or(claim.assessment, |transition| transition.next);
                }
                _ => {}
            }
            let months: Vec<_> = seats_by_month.iter().map(|(month, seats)| (month.as_str(), *seats)).collect();
            claim.usage = seats(&months);
            let before = claim.earnings.clone();
            claim.assess(&cpor_types::rfc3339(now));
            prop_assert_eq!(&claim.earnings[..before.len()], &before[..], "the ledger only grows");
            for result in claim.results.values() {
                let earnings = claim.earnings.iter().filter(|earning| earning.month == result.month);
                let sum: i64 = earnings.map(|earning| earning.amount.map_or(0, |amount| amount.micros)).sum();
                prop_assert_eq!(sum, result.results[0].earned.amount().map_or(0, |amount| amount.micros));
            }
        }
    }
}
