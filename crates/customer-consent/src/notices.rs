//! The e-mails to a customer: what they say, and what follows when they arrive or bounce.

use std::sync::Arc;

use askama::Template;
use cpor_durable::{Command, Key};
use cpor_mail::{Composed, Composer, Mail, Message, Outcome, Unavailable};
use cpor_types::{Actor, Service};
use uuid::Uuid;

use crate::consents::Consents;
use crate::domain::{Consent, Delivery, Notice, NoticeKind, Settlement, Terms, UnknownTerms};
use crate::languages::Languages;
use crate::links::Links;
use crate::store::link::Link;
use crate::texts::{MailTexts, Text, Texts};
use crate::words::{Facts, Paragraphs, Section, Words};

/// Words notices at the moment of sending, with a link of their own, and reports their fate to the consent.
pub(crate) struct Notices {
    pub(crate) consents: Consents,
    pub(crate) languages: Arc<Languages>,
    pub(crate) links: Links,
}

impl Composer for Notices {
    async fn compose(&self, mail: &Mail) -> Result<Composed, Unavailable> {
        let key = consent_of(mail)?;
        let Some(found) = self.consents.find(&key).await.map_err(unavailable)? else { return Ok(Composed::Withdrawn) };
        let (consent, now) = (found.state, self.consents.now().await.map_err(unavailable)?);
        let queued = |notice: &&Notice| notice.id == mail.id && notice.delivery == Delivery::Queued;
        let Some(notice) = consent.notices.iter().find(queued) else { return Ok(Composed::Withdrawn) };
        let terms = self.consents.rules.terms(&consent.claim).map_err(unavailable)?;
        let link = self.links.mint(Link { consent: key, notice: mail.id }).await.map_err(unavailable)?;
        let spoken = spoken(&self.languages, &consent.claim.calendar);
        let parts = spoken.into_iter().map(|texts| {
            let words = Words::new(texts, &consent, &terms).if_opened(&terms, now);
            notice_mail(&words, &consent, notice, &terms, &link)
        });
        Ok(Composed::Message(Box::new(message(notice, parts.collect()).map_err(unavailable)?)))
    }

    async fn settled(&self, mail: &Mail, outcome: Outcome) -> Result<(), Unavailable> {
        let (notice, rules) = (mail.id, self.consents.rules.clone());
        let settlement = match outcome {
            Outcome::Accepted => Settlement::Accepted,
            Outcome::Bounced(why) => Settlement::Bounced(why),
        };
        let command = Command::new("settle_notice", consent_of(mail)?, Actor::system(Service::CustomerConsent));
        let decide = move |consent: Option<&Consent>, now| -> Result<_, UnknownTerms> {
            let Some(consent) = consent else { return Ok(None) };
            let terms = rules.terms(&consent.claim)?;
            Ok(consent.notice_settled(notice, settlement.clone(), &terms, now))
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

/// The languages of a mail: that of the tenant's calendar, and English below it.
fn spoken<'a>(languages: &'a Languages, calendar: &str) -> Vec<&'a Texts> {
    let (own, english) = (languages.of_calendar(calendar).as_ref(), languages.english().as_ref());
    if own.language == english.language { vec![english] } else { vec![own, english] }
}

#[derive(Template)]
#[template(path = "mail/notice.txt")]
struct PlainText<'a> {
    parts: &'a [NoticeMail<'a>],
}

#[derive(Template)]
#[template(path = "mail/notice.html")]
struct Html<'a> {
    subject: &'a str,
    parts: &'a [NoticeMail<'a>],
}

/// What both forms of a notice say, in one language.
struct NoticeMail<'a> {
    language: &'a str,
    subject: String,
    greeting: String,
    lead: Vec<String>,
    change: Option<Paragraphs>,
    facts: Facts,
    sees: Paragraphs,
    silence: Option<Section>,
    until: Option<Section>,
    ask: String,
    link: &'a str,
    link_label: String,
    opening: String,
    why: String,
    automatic: String,
}

fn message(notice: &Notice, parts: Vec<NoticeMail<'_>>) -> Result<Message, askama::Error> {
    let subject = parts.first().map(|first| first.subject.clone()).unwrap_or_default();
    Ok(Message {
        name: notice.contact.name.clone(),
        address: notice.contact.email.clone(),
        text: PlainText { parts: &parts }.render()?,
        html: Html { subject: &subject, parts: &parts }.render()?,
        subject,
    })
}

fn notice_mail<'a>(
    words: &Words<'a>,
    consent: &Consent,
    notice: &Notice,
    terms: &Terms,
    link: &'a str,
) -> NoticeMail<'a> {
    let (texts, mail) = (words.texts(), &words.texts().mail);
    let (subject, lead) = subject_and_lead(mail, consent, notice.kind);
    let declined_before = consent.needs_explicit_approval().then_some(&texts.page.declined_before);
    // Before a window is open its end is not known, only what it is counted from: this very mail, or one to come.
    let counts_from_this = notice.current && notice.counts(terms.counted_from) && consent.state.window().is_none();
    let until = if counts_from_this { Some(words.until_when(&mail.counted_until)) } else { words.until() };
    NoticeMail {
        language: &texts.language,
        subject: words.fill(subject),
        greeting: mail.greeting.fill(&[("name", &notice.contact.name)]),
        lead: std::iter::once(lead).chain(declined_before).map(|text| words.fill(text)).collect(),
        change: words.change().filter(|_| notice.kind == NoticeKind::Change),
        facts: words.facts(),
        sees: words.sees(),
        silence: words.silence(),
        until,
        ask: words.fill(ask(mail, consent, notice)),
        link,
        link_label: mail.link.plain(),
        opening: mail.opening.plain(),
        why: words.fill(&mail.why),
        automatic: mail.automatic.plain(),
    }
}

/// What the mail is about. One that asks may go out late, when the claim is approved already; and any one after the customer's
/// approval.
fn subject_and_lead<'a>(mail: &'a MailTexts, consent: &Consent, kind: NoticeKind) -> (&'a Text, &'a Text) {
    let checked = consent.is_checked();
    let official = consent.state.official_since().is_some();
    match kind {
        NoticeKind::Submission if checked => (&mail.submission_subject, &mail.submission_lead_checked),
        NoticeKind::Submission => (&mail.submission_subject, &mail.submission_lead),
        NoticeKind::Change => (&mail.change_subject, &mail.change_lead),
        NoticeKind::Dispute if checked => (&mail.dispute_subject, &mail.submission_lead_checked),
        NoticeKind::Dispute => (&mail.dispute_subject, &mail.dispute_lead),
        NoticeKind::Approval if official => (&mail.approval_subject_granted, &mail.approval_lead_granted),
        NoticeKind::Approval if consent.declined_before => (&mail.explicit_subject, &mail.approval_lead),
        NoticeKind::Approval => (&mail.approval_subject, &mail.approval_lead),
    }
}

/// What the customer is asked to do.
fn ask<'a>(mail: &'a MailTexts, consent: &Consent, notice: &Notice) -> &'a Text {
    if !notice.current {
        return &mail.former_ask;
    }
    if consent.state.official_since().is_some() || consent.approval.is_some() {
        return &mail.approved_ask;
    }
    match notice.kind {
        NoticeKind::Approval if !consent.declined_before => &mail.approval_ask,
        NoticeKind::Approval | NoticeKind::Submission | NoticeKind::Change | NoticeKind::Dispute => {
            &mail.submission_ask
        }
    }
}

#[cfg(test)]
mod tests;
