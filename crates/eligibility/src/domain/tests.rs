//! The rules of R50, R52 and R53, on the pure machine.

use std::collections::BTreeMap;

use cpor_types::{Activity, AssociationKey, LineId, SolutionArea, Timestamp};
use uuid::Uuid;

use super::{
    Assessment, Enrolment, Event, Guides, Line, MonthOfUse, Opening, Partner, Subscription, UsageByKey, Verdict,
};

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn subscription() -> Subscription {
    Subscription {
        id: Uuid::from_u128(7).into(),
        status: "active".into(),
        channel: "web_direct".into(),
        purchase_time: time("2026-02-20T00:00:00Z"),
        end_time: None,
    }
}

fn presales() -> Opening {
    Opening {
        claim: "partners/contoso/claims/00000000-0000-0000-0000-000000000001".parse::<cpor_types::ClaimName>().unwrap().into(),
        tenant: Uuid::from_u128(2).into(),
        tenant_region: "emea".into(),
        solution_area: SolutionArea::BusinessApplications,
        activities: vec![Activity::PreSales],
        lines: vec![Line {
            line: LineId::from(Uuid::from_u128(3)),
            key: AssociationKey::Subscription(Uuid::from_u128(7).into()),
            product: "dynamics-365-sales".parse().unwrap(),
            incentivised: true,
            subscription: Some(subscription()),
        }],
        partner: Partner {
            mpn_id: "1001".into(),
            location_region: "emea".into(),
            enrolments: ["osa_sell", "osu_microsoft_365"]
                .map(|program| Enrolment { program: program.parse().unwrap(), start_time: time("2025-01-01T00:00:00Z"), end_time: None })
                .to_vec(),
        },
        submit_time: time("2026-03-16T09:00:00Z"),
        official_time: time("2026-03-25T00:00:00Z"),
    }
}

fn usage_of_teams() -> Opening {
    let mut about = presales();
    about.solution_area = SolutionArea::Microsoft365;
    about.activities = vec![Activity::Usage];
    about.lines[0].key = AssociationKey::Workload("teams".parse().unwrap());
    about.lines[0].subscription = None;
    about
}

/// The verdict and the names of the conditions that did not hold.
fn assess(about: Opening, usage: &UsageByKey) -> (Verdict, Vec<String>) {
    let guides = Guides::shipped().unwrap();
    let now = time("2026-06-02T00:00:00Z");
    let (assessment, _) = Assessment::open(about);
    let (after, _) = assessment.assess(guides.in_force(now).unwrap(), usage, now).unwrap();
    let result = &after.latest.unwrap().results[0];
    let failed = result.conditions.iter().filter(|condition| !condition.held).map(|condition| condition.name.clone());
    (result.verdict, failed.collect())
}

fn teams(months: &[(&str, i64)]) -> UsageByKey {
    let months = months.iter().map(|(month, active)| MonthOfUse { month: month.parse().unwrap(), active: *active }).collect();
    BTreeMap::from([(AssociationKey::Workload("teams".parse().unwrap()), months)])
}

#[test]
fn r53_presales_that_meets_all_is_eligible() {
    assert_eq!(assess(presales(), &UsageByKey::new()), (Verdict::Eligible, vec![]));
}

#[test]
fn r53_an_unenrolled_partner_is_not_eligible() {
    let mut about = presales();
    about.partner.enrolments[0].end_time = Some(time("2026-05-01T00:00:00Z"));
    assert_eq!(assess(about, &UsageByKey::new()), (Verdict::NotEligible, vec!["partner_enrolled".into()]));
}

#[test]
fn r53_the_location_is_in_the_customers_region() {
    let mut about = presales();
    about.partner.location_region = "americas".into();
    assert_eq!(assess(about, &UsageByKey::new()), (Verdict::NotEligible, vec!["same_region".into()]));
}

#[test]
fn r53_the_subscription_is_active_or_in_grace() {
    for (status, verdict) in [("active", Verdict::Eligible), ("in_grace", Verdict::Eligible), ("expired", Verdict::NotEligible)] {
        let mut about = presales();
        about.lines[0].subscription = Some(Subscription { status: status.into(), ..subscription() });
        assert_eq!(assess(about, &UsageByKey::new()).0, verdict, "{status}");
    }
}

#[test]
fn r53_osa_sell_needs_a_purchase_within_90_days_of_submission() {
    for (purchase, verdict) in [("2025-12-16T09:00:00Z", Verdict::Eligible), ("2025-12-16T08:59:59Z", Verdict::NotEligible)] {
        let mut about = presales();
        about.lines[0].subscription = Some(Subscription { purchase_time: time(purchase), ..subscription() });
        assert_eq!(assess(about, &UsageByKey::new()).0, verdict, "{purchase}");
    }
}

#[test]
fn r53_osu_needs_ten_percent_of_growth() {
    for (latest, verdict) in [(1099, Verdict::NotEligible), (1100, Verdict::Eligible)] {
        let usage = teams(&[("2026-02", 900), ("2026-03", 1000), ("2026-04", latest)]);
        assert_eq!(assess(usage_of_teams(), &usage).0, verdict, "{latest}");
    }
}

#[test]
fn r50_usage_counts_from_the_first_full_month() {
    let growth = vec!["usage_grown_by_10_percent".to_owned()];
    assert_eq!(assess(usage_of_teams(), &UsageByKey::new()), (Verdict::NotEligible, growth.clone()));
    // March is the month of the official date: it is the baseline and no credited month.
    assert_eq!(assess(usage_of_teams(), &teams(&[("2026-02", 100), ("2026-03", 900)])), (Verdict::NotEligible, growth));
}

#[test]
fn r53_recognition_is_never_paid() {
    let mut revenue = presales();
    revenue.activities = vec![Activity::RevenueAssociation];
    assert_eq!(assess(revenue, &UsageByKey::new()), (Verdict::RecognitionOnly, vec![]));
    let mut yammer = usage_of_teams();
    yammer.lines[0].incentivised = false;
    assert_eq!(assess(yammer, &UsageByKey::new()), (Verdict::RecognitionOnly, vec![]));
}

#[test]
fn r52_each_condition_shows_the_facts_it_saw() {
    let guides = Guides::shipped().unwrap();
    let now = time("2026-04-01T00:00:00Z");
    let (after, events) = Assessment::open(presales()).0.assess(guides.in_force(now).unwrap(), &UsageByKey::new(), now).unwrap();
    let latest = after.latest.unwrap();
    assert_eq!(events, vec![Event::Assessed(latest.clone())]);
    let seen = &latest.results[0].conditions;
    let enrolled = &seen[0].facts;
    assert_eq!(enrolled["program"], "\"osa_sell\"");
    assert_eq!(enrolled["partner.enrolled"], "[\"osa_sell\", \"osu_microsoft_365\"]");
    assert!(seen.iter().all(|condition| condition.facts.values().all(|fact| fact != "null")), "{seen:?}");
}

#[test]
fn r52_assessed_again_each_month_until_it_ends() {
    let (assessment, _) = Assessment::open(presales());
    assert_eq!(assessment.deadline().unwrap().due, time("2026-04-01T00:00:00Z"));
    assert!(assessment.month_began(time("2026-03-31T23:59:59Z")).is_none());
    let (due, next, _) = assessment.month_began(time("2026-06-15T00:00:00Z")).unwrap();
    assert_eq!(due, time("2026-04-01T00:00:00Z"));
    assert_eq!(next.deadline().unwrap().due, time("2026-05-01T00:00:00Z"));
    let (ended, _) = next.end(time("2026-06-16T00:00:00Z"), "declined".into()).unwrap();
    assert_eq!(ended.deadline(), None);
    assert!(ended.month_began(time("2027-01-01T00:00:00Z")).is_none());
}

#[test]
fn r52_assessed_again_when_a_fact_changes() {
    let guides = Guides::shipped().unwrap();
    let now = time("2026-04-01T00:00:00Z");
    let (assessed, _) = Assessment::open(presales()).0.assess(guides.in_force(now).unwrap(), &UsageByKey::new(), now).unwrap();
    assert!(!assessed.stale);
    assert!(assessed.subscription_changed(&subscription()).is_none(), "nothing has changed");
    let expired = Subscription { status: "expired".into(), ..subscription() };
    let (changed, events) = assessed.subscription_changed(&expired).unwrap();
    assert!(changed.stale);
    assert_eq!(events, vec![Event::BecameStale]);
}
