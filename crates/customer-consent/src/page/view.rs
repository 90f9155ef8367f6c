//! The data that the page templates show. All texts and choices are determined here; the templates
//! only arrange them.

use std::sync::{Arc, LazyLock};

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::form::Decision;
use crate::consent_text::{ClaimDetails, ConsentText, Paragraphs, Section};
use crate::domain::{Channel, Consent, CustomerCommand, State, Terms};
use crate::languages::Languages;
use crate::translation::{Text, Translation};

mod holder;

pub(super) use holder::{FormContent, HolderPage, StatementState};

/// The style sheet of all pages. It is inlined, so that a page needs no other resource.
const STYLE: &str = include_str!("../../templates/style.css");

/// The source in the header directive `style-src` that allows exactly this style sheet.
pub(super) static STYLE_HASH: LazyLock<String> =
    LazyLock::new(|| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(STYLE.as_bytes()))));

/// The parts of a page around its content. All pages have them.
pub(super) struct PageFrame<'a> {
    /// The tag of the page's language.
    language: &'a str,
    style: &'static str,
    footer: String,
    /// The accessible name of the language switch.
    languages_label: String,
    /// The languages of the switch.
    languages: Vec<LanguageOption<'a>>,
    /// The query parameters that the language switch keeps: `decision=approve&`, for example, or
    /// nothing.
    query: String,
}

/// An entry of the language switch.
struct LanguageOption<'a> {
    /// The tag of the language, for example `de`.
    tag: &'a str,
    /// The name of the language in that language, for example `Deutsch`.
    name: &'a str,
}

impl<'a> PageFrame<'a> {
    fn new(language: PageLanguage<'a>, decision: Option<Decision>) -> Self {
        let PageLanguage { languages, translation } = language;
        let switch_entry =
            |translation: &'a Arc<Translation>| LanguageOption { tag: &translation.language, name: &translation.name };
        Self {
            language: &translation.language,
            style: STYLE,
            footer: translation.problem.footer.plain(),
            languages_label: translation.page.language.plain(),
            languages: languages.all().map(switch_entry).collect(),
            query: decision.map(|decision| format!("decision={}&", decision.as_str())).unwrap_or_default(),
        }
    }
}

/// The language of a page, and the languages that the reader can switch to.
#[derive(Clone, Copy)]
pub(super) struct PageLanguage<'a> {
    pub(super) languages: &'a Languages,
    pub(super) translation: &'a Translation,
}

/// A consent (the customer's side of one claim) as the reader of a link sees it.
#[derive(Clone, Copy)]
pub(super) struct ConsentView<'a> {
    pub(super) consent: &'a Consent,
    /// The values of the policy profile and calendar that apply to the consent.
    pub(super) terms: &'a Terms,
    /// Whether the link can approve. R29: a link that was sent before an edit can only decline.
    pub(super) can_approve: bool,
}

impl ConsentView<'_> {
    /// Returns whether the reader of the link can make this decision now.
    pub(super) fn allows(self, command: CustomerCommand) -> bool {
        let is_allowed = self.consent.allowed_commands().any(|allowed| allowed == command);
        // R43a: an approval by link is recorded once, whether it counts yet or not.
        let can_approve = self.can_approve && self.consent.approval.is_none();
        is_allowed && (can_approve || command == CustomerCommand::Decline)
    }

    /// Returns whether the customer can approve and decline, but this link can only decline,
    /// because it was sent before an edit (R29).
    fn can_only_decline(self) -> bool {
        let can_approve_by_another = ConsentView { can_approve: true, ..self }.allows(CustomerCommand::Approve);
        !self.can_approve && can_approve_by_another && self.allows(CustomerCommand::Decline)
    }
}

/// The page that shows the state of the consent and the possible decisions.
#[derive(Template)]
#[template(path = "status.html")]
pub(super) struct StatusPage<'a> {
    frame: PageFrame<'a>,
    title: String,
    /// The first paragraphs, on the state of the consent.
    lead: Vec<String>,
    /// The changes by the partner, shown only while the customer can still decide on them.
    change: Option<Paragraphs>,
    /// The section on the time until which the customer can decline.
    decline_until: Option<Section>,
    /// The section on what happens if the customer does nothing.
    no_response: Option<Section>,
    /// The table of the claim's details.
    details: ClaimDetails,
    /// The data that the partner will see.
    partner_access: Option<Paragraphs>,
    /// The possible decisions, if there are any.
    choices: Option<Choices>,
}

/// The possible decisions.
struct Choices {
    heading: String,
    /// The decisions that the reader of the link can make now.
    offered: Vec<Choice>,
    /// The sentence which states that a decision must be confirmed.
    note: String,
}

/// One possible decision.
struct Choice {
    /// The value of the decision in links.
    decision: &'static str,
    /// The text of the button.
    label: String,
    /// The text that explains the decision.
    hint: String,
}

impl<'a> StatusPage<'a> {
    pub(super) fn new(language: PageLanguage<'a>, view: ConsentView<'_>) -> Self {
        let (translation, consent) = (language.translation, view.consent);
        let text = ConsentText::new(translation, consent, view.terms);
        let (title, mut lead) = title_and_first_paragraphs(translation, view);
        let is_undecided = consent.effective_approval().is_none() && consent.state.official_since().is_none();
        let is_over = consent.state.kind().is_over();
        if consent.is_approval_unconfirmed() {
            lead.push(&translation.page.approval_unconfirmed);
        } else if consent.declined_before_dispute && is_undecided && !is_over {
            lead.push(&translation.page.declined_before_dispute);
        }
        if view.can_only_decline() {
            lead.push(&translation.page.outdated_link);
        }
        Self {
            frame: PageFrame::new(language, None),
            title: text.fill(title),
            lead: lead.into_iter().map(|paragraph| text.fill(paragraph)).collect(),
            change: text.change().filter(|_| is_undecided && !consent.is_past_review()),
            decline_until: text.decline_until(),
            no_response: text.no_response(),
            details: text.claim_details(),
            partner_access: (!is_over).then(|| text.partner_access()),
            choices: choices(&text, view),
        }
    }
}

/// Returns the title and the first paragraphs for the state of the consent.
fn title_and_first_paragraphs<'a>(translation: &'a Translation, view: ConsentView<'_>) -> (&'a Text, Vec<&'a Text>) {
    let (page, consent) = (&translation.page, view.consent);
    let approved = if view.allows(CustomerCommand::Approve) { &page.approved } else { &page.approved_without_choice };
    let decline_later =
        if consent.decline_any_time { &translation.decline_until.any_time } else { &page.too_late_to_decline };
    match (&consent.state, &consent.effective_approval()) {
        (State::Requested | State::AwaitingReviewInWindow(_) | State::AwaitingReviewWindowPassed(_), None) => {
            (&page.title, vec![&page.requested])
        }
        (State::Requested | State::AwaitingReviewInWindow(_) | State::AwaitingReviewWindowPassed(_), Some(_)) => {
            (&page.title, vec![&page.approved_before_review])
        }
        (State::AwaitingDelivery(_) | State::WindowOpen(_) | State::AwaitingConfirmation(_), _) => {
            (&page.title, vec![approved])
        }
        (State::GrantedAwaitingDelivery { .. } | State::GrantedInWindow { .. }, Some(_)) => {
            (&page.granted_title, vec![&page.official_in_window])
        }
        // The approval was reported by the service claim-intake and is not recorded in this
        // consent.
        (State::GrantedAwaitingDelivery { .. } | State::GrantedInWindow { .. }, None) => {
            (&page.granted_title, vec![&page.official_in_window_by_report])
        }
        (State::Granted { .. }, Some(_)) => (&page.granted_title, vec![&page.official_by_approval, decline_later]),
        (State::Granted { since, window }, None) if *since < window.deadline.due => {
            (&page.granted_title, vec![&page.official_by_report, decline_later])
        }
        (State::Granted { .. }, None) => (&page.granted_title, vec![&page.official_by_silence, decline_later]),
        (State::Declined(decline), _) => match decline.decision.channel {
            Channel::Link | Channel::SignedIn => (&page.declined_title, vec![&page.declined]),
            Channel::Silence => (&page.disputable_title, vec![&page.declined_silent]),
        },
        (State::RejectedDisputable { .. }, _) => (&page.disputable_title, vec![&page.disputable]),
        (State::Closed { .. }, _) => (&page.closed_title, vec![&page.closed]),
    }
}

/// Returns the decisions that the reader of the link can make now, if there are any.
fn choices(text: &ConsentText<'_>, view: ConsentView<'_>) -> Option<Choices> {
    let (choice_texts, consent) = (&text.translation().choice, view.consent);
    let approve_hint = if !consent.claim.contact_authorized {
        &text.translation().confirmation.approved_unconfirmed
    } else if consent.is_past_review() {
        &choice_texts.approve_hint_approved
    } else {
        &choice_texts.approve_hint_requested
    };
    let is_official = consent.state.official_since().is_some();
    let decline_hint = if is_official { &choice_texts.decline_hint_granted } else { &choice_texts.decline_hint };
    let choice = |command| {
        let (decision, label, hint) = match command {
            CustomerCommand::Approve => (Decision::Approve, &choice_texts.approve, approve_hint),
            CustomerCommand::Decline => (Decision::Decline, &choice_texts.decline, decline_hint),
        };
        Choice { decision: decision.as_str(), label: label.plain(), hint: text.fill(hint) }
    };
    let offered = consent.allowed_commands().filter(|command| view.allows(*command));
    let offered: Vec<Choice> = offered.map(choice).collect();
    (!offered.is_empty()).then(|| Choices {
        heading: choice_texts.heading.plain(),
        offered,
        note: choice_texts.confirmation_note.plain(),
    })
}

/// The page that asks the reader to confirm a decision.
#[derive(Template)]
#[template(path = "confirm.html")]
pub(super) struct ConfirmPage<'a> {
    frame: PageFrame<'a>,
    /// The error message, if a form was submitted that has an error.
    alert: Option<String>,
    title: String,
    lead: String,
    /// The section on the time until which the customer can decline. Only the confirmation of an
    /// approval shows it.
    decline_until: Option<Section>,
    /// The value of the decision in the form.
    decision: &'static str,
    /// The secret of the session in the form.
    form_secret: &'a str,
    /// The comment field. Only the confirmation of a decline shows it.
    comment: Option<CommentField<'a>>,
    /// The label of the box that confirms the decision.
    check: String,
    /// The label of the button.
    button: String,
    /// The label of the link back to the status page.
    back: String,
}

/// The field for the comment on a decline.
struct CommentField<'a> {
    label: String,
    hint: String,
    /// The comment that the reader has already entered.
    value: &'a str,
}

/// The error in a submitted form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alert {
    /// The box was not ticked.
    Unconfirmed,
    CommentTooLong,
}

impl<'a> ConfirmPage<'a> {
    pub(super) fn new(
        language: PageLanguage<'a>,
        view: ConsentView<'_>,
        decision: Decision,
        comment: &'a str,
        alert: Option<Alert>,
        form_secret: &'a str,
    ) -> Self {
        let (translation, consent) = (language.translation, view.consent);
        let (text, confirm) = (ConsentText::new(translation, consent, view.terms), &translation.confirm);
        let approve_lead = if !consent.claim.contact_authorized {
            &translation.confirmation.approved_unconfirmed
        } else if consent.is_past_review() {
            &confirm.approve_lead_now
        } else {
            &confirm.approve_lead_requested
        };
        let (title, lead, check, button) = match decision {
            Decision::Approve => {
                (&confirm.approve_title, approve_lead, &confirm.approve_check, &confirm.approve_button)
            }
            Decision::Decline => (
                &confirm.decline_title,
                decline_lead(translation, &consent.state),
                &confirm.decline_check,
                &confirm.decline_button,
            ),
        };
        let comment_field =
            || CommentField { label: confirm.comment.plain(), hint: confirm.comment_hint.plain(), value: comment };
        Self {
            frame: PageFrame::new(language, Some(decision)),
            alert: alert.map(|alert| match alert {
                Alert::Unconfirmed => confirm.missing.plain(),
                Alert::CommentTooLong => confirm.too_long.plain(),
            }),
            title: text.fill(title),
            lead: text.fill(lead),
            decline_until: text.decline_until().filter(|_| decision == Decision::Approve),
            decision: decision.as_str(),
            form_secret,
            comment: (decision == Decision::Decline).then(comment_field),
            check: text.fill(check),
            button: button.plain(),
            back: confirm.back.plain(),
        }
    }
}

/// Returns the paragraph on the effect of a decline.
fn decline_lead<'a>(translation: &'a Translation, state: &State) -> &'a Text {
    if state.official_since().is_some() {
        &translation.confirm.decline_lead_granted
    } else {
        &translation.confirm.decline_lead
    }
}

/// A page without a consent: the start page or an error page.
#[derive(Template)]
#[template(path = "problem.html")]
pub(super) struct ProblemPage<'a> {
    frame: PageFrame<'a>,
    title: String,
    /// The paragraph under the title.
    paragraph: String,
}

/// The reason for a page that shows no consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// The reader opened the start page, without a link.
    Start,
    /// The link does not exist or has expired. The reader cannot tell which.
    UnknownLink,
    /// The session has expired, or the browser keeps no cookies.
    NoSession,
    /// The form cannot be read.
    InvalidForm,
    /// The form came from another site.
    FromOtherSite,
    /// The service cannot answer now.
    Busy,
}

impl<'a> ProblemPage<'a> {
    pub(super) fn new(language: PageLanguage<'a>, problem: Problem) -> Self {
        let translation = language.translation;
        let (title, text) = match problem {
            Problem::Start => (&translation.problem.start_title, &translation.problem.start),
            Problem::UnknownLink => (&translation.problem.unknown_title, &translation.problem.unknown),
            Problem::NoSession => (&translation.problem.session_title, &translation.problem.session),
            Problem::InvalidForm => (&translation.problem.form_title, &translation.problem.form),
            Problem::FromOtherSite => (&translation.problem.foreign_title, &translation.problem.foreign),
            Problem::Busy => (&translation.problem.busy_title, &translation.problem.busy),
        };
        Self { frame: PageFrame::new(language, None), title: title.plain(), paragraph: text.plain() }
    }
}

#[cfg(test)]
mod tests;
