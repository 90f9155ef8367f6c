//! Renders the notices (the mails to customers about a claim) and the confirmations of decisions,
//! and records whether the mail system accepted the notices.

mod confirmation;

use std::sync::Arc;

use askama::Template;
use cpor_durable::{AggregateKey, Command};
use cpor_mail::{Mail, MailRenderer, Message, Outcome, RenderResult, RendererError};
use cpor_types::{Actor, Service};
use uuid::Uuid;

use crate::bounces::{ReturnAddress, ReturnAddresses};
use crate::consent_text::{ClaimDetails, ConsentText, Paragraphs, Section};
use crate::consents::Consents;
use crate::domain::{Consent, Delivery, DeliveryReport, Notice, NoticeKind, Terms};
use crate::languages::Languages;
use crate::links::ConsentLinks;
use crate::store::CONFIRMATION_MAIL;
use crate::store::link::ConsentLink;
use crate::translation::{MailTexts, Text, Translation};

/// Renders each notice when it is sent, with a new consent link, and records the outcome of the
/// delivery in the consent.
pub(crate) struct NoticeRenderer {
    /// The consents that the notices are about.
    pub(crate) consents: Consents,
    /// The translations of the notices.
    pub(crate) languages: Arc<Languages>,
    pub(crate) links: ConsentLinks,
    /// Creates the return addresses of the notices (R41b). `None` if reports of failed deliveries
    /// are not read.
    pub(crate) return_addresses: Option<ReturnAddresses>,
}

impl MailRenderer for NoticeRenderer {
    async fn render(&self, mail: &Mail) -> Result<RenderResult, RendererError> {
        if let Some(holder) = holder_id(mail) {
            return self.render_for_holder(mail, holder).await;
        }
        let key = consent_key(mail)?;
        let Some(stored) = self.consents.find(&key).await.map_err(renderer_error)? else {
            return Ok(RenderResult::Withdrawn);
        };
        if mail.kind == CONFIRMATION_MAIL {
            return confirmation::render(&stored.state, mail, &self.consents.rules, &self.languages)
                .map_err(renderer_error);
        }
        let (consent, now) = (stored.state, self.consents.now().await.map_err(renderer_error)?);
        let is_this_notice = |notice: &&Notice| notice.id == mail.id && notice.delivery == Delivery::Queued;
        let Some(notice) = consent.notices.iter().find(is_this_notice) else { return Ok(RenderResult::Withdrawn) };
        let terms = self.consents.rules.terms_of(&consent.claim).map_err(renderer_error)?;
        let link = self.links.create(ConsentLink { consent: key, notice: mail.id }).await.map_err(renderer_error)?;
        let translations = mail_translations(&self.languages, &consent.claim.calendar);
        let parts = translations.into_iter().map(|translation| {
            let text = ConsentText::new(translation, &consent, &terms).assuming_window_opens_at(&terms, now);
            notice_texts(&text, &consent, notice, &terms, link.expose())
        });
        let message = build_message(notice, parts.collect()).map_err(renderer_error)?;
        let return_address = ReturnAddress { tenant: consent.claim.tenant, notice: mail.id };
        let return_path = self.return_addresses.as_ref().map(|addresses| addresses.format(return_address));
        Ok(RenderResult::Message(Box::new(Message { return_path, ..message })))
    }

    /// Records the outcome of a notice in the consent. The outcomes of confirmations and of mails
    /// to holders of legacy associations have no effect.
    async fn record_outcome(&self, mail: &Mail, outcome: Outcome) -> Result<(), RendererError> {
        if holder_id(mail).is_some() {
            return Ok(());
        }
        if mail.kind == CONFIRMATION_MAIL {
            return Ok(());
        }
        let report = match outcome {
            Outcome::Accepted => DeliveryReport::Accepted,
            Outcome::Bounced(reason) => DeliveryReport::Bounced(reason),
        };
        let command = Command::new("report_notice", consent_key(mail)?, Actor::system(Service::CustomerConsent));
        self.consents.report_delivery(command, mail.id, report).await.map(|_| ()).map_err(renderer_error)
    }

    /// The customer can object only after a notice (R40).
    fn is_required(&self, mail: &Mail) -> bool {
        mail.kind != CONFIRMATION_MAIL && holder_id(mail).is_none()
    }
}

/// Returns the id of the holder if the mail is for the holder of a legacy association, which was
/// recorded before claims existed.
fn holder_id(mail: &Mail) -> Option<Uuid> {
    mail.data.get("holder")?.as_str()?.parse().ok()
}

/// Returns the storage key of the consent that a mail is about.
fn consent_key(mail: &Mail) -> Result<AggregateKey, RendererError> {
    let claim: Option<Uuid> = mail.data.get("claim").and_then(|claim| claim.as_str()?.parse().ok());
    let claim = claim.ok_or_else(|| RendererError("the mail names no claim".to_owned()))?;
    Ok(AggregateKey::new(mail.owner.clone(), claim))
}

/// Converts an error into a [`RendererError`], after which the mail sender tries again later.
pub(crate) fn renderer_error(error: impl std::fmt::Display) -> RendererError {
    RendererError(error.to_string())
}

/// Returns the languages of a mail: the language of the tenant's calendar, followed by English.
pub(crate) fn mail_translations<'a>(languages: &'a Languages, calendar: &str) -> Vec<&'a Translation> {
    let (by_calendar, english) = (languages.for_calendar(calendar).as_ref(), languages.english().as_ref());
    if by_calendar.language == english.language { vec![english] } else { vec![by_calendar, english] }
}

/// The plain-text body of a notice, one part for each language.
#[derive(Template)]
#[template(path = "mail/notice.txt")]
struct PlainText<'a> {
    /// The texts in each language.
    parts: &'a [NoticeTexts<'a>],
}

/// The HTML body of a notice, one part for each language.
#[derive(Template)]
#[template(path = "mail/notice.html")]
struct Html<'a> {
    /// The title of the HTML document.
    subject: &'a str,
    /// The texts in each language.
    parts: &'a [NoticeTexts<'a>],
}

/// The texts of a notice in one language. The plain-text and the HTML template use the same texts.
struct NoticeTexts<'a> {
    /// The tag of the language.
    language: &'a str,
    subject: String,
    greeting: String,
    /// The first paragraphs, which say what the mail is about.
    lead: Vec<String>,
    /// The changes by the partner, in a notice of a change.
    change: Option<Paragraphs>,
    /// The table of the claim's details.
    details: ClaimDetails,
    /// The data that the partner will see.
    partner_access: Paragraphs,
    /// The section on what happens if the customer does nothing.
    no_response: Option<Section>,
    /// The section on the time until which the customer can decline.
    decline_until: Option<Section>,
    /// The paragraph with the request to the customer.
    request: String,
    /// The consent link.
    link: &'a str,
    link_label: String,
    /// The sentence which states that opening the link decides nothing.
    opening_note: String,
    /// The sentence on why the recipient gets the mail.
    reason: String,
    /// The sentence which states that the mail was sent automatically.
    automatic_note: String,
}

/// Renders the plain-text and the HTML body from the texts of all languages.
fn build_message(notice: &Notice, parts: Vec<NoticeTexts<'_>>) -> Result<Message, askama::Error> {
    let subject = parts.first().map(|first| first.subject.clone()).unwrap_or_default();
    Ok(Message {
        name: notice.contact.name.expose().to_owned(),
        address: notice.contact.email.expose().to_owned(),
        return_path: None,
        text: PlainText { parts: &parts }.render()?,
        html: Html { subject: &subject, parts: &parts }.render()?,
        subject,
    })
}

/// Collects the texts of a notice in one language.
fn notice_texts<'a>(
    text: &ConsentText<'a>,
    consent: &Consent,
    notice: &Notice,
    terms: &Terms,
    link: &'a str,
) -> NoticeTexts<'a> {
    let (translation, mail) = (text.translation(), &text.translation().mail);
    let (subject, first_paragraph) = subject_and_first_paragraph(mail, consent, notice.kind);
    // The paragraph on an earlier decision: an approval that does not count yet, or a decline.
    let earlier_decision = if consent.is_approval_unconfirmed() {
        Some(&translation.page.approval_unconfirmed)
    } else {
        consent.needs_explicit_approval().then_some(&translation.page.declined_before_dispute)
    };
    // Before the window is open, its end is unknown. If the acceptance of this mail can open the
    // window, the mail states that the window is counted from this mail.
    let window_starts_with_this_mail =
        notice.is_current && notice.can_start_window(terms.window_start) && consent.state.window().is_none();
    let decline_until = if window_starts_with_this_mail {
        Some(text.decline_until_section(&mail.counted_until))
    } else {
        text.decline_until()
    };
    NoticeTexts {
        language: &translation.language,
        subject: text.fill(subject),
        greeting: mail.greeting.fill(&[("name", notice.contact.name.expose())]),
        lead: std::iter::once(first_paragraph).chain(earlier_decision).map(|paragraph| text.fill(paragraph)).collect(),
        change: text.change().filter(|_| notice.kind == NoticeKind::Change),
        details: text.claim_details(),
        partner_access: text.partner_access(),
        no_response: text.no_response(),
        decline_until,
        request: text.fill(request_paragraph(mail, consent, notice)),
        link,
        link_label: mail.link.plain(),
        opening_note: mail.opening_note.plain(),
        reason: text.fill(&mail.reason),
        automatic_note: mail.automatic.plain(),
    }
}

/// Returns the subject and the first paragraph. They depend on the state of the consent, because
/// the claim or the customer may already have approved when the notice is sent.
fn subject_and_first_paragraph<'a>(mail: &'a MailTexts, consent: &Consent, kind: NoticeKind) -> (&'a Text, &'a Text) {
    let is_past_review = consent.is_past_review();
    let is_official = consent.state.official_since().is_some();
    match kind {
        NoticeKind::Submission if is_past_review => (&mail.submission_subject, &mail.submission_lead_checked),
        NoticeKind::Submission => (&mail.submission_subject, &mail.submission_lead),
        NoticeKind::Change => (&mail.change_subject, &mail.change_lead),
        NoticeKind::Dispute if is_past_review => (&mail.dispute_subject, &mail.submission_lead_checked),
        NoticeKind::Dispute => (&mail.dispute_subject, &mail.dispute_lead),
        NoticeKind::Approval if is_official => (&mail.approval_subject_granted, &mail.approval_lead_granted),
        // R43a: silence does not make the association official, because the contact is not
        // authorized.
        NoticeKind::Approval if !consent.claim.contact_authorized => (&mail.submission_subject, &mail.approval_lead),
        NoticeKind::Approval if consent.declined_before_dispute => (&mail.explicit_subject, &mail.approval_lead),
        NoticeKind::Approval => (&mail.approval_subject, &mail.approval_lead),
    }
}

/// Returns the paragraph with the request to the customer.
fn request_paragraph<'a>(mail: &'a MailTexts, consent: &Consent, notice: &Notice) -> &'a Text {
    if !notice.is_current {
        return &mail.former_contact_ask;
    }
    if consent.state.official_since().is_some() || consent.approval.is_some() {
        return &mail.approved_ask;
    }
    match notice.kind {
        NoticeKind::Approval if !consent.declined_before_dispute && consent.claim.contact_authorized => {
            &mail.approval_ask
        }
        NoticeKind::Approval | NoticeKind::Submission | NoticeKind::Change | NoticeKind::Dispute => {
            &mail.submission_ask
        }
    }
}

#[cfg(test)]
mod tests;
