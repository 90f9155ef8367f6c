//! What a consent is to its reader: the same plain words (R40) in e-mails and on the page.

mod time_text;

use cpor_types::{Activity, AssociationKey, Length, Timestamp, WindowStart};

use crate::domain::{Consent, Line, State, Terms};
use crate::translation::{Text, Translation};

/// A heading with the words under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) heading: String,
    pub(crate) words: String,
}

/// A heading with several paragraphs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Paragraphs {
    pub(crate) heading: String,
    pub(crate) paragraphs: Vec<String>,
}

/// Who claims what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) heading: String,
    pub(crate) rows: Vec<Fact>,
}

/// One of the facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) name: String,
    pub(crate) values: Vec<String>,
}

/// One consent in one language.
pub(crate) struct ConsentText<'a> {
    texts: &'a Translation,
    consent: &'a Consent,
    /// Whether the window is counted from the notice at submission (R41).
    counts_from_submission: bool,
    window_length: String,
    due_time: String,
    decision_time: String,
}

impl<'a> ConsentText<'a> {
    /// The words for `consent`, with times in its tenant's zone.
    pub(crate) fn new(texts: &'a Translation, consent: &'a Consent, terms: &Terms) -> Self {
        let format = |time: Timestamp| time_text::format_time(&texts.time, &terms.calendar, time);
        let deadline = consent.state.window().map(|window| &window.deadline).or_else(|| consent.state.deadline());
        let due_time = deadline.map(|deadline| format(deadline.due)).unwrap_or_default();
        let decision_time = decision_time(consent).map(format).unwrap_or_default();
        let counts_from_submission = terms.window_start == WindowStart::NoticeAtSubmission;
        Self {
            texts,
            consent,
            counts_from_submission,
            window_length: window_length(texts, terms.window),
            due_time,
            decision_time,
        }
    }

    /// The same, with the time by which the window would pass if it opened at `now`.
    pub(crate) fn assuming_window_opens_at(mut self, terms: &Terms, now: Timestamp) -> Self {
        if self.consent.state.window().is_none() {
            let due = terms.window_opened_at(now).deadline.due;
            self.due_time = time_text::format_time(&self.texts.time, &terms.calendar, due);
        }
        self
    }

    /// The texts themselves.
    pub(crate) fn texts(&self) -> &'a Translation {
        self.texts
    }

    /// A text with this consent's partner, customer and times in it.
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

    /// Who claims what.
    pub(crate) fn facts(&self) -> Facts {
        let (texts, claim) = (&self.texts.facts, &self.consent.claim);
        let fact = |name: &Text, values: Vec<String>| Fact { name: name.plain(), values };
        let partner = texts.partner_with_location.fill(&[("partner", &claim.partner), ("mpn", claim.mpn_id.as_str())]);
        let domain = claim.customer_domain.as_str();
        let customer = match claim.customer.as_str() {
            "" => domain.to_owned(),
            name => texts.customer_with_domain.fill(&[("customer", name), ("domain", domain)]),
        };
        Facts {
            heading: texts.heading.plain(),
            rows: vec![
                fact(&texts.partner, vec![partner]),
                fact(&texts.customer, vec![customer]),
                fact(&texts.claim, vec![claim.display_name.clone()]),
                fact(&texts.products, claim.lines.iter().map(|line| self.line_name(line)).collect()),
                fact(&texts.work, claim.activities.iter().map(|activity| self.activity_name(*activity)).collect()),
            ],
        }
    }

    /// What the partner will see (R40).
    pub(crate) fn partner_access(&self) -> Paragraphs {
        let texts = &self.texts.partner_access;
        Paragraphs {
            heading: texts.heading.plain(),
            paragraphs: vec![texts.figures.plain(), texts.no_content.plain(), texts.ends.plain()],
        }
    }

    /// What the partner has changed since the customer was first asked (R29); `None` where that is nothing, or past.
    pub(crate) fn change(&self) -> Option<Paragraphs> {
        let (texts, change) = (&self.texts.change, self.consent.change.as_ref()?);
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

    /// What happens if the customer does nothing (R42); `None` where nothing can happen any more.
    pub(crate) fn no_response(&self) -> Option<Section> {
        let texts = &self.texts.no_response;
        let has_not_approved = self.consent.approval.is_none();
        let text = match &self.consent.state {
            State::Requested | State::RequestedInWindow(_) | State::RequestedWindowPassed(_) if !has_not_approved => {
                &texts.ahead
            }
            State::Requested
            | State::RequestedInWindow(_)
            | State::RequestedWindowPassed(_)
            | State::AwaitingDelivery
            | State::WindowOpen(_)
                if self.consent.declined_before =>
            {
                &texts.explicit
            }
            State::Requested if self.counts_from_submission => &texts.requested_counted,
            State::Requested => &texts.requested,
            State::RequestedInWindow(_) => &texts.requested_window,
            State::RequestedWindowPassed(_) => &texts.requested_passed,
            State::AwaitingDelivery => &texts.awaiting,
            State::WindowOpen(_) => &texts.window,
            State::GrantedAwaitingDelivery { .. } | State::GrantedInWindow { .. } => &texts.in_window,
            State::Granted { .. } | State::Declined(_) | State::Disputable { .. } | State::Closed { .. } => {
                return None;
            }
        };
        Some(Section { heading: texts.heading.plain(), words: self.fill(text) })
    }

    /// Until when the customer can decline (R41, R43); `None` where it no longer can.
    pub(crate) fn decline_until(&self) -> Option<Section> {
        let texts = &self.texts.decline_until;
        let text = match &self.consent.state {
            State::Requested if self.counts_from_submission => &texts.awaiting,
            State::Requested => &texts.requested,
            State::AwaitingDelivery | State::GrantedAwaitingDelivery { .. } => &texts.awaiting,
            State::WindowOpen(_) if self.consent.declined_before => &texts.explicit,
            State::RequestedInWindow(_)
            | State::WindowOpen(_)
            | State::GrantedInWindow { .. }
            | State::Disputable { .. } => &texts.window,
            State::RequestedWindowPassed(_) | State::Granted { .. } | State::Declined(_) | State::Closed { .. } => {
                return None;
            }
        };
        Some(self.decline_until_section(text))
    }

    /// These words on until when the customer can decline, and that it can later too, where the policy says so (R43).
    pub(crate) fn decline_until_section(&self, text: &Text) -> Section {
        let texts = &self.texts.decline_until;
        let mut words = self.fill(text);
        if self.consent.decline_any_time && !self.consent.state.kind().is_over() {
            words = format!("{words} {}", self.fill(&texts.any_time));
        }
        Section { heading: texts.heading.plain(), words }
    }

    fn activity_name(&self, activity: Activity) -> String {
        match activity {
            Activity::Usage => self.texts.product.usage.plain(),
            Activity::PreSales => self.texts.product.pre_sales.plain(),
            Activity::RevenueAssociation => self.texts.product.revenue_association.plain(),
        }
    }

    fn line_name(&self, line: &Line) -> String {
        match &line.key {
            AssociationKey::Workload(_) => line.product.clone(),
            AssociationKey::Subscription(id) => {
                let product = &self.texts.product;
                product.subscription.fill(&[("product", &line.product), ("id", &id.to_string())])
            }
        }
    }
}

/// When the customer, or time in its place, had its last word.
fn decision_time(consent: &Consent) -> Option<Timestamp> {
    let declined = consent.current_decline().map(|decline| decline.decision.time);
    let passed = || consent.state.official_since().and(consent.state.window()).map(|window| window.deadline.due);
    declined.or_else(|| consent.approval.map(|approval| approval.time)).or_else(passed)
}

fn window_length(texts: &Translation, length: Length) -> String {
    let days = length.days().to_string();
    let text = match length {
        Length::CalendarDays(_) => &texts.window_length.calendar_days,
        Length::BusinessDays(_) => &texts.window_length.business_days,
    };
    text.fill(&[("n", &days)])
}
