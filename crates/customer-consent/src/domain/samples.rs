//! Values for tests: one claim, one calendar, and a consent in every state.

use std::sync::LazyLock;

use cpor_types::{Calendar, Calendars, CustomerNotices, Length, PolicyId, PolicyProfiles, Timestamp, WindowStart};
use uuid::Uuid;

use super::*;

static BERLIN: LazyLock<Calendar> = LazyLock::new(|| Calendars::shipped().unwrap().get("de").unwrap().clone());
static POLICY: LazyLock<PolicyId> = LazyLock::new(|| PolicyProfiles::shipped().unwrap().in_force(monday()).id());

/// 09:30 in Berlin, a Monday.
pub(crate) fn monday() -> Timestamp {
    "2026-03-02T08:30:00Z".parse().unwrap()
}

/// `n` days after [`monday`].
pub(crate) fn day(n: i64) -> Timestamp {
    monday() + chrono::TimeDelta::days(n)
}

/// The `n`th notice's id.
pub(crate) fn notice(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

/// Contoso's claim on Fabrikam's Teams and Exchange Online.
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
        submit_time: monday(),
        askings: 0,
    }
}

/// There is no such mailbox.
pub(crate) fn bounced_for_good() -> DeliveryReport {
    DeliveryReport::Bounced("SMTP 550".into())
}

/// R41 in the calendar of Berlin, with both notices of R40.
pub(crate) fn terms() -> Terms {
    Terms {
        notices: CustomerNotices { at_submission: true, at_approval: true },
        window: Length::CalendarDays(7),
        window_start: WindowStart::NoticeAtApproval,
        decline_any_time: false,
        calendar: BERLIN.clone(),
    }
}

/// The profile of 2020 (R61): one notice, at submission, from which five business days are counted.
pub(crate) fn terms_of_2020() -> Terms {
    Terms {
        notices: CustomerNotices { at_submission: true, at_approval: false },
        window: Length::BusinessDays(5),
        window_start: WindowStart::NoticeAtSubmission,
        ..terms()
    }
}

/// An approval of the claim at `time`.
pub(crate) fn approval(time: Timestamp) -> ClaimApproval {
    ClaimApproval { time, customer_approved: false, explicit_approval_needed: false }
}

/// The same, of a claim whose customer has approved before.
pub(crate) fn official(time: Timestamp) -> ClaimApproval {
    ClaimApproval { customer_approved: true, ..approval(time) }
}

/// The same, of a claim whose customer has declined before.
pub(crate) fn after_decline(time: Timestamp) -> ClaimApproval {
    ClaimApproval { explicit_approval_needed: true, ..approval(time) }
}

/// The last notice accepted on Wednesday.
pub(crate) fn settled(consent: &Consent) -> Consent {
    let last = consent.notices.last().unwrap().id;
    consent.on_notice_settled(last, DeliveryReport::Accepted, &terms(), day(2)).unwrap().next
}

/// Submitted on Monday under the profile of 2020, whose window runs until the end of the Monday after.
pub(crate) fn requested_in_window() -> Consent {
    let consent = Consent::request(claim(), notice(1), &terms_of_2020(), monday()).next;
    consent.on_notice_settled(notice(1), DeliveryReport::Accepted, &terms_of_2020(), monday()).unwrap().next
}

/// The same, and the window passed before the claim was approved.
pub(crate) fn requested_window_passed() -> Consent {
    requested_in_window().with_deadlines_applied(day(9))
}

/// Rejected by the reviewer on Thursday, disputable until the Thursday in four weeks.
pub(crate) fn disputable() -> Consent {
    requested().on_claim_closed(Some(day(31)), day(3)).unwrap().next
}

/// Declined on Thursday, and disputed on Friday: notice 3 queued.
pub(crate) fn disputed() -> Consent {
    declined().on_claim_disputed(claim(), EarlierDecision::Declined, notice(3), &terms(), day(4)).unwrap().next
}

/// The same, approved by the reviewer on Saturday, and the window open.
pub(crate) fn explicit_approval_needed() -> Consent {
    settled(&disputed().on_claim_approved(claim(), after_decline(day(5)), notice(4), &terms(), day(5)).unwrap().next)
}

/// The claim on another contact and without its second line.
pub(crate) fn edited_claim() -> ClaimSummary {
    let mut claim = claim();
    claim.lines.pop();
    claim.contact = Contact { name: "Ben Ode".into(), email: "ben@fabrikam.example".into() };
    claim
}

/// Approved by the customer on Tuesday, then edited: notices 5 (to Anna) and 6 (to Ben) queued.
pub(crate) fn edited() -> Consent {
    ahead().on_claim_edited(edited_claim(), true, [notice(5), notice(6)], day(2)).unwrap().next
}

/// A consent in every state, and the other ways to be in it.
pub(crate) fn every_consent() -> Vec<Consent> {
    // Approved before this service heard of it: the one way to a grant without a word and without a window.
    let told = reported_approval();
    let open = settled(&told);
    let passed = open.clone().with_deadlines_applied(day(20));
    let silent = explicit_approval_needed().with_deadlines_applied(day(60));
    let any_time = |consent: Consent| Consent { decline_any_time: true, ..consent };
    let others = [
        ahead(),
        told,
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

/// Submitted on Monday, notice 1 queued.
pub(crate) fn requested() -> Consent {
    Consent::request(claim(), notice(1), &terms(), monday()).next
}

/// Submitted on Monday and approved by the customer on Tuesday.
pub(crate) fn ahead() -> Consent {
    requested().approve(Channel::Link, day(1)).unwrap().unwrap().next
}

/// Approved on Wednesday, notice 2 queued.
pub(crate) fn awaiting() -> Consent {
    requested().on_claim_approved(claim(), approval(day(2)), notice(2), &terms(), day(2)).unwrap().next
}

/// Approved by the customer on Tuesday and then on Wednesday, notice 2 queued.
pub(crate) fn granted_awaiting() -> Consent {
    ahead().on_claim_approved(claim(), official(day(2)), notice(2), &terms(), day(2)).unwrap().next
}

/// The same, but of the customer's approval only claim-intake knows.
pub(crate) fn reported_approval() -> Consent {
    requested().on_claim_approved(claim(), official(day(2)), notice(2), &terms(), day(2)).unwrap().next
}

/// Notice 2 accepted on Wednesday: the window is open until the end of the Wednesday after.
pub(crate) fn window_open() -> Consent {
    awaiting().on_notice_settled(notice(2), DeliveryReport::Accepted, &terms(), day(2)).unwrap().next
}

/// Approved by the customer on Thursday, within the window.
pub(crate) fn granted_in_window() -> Consent {
    window_open().approve(Channel::SignedIn, day(3)).unwrap().unwrap().next
}

/// The window passed in silence.
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

/// One consent in each state.
pub(crate) fn in_state(kind: StateKind) -> Consent {
    match kind {
        StateKind::Requested => requested(),
        StateKind::RequestedInWindow => requested_in_window(),
        StateKind::RequestedWindowPassed => requested_window_passed(),
        StateKind::AwaitingDelivery => awaiting(),
        StateKind::GrantedAwaitingDelivery => granted_awaiting(),
        StateKind::WindowOpen => window_open(),
        StateKind::GrantedInWindow => granted_in_window(),
        StateKind::Granted => granted(),
        StateKind::Declined => declined(),
        StateKind::Disputable => disputable(),
        StateKind::Closed => closed(),
    }
}
