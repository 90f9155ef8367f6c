//! The texts of the mails to partners, in each language (R57). A *line* is the part of a claim that
//! is about one workload or subscription of the customer. A *statement* is the partner's answer to
//! a reviewer's question about a line that another company also claims; it decides nothing.
//!
//! `text_sections!` declares a struct for each section of a translation file, with a field for each
//! text of the section. In the section of a mail, `subject` is its subject, `headline` the heading
//! above its text, and `lead` its first paragraph.
use cpor_mail::text_sections;
use cpor_mail::texts::{TimeTexts, TranslationError};
use cpor_types::{Length, MailLanguage};
use serde::Deserialize;

/// The texts in all languages.
#[derive(Debug)]
pub(crate) struct Translations {
    /// The English texts.
    english: PartnerTexts,
    /// The texts in all languages.
    all: Vec<PartnerTexts>,
}

impl Translations {
    /// Reads the texts that are shipped with the product.
    ///
    /// # Errors
    /// Returns an error if a file lacks a text or has an unknown one.
    pub(crate) fn shipped() -> Result<Self, TranslationError> {
        let all = MailLanguage::ALL.iter().map(|language| PartnerTexts::shipped(*language));
        Ok(Self { english: PartnerTexts::shipped(MailLanguage::English)?, all: all.collect::<Result<_, _>>()? })
    }

    /// Returns the texts in this language.
    pub(super) fn get(&self, language: MailLanguage) -> &PartnerTexts {
        self.all.iter().find(|texts| texts.language == language).unwrap_or(&self.english)
    }
}

/// Returns the name and the content of the file with the texts in a language.
const fn file(language: MailLanguage) -> (&'static str, &'static str) {
    match language {
        MailLanguage::Czech => ("cs.toml", include_str!("../../texts/cs.toml")),
        MailLanguage::German => ("de.toml", include_str!("../../texts/de.toml")),
        MailLanguage::English => ("en.toml", include_str!("../../texts/en.toml")),
        MailLanguage::Spanish => ("es.toml", include_str!("../../texts/es.toml")),
        MailLanguage::French => ("fr.toml", include_str!("../../texts/fr.toml")),
        MailLanguage::Hungarian => ("hu.toml", include_str!("../../texts/hu.toml")),
        MailLanguage::Polish => ("pl.toml", include_str!("../../texts/pl.toml")),
        MailLanguage::Russian => ("ru.toml", include_str!("../../texts/ru.toml")),
    }
}

/// All texts in one language, as in the file `texts/<language>.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PartnerTexts {
    /// The language of the texts.
    pub(super) language: MailLanguage,
    /// The labels that say what a mail means for the reader.
    pub(super) tone: ToneTexts,
    /// The texts that all mails have in common.
    pub(super) common: CommonTexts,
    /// The length of the consent window.
    length: LengthTexts,
    /// The formats of points in time.
    pub(super) time: TimeTexts,
    /// The reasons of a request for partner action (R30).
    pub(super) action_reason: ActionReasonTexts,
    /// The further reasons of a rejection (R32).
    pub(super) further_reason: FurtherReasonTexts,
    /// The request for partner action and its reminder.
    pub(super) partner_action: PartnerActionTexts,
    /// The rejection and the reminder to dispute it.
    pub(super) rejection: RejectionTexts,
    /// A decline of a claim that was already rejected.
    pub(super) declined: DeclinedTexts,
    /// The withdrawal.
    pub(super) withdrawal: WithdrawalTexts,
    /// The approval.
    pub(super) approval: ApprovalTexts,
    /// The official association.
    pub(super) official: OfficialTexts,
    /// The end of an association.
    pub(super) ended: EndedTexts,
    /// A competing claim.
    pub(super) competition: CompetitionTexts,
    /// The request for a statement and its reminder.
    pub(super) statement: StatementTexts,
    /// The lines that were awarded to another company.
    pub(super) lines_lost: LinesLostTexts,
    /// A customer who is not reached, and the reminder.
    pub(super) delivery: DeliveryTexts,
}

impl PartnerTexts {
    /// Reads the shipped texts in this language.
    fn shipped(language: MailLanguage) -> Result<Self, TranslationError> {
        let (file, content) = file(language);
        toml::from_str(content).map_err(|error| TranslationError { file, reason: error.to_string() })
    }

    /// Returns the length of a period, with the right plural.
    pub(super) fn length(&self, length: Length) -> String {
        let texts = &self.length;
        let (days, one, several) = match length {
            Length::CalendarDays(days) => (days, &texts.calendar_day, &texts.calendar_days),
            Length::BusinessDays(days) => (days, &texts.business_day, &texts.business_days),
        };
        let text = if self.language.is_singular(days) { one } else { several };
        text.fill(&[("n", &days.to_string())])
    }
}

text_sections! {
    /// The labels that say what a mail means for the reader.
    ToneTexts { action_required, positive, negative, neutral }
    /// The texts that all mails have in common, and the table that describes the claim.
    CommonTexts {
        /// The subject line, with the subject of the mail and the name of the claim.
        subject,
        greeting,
        greeting_without_name,
        the_claim,
        footer,
        claim,
        customer,
        partner,
        activity,
        claimed,
        claim_id,
        usage,
        pre_sales,
        revenue_association,
        /// A line with a subscription.
        line,
        mpn_id,
        /// A date without time, for subject lines.
        date,
        reviewer_wrote,
        customer_wrote,
        company_wrote,
        deadline,
        how_to_answer,
        what_happens_now,
        what_you_can_do,
        what_is_contested,
    }
    /// The length of a period: for one day, and for several.
    LengthTexts { calendar_day, calendar_days, business_day, business_days }
    /// The reasons of a request for partner action (R30).
    ActionReasonTexts {
        poe_missing,
        acknowledgement_missing,
        dates_missing_or_old,
        service_insufficient,
        products_missing,
    }
    /// The further reasons of a rejection (R32).
    FurtherReasonTexts { consent_missing, products_missing, no_partner_response, poe_not_available }
    /// The request for partner action and its reminder.
    PartnerActionTexts {
        request_subject,
        request_headline,
        request_lead,
        reminder_subject,
        reminder_headline,
        reminder_lead,
        reasons,
        remove,
        deadline,
        /// The policy lets the partner only add evidence and comments.
        answer_with_evidence,
        answer_with_edits,
        resubmit,
    }
    /// The rejection and the reminder to dispute it.
    RejectionTexts {
        subject,
        headline,
        lead,
        reminder_subject,
        reminder_headline,
        reminder_lead,
        partner_request,
        insufficient_poe,
        no_explicit_approval,
        customer_declined,
        customer_not_reached,
        lost_to_competing_claim,
        further_reasons,
        association,
        official_ended,
        pending_ended,
        where_heading,
        where_to_see,
        final_heading,
        missed,
        final_withdrawal,
        no_dispute_left,
        not_approved_again,
        new_claim,
        dispute_heading,
        dispute_until,
        how_to_dispute,
        explicit_approval_needed,
    }
    /// A decline of a claim that was already rejected.
    DeclinedTexts { subject, headline, lead }
    /// The withdrawal.
    WithdrawalTexts { subject, headline, lead }
    /// The approval.
    ApprovalTexts {
        subject,
        headline,
        lead,
        customer_approved,
        customer_silent,
        being_recorded,
        explicit_needed,
        silence_is_enough,
        /// When the consent window ends.
        window_until,
        /// How long the consent window is, if it has not opened yet.
        window_length,
        until_then,
        reserved,
    }
    /// The official association.
    OfficialTexts { subject, headline, lead, can_do_heading, usage, incentives, assessed, recognised }
    /// The end of an association.
    EndedTexts {
        subject,
        headline,
        lead,
        what,
        why,
        meaning,
        usage_lost,
        no_usage_yet,
        others_stay,
        /// The subscription has ended.
        expired,
        expired_workload,
        superseded,
        declined,
        withdrawn,
        rejected,
    }
    /// A competing claim.
    CompetitionTexts {
        subject,
        headline,
        lead,
        procedure,
        clocks_stopped,
        /// The policy lets the review deadlines run during the competition.
        clocks_run,
        options,
    }
    /// The request for a statement and its reminder.
    StatementTexts {
        request_subject,
        request_headline,
        reminder_subject,
        reminder_headline,
        lead,
        deadline,
        answer,
    }
    /// The lines that were awarded to another company.
    LinesLostTexts { subject, headline, lead, lost, remaining }
    /// A customer who is not reached, and the reminder.
    DeliveryTexts {
        bounce_subject,
        bounce_headline,
        bounce_lead,
        reminder_subject,
        reminder_headline,
        reminder_lead,
        deadline,
        options,
        address_is_right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    /// Returns every key of a translation file with its text.
    fn texts(language: MailLanguage) -> BTreeMap<String, String> {
        let table: toml::Table = file(language).1.parse().unwrap();
        let sections = table.into_iter().filter_map(|(section, value)| Some((section, value.as_table()?.clone())));
        let keys = sections.flat_map(|(section, texts)| {
            let keys = texts.into_iter().filter_map(|(key, value)| Some((key, value.as_str()?.to_owned())));
            keys.map(|(key, text)| (format!("{section}.{key}"), text)).collect::<Vec<_>>()
        });
        keys.collect()
    }

    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()).collect()
    }

    #[test]
    fn r57_every_text_is_translated() {
        // These texts are the same in some languages.
        const SAME: [&str; 7] = [
            "common.subject",
            "common.partner",
            "common.mpn_id",
            "common.date",
            "time.first_of_month",
            "time.moment",
            "time.end_of_day",
        ];
        let english = texts(MailLanguage::English);
        for language in MailLanguage::ALL {
            assert_eq!(Translations::shipped().unwrap().get(*language).language, *language);
            for (key, text) in texts(*language) {
                assert_eq!(placeholders(&text), placeholders(&english[&key]), "{language}: {key}");
                let is_translated = text != english[&key];
                assert!(
                    *language == MailLanguage::English || is_translated || SAME.contains(&&*key),
                    "{language}: {key}"
                );
            }
        }
    }

    #[test]
    fn lengths_have_the_right_plural() {
        let translations = Translations::shipped().unwrap();
        let calendar_days = |language, days| translations.get(language).length(Length::CalendarDays(days));
        for (language, days, text) in [
            (MailLanguage::English, 1, "1 calendar day"),
            (MailLanguage::English, 7, "7 calendar days"),
            (MailLanguage::French, 0, "0 jour calendaire"),
            (MailLanguage::German, 1, "1 Kalendertag"),
            (MailLanguage::German, 0, "0 Kalendertagen"),
            (MailLanguage::Czech, 2, "2 kalendářních dnů"),
            (MailLanguage::Polish, 21, "21 dni kalendarzowych"),
            (MailLanguage::Russian, 21, "21 календарного дня"),
            (MailLanguage::Russian, 11, "11 календарных дней"),
            (MailLanguage::Hungarian, 1, "1 naptári nap"),
        ] {
            assert_eq!(calendar_days(language, days), text);
        }
    }
}
