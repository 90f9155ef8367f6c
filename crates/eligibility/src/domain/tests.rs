//! The rules of R50, R52 and R53, on the pure machine.

use std::collections::BTreeMap;

use cpor_durable::{Aggregate as _, Transition};
use cpor_types::{Activity, AssociationKey};

use super::{
    Assessment, Event, Guides, MonthOfUse, Opening, Subscription, UsageByKey, Verdict,
    examples::{presales, subscription, time, usage_of_teams},
};

/// The verdict and the names of the conditions that did not hold.
fn assess(about: Opening, usage: &UsageByKey) -> (Verdict, Vec<String>) {
    let guides = Guides::read([]).unwrap();
    let now = time("2026-06-02T00:00:00Z");
    let opened = Assessment::open(about).next;
    let after = opened.assess(guides.in_force(now).unwrap(), usage, now).unwrap().next;
    let result = &after.latest.unwrap().results[0];
    let failed = result.conditions.iter().filter(|condition| !condition.held).map(|condition| condition.name.clone());
    (result.verdict, failed.collect())
}

fn teams(months: &[(&str, i64)]) -> UsageByKey {
    let months =
        months.iter().map(|(month, active)| MonthOfUse { month: month.parse().unwrap(), active: *active }).collect();
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
    for (status, verdict) in
        [("active", Verdict::Eligible), ("in_grace", Verdict::Eligible), ("expired", Verdict::NotEligible)]
    {
        let mut about = presales();
        about.lines[0].subscription = Some(Subscription { status: status.into(), ..subscription() });
        assert_eq!(assess(about, &UsageByKey::new()).0, verdict, "{status}");
    }
}

#[test]
fn r53_osa_sell_needs_a_purchase_within_90_days_of_submission() {
    for (purchase, verdict) in
        [("2025-12-16T09:00:00Z", Verdict::Eligible), ("2025-12-16T08:59:59Z", Verdict::NotEligible)]
    {
        let mut about = presales();
        about.lines[0].subscription = Some(Subscription { purchase_time: time(purchase), ..subscription() });
        assert_eq!(assess(about, &UsageByKey::new()).0, verdict, "{purchase}");
    }
}

#[test]
fn r53_osu_needs_ten_percent_of_growth() {
    let grown = |baseline, latest| {
        let usage = teams(&[("2026-02", 900), ("2026-03", baseline), ("2026-04", latest)]);
        assess(usage_of_teams(), &usage).0
    };
    for (baseline, too_little, enough) in [(1000, 1099, 1100), (10, 10, 11), (30, 32, 33), (0, 0, 1)] {
        assert_eq!(grown(baseline, too_little), Verdict::NotEligible, "{baseline} to {too_little}");
        assert_eq!(grown(baseline, enough), Verdict::Eligible, "{baseline} to {enough}");
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
    let guides = Guides::read([]).unwrap();
    let now = time("2026-04-01T00:00:00Z");
    let opened = Assessment::open(presales()).next;
    let Transition { next: after, events } =
        opened.assess(guides.in_force(now).unwrap(), &UsageByKey::new(), now).unwrap();
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
    let opened = Assessment::open(presales()).next;
    assert_eq!(opened.deadlines()[0].due, time("2026-04-01T00:00:00Z"));
    assert!(opened.elapse(time("2026-03-31T23:59:59Z")).is_none());
    let elapsed = opened.elapse(time("2026-06-15T00:00:00Z")).unwrap();
    assert_eq!(elapsed.due, time("2026-04-01T00:00:00Z"));
    let next = elapsed.transition.next;
    assert_eq!(next.deadlines()[0].due, time("2026-05-01T00:00:00Z"));
    let ended = next.end(time("2026-06-16T00:00:00Z"), "declined".into()).unwrap().next;
    assert_eq!(ended.deadlines(), []);
    assert!(ended.elapse(time("2027-01-01T00:00:00Z")).is_none());
}

#[test]
fn r28_an_association_that_ended_can_become_official_again() {
    let opened = Assessment::official(None, presales()).unwrap().next;
    assert_eq!(Assessment::official(Some(&opened), presales()), None, "told twice");
    let ended = opened.end(time("2026-06-16T00:00:00Z"), "declined".into()).unwrap().next;
    let again = Opening { official_time: time("2026-07-10T00:00:00Z"), ..presales() };
    let reopened = Assessment::official(Some(&ended), again.clone()).unwrap();
    assert_eq!((reopened.next.about, reopened.next.ended, reopened.next.stale), (again, None, true));
}

#[test]
fn r52_assessed_again_when_a_fact_changes() {
    let guides = Guides::read([]).unwrap();
    let now = time("2026-04-01T00:00:00Z");
    let opened = Assessment::open(presales()).next;
    let assessed = opened.assess(guides.in_force(now).unwrap(), &UsageByKey::new(), now).unwrap().next;
    assert!(!assessed.stale);
    assert!(assessed.subscription_changed(&subscription()).is_none(), "nothing has changed");
    let expired = Subscription { status: "expired".into(), ..subscription() };
    let Transition { next, events } = assessed.subscription_changed(&expired).unwrap();
    assert!(next.stale);
    assert_eq!(events, vec![Event::BecameStale]);
}

#[test]
fn r52_peers_hear_of_answers_and_not_of_repetitions() {
    let guides = Guides::read([]).unwrap();
    let assess = |state: &Assessment, now| {
        state.assess(guides.in_force(time(now)).unwrap(), &UsageByKey::new(), time(now)).unwrap()
    };
    let first = assess(&Assessment::open(presales()).next, "2026-04-01T00:00:00Z");
    let again = assess(&first.next, "2026-04-02T00:00:00Z");
    assert_eq!(again.events, []);
    assert_eq!(assess(&again.next, "2026-05-01T00:00:00Z").events.len(), 1, "another month");
}

#[test]
fn r52_the_guide_that_began_last_is_in_force() {
    let newer = r#"
        id = "sprint"
        version = "1"
        display_name = "Sprint"
        effective_start_time = "2026-05-01T00:00:00Z"
        effective_end_time = "2026-06-01T00:00:00Z"
        conditions = []
    "#;
    let guides = Guides::read([newer]).unwrap();
    let in_force = |at| guides.in_force(time(at)).unwrap().id.as_str().to_owned();
    let moments = ["2026-04-30T23:59:59Z", "2026-05-01T00:00:00Z", "2026-05-31T23:59:59Z", "2026-06-01T00:00:00Z"];
    assert_eq!(moments.map(in_force), ["default-2026", "sprint", "sprint", "default-2026"]);
    assert!(Guides::read([newer, newer]).unwrap_err().to_string().contains("sprint"));
    assert!(guides.in_force(time("2019-01-01T00:00:00Z")).is_err());
}
