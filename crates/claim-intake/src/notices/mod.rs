//! The mails to partners (R48, R57): their words are found when they are sent, from the claim as it is then. One that is no longer
//! true is not sent. Who a rival is, or who reviews, is in none of them.
mod answer;
mod association;
mod competition;
mod decision;
mod letter;
mod words;

use crate::{
    domain::{Claim, NoticeKind, Refusal, Rules},
    store::{Claims, mails::About},
};
use askama::Template;
use cpor_kit::Db;
use cpor_mail::{Composed, Composer, Mail, Message, Outcome, Unavailable};
use cpor_types::{ClaimName, Malformed};
use letter::{Letter, Setting};
pub(crate) use words::activity_name;

/// Words the mails at the moment of sending.
pub(crate) struct Notices {
    pub(crate) db: Db,
    pub(crate) rules: Rules,
}

impl Composer for Notices {
    /// One read.
    async fn compose(&self, mail: &Mail) -> Result<Composed, Unavailable> {
        let about: About = serde_json::from_value(mail.data.clone()).map_err(unavailable)?;
        let kind = NoticeKind::parse(&mail.kind).ok_or_else(|| unavailable("the mail is of no known kind"))?;
        let partner = mail.owner.parse().map_err(|malformed: Malformed| unavailable(malformed))?;
        let name = ClaimName { partner, claim: about.claim };
        let found = Claims::get(self.db.reader(), &name).await.map_err(unavailable)?;
        let Some(claim) = found.map(|found| found.state) else { return Ok(Composed::Withdrawn) };
        // It was erased meanwhile.
        if claim.content.partner_contact.email.is_empty() {
            return Ok(Composed::Withdrawn);
        }
        match letter(&claim, kind, about, &self.rules).map_err(unavailable)? {
            Some(letter) => Ok(Composed::Message(Box::new(message(&claim, &letter).map_err(unavailable)?))),
            None => Ok(Composed::Withdrawn),
        }
    }

    /// Nothing follows from it: the claim shows everything that its mails say.
    async fn settled(&self, _mail: &Mail, _outcome: Outcome) -> Result<(), Unavailable> {
        Ok(())
    }
}

fn unavailable(error: impl std::fmt::Display) -> Unavailable {
    Unavailable(error.to_string())
}

/// What the partner reads; `None` where it is no longer so.
fn letter(claim: &Claim, kind: NoticeKind, about: About, rules: &Rules) -> Result<Option<Letter>, Refusal> {
    let Some(setting) = Setting::of(claim, about, rules)? else { return Ok(None) };
    Ok(match kind {
        NoticeKind::PartnerAction => answer::asked(&setting),
        NoticeKind::ResponseReminder => answer::reminder(&setting),
        NoticeKind::Rejection => decision::rejected(&setting),
        NoticeKind::DisputeReminder => decision::dispute_reminder(&setting),
        NoticeKind::CustomerDeclined => decision::declined_when_rejected(&setting),
        NoticeKind::Withdrawal => decision::withdrawn(&setting),
        NoticeKind::Approval => decision::approved(&setting),
        NoticeKind::Official => association::official(&setting),
        NoticeKind::AssociationEnded => association::ended(&setting),
        NoticeKind::Competition => competition::begun(&setting),
        NoticeKind::LinesLost => competition::lost(&setting),
    })
}

#[derive(Template)]
#[template(path = "mail/notice.txt")]
struct PlainText<'a> {
    letter: &'a Letter,
}

#[derive(Template)]
#[template(path = "mail/notice.html")]
struct Html<'a> {
    letter: &'a Letter,
}

/// To the claim's partner contact as it stands.
fn message(claim: &Claim, letter: &Letter) -> Result<Message, askama::Error> {
    let contact = &claim.content.partner_contact;
    Ok(Message {
        name: contact.name.clone(),
        address: contact.email.clone(),
        subject: letter.subject.clone(),
        text: PlainText { letter }.render()?,
        html: Html { letter }.render()?,
    })
}

#[cfg(test)]
mod tests;
