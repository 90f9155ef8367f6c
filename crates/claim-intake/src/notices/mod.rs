//! Composes the mails to partners (R48, R57). Notices to customers are sent by customer-consent.
//! The text of a mail is composed when the mail is sent, from the claim as it is at that time, in
//! the language of the partner's location. A mail that no longer applies to the claim by then is
//! withdrawn: it is not sent. No mail contains the name of a competing company or of a reviewer. A
//! *policy profile* is a versioned set of values that the business rules leave open (R61).
mod association;
mod competition;
mod decision;
mod delivery;
mod label_text;
mod mail_content;
mod partner_action;
mod translation;

use crate::{
    domain::{Claim, PartnerMailKind, Refusal, Rules},
    store::{ClaimReader, mails::PartnerMailData},
};
use askama::Template;
use cpor_mail::{Mail, MailRenderer, Message, Outcome, RenderResult, RendererError};
use cpor_types::{ClaimName, Malformed};
pub(crate) use label_text::activity_label;
use mail_content::{MailContent, MailContext};
pub(crate) use translation::Translations;

/// Composes the queued mails when they are sent.
pub(crate) struct PartnerMailComposer {
    /// Reads the claims that the mails are about.
    pub(crate) claims: ClaimReader,
    /// The policy profiles and calendars.
    pub(crate) rules: Rules,
    /// The texts of the mails.
    pub(crate) translations: Translations,
}

impl MailRenderer for PartnerMailComposer {
    /// Composes a mail. Reads the claim from the database once.
    async fn render(&self, mail: &Mail) -> Result<RenderResult, RendererError> {
        let data: PartnerMailData = serde_json::from_value(mail.data.clone()).map_err(renderer_error)?;
        let kind: PartnerMailKind = mail.kind.parse().map_err(|error: Malformed| renderer_error(error))?;
        let partner = mail.owner.parse().map_err(|error: Malformed| renderer_error(error))?;
        let name = ClaimName { partner, claim: data.claim };
        let claim = self.claims.get(&name).await.map_err(renderer_error)?;
        let Some(claim) = claim.map(|claim| claim.state) else { return Ok(RenderResult::Withdrawn) };
        // The address was erased after the mail was queued.
        if claim.content.partner_contact.email.is_empty() {
            return Ok(RenderResult::Withdrawn);
        }
        match mail_content(&claim, kind, data, &self.rules, &self.translations).map_err(renderer_error)? {
            Some(content) => Ok(RenderResult::Message(Box::new(message(&claim, &content).map_err(renderer_error)?))),
            None => Ok(RenderResult::Withdrawn),
        }
    }

    /// Does nothing. Everything in a mail can also be read in the claim, so nothing depends on
    /// whether the mail was accepted.
    async fn record_outcome(&self, _mail: &Mail, _outcome: Outcome) -> Result<(), RendererError> {
        Ok(())
    }
}

/// Returns the error of a mail that cannot be composed.
fn renderer_error(error: impl std::fmt::Display) -> RendererError {
    RendererError(error.to_string())
}

/// Returns the content of a mail of this kind; `None` if the mail no longer applies to the claim.
fn mail_content(
    claim: &Claim,
    kind: PartnerMailKind,
    data: PartnerMailData,
    rules: &Rules,
    translations: &Translations,
) -> Result<Option<MailContent>, Refusal> {
    let Some(context) = MailContext::for_claim(claim, data, rules, translations)? else { return Ok(None) };
    Ok(match kind {
        PartnerMailKind::PartnerAction => partner_action::request_mail(&context),
        PartnerMailKind::ResponseReminder => partner_action::reminder_mail(&context),
        PartnerMailKind::StatementRequest => competition::statement_request_mail(&context),
        PartnerMailKind::StatementReminder => competition::statement_reminder_mail(&context),
        PartnerMailKind::Rejection => decision::rejection_mail(&context),
        PartnerMailKind::DisputeReminder => decision::dispute_reminder_mail(&context),
        PartnerMailKind::CustomerDeclined => decision::decline_after_rejection_mail(&context),
        PartnerMailKind::Withdrawal => decision::withdrawal_mail(&context),
        PartnerMailKind::NoticeBounced => delivery::bounce_mail(&context),
        PartnerMailKind::DeliveryReminder => delivery::reminder_mail(&context),
        PartnerMailKind::Approval => decision::approval_mail(&context),
        PartnerMailKind::Official => association::official_mail(&context),
        PartnerMailKind::AssociationEnded => association::ended_mail(&context),
        PartnerMailKind::Competition => competition::competition_mail(&context),
        PartnerMailKind::LinesLost => competition::lines_lost_mail(&context),
    })
}

/// The plain-text form of a mail, rendered by an Askama template.
#[derive(Template)]
#[template(path = "mail/notice.txt")]
struct PlainText<'a> {
    mail: &'a MailContent,
}

/// The HTML form of a mail, rendered by an Askama template.
#[derive(Template)]
#[template(path = "mail/notice.html")]
struct Html<'a> {
    mail: &'a MailContent,
}

/// Renders a mail to the current partner contact of the claim.
fn message(claim: &Claim, mail: &MailContent) -> Result<Message, askama::Error> {
    let contact = &claim.content.partner_contact;
    Ok(Message {
        name: contact.name.expose().to_owned(),
        address: contact.email.expose().to_owned(),
        return_path: None,
        subject: mail.subject.clone(),
        text: PlainText { mail }.render()?,
        html: Html { mail }.render()?,
    })
}

#[cfg(test)]
mod tests;
