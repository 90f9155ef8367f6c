//! The violations for which a submission is refused (R6 to R8, R10 to R12, R38).
use super::fixtures::*;
use crate::domain::*;
use cpor_types::{Activity, ProductFamily, SolutionArea, SubscriptionId};
use uuid::Uuid;

/// Returns `field REASON` for each violation of a submission of `content` with one document.
fn refused(content: Content, facts: &RegistryAnswer) -> Vec<String> {
    let transition = Claim::create(name(), content, Some(facts), start()).unwrap();
    let claim = transition.next.add_evidence(evidence(0), &rules(), start()).unwrap().next;
    match claim.submit(Submit { review_case: case(), by_incentives_admin: true }, Some(facts), &rules(), start()) {
        Ok(_) => Vec::new(),
        Err(Refusal::Incomplete(found)) => {
            assert_eq!(found, claim.violations(rules().in_force(start())), "a draft shows what a submission refuses");
            found.into_iter().map(|violation| format!("{} {}", violation.field, violation.reason)).collect()
        }
        Err(other) => panic!("{other}"),
    }
}

fn business_applications(activities: Vec<Activity>) -> Content {
    let mut content = content();
    content.solution_area = Some(SolutionArea::BusinessApplications);
    content.activities = activities;
    content.lines[0].subscription_id = SubscriptionId(Uuid::from_u128(5)).to_string();
    content
}

#[test]
fn r10_a_complete_claim_has_no_violations() {
    assert!(refused(content(), &admitted()).is_empty());
    let content = business_applications(vec![Activity::Usage, Activity::PreSales]);
    let facts = facts(&content, ProductFamily::PowerBi);
    assert!(refused(content, &facts).is_empty());
}

#[test]
fn r11_an_empty_draft_names_every_missing_field_at_once() {
    let transition = Claim::create(name(), Content::default(), Some(&RegistryAnswer::default()), start()).unwrap();
    let found = transition.next.violations(rules().in_force(start()));
    let fields: Vec<_> = found.iter().map(|violation| violation.field.as_str()).collect();
    let expected = [
        "mpn_id",
        "customer_domain",
        "tenant_id",
        "solution_area",
        "activities",
        "display_name",
        "lines",
        "customer_contact.name",
        "customer_contact.title",
        "customer_contact.email",
        "partner_contact.name",
        "partner_contact.email",
        "evidence",
    ];
    assert_eq!(fields, expected);
    let error = transition.next.submit(
        Submit { review_case: case(), by_incentives_admin: true },
        Some(&RegistryAnswer::default()),
        &rules(),
        start(),
    );
    assert_eq!(error, Err(Refusal::Incomplete(found)));
}

#[test]
fn r11_a_silent_directory_never_lets_a_claim_through() {
    let found = refused_silently();
    assert_eq!(found, ["tenant_id MALFORMED", "mpn_id MALFORMED"]);
}

fn refused_silently() -> Vec<String> {
    let claim = TestClaim::complete().claim;
    match claim.submit(
        Submit { review_case: case(), by_incentives_admin: true },
        Some(&RegistryAnswer::default()),
        &rules(),
        start(),
    ) {
        Err(Refusal::Incomplete(found)) => found.into_iter().map(|v| format!("{} {}", v.field, v.reason)).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn r7_pairs_without_a_row_are_refused() {
    let content = Content { activities: vec![Activity::Usage, Activity::PreSales], ..content() };
    assert_eq!(refused(content, &admitted()), ["activities[1] ACTIVITY_NOT_IN_SOLUTION_AREA"]);
}

#[test]
fn r8_usage_excludes_revenue_association() {
    let mut content = business_applications(vec![Activity::Usage, Activity::RevenueAssociation]);
    content.solution_seller_name = "Sam".into();
    content.customer_name = "Fabrikam".into();
    content.isv_solution_name = "Solver".into();
    let facts = facts(&content, ProductFamily::PowerBi);
    assert_eq!(refused(content, &facts), ["activities ACTIVITIES_EXCLUDE_EACH_OTHER"]);
}

#[test]
fn r6_other_programs_point_to_the_coop_claims_process() {
    for (program, expected) in [
        ("osu_microsoft_365", vec![]),
        ("osa_sell", vec!["program PROGRAM_DOES_NOT_MATCH"]),
        ("csp", vec!["program USE_COOP_CLAIMS"]),
    ] {
        let content = Content { program: program.into(), ..content() };
        assert_eq!(refused(content, &admitted()), expected, "{program}");
    }
}

#[test]
fn r10f_a_product_is_claimed_once_per_subscription() {
    let mut content = content();
    let twice = Line::new(cpor_types::LineId(Uuid::from_u128(9)), "teams".parse().unwrap(), String::new());
    content.lines.push(twice);
    let facts = facts(&content, ProductFamily::Microsoft365);
    assert_eq!(refused(content, &facts), ["lines[1] DUPLICATE_LINE"]);
}

#[test]
fn r10i_dynamics_needs_a_technical_contact() {
    let content = business_applications(vec![Activity::PreSales]);
    let facts = facts(&content, ProductFamily::Dynamics365);
    let expected = ["name", "title", "email"].map(|part| format!("customer_technical_contact.{part} FIELD_REQUIRED"));
    assert_eq!(refused(content, &facts), expected);
}

#[test]
fn r10k_three_names_for_revenue_association_only() {
    let content = business_applications(vec![Activity::RevenueAssociation]);
    let facts = facts(&content, ProductFamily::PowerBi);
    let fields = ["solution_seller_name", "customer_name", "isv_solution_name"];
    assert_eq!(refused(content, &facts), fields.map(|field| format!("{field} FIELD_REQUIRED")));
    let content = Content { customer_name: "Fabrikam".into(), ..super::fixtures::content() };
    assert_eq!(refused(content, &admitted()), ["customer_name FIELD_NOT_ALLOWED"]);
}

#[test]
fn r12_r38_directory_violations_are_reported_too() {
    let mut facts = admitted();
    facts.claim.violations.push(ViolationReason::AlreadyClaimed.violation("lines[0]"));
    let content = Content { display_name: String::new(), ..content() };
    assert_eq!(refused(content, &facts), ["display_name FIELD_REQUIRED", "lines[0] ALREADY_CLAIMED"]);
}

#[test]
fn r16_refuses_a_location_of_another_company() {
    let mut facts = admitted();
    let denied =
        Violation { field: "mpn_id".into(), reason: "LOCATION_NOT_OF_PARTNER".into(), description: String::new() };
    facts.claim.violations.push(denied);
    assert_eq!(Claim::create(name(), content(), Some(&facts), start()), Err(Refusal::LocationNotOfPartner));
}

#[test]
fn r11_a_draft_is_kept_when_the_directory_is_silent() {
    let transition = Claim::create(name(), content(), None, start()).unwrap();
    let found = transition.next.violations(rules().in_force(start()));
    assert_eq!(found.iter().map(|v| v.field.as_str()).collect::<Vec<_>>(), ["evidence"]);
}
