//! The texts that customers read, in one language. Each text is a field. A translation file with a
//! missing or an unknown key does not load, and a text that is never used is reported as dead code.

use serde::Deserialize;

/// One text, with placeholders in braces.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(crate) struct Text(String);

impl Text {
    /// Returns a text that has no placeholders.
    pub(crate) fn plain(&self) -> String {
        self.0.clone()
    }

    /// Replaces each placeholder `{name}` with its value. Values are not searched for placeholders.
    /// If a value ends with a full stop, as `Litware Inc.` does, a full stop that follows in the
    /// text is left out.
    pub(crate) fn fill(&self, values: &[(&str, &str)]) -> String {
        let mut filled = String::with_capacity(self.0.len() * 2);
        let mut rest = self.0.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            rest = match after.split_once('}') {
                Some((name, after_placeholder)) => {
                    match values.iter().find(|(known, _)| *known == name) {
                        Some((_, value)) => filled.push_str(value),
                        None => filled.extend(["{", name, "}"]),
                    }
                    if filled.ends_with('.') {
                        after_placeholder.strip_prefix('.').unwrap_or(after_placeholder)
                    } else {
                        after_placeholder
                    }
                }
                None => {
                    filled.push('{');
                    after
                }
            };
        }
        filled + rest
    }
}

/// A translation file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the translation {file} cannot be used: {reason}")]
pub struct TranslationError {
    /// The name of the file.
    pub(crate) file: &'static str,
    /// What is wrong with the file.
    pub(crate) reason: String,
}

macro_rules! text_sections {
    ($($(#[$doc:meta])* $section:ident { $($key:ident),+ $(,)? })+) => {
        $($(#[$doc])*
        #[derive(Debug, Clone, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $section { $(pub(crate) $key: Text),+ })+
    };
}

/// All texts in one language, as in the file `texts/<language>.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Translation {
    /// The BCP 47 tag of the language, for `lang` and `Content-Language`.
    pub(crate) language: String,
    /// The name of the language in that language.
    pub(crate) name: String,
    pub(crate) product: ProductTexts,
    #[serde(rename = "length")]
    pub(crate) window_length: WindowLengthTexts,
    pub(crate) time: TimeTexts,
    pub(crate) facts: FactsTexts,
    pub(crate) change: ChangeTexts,
    #[serde(rename = "sees")]
    pub(crate) partner_access: PartnerAccessTexts,
    #[serde(rename = "silence")]
    pub(crate) no_response: NoResponseTexts,
    #[serde(rename = "until")]
    pub(crate) decline_until: DeclineUntilTexts,
    pub(crate) choice: ChoiceTexts,
    pub(crate) page: PageTexts,
    pub(crate) confirm: ConfirmTexts,
    pub(crate) problem: ProblemTexts,
    pub(crate) mail: MailTexts,
}

text_sections! {
    /// The names of activities and products.
    ProductTexts { usage, pre_sales, revenue_association, subscription }
    /// The length of the consent window.
    WindowLengthTexts { calendar_days, business_days }
    /// The table of facts: who claims what.
    FactsTexts { heading, partner, partner_with_location, customer, customer_with_domain, claim, work, products }
    /// What the partner changed after the submission (R29).
    ChangeTexts { heading, added, removed, contact, lapsed }
    /// What the partner will see (R40).
    PartnerAccessTexts { heading, figures, no_content, ends }
    /// What happens if the customer does nothing (R42), for each state of the consent.
    NoResponseTexts {
        heading, requested, requested_counted, requested_window, requested_passed, explicit, awaiting, window, ahead, in_window,
    }
    /// Until when the customer can decline (R41), for each state of the consent.
    DeclineUntilTexts { heading, requested, awaiting, window, explicit, any_time }
    /// The two choices of the status page.
    ChoiceTexts {
        heading, approve, approve_hint_requested, approve_hint_approved, decline, decline_hint, decline_hint_granted, asks_again,
    }
    /// The status page: titles and paragraphs for each state of the consent.
    PageTexts {
        language, title, requested, ahead, approved, declined_before, outdated_link, in_window, in_window_told, granted_title,
        granted_spoken, granted_silent, granted_told, late, declined_title, declined, declined_silent, disputable_title, disputable,
        closed_title, closed,
    }
    /// The page that asks the reader to confirm a decision.
    ConfirmTexts {
        approve_title, approve_lead_requested, approve_lead_now, approve_check, approve_button, decline_title, decline_lead,
        decline_lead_granted, decline_check, decline_button, comment, comment_hint, back, missing, too_long,
    }
    /// The error pages.
    ProblemTexts { unknown_title, unknown, form_title, form, foreign_title, foreign, busy_title, busy, footer }
    /// The notices.
    MailTexts {
        greeting, submission_subject, submission_lead, submission_lead_checked, submission_ask, approval_subject, approval_lead,
        approval_subject_granted, approval_lead_granted, approval_ask, approved_ask, change_subject, change_lead, former_ask,
        dispute_subject, dispute_lead, explicit_subject, counted_until, link, opening, why, automatic,
    }
}

/// How points in time are written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TimeTexts {
    /// The names of the days of the week, from Monday.
    pub(crate) weekdays: [String; 7],
    /// The names of the months, from January.
    pub(crate) months: [String; 12],
    pub(crate) moment: Text,
    pub(crate) end_of_day: Text,
}

impl Translation {
    /// Reads the content of a translation file.
    pub(crate) fn read(file: &'static str, content: &str) -> Result<Self, TranslationError> {
        toml::from_str(content).map_err(|error| TranslationError { file, reason: error.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_once() {
        let text = Text("{a} and {b} and {a}; {unknown}; {open".into());
        assert_eq!(text.fill(&[("a", "{b}"), ("b", "x")]), "{b} and x and {b}; {unknown}; {open");
    }

    #[test]
    fn no_second_full_stop_after_an_abbreviation() {
        let text = Text("It is for {customer}. {customer}, {partner}.".into());
        let filled = text.fill(&[("customer", "Litware Inc."), ("partner", "Contoso")]);
        assert_eq!(filled, "It is for Litware Inc. Litware Inc., Contoso.");
    }
}
