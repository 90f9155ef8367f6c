//! Renders the mails to the holders of legacy associations (R58a): partners that were on record for
//! a subscription before claims existed.

use askama::Template;
use cpor_durable::AggregateKey;
use cpor_mail::{Mail, Message, RenderResult, RendererError};
use cpor_types::Personal;
use uuid::Uuid;

use crate::consent_text::format_time;
use crate::domain::{HolderNotice, HolderNoticeKind, LegacyHolder, TermsError};
use crate::notices::{NoticeRenderer, mail_translations, renderer_error};
use crate::store::holder::{self, HolderLink};
use crate::translation::{HolderTexts, Text, Translation};

/// The plain-text body of a mail, one part for each language.
#[derive(Template)]
#[template(path = "mail/holder.txt")]
struct PlainText<'a> {
    parts: &'a [HolderMail<'a>],
}

/// The HTML body of a mail, one part for each language.
#[derive(Template)]
#[template(path = "mail/holder.html")]
struct Html<'a> {
    subject: &'a str,
    parts: &'a [HolderMail<'a>],
}

/// The texts of a mail in one language.
struct HolderMail<'a> {
    /// The tag of the language.
    language: &'a str,
    subject: String,
    greeting: String,
    /// The first paragraph.
    lead: String,
    /// The comment of the reviewer; may be empty.
    comment: &'a str,
    /// The paragraph with the time until which the holder can answer.
    until: Option<String>,
    /// The paragraph on what the holder can do.
    request: String,
    /// The link and its label; `None` if the mail cannot be answered.
    link: Option<(&'a str, String)>,
    /// The sentence which states that opening the link decides nothing.
    opening_note: String,
    /// The sentence on why the recipient gets the mail.
    reason: String,
    /// The sentence which states that the mail was sent automatically.
    automatic_note: String,
}

impl NoticeRenderer {
    /// Renders a mail to the holder with this id. Withdraws the mail if it asks for an answer that
    /// is no longer possible.
    pub(crate) async fn render_for_holder(&self, mail: &Mail, holder: Uuid) -> Result<RenderResult, RendererError> {
        let key = AggregateKey::new(mail.owner.clone(), holder);
        let found = holder::find(&self.consents.db, &key).await.map_err(renderer_error)?;
        let now = self.consents.now().await.map_err(renderer_error)?;
        let Some(holder) = found.map(|holder| holder.with_deadlines_applied(now)) else {
            return Ok(RenderResult::Withdrawn);
        };
        let reminded = holder.notice_with_reminder(mail.id);
        let notice = reminded.or_else(|| holder.notice(mail.id));
        let Some(notice) = notice.filter(|notice| notice.is_open() || notice.kind.is_loss()) else {
            return Ok(RenderResult::Withdrawn);
        };
        let link = HolderLink { holder: key, notice: notice.id };
        let link = match notice.is_open() {
            true => Some(self.links.create_for_holder(link).await.map_err(renderer_error)?),
            false => None,
        };
        let translations = mail_translations(&self.languages, &holder.details.calendar).into_iter();
        let texts = translations.map(|translation| {
            self.holder_mail(translation, &holder, notice, reminded.is_some(), link.as_ref().map(Personal::expose))
        });
        let parts = texts.collect::<Result<Vec<_>, _>>().map_err(renderer_error)?;
        let Some(first) = parts.first() else { return Ok(RenderResult::Withdrawn) };
        Ok(RenderResult::Message(Box::new(Message {
            name: holder.details.contact_name.expose().to_owned(),
            address: holder.details.contact_email.expose().to_owned(),
            return_path: None,
            subject: first.subject.clone(),
            text: PlainText { parts: &parts }.render().map_err(renderer_error)?,
            html: Html { subject: &first.subject, parts: &parts }.render().map_err(renderer_error)?,
        })))
    }

    fn holder_mail<'a>(
        &self,
        translation: &'a Translation,
        holder: &'a LegacyHolder,
        notice: &'a HolderNotice,
        is_reminder: bool,
        link: Option<&'a str>,
    ) -> Result<HolderMail<'a>, TermsError> {
        let (texts, calendar) = (&translation.holder, self.consents.rules.calendars.get(&holder.details.calendar)?);
        let due = notice.deadline().map(|deadline| format_time(&translation.time, calendar, deadline.due));
        let values = holder_values(holder, due.as_deref().unwrap_or_default());
        let fill = |text: &Text| text.fill(&values);
        let (subject, lead, request) = paragraphs(texts, notice.kind, is_reminder);
        Ok(HolderMail {
            language: &translation.language,
            subject: fill(subject),
            greeting: translation.mail.greeting.fill(&[("name", holder.details.contact_name.expose())]),
            lead: fill(lead),
            comment: &notice.comment,
            until: due.is_some().then(|| fill(&texts.until)),
            request: fill(request),
            link: link.map(|link| (link, texts.link.plain())),
            opening_note: texts.opening_note.plain(),
            reason: texts.reason.plain(),
            automatic_note: translation.mail.automatic.plain(),
        })
    }
}

/// Returns the values of the placeholders in the texts for a holder.
pub(crate) fn holder_values<'a>(holder: &'a LegacyHolder, due: &'a str) -> [(&'static str, &'a str); 4] {
    let details = &holder.details;
    [("customer", &details.customer), ("partner", &details.partner), ("product", &details.product), ("due", due)]
}

/// Returns the subject, the first paragraph, and the paragraph on what the holder can do.
const fn paragraphs(texts: &HolderTexts, kind: HolderNoticeKind, is_reminder: bool) -> (&Text, &Text, &Text) {
    match kind {
        HolderNoticeKind::StatementRequested if is_reminder => {
            (&texts.reminder_subject, &texts.reminder_lead, &texts.statement_ask)
        }
        HolderNoticeKind::Contested => (&texts.contested_subject, &texts.contested_lead, &texts.contested_ask),
        HolderNoticeKind::StatementRequested => (&texts.statement_subject, &texts.statement_lead, &texts.statement_ask),
        HolderNoticeKind::Superseded => (&texts.lost_subject, &texts.superseded_lead, &texts.lost_ask),
        HolderNoticeKind::Declined => (&texts.lost_subject, &texts.declined_lead, &texts.lost_ask),
        HolderNoticeKind::Expired => (&texts.lost_subject, &texts.expired_lead, &texts.lost_ask),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::HolderDetails;
    use crate::languages::Languages;

    #[test]
    fn r58a_every_mail_is_complete_in_every_language() {
        let text = |text: &str| text.to_owned();
        let details = HolderDetails {
            customer: text("Fabrikam"),
            partner: text("Contoso"),
            product: text("Power BI"),
            key: text("subscriptions/00000000-0000-4000-8000-000000000001"),
            calendar: text("de"),
            contact_name: "Ada".into(),
            contact_email: "ada@contoso.example".into(),
        };
        let holder =
            LegacyHolder { details, notices: Vec::new(), update_time: "2026-03-02T09:00:00Z".parse().unwrap() };
        let values = holder_values(&holder, "2026-03-09");
        let kinds = [
            HolderNoticeKind::Contested,
            HolderNoticeKind::StatementRequested,
            HolderNoticeKind::Superseded,
            HolderNoticeKind::Declined,
            HolderNoticeKind::Expired,
        ];
        for translation in Languages::shipped().unwrap().all() {
            let texts = &translation.holder;
            let of_kinds = [false, true].into_iter().flat_map(|is_reminder| {
                kinds.into_iter().flat_map(move |kind| <[&Text; 3]>::from(paragraphs(texts, kind, is_reminder)))
            });
            for text in of_kinds.chain([&texts.until, &texts.title, &texts.check, &texts.sent, &texts.over]) {
                let filled = text.fill(&values);
                assert!(!filled.is_empty() && !filled.contains(['{', '}']), "{}: {filled}", translation.language);
            }
            assert!(texts.until.fill(&values).contains("2026-03-09"), "{}", translation.language);
        }
    }
}
