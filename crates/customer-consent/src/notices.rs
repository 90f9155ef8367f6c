//! The e-mails to a customer: what they say, and what follows when they arrive or bounce.

use std::sync::Arc;

use askama::Template;
use cpor_durable::{Command, Key};
use cpor_mail::{Composed, Composer, Mail, Message, Outcome, Unavailable};
use cpor_types::{Actor, Service};
use uuid::Uuid;

use crate::consents::Consents;
use crate::domain::{Consent, Delivery, NoticeKind, Settlement, StateKind, UnknownTerms};
use crate::links::Links;
use crate::store::link::Link;
use crate::texts::Texts;
use crate::words::{Facts, Paragraphs, Section, Words};

/// Words notices at the moment of sending, with a link of their own, and reports their fate to the consent.
pub(crate) struct Notices {
    pub(crate) consents: Consents,
    pub(crate) texts: Arc<Texts>,
    pub(crate) links: Links,
}

impl Composer for Notices {
    async fn compose(&self, mail: &Mail) -> Result<Composed, Unavailable> {
        let key = consent_of(mail)?;
        let Some(found) = self.consents.find(&key).await.map_err(unavailable)? else { return Ok(Composed::Withdrawn) };
        let (consent, now) = (found.state, self.consents.now().await.map_err(unavailable)?);
        let queued = consent.notices.iter().find(|notice| notice.id == mail.id && notice.delivery == Delivery::Queued);
        let Some(kind) = queued.map(|notice| notice.kind) else { return Ok(Composed::Withdrawn) };
        let terms = self.consents.rules.terms(&consent.claim).map_err(unavailable)?;
        let link = self.links.mint(Link { consent: key, notice: mail.id }).await.map_err(unavailable)?;
        let words = Words::new(&self.texts, &consent, &terms).if_opened(&terms, now);
        let message = message(&words, &consent, kind, link, &mail.recipient).map_err(unavailable)?;
        Ok(Composed::Message(Box::new(message)))
    }

    async fn settled(&self, mail: &Mail, outcome: Outcome) -> Result<(), Unavailable> {
        let (notice, rules) = (mail.id, self.consents.rules.clone());
        let settlement = match outcome {
            Outcome::Accepted => Settlement::Accepted,
            Outcome::Bounced => Settlement::Bounced,
        };
        let command = Command::new("settle_notice", consent_of(mail)?, Actor::system(Service::CustomerConsent));
        let decide = move |consent: Option<&Consent>, now| -> Result<_, UnknownTerms> {
            let Some(consent) = consent else { return Ok(None) };
            let terms = rules.terms(&consent.claim)?;
            Ok(consent.notice_settled(notice, settlement, &terms, now))
        };
        self.consents.writer.execute(command, decide).await.map(|_| ()).map_err(unavailable)
    }
}

/// The consent that a mail is about.
fn consent_of(mail: &Mail) -> Result<Key, Unavailable> {
    let claim: Option<Uuid> = mail.data.get("claim").and_then(|claim| claim.as_str()?.parse().ok());
    let claim = claim.ok_or_else(|| Unavailable("the mail names no claim".to_owned()))?;
    Ok(Key::new(mail.owner.clone(), claim))
}

fn unavailable(error: impl std::fmt::Display) -> Unavailable {
    Unavailable(error.to_string())
}

#[derive(Template)]
#[template(path = "mail/notice.txt")]
struct PlainText<'a> {
    mail: &'a NoticeMail<'a>,
}

#[derive(Template)]
#[template(path = "mail/notice.html")]
struct Html<'a> {
    mail: &'a NoticeMail<'a>,
}

/// What both forms of a notice say.
struct NoticeMail<'a> {
    language: &'a str,
    subject: String,
    greeting: String,
    lead: String,
    facts: Facts,
    sees: Paragraphs,
    silence: Option<Section>,
    until: Option<Section>,
    ask: String,
    link: String,
    link_label: String,
    opening: String,
    why: String,
    automatic: String,
}

fn message(
    words: &Words<'_>,
    consent: &Consent,
    kind: NoticeKind,
    link: String,
    recipient: &str,
) -> Result<Message, askama::Error> {
    let mail = notice_mail(words, consent, kind, link);
    Ok(Message {
        name: consent.claim.contact.name.clone(),
        address: recipient.to_owned(),
        subject: mail.subject.clone(),
        text: PlainText { mail: &mail }.render()?,
        html: Html { mail: &mail }.render()?,
    })
}

fn notice_mail<'a>(words: &Words<'a>, consent: &Consent, kind: NoticeKind, link: String) -> NoticeMail<'a> {
    let texts = words.texts();
    let mail = &texts.mail;
    // A notice of submission may go out late, when the claim is approved already; and any notice after the customer's approval.
    let checked = consent.state.kind() != StateKind::Requested;
    let official = consent.state.official_since().is_some();
    let (subject, lead) = match kind {
        NoticeKind::Submission if checked => (&mail.submission_subject, &mail.submission_lead_checked),
        NoticeKind::Submission => (&mail.submission_subject, &mail.submission_lead),
        NoticeKind::Approval if official => (&mail.approval_subject_granted, &mail.approval_lead_granted),
        NoticeKind::Approval => (&mail.approval_subject, &mail.approval_lead),
    };
    let ask = match kind {
        NoticeKind::Submission | NoticeKind::Approval if official || consent.approval.is_some() => &mail.approved_ask,
        NoticeKind::Submission => &mail.submission_ask,
        NoticeKind::Approval => &mail.approval_ask,
    };
    let counted = Section { heading: texts.until.heading.plain(), words: words.fill(&mail.approval_until) };
    let until = match (kind, consent.state.window()) {
        (NoticeKind::Approval, None) => Some(counted),
        (NoticeKind::Approval, Some(_)) | (NoticeKind::Submission, _) => words.until(),
    };
    NoticeMail {
        language: &texts.language,
        subject: words.fill(subject),
        greeting: words.fill(&mail.greeting),
        lead: words.fill(lead),
        facts: words.facts(),
        sees: words.sees(),
        silence: words.silence(),
        until,
        ask: words.fill(ask),
        link,
        link_label: mail.link.plain(),
        opening: mail.opening.plain(),
        why: words.fill(&mail.why),
        automatic: mail.automatic.plain(),
    }
}

#[cfg(test)]
mod tests;
