//! Samples for tests: a claim, the terms of two policies, and a consent in every state. In names of
//! samples, `requested` means submitted, and days count from a Monday.

use std::sync::LazyLock;

use cpor_types::{Calendar, Calendars, CustomerNotices, Length, PolicyId, PolicyProfiles, Timestamp, WindowStart};
use uuid::Uuid;

use super::*;

static BERLIN: LazyLock<Calendar> = LazyLock::new(|| Calendars::shipped().unwrap().get("de").unwrap().clone());
static POLICY: LazyLock<PolicyId> = LazyLock::new(|| PolicyProfiles::shipped().unwrap().in_force(monday()).id());

/// Returns a Monday, 09:30 in Berlin.
pub(crate) fn monday() -> Timestamp {
    "2026-03-02T08:30:00Z".parse().unwrap()
}

/// Returns the time `n` days after [`monday`].
pub(crate) fn day(n: i64) -> Timestamp {
    monday() + chrono::TimeDelta::days(n)
}

/// Returns the text that says how a due time was computed: `text` and the version of the time zone
/// database.
pub(crate) fn due_rule(text: &str) -> String {
    format!("{text}, tzdata {}", BERLIN.zone.version())
}

/// Returns the id of the notice with number `n`.
pub(crate) fn notice(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

/// Returns Contoso's claim for Fabrikam's Teams and Exchange Online.
pub(crate) fn claim() -> ClaimSummary {
    let line = |product: &str, key: &str| Line { product: product.into(), key: key.parse().unwrap() };
    ClaimSummary {
        name: "partners/contoso/claims/0195b3a0-0000-7000-8000-000000000001".parse().unwrap(),
        partner: "Contoso Consulting".into(),
        mpn_id: "4711001".parse().unwrap(),
        tenant: "6a0cbd0c-0000-4000-8000-00000000000f".parse().unwrap(),
        customer: "Fabrikam GmbH".into(),
        customer_domain: "fabrikam.example".parse().unwrap(),
        display_name: "Teams rollout 2026".into(),
        activities: vec!["usage".parse().unwrap()],
        lines: vec![line("Teams", "workloads/teams"), line("Exchange Online", "workloads/exchange-online")],
        policy: POLICY.clone(),
        calendar: "de".into(),
        contact: Contact { name: "Anna Lee".into(), email: "anna.lee@fabrikam.example".into() },
        contact_authorized: true,
        submit_time: monday(),
        consent_request_number: 0,
        review_cases: std::collections::BTreeSet::new(),
    }
}

/// Returns the report that the mailbox does not exist.
pub(crate) fn permanent_bounce() -> DeliveryReport {
    DeliveryReport::Bounced("SMTP 550".into())
}

/// Returns the terms of the policy of 2021 (R41) with the calendar of Berlin and both notices of
/// R40.
pub(crate) fn terms() -> Terms {
    Terms {
        notices: CustomerNotices { at_submission: true, at_approval: true },
        window_length: Length::CalendarDays(7),
        window_start: WindowStart::NoticeAtApproval,
        decline_any_time: false,
        delivery_length: Length::CalendarDays(30),
        reminder_before: Length::BusinessDays(1),
        calendar: BERLIN.clone(),
    }
}

/// Returns the terms of the policy of 2020 (R61): one notice, at submission, which starts a window
/// of five business days.
pub(crate) fn terms_of_2020() -> Terms {
    Terms {
        notices: CustomerNotices { at_submission: true, at_approval: false },
        window_length: Length::BusinessDays(5),
        window_start: WindowStart::NoticeAtSubmission,
        ..terms()
    }
}

/// Returns an approval of the claim at `time`.
pub(crate) fn approval(time: Timestamp) -> ClaimApproval {
    ClaimApproval { time, customer_approved: false, explicit_approval_needed: false }
}

/// Returns an approval of a claim that the customer has approved before.
pub(crate) fn official(time: Timestamp) -> ClaimApproval {
    ClaimApproval { customer_approved: true, ..approval(time) }
}

/// Returns an approval of a claim that the customer has declined before.
pub(crate) fn after_decline(time: Timestamp) -> ClaimApproval {
    ClaimApproval { explicit_approval_needed: true, ..approval(time) }
}

/// Returns the consent after its last notice was accepted on Wednesday.
pub(crate) fn settled(consent: &Consent) -> Consent {
    let last = consent.notices.last().unwrap().id;
    consent.on_notice_reported(last, DeliveryReport::Accepted, &terms(), day(2)).unwrap().next
}

/// Submitted on Monday under the policy of 2020; the window is open until the end of the next
/// Monday.
pub(crate) fn requested_in_window() -> Consent {
    let consent = Consent::request(claim(), notice(1), &terms_of_2020(), monday()).next;
    consent.on_notice_reported(notice(1), DeliveryReport::Accepted, &terms_of_2020(), monday()).unwrap().next
}

/// Like [`requested_in_window`], and the window has passed before the claim was approved.
pub(crate) fn requested_window_passed() -> Consent {
    requested_in_window().with_deadlines_applied(day(9))
}

/// Rejected by the reviewer on Thursday; can be disputed until the Thursday four weeks later.
pub(crate) fn disputable() -> Consent {
    requested().on_claim_closed(Some(day(31)), day(3)).unwrap().next
}

/// Declined on Thursday and disputed on Friday; notice 3 is queued.
pub(crate) fn disputed() -> Consent {
    declined().on_claim_disputed(claim(), EarlierDecision::Declined, notice(3), &terms(), day(4)).unwrap().next
}

/// Like [`disputed`], approved by the reviewer on Saturday; the window is open.
pub(crate) fn explicit_approval_needed() -> Consent {
    settled(&disputed().on_claim_approved(claim(), after_decline(day(5)), notice(4), &terms(), day(5)).unwrap().next)
}

/// Returns the claim with another contact and without its second line.
pub(crate) fn edited_claim() -> ClaimSummary {
    let mut claim = claim();
    claim.lines.pop();
    claim.contact = Contact { name: "Ben Ode".into(), email: "ben@fabrikam.example".into() };
    claim
}

/// Approved by the customer on Tuesday, then edited; notices 5 (to Anna) and 6 (to Ben) are queued.
pub(crate) fn edited() -> Consent {
    ahead()
        .on_claim_edited(edited_claim(), EditNotice::NewRequest, [notice(5), notice(6)], &terms(), day(2))
        .unwrap()
        .next
}

/// Returns a consent in every state, and further consents that reached their state in another way.
pub(crate) fn every_consent() -> Vec<Consent> {
    // claim-intake knew of the approval before this service: the only way to a granted consent
    // without a decision and without a window.
    let granted_by_report = reported_approval();
    let open = settled(&granted_by_report);
    let passed = open.clone().with_deadlines_applied(day(20));
    let silent = explicit_approval_needed().with_deadlines_applied(day(60));
    let any_time = |consent: Consent| Consent { decline_any_time: true, ..consent };
    let others = [
        ahead(),
        granted_by_report,
        open,
        passed,
        edited(),
        disputed(),
        explicit_approval_needed(),
        silent,
        any_time(window_open()),
        any_time(granted()),
    ];
    StateKind::ALL.into_iter().map(in_state).chain(others).collect()
}

/// Submitted on Monday; notice 1 is queued.
pub(crate) fn requested() -> Consent {
    Consent::request(claim(), notice(1), &terms(), monday()).next
}

/// Submitted on Monday and approved by the customer on Tuesday.
pub(crate) fn ahead() -> Consent {
    requested().approve(Channel::Link, day(1)).unwrap().unwrap().next
}

/// The claim was approved on Wednesday; notice 2 is queued.
pub(crate) fn awaiting() -> Consent {
    requested().on_claim_approved(claim(), approval(day(2)), notice(2), &terms(), day(2)).unwrap().next
}

/// Approved by the customer on Tuesday; the claim was approved on Wednesday; notice 2 is queued.
pub(crate) fn granted_awaiting() -> Consent {
    ahead().on_claim_approved(claim(), official(day(2)), notice(2), &terms(), day(2)).unwrap().next
}

/// Like [`granted_awaiting`], but only claim-intake knows of the customer's approval.
pub(crate) fn reported_approval() -> Consent {
    requested().on_claim_approved(claim(), official(day(2)), notice(2), &terms(), day(2)).unwrap().next
}

/// Notice 2 was accepted on Wednesday; the window is open until the end of the next Wednesday.
pub(crate) fn window_open() -> Consent {
    awaiting().on_notice_reported(notice(2), DeliveryReport::Accepted, &terms(), day(2)).unwrap().next
}

/// Like [`window_open`], and the window has passed, but the contact is not authorized.
pub(crate) fn awaiting_confirmation() -> Consent {
    let claim = ClaimSummary { contact_authorized: false, ..claim() };
    Consent { claim, ..window_open() }.with_deadlines_applied(day(20))
}

/// Approved by the customer on Thursday, within the window.
pub(crate) fn granted_in_window() -> Consent {
    window_open().approve(Channel::SignedIn, day(3)).unwrap().unwrap().next
}

/// The window has passed in silence.
pub(crate) fn granted() -> Consent {
    window_open().with_deadlines_applied(day(20))
}

/// Declined through the link on Thursday.
pub(crate) fn declined() -> Consent {
    window_open().decline(Channel::Link, "We do not know them.", day(3)).unwrap().unwrap().next
}

/// Withdrawn by the partner on Tuesday.
pub(crate) fn closed() -> Consent {
    requested().on_claim_closed(None, day(1)).unwrap().next
}

/// Returns a consent in the given state.
pub(crate) fn in_state(kind: StateKind) -> Consent {
    match kind {
        StateKind::Requested => requested(),
        StateKind::AwaitingReviewInWindow => requested_in_window(),
        StateKind::AwaitingReviewWindowPassed => requested_window_passed(),
        StateKind::AwaitingDelivery => awaiting(),
        StateKind::GrantedAwaitingDelivery => granted_awaiting(),
        StateKind::WindowOpen => window_open(),
        StateKind::AwaitingConfirmation => awaiting_confirmation(),
        StateKind::GrantedInWindow => granted_in_window(),
        StateKind::Granted => granted(),
        StateKind::Declined => declined(),
        StateKind::RejectedDisputable => disputable(),
        StateKind::Closed => closed(),
    }
}
