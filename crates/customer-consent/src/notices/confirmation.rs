//! Renders the mails that confirm a decision to the customer contact (R43a).

use askama::Template;
use cpor_mail::{Mail, Message, RenderResult};

use super::mail_translations;
use crate::consent_text::{ClaimDetails, ConsentText};
use crate::domain::{Confirmation, Consent, CustomerCommand, Rules, Terms, TermsError};
use crate::languages::Languages;
use crate::translation::Translation;

/// The reason why a mail cannot be rendered now.
#[derive(Debug, thiserror::Error)]
pub(super) enum RenderError {
    /// The policy profile or calendar of the claim is unknown.
    #[error(transparent)]
    Terms(#[from] TermsError),
    /// The template of the mail cannot be rendered.
    #[error(transparent)]
    Template(#[from] askama::Error),
}

/// The plain-text body of a confirmation, one part for each language.
#[derive(Template)]
#[template(path = "mail/confirmation.txt")]
struct PlainText<'a> {
    /// The texts in each language.
    parts: &'a [ConfirmationParts<'a>],
}

/// The HTML body of a confirmation, one part for each language.
#[derive(Template)]
#[template(path = "mail/confirmation.html")]
struct Html<'a> {
    /// The title of the HTML document.
    subject: &'a str,
    /// The texts in each language.
    parts: &'a [ConfirmationParts<'a>],
}

/// The texts of a confirmation in one language.
struct ConfirmationParts<'a> {
    /// The tag of the language.
    language: &'a str,
    subject: String,
    greeting: String,
    /// The paragraphs: what was decided, and what to do if it is wrong.
    paragraphs: Vec<String>,
    /// The table of the claim's details.
    details: ClaimDetails,
    /// The sentence on why the recipient gets the mail.
    reason: String,
    /// The sentence which states that the mail was sent automatically.
    automatic_note: String,
}

/// Renders the mail. It is withdrawn if its contact was erased.
pub(super) fn render(
    consent: &Consent,
    mail: &Mail,
    rules: &Rules,
    languages: &Languages,
) -> Result<RenderResult, RenderError> {
    let is_this = |confirmation: &&Confirmation| confirmation.id == mail.id && !confirmation.contact.email.is_empty();
    let Some(confirmation) = consent.confirmations.iter().find(is_this) else { return Ok(RenderResult::Withdrawn) };
    let terms = rules.terms_of(&consent.claim)?;
    let translations = mail_translations(languages, &consent.claim.calendar);
    let parts: Vec<_> =
        translations.into_iter().map(|translation| texts(translation, consent, confirmation, &terms)).collect();
    let subject = parts.first().map(|first| first.subject.clone()).unwrap_or_default();
    Ok(RenderResult::Message(Box::new(Message {
        name: confirmation.contact.name.expose().to_owned(),
        address: confirmation.contact.email.expose().to_owned(),
        return_path: None,
        text: PlainText { parts: &parts }.render()?,
        html: Html { subject: &subject, parts: &parts }.render()?,
        subject,
    })))
}

/// Collects the texts of a confirmation in one language.
fn texts<'a>(
    translation: &'a Translation,
    consent: &'a Consent,
    confirmation: &Confirmation,
    terms: &Terms,
) -> ConfirmationParts<'a> {
    let text = ConsentText::new(translation, consent, terms).with_decision_time(terms, confirmation.time);
    let texts = &translation.confirmation;
    let (subject, paragraphs) = match confirmation.decision {
        CustomerCommand::Approve => {
            let unconfirmed = consent.is_approval_unconfirmed().then_some(&texts.approved_unconfirmed);
            (
                &texts.approved_subject,
                [Some(&texts.approved), unconfirmed, Some(&texts.if_not_approved)].into_iter().flatten().collect(),
            )
        }
        CustomerCommand::Decline => (&texts.declined_subject, vec![&texts.declined, &texts.if_not_declined]),
    };
    ConfirmationParts {
        language: &translation.language,
        subject: text.fill(subject),
        greeting: translation.mail.greeting.fill(&[("name", confirmation.contact.name.expose())]),
        paragraphs: paragraphs.into_iter().map(|paragraph| text.fill(paragraph)).collect(),
        details: text.claim_details(),
        reason: text.fill(&texts.reason),
        automatic_note: translation.mail.automatic.plain(),
    }
}
