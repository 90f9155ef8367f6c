//! Values for tests: one claim, one calendar, and a consent in every state.

use std::sync::LazyLock;

use cpor_types::{Calendar, Calendars, CustomerNotices, Length, PolicyId, PolicyProfiles, Timestamp};
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
pub(crate) fn claim() -> ClaimFacts {
    let line = |product: &str, key: &str| Line { product: product.into(), key: key.parse().unwrap() };
    ClaimFacts {
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
    }
}

/// R41 in the calendar of Berlin, with both notices of R40.
pub(crate) fn terms() -> Terms {
    Terms {
        notices: CustomerNotices { at_submission: true, at_approval: true },
        window: Length::CalendarDays(7),
        calendar: BERLIN.clone(),
    }
}

/// Submitted on Monday, notice 1 queued.
pub(crate) fn requested() -> Consent {
    Consent::requested(claim(), notice(1), &terms(), monday()).next
}

/// Submitted on Monday and approved by the customer on Tuesday.
pub(crate) fn ahead() -> Consent {
    requested().approve(Channel::Link, day(1)).unwrap().unwrap().next
}

/// Approved on Wednesday, notice 2 queued.
pub(crate) fn awaiting() -> Consent {
    requested().claim_approved(claim(), false, notice(2), &terms(), day(2)).unwrap().next
}

/// Approved by the customer on Tuesday and then on Wednesday, notice 2 queued.
pub(crate) fn granted_awaiting() -> Consent {
    ahead().claim_approved(claim(), true, notice(2), &terms(), day(2)).unwrap().next
}

/// The same, but of the customer's approval only claim-intake knows.
pub(crate) fn told() -> Consent {
    requested().claim_approved(claim(), true, notice(2), &terms(), day(2)).unwrap().next
}

/// Notice 2 accepted on Wednesday: the window is open until the end of the Wednesday after.
pub(crate) fn window_open() -> Consent {
    awaiting().notice_settled(notice(2), Settlement::Accepted, &terms(), day(2)).unwrap().next
}

/// Approved by the customer on Thursday, within the window.
pub(crate) fn granted_in_window() -> Consent {
    window_open().approve(Channel::SignedIn, day(3)).unwrap().unwrap().next
}

/// The window passed in silence.
pub(crate) fn granted() -> Consent {
    window_open().at(day(20))
}

/// Declined through the link on Thursday.
pub(crate) fn declined() -> Consent {
    window_open().decline(Channel::Link, "We do not know them.", day(3)).unwrap().unwrap().next
}

/// Withdrawn by the partner on Tuesday.
pub(crate) fn closed() -> Consent {
    requested().claim_closed(day(1)).unwrap().next
}

/// One consent in each state.
pub(crate) fn in_state(kind: StateKind) -> Consent {
    match kind {
        StateKind::Requested => requested(),
        StateKind::AwaitingDelivery => awaiting(),
        StateKind::GrantedAwaitingDelivery => granted_awaiting(),
        StateKind::WindowOpen => window_open(),
        StateKind::GrantedInWindow => granted_in_window(),
        StateKind::Granted => granted(),
        StateKind::Declined => declined(),
        StateKind::Closed => closed(),
    }
}
