//! The texts about a consent in one language: who claims what, what the partner will see, and what
//! happens if the customer does nothing (R40). Mails and pages use the same texts. A *consent* is
//! the customer's side of one claim.

mod time_text;

pub(crate) use time_text::format_time;

use cpor_types::{Activity, AssociationKey, Length, Timestamp, WindowStart};

use crate::domain::{Consent, Line, State, Terms};
use crate::translation::{Text, Translation};

/// A heading with one paragraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) heading: String,
    pub(crate) paragraph: String,
}

/// A heading with several paragraphs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Paragraphs {
    pub(crate) heading: String,
    pub(crate) paragraphs: Vec<String>,
}

/// The table of the claim's details: partner, customer, claim, products and activities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClaimDetails {
    pub(crate) heading: String,
    pub(crate) rows: Vec<ClaimDetail>,
}

/// One row of the table of the claim's details.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClaimDetail {
    pub(crate) name: String,
    /// The values of the row, one per line.
    pub(crate) values: Vec<String>,
}

/// Builds the texts about one consent in one language.
pub(crate) struct ConsentText<'a> {
    /// The translation that the texts are taken from.
    translation: &'a Translation,
    /// The consent that the texts are about.
    consent: &'a Consent,
    /// Whether the consent window (the time in which silence counts as consent) is counted from the
    /// notice (mail) at submission (R41).
    counts_from_submission: bool,
    /// The length of the consent window, for example "7 calendar days".
    window_length: String,
    /// The end of the window as text. Without a window, the deadline that the state waits for;
    /// empty if there is none.
    due_time: String,
    /// The time of the customer's last decision, or the end of a window that passed in silence, as
    /// text; empty if there is neither.
    decision_time: String,
}

impl<'a> ConsentText<'a> {
    /// Creates the texts for `consent`. Times are shown in the zone of the tenant's calendar.
    pub(crate) fn new(translation: &'a Translation, consent: &'a Consent, terms: &Terms) -> Self {
        let format = |time: Timestamp| time_text::format_time(&translation.time, &terms.calendar, time);
        let deadline = consent.state.window().map(|window| &window.deadline).or_else(|| consent.state.deadline());
        let due_time = deadline.map(|deadline| format(deadline.due)).unwrap_or_default();
        let decision_time = decision_time(consent).map(format).unwrap_or_default();
        let counts_from_submission = terms.window_start == WindowStart::NoticeAtSubmission;
        Self {
            translation,
            consent,
            counts_from_submission,
            window_length: window_length(translation, terms.window_length),
            due_time,
            decision_time,
        }
    }

    /// Makes the texts show the end of a window that opens at `now`, if the consent has no window
    /// yet.
    pub(crate) fn assuming_window_opens_at(mut self, terms: &Terms, now: Timestamp) -> Self {
        if self.consent.state.window().is_none() {
            let due = terms.window_opened_at(now).deadline.due;
            self.due_time = time_text::format_time(&self.translation.time, &terms.calendar, due);
        }
        self
    }

    /// Makes the texts show this time as the time of the customer's decision.
    pub(crate) fn with_decision_time(mut self, terms: &Terms, time: Timestamp) -> Self {
        self.decision_time = time_text::format_time(&self.translation.time, &terms.calendar, time);
        self
    }

    /// Returns the translation that the texts are taken from.
    pub(crate) fn translation(&self) -> &'a Translation {
        self.translation
    }

    /// Replaces the placeholders of a text with this consent's partner, customer, window length and
    /// times.
    pub(crate) fn fill(&self, text: &Text) -> String {
        let partner = &self.consent.claim.partner;
        text.fill(&[
            ("partner", partner),
            ("customer", self.consent.claim.customer_name()),
            ("length", &self.window_length),
            ("due", &self.due_time),
            ("time", &self.decision_time),
        ])
    }

    /// Returns the table of the claim's details.
    pub(crate) fn claim_details(&self) -> ClaimDetails {
        let (texts, claim) = (&self.translation.claim_details, &self.consent.claim);
        let detail = |name: &Text, values: Vec<String>| ClaimDetail { name: name.plain(), values };
        let partner = texts.partner_with_location.fill(&[("partner", &claim.partner), ("mpn", claim.mpn_id.as_str())]);
        let domain = claim.customer_domain.as_str();
        let customer = match claim.customer.as_str() {
            "" => domain.to_owned(),
            name => texts.customer_with_domain.fill(&[("customer", name), ("domain", domain)]),
        };
        ClaimDetails {
            heading: texts.heading.plain(),
            rows: vec![
                detail(&texts.partner, vec![partner]),
                detail(&texts.customer, vec![customer]),
                detail(&texts.claim, vec![claim.display_name.clone()]),
                detail(&texts.products, claim.lines.iter().map(|line| self.line_name(line)).collect()),
                detail(&texts.work, claim.activities.iter().map(|activity| self.activity_name(*activity)).collect()),
            ],
        }
    }

    /// Returns the paragraphs on the data that the partner will see (R40).
    pub(crate) fn partner_access(&self) -> Paragraphs {
        let texts = &self.translation.partner_access;
        Paragraphs {
            heading: texts.heading.plain(),
            paragraphs: vec![texts.figures.plain(), texts.no_content.plain(), texts.ends.plain()],
        }
    }

    /// Returns the paragraphs on the partner's changes in the last edit (R29), or `None` if no edit
    /// has asked the customer anew since the submission or dispute.
    pub(crate) fn change(&self) -> Option<Paragraphs> {
        let (texts, change) = (&self.translation.change, self.consent.change.as_ref()?);
        let paragraph = |text: &Text, lines: &[Line]| {
            let products: Vec<String> = lines.iter().map(|line| self.line_name(line)).collect();
            (!products.is_empty()).then(|| text.fill(&[("products", &products.join("; "))]))
        };
        let paragraphs = [
            paragraph(&texts.added, &change.added),
            paragraph(&texts.removed, &change.removed),
            change.new_contact.then(|| texts.contact.plain()),
            Some(texts.lapsed.plain()),
        ];
        Some(Paragraphs { heading: texts.heading.plain(), paragraphs: paragraphs.into_iter().flatten().collect() })
    }

    /// Returns the section on what happens if the customer does nothing (R42). Returns `None` if
    /// silence no longer has an effect: the association is official and the window has passed, the
    /// claim is declined, rejected or closed, or the contact has approved and a reviewer must
    /// confirm the contact.
    pub(crate) fn no_response(&self) -> Option<Section> {
        let texts = &self.translation.no_response;
        if self.consent.is_approval_unconfirmed() {
            return None;
        }
        let has_approved = self.consent.effective_approval().is_some();
        let text = match &self.consent.state {
            State::Requested | State::AwaitingReviewInWindow(_) | State::AwaitingReviewWindowPassed(_)
                if has_approved =>
            {
                &texts.approved_before_review
            }
            State::Requested
            | State::AwaitingReviewInWindow(_)
            | State::AwaitingReviewWindowPassed(_)
            | State::AwaitingDelivery(_)
            | State::WindowOpen(_)
                if self.consent.declined_before_dispute =>
            {
                &texts.declined_before_dispute
            }
            State::Requested
            | State::AwaitingReviewInWindow(_)
            | State::AwaitingReviewWindowPassed(_)
            | State::AwaitingDelivery(_)
            | State::WindowOpen(_)
            | State::AwaitingConfirmation(_)
                if !self.consent.claim.contact_authorized =>
            {
                &texts.contact_unauthorized
            }
            State::Requested if self.counts_from_submission => &texts.requested_counted_from_submission,
            State::Requested => &texts.requested,
            State::AwaitingReviewInWindow(_) => &texts.requested_in_window,
            State::AwaitingReviewWindowPassed(_) => &texts.requested_window_passed,
            State::AwaitingDelivery(_) => &texts.awaiting_delivery,
            State::WindowOpen(_) | State::AwaitingConfirmation(_) => &texts.window_open,
            State::GrantedAwaitingDelivery { .. } | State::GrantedInWindow { .. } => &texts.official_in_window,
            State::Granted { .. } | State::Declined(_) | State::RejectedDisputable { .. } | State::Closed { .. } => {
                return None;
            }
        };
        Some(Section { heading: texts.heading.plain(), paragraph: self.fill(text) })
    }

    /// Returns the section on the time until which the customer can decline (R41, R43), or `None`
    /// if there is no such time: the window has passed, or the claim is declined or closed.
    pub(crate) fn decline_until(&self) -> Option<Section> {
        let texts = &self.translation.decline_until;
        let text = match &self.consent.state {
            State::Requested if self.counts_from_submission => &texts.awaiting_delivery,
            State::Requested => &texts.requested,
            State::AwaitingDelivery(_) | State::GrantedAwaitingDelivery { .. } => &texts.awaiting_delivery,
            State::WindowOpen(_) if self.consent.declined_before_dispute && self.consent.approval.is_none() => {
                &texts.declined_before_dispute
            }
            State::AwaitingConfirmation(_) => &texts.contact_unauthorized,
            State::AwaitingReviewInWindow(_)
            | State::WindowOpen(_)
            | State::GrantedInWindow { .. }
            | State::RejectedDisputable { .. } => &texts.window_open,
            State::AwaitingReviewWindowPassed(_)
            | State::Granted { .. }
            | State::Declined(_)
            | State::Closed { .. } => {
                return None;
            }
        };
        Some(self.decline_until_section(text))
    }

    /// Returns the section on the time until which the customer can decline, with `text` as its
    /// paragraph. If the policy allows a decline at any time, the paragraph ends with a sentence
    /// that says so (R43).
    pub(crate) fn decline_until_section(&self, text: &Text) -> Section {
        let texts = &self.translation.decline_until;
        let mut paragraph = self.fill(text);
        if self.consent.decline_any_time && !self.consent.state.kind().is_over() {
            paragraph = format!("{paragraph} {}", self.fill(&texts.any_time));
        }
        Section { heading: texts.heading.plain(), paragraph }
    }

    fn activity_name(&self, activity: Activity) -> String {
        match activity {
            Activity::Usage => self.translation.product.usage.plain(),
            Activity::PreSales => self.translation.product.pre_sales.plain(),
            Activity::RevenueAssociation => self.translation.product.revenue_association.plain(),
        }
    }

    /// Returns the name of a line of the claim: the product, with the subscription id if there is
    /// one.
    fn line_name(&self, line: &Line) -> String {
        match &line.key {
            AssociationKey::Workload(_) => line.product.clone(),
            AssociationKey::Subscription(id) => {
                let product = &self.translation.product;
                product.subscription.fill(&[("product", &line.product), ("id", &id.to_string())])
            }
        }
    }
}

/// Returns the time of the customer's last decision, or the end of a window that passed in silence.
fn decision_time(consent: &Consent) -> Option<Timestamp> {
    let decline_time = consent.current_decline().map(|decline| decline.decision.time);
    let window_end = || consent.state.official_since().and(consent.state.window()).map(|window| window.deadline.due);
    decline_time.or_else(|| consent.approval.map(|approval| approval.time)).or_else(window_end)
}

/// Returns the length of the consent window as text, for example "7 calendar days".
fn window_length(translation: &Translation, length: Length) -> String {
    let days = length.days().to_string();
    let text = match length {
        Length::CalendarDays(_) => &translation.window_length.calendar_days,
        Length::BusinessDays(_) => &translation.window_length.business_days,
    };
    text.fill(&[("n", &days)])
}
