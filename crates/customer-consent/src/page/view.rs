//! The pages, as values: everything is worded and decided here, and the templates only set it.

use std::sync::LazyLock;

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::form::Decision;
use crate::domain::{Command, Consent, State, Terms};
use crate::texts::{Text, Texts};
use crate::words::{Facts, Paragraphs, Section, Words};

/// The one style of all pages, inline, so that a page needs nothing but itself.
const STYLE: &str = include_str!("../../templates/style.css");

/// What `style-src` names so that the style, and no other, applies.
pub(super) static STYLE_HASH: LazyLock<String> =
    LazyLock::new(|| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(STYLE.as_bytes()))));

/// What all pages have around their content.
pub(super) struct Chrome<'a> {
    language: &'a str,
    style: &'static str,
    footer: String,
}

impl<'a> Chrome<'a> {
    fn new(texts: &'a Texts) -> Self {
        Self { language: &texts.language, style: STYLE, footer: texts.problem.footer.plain() }
    }
}

/// Where the consent stands, and what can be chosen.
#[derive(Template)]
#[template(path = "status.html")]
pub(super) struct StatusPage<'a> {
    chrome: Chrome<'a>,
    title: String,
    lead: Vec<String>,
    until: Option<Section>,
    silence: Option<Section>,
    facts: Facts,
    sees: Option<Paragraphs>,
    choices: Option<Choices>,
}

struct Choices {
    heading: String,
    offered: Vec<Choice>,
    note: String,
}

struct Choice {
    decision: &'static str,
    label: String,
    hint: String,
}

impl<'a> StatusPage<'a> {
    pub(super) fn new(texts: &'a Texts, consent: &'a Consent, terms: &Terms) -> Self {
        let words = Words::new(texts, consent, terms);
        let (title, lead) = title_and_lead(texts, consent);
        let over = matches!(consent.state, State::Declined(_) | State::Closed { .. });
        Self {
            chrome: Chrome::new(texts),
            title: words.fill(title),
            lead: lead.into_iter().map(|text| words.fill(text)).collect(),
            until: words.until(),
            silence: words.silence(),
            facts: words.facts(),
            sees: (!over).then(|| words.sees()),
            choices: choices(&words, consent),
        }
    }
}

fn title_and_lead<'a>(texts: &'a Texts, consent: &Consent) -> (&'a Text, Vec<&'a Text>) {
    let page = &texts.page;
    match (&consent.state, &consent.approval) {
        (State::Requested, None) => (&page.title, vec![&page.requested]),
        (State::Requested, Some(_)) => (&page.title, vec![&page.ahead]),
        (State::AwaitingDelivery | State::WindowOpen(_), _) => (&page.title, vec![&page.approved]),
        (State::GrantedAwaitingDelivery { .. } | State::GrantedInWindow { .. }, Some(_)) => {
            (&page.granted_title, vec![&page.in_window])
        }
        // Only claim-intake knows of an approval.
        (State::GrantedAwaitingDelivery { .. } | State::GrantedInWindow { .. }, None) => {
            (&page.granted_title, vec![&page.in_window_told])
        }
        (State::Granted { .. }, Some(_)) => (&page.granted_title, vec![&page.granted_spoken, &page.late]),
        (State::Granted { since, window }, None) if *since < window.deadline.due => {
            (&page.granted_title, vec![&page.granted_told, &page.late])
        }
        (State::Granted { .. }, None) => (&page.granted_title, vec![&page.granted_silent, &page.late]),
        (State::Declined(_), _) => (&page.declined_title, vec![&page.declined]),
        (State::Closed { .. }, _) => (&page.closed_title, vec![&page.closed]),
    }
}

fn choices(words: &Words<'_>, consent: &Consent) -> Option<Choices> {
    let texts = &words.texts().choice;
    let approve_hint = match consent.state {
        State::Requested => &texts.approve_hint_requested,
        State::AwaitingDelivery
        | State::GrantedAwaitingDelivery { .. }
        | State::WindowOpen(_)
        | State::GrantedInWindow { .. }
        | State::Granted { .. }
        | State::Declined(_)
        | State::Closed { .. } => &texts.approve_hint_approved,
    };
    let granted = consent.state.official_since().is_some();
    let decline_hint = if granted { &texts.decline_hint_granted } else { &texts.decline_hint };
    let choice = |command| {
        let (decision, label, hint) = match command {
            Command::Approve => (Decision::Approve, &texts.approve, approve_hint),
            Command::Decline => (Decision::Decline, &texts.decline, decline_hint),
        };
        Choice { decision: decision.as_str(), label: label.plain(), hint: words.fill(hint) }
    };
    let offered: Vec<Choice> = consent.allowed_commands().map(choice).collect();
    (!offered.is_empty()).then(|| Choices { heading: texts.heading.plain(), offered, note: texts.asks_again.plain() })
}

/// Asks once more.
#[derive(Template)]
#[template(path = "confirm.html")]
pub(super) struct ConfirmPage<'a> {
    chrome: Chrome<'a>,
    alert: Option<String>,
    title: String,
    lead: String,
    decision: &'static str,
    comment: Option<CommentField<'a>>,
    check: String,
    button: String,
    back: String,
}

struct CommentField<'a> {
    label: String,
    hint: String,
    value: &'a str,
}

/// What was wrong with a form that asked for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alert {
    /// The box was not ticked.
    Unconfirmed,
    /// The comment is too long.
    CommentTooLong,
}

impl<'a> ConfirmPage<'a> {
    pub(super) fn new(
        texts: &'a Texts,
        consent: &'a Consent,
        terms: &Terms,
        decision: Decision,
        comment: &'a str,
        alert: Option<Alert>,
    ) -> Self {
        let words = Words::new(texts, consent, terms);
        let confirm = &texts.confirm;
        let (title, lead, check, button) = match decision {
            Decision::Approve => (
                &confirm.approve_title,
                approve_lead(texts, &consent.state),
                &confirm.approve_check,
                &confirm.approve_button,
            ),
            Decision::Decline => (
                &confirm.decline_title,
                decline_lead(texts, &consent.state),
                &confirm.decline_check,
                &confirm.decline_button,
            ),
        };
        let field =
            || CommentField { label: confirm.comment.plain(), hint: confirm.comment_hint.plain(), value: comment };
        Self {
            chrome: Chrome::new(texts),
            alert: alert.map(|alert| match alert {
                Alert::Unconfirmed => confirm.missing.plain(),
                Alert::CommentTooLong => confirm.too_long.plain(),
            }),
            title: words.fill(title),
            lead: words.fill(lead),
            decision: decision.as_str(),
            comment: (decision == Decision::Decline).then(field),
            check: words.fill(check),
            button: button.plain(),
            back: confirm.back.plain(),
        }
    }
}

fn approve_lead<'a>(texts: &'a Texts, state: &State) -> &'a Text {
    match state {
        State::Requested => &texts.confirm.approve_lead_requested,
        State::WindowOpen(_) => &texts.confirm.approve_lead_window,
        State::AwaitingDelivery
        | State::GrantedAwaitingDelivery { .. }
        | State::GrantedInWindow { .. }
        | State::Granted { .. }
        | State::Declined(_)
        | State::Closed { .. } => &texts.confirm.approve_lead_awaiting,
    }
}

fn decline_lead<'a>(texts: &'a Texts, state: &State) -> &'a Text {
    if state.official_since().is_some() { &texts.confirm.decline_lead_granted } else { &texts.confirm.decline_lead }
}

/// Says that something did not work.
#[derive(Template)]
#[template(path = "problem.html")]
pub(super) struct ProblemPage<'a> {
    chrome: Chrome<'a>,
    title: String,
    words: String,
}

/// Why there is no page, or no act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// No such link; it looks the same whether it never was or is no longer.
    Unknown,
    /// The form could not be read.
    Form,
    /// The form came from another site.
    Foreign,
    /// The system cannot answer now.
    Busy,
}

impl<'a> ProblemPage<'a> {
    pub(super) fn new(texts: &'a Texts, problem: Problem) -> Self {
        let (title, words) = match problem {
            Problem::Unknown => (&texts.problem.unknown_title, &texts.problem.unknown),
            Problem::Form => (&texts.problem.form_title, &texts.problem.form),
            Problem::Foreign => (&texts.problem.foreign_title, &texts.problem.foreign),
            Problem::Busy => (&texts.problem.busy_title, &texts.problem.busy),
        };
        Self { chrome: Chrome::new(texts), title: title.plain(), words: words.plain() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::samples::{ahead, day, in_state, notice, terms, told};
    use crate::domain::{Settlement, StateKind};

    fn every_consent() -> Vec<Consent> {
        // Approved before this service heard of it: the one way to a grant without a word and without a window.
        let told = told();
        let open = told.notice_settled(notice(2), Settlement::Accepted, &terms(), day(2)).unwrap().next;
        let passed = open.clone().at(day(20));
        StateKind::ALL.into_iter().map(in_state).chain([ahead(), told, open, passed]).collect()
    }

    #[test]
    fn no_place_in_a_text_is_left_open_on_any_page() {
        let texts = Texts::english().unwrap();
        for consent in every_consent() {
            let mut pages = vec![StatusPage::new(&texts, &consent, &terms()).render().unwrap()];
            for decision in [Decision::Approve, Decision::Decline] {
                let alert = Some(Alert::Unconfirmed);
                pages.push(ConfirmPage::new(&texts, &consent, &terms(), decision, "", alert).render().unwrap());
            }
            for page in pages {
                let words = page.replace(STYLE, "");
                assert!(!words.contains(['{', '}']), "{words}");
            }
        }
    }

    #[test]
    fn where_only_the_claim_knows_of_an_approval_no_page_speaks_of_silence() {
        let texts = Texts::english().unwrap();
        let open = told().notice_settled(notice(2), Settlement::Accepted, &terms(), day(2)).unwrap().next;
        for consent in [told(), open.clone(), open.at(day(20))] {
            let page = StatusPage::new(&texts, &consent, &terms()).render().unwrap();
            assert!(page.contains("The claim is approved and Contoso Consulting is on record"), "{page}");
            assert!(!page.contains("without a word"), "{page}");
        }
    }

    #[test]
    fn r40_r42_an_open_page_says_who_what_is_seen_what_silence_means_and_until_when() {
        let texts = Texts::english().unwrap();
        for state in [StateKind::Requested, StateKind::AwaitingDelivery, StateKind::WindowOpen] {
            let page = StatusPage::new(&texts, &in_state(state), &terms()).render().unwrap();
            let said = [
                "Contoso Consulting",
                "Fabrikam GmbH",
                "Teams",
                "how many seats",
                "No content",
                "If you do nothing",
                "Until when",
            ];
            for words in said {
                assert!(page.contains(words), "{words} is missing on the page of {state:?}");
            }
        }
    }
}
