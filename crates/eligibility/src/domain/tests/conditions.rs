//! Tests the conditions of the shipped guide (R50, R53).
use super::*;

#[test]
fn r53_presales_that_meets_all_conditions_is_eligible() {
    assert_eq!(assess(presales(), no_usage()), (Verdict::Eligible, vec![]));
}

#[test]
fn r53_an_unenrolled_partner_is_not_eligible() {
    let mut facts = presales();
    facts.partner.enrollments[0].end_time = Some(time("2026-05-01T00:00:00Z"));
    assert_eq!(assess(facts, no_usage()), (Verdict::NotEligible, vec!["partner_enrolled".into()]));
}

#[test]
fn r53_the_location_is_in_the_customers_region() {
    let mut facts = presales();
    facts.partner.location_region = "americas".into();
    assert_eq!(assess(facts, no_usage()), (Verdict::NotEligible, vec!["same_region".into()]));
}

#[test]
fn r53_the_subscription_is_active_or_in_grace() {
    for (status, verdict) in
        [("active", Verdict::Eligible), ("in_grace", Verdict::Eligible), ("expired", Verdict::NotEligible)]
    {
        let mut facts = presales();
        facts.lines[0].subscription = Some(SubscriptionFacts { status: status.into(), ..subscription() });
        assert_eq!(assess(facts, no_usage()).0, verdict, "{status}");
    }
}

#[test]
fn r53_osa_sell_needs_a_purchase_within_90_days_of_submission() {
    for (purchase, verdict) in
        [("2025-12-16T09:00:00Z", Verdict::Eligible), ("2025-12-16T08:59:59Z", Verdict::NotEligible)]
    {
        let mut facts = presales();
        facts.lines[0].subscription = Some(SubscriptionFacts { purchase_time: time(purchase), ..subscription() });
        assert_eq!(assess(facts, no_usage()).0, verdict, "{purchase}");
    }
}

#[test]
fn r53_osu_needs_ten_percent_of_growth() {
    let grown = |baseline, latest| {
        let usage = teams(&[("2026-02", 900), ("2026-03", baseline), ("2026-04", latest)]);
        assess(usage_of_teams(), usage).0
    };
    for (baseline, too_little, enough) in [(1000, 1099, 1100), (10, 10, 11), (30, 32, 33), (0, 0, 1)] {
        assert_eq!(grown(baseline, too_little), Verdict::NotEligible, "{baseline} to {too_little}");
        assert_eq!(grown(baseline, enough), Verdict::Eligible, "{baseline} to {enough}");
    }
}

#[test]
fn r50_usage_counts_from_the_first_full_month() {
    let growth = vec!["usage_grown_by_10_percent".to_owned()];
    assert_eq!(assess(usage_of_teams(), no_usage()), (Verdict::NotEligible, growth.clone()));
    // March is the month of the official date: it is the baseline and no credited month.
    assert_eq!(assess(usage_of_teams(), teams(&[("2026-02", 100), ("2026-03", 900)])), (Verdict::NotEligible, growth));
}

#[test]
fn r53_recognition_is_never_paid() {
    let mut revenue = presales();
    revenue.activities = vec![Activity::RevenueAssociation];
    assert_eq!(assess(revenue, no_usage()), (Verdict::RecognitionOnly, vec![]));
    let mut yammer = usage_of_teams();
    yammer.lines[0].is_incentivized = false;
    assert_eq!(assess(yammer, no_usage()), (Verdict::RecognitionOnly, vec![]));
}
