//! The content of a mail to a partner, independent of its format, and the parts that all mails have
//! in common.
use super::label_text::{activity_label, line_label, partner_label, time_label};
use crate::{
    domain::{Claim, Line, Refusal, Rules, Submission},
    store::mails::PartnerMailData,
};
use cpor_types::{Calendar, Length, Timestamp};

/// The content of a mail. The templates render it as plain text and as HTML.
pub(super) struct MailContent {
    pub(super) subject: String,
    /// What the mail means for the reader. It determines the label and the colour.
    pub(super) tone: Tone,
    pub(super) headline: String,
    pub(super) greeting: String,
    /// The first paragraph.
    pub(super) lead: String,
    /// The sections after the first paragraph.
    pub(super) sections: Vec<Section>,
    /// The table that describes the claim.
    pub(super) details: Vec<ClaimDetail>,
}

/// What a mail means for the reader.
#[derive(Clone, Copy)]
pub(super) enum Tone {
    /// The partner has to do something.
    ActionRequired,
    /// The mail brings good news.
    Positive,
    /// The mail brings an adverse decision.
    Negative,
    /// The mail only informs.
    Neutral,
}

impl Tone {
    /// Returns the colour of the header in the HTML form.
    pub(super) const fn colour(self) -> &'static str {
        match self {
            Self::ActionRequired => "#8a5300",
            Self::Positive => "#0f6b3a",
            Self::Negative => "#a4262c",
            Self::Neutral => "#0b5cad",
        }
    }

    /// Returns the label in the header of the HTML form.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::ActionRequired => "Action required",
            Self::Positive => "Good news",
            Self::Negative => "Decision",
            Self::Neutral => "For your information",
        }
    }
}

/// A section of a mail: a heading with bullet points, a quotation or paragraphs.
#[derive(Default)]
pub(super) struct Section {
    pub(super) heading: &'static str,
    pub(super) points: Vec<String>,
    /// A text that a person wrote; may be empty.
    pub(super) quote: String,
    pub(super) paragraphs: Vec<String>,
    /// Whether the section is highlighted, for example because it contains a deadline.
    pub(super) is_emphasized: bool,
}

impl Section {
    /// Creates a section with paragraphs.
    pub(super) fn paragraphs<S: Into<String>>(heading: &'static str, paragraphs: impl IntoIterator<Item = S>) -> Self {
        Self { heading, paragraphs: paragraphs.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Creates a section with bullet points.
    pub(super) fn bullet_points(heading: &'static str, points: impl IntoIterator<Item = String>) -> Self {
        Self { heading, points: points.into_iter().collect(), ..Self::default() }
    }

    /// Creates a section with a quotation; `None` if the text is empty.
    pub(super) fn quote(heading: &'static str, text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self { heading, quote: text.to_owned(), ..Self::default() })
    }

    /// Highlights the section.
    pub(super) fn emphasized(self) -> Self {
        Self { is_emphasized: true, ..self }
    }

    /// Returns the lines of the quotation, for the plain-text form.
    pub(super) fn quote_lines(&self) -> std::str::Lines<'_> {
        self.quote.lines()
    }
}

/// A row of the table that describes the claim.
pub(super) struct ClaimDetail {
    pub(super) label: &'static str,
    /// The values, one per line.
    pub(super) values: Vec<String>,
}

/// The claim that a mail is about, with everything that its text needs.
pub(super) struct MailContext<'a> {
    /// The claim as last committed.
    pub(super) claim: &'a Claim,
    /// The data of the claim's submission.
    pub(super) submission: &'a Submission,
    /// The data that was stored with the queued mail.
    pub(super) data: PartnerMailData,
    /// The length of the consent window under the claim's policy.
    pub(super) consent_window: Length,
    /// The calendar of the partner's location.
    partner_calendar: &'a Calendar,
    /// The calendar of the customer.
    tenant_calendar: &'a Calendar,
}

impl<'a> MailContext<'a> {
    /// Creates the context. Returns `None` if the claim has another review case than when the mail
    /// was queued, because every mail is about one review case.
    pub(super) fn for_claim(
        claim: &'a Claim,
        data: PartnerMailData,
        rules: &'a Rules,
    ) -> Result<Option<Self>, Refusal> {
        let Some(submission) = claim.state.submission().filter(|submission| submission.review_case == data.case) else {
            return Ok(None);
        };
        Ok(Some(Self {
            claim,
            submission,
            data,
            consent_window: rules.profile_of(claim, data.time)?.consent_window,
            partner_calendar: rules.calendar(&submission.partner_calendar)?,
            tenant_calendar: rules.calendar(&submission.tenant_calendar)?,
        }))
    }

    /// Formats `time` in the time zone of the partner.
    pub(super) fn time(&self, time: Timestamp) -> String {
        time_label(self.partner_calendar, time)
    }

    /// Formats the day of `time` in the time zone of the partner, for a subject line.
    pub(super) fn day(&self, time: Timestamp) -> String {
        self.partner_calendar.local_time(time).local.format("%-d %B %Y").to_string()
    }

    /// Formats `time` in the time zone of the customer.
    pub(super) fn customer_time(&self, time: Timestamp) -> String {
        time_label(self.tenant_calendar, time)
    }

    /// Returns the name that the partner gave the claim.
    pub(super) fn title(&self) -> &str {
        &self.claim.content.display_name
    }

    /// Returns the name of the customer, or the customer's domain if the name is not known.
    pub(super) fn customer(&self) -> &str {
        self.claim.directory.customer_name().unwrap_or(&self.claim.content.customer_domain)
    }

    /// Creates a mail about the claim, without sections.
    pub(super) fn new_mail(&self, tone: Tone, subject: &str, headline: &str, lead: String) -> MailContent {
        let name = self.claim.content.partner_contact.name.expose();
        MailContent {
            subject: format!("{subject}: {}", self.title()),
            tone,
            headline: headline.to_owned(),
            greeting: if name.is_empty() { "Hello,".to_owned() } else { format!("Hello {name},") },
            lead,
            sections: Vec::new(),
            details: self.details(),
        }
    }

    /// Returns the rows that describe the claim. Rows without a value are left out.
    fn details(&self) -> Vec<ClaimDetail> {
        let content = &self.claim.content;
        let lines: Vec<_> = content.lines.iter().map(line_label).collect();
        let activities: Vec<_> =
            content.activities.iter().map(|activity| activity_label(*activity).to_owned()).collect();
        let customer = format!("{} ({})", self.customer(), content.customer_domain);
        let rows = [
            ("Claim", vec![content.display_name.clone()]),
            ("Customer", vec![customer]),
            ("Partner", vec![partner_label(self.claim)]),
            ("Activity", activities),
            ("Claimed", lines),
            ("Claim ID", vec![self.claim.name.to_string()]),
        ];
        let filled_rows = rows.into_iter().filter(|(_, values)| !values.is_empty());
        filled_rows.map(|(label, values)| ClaimDetail { label, values }).collect()
    }
}

impl MailContent {
    /// Adds these sections, in their order. `None` items are skipped.
    pub(super) fn with_sections(mut self, sections: impl IntoIterator<Item = Option<Section>>) -> Self {
        self.sections.extend(sections.into_iter().flatten());
        self
    }
}

/// Returns the labels of the lines.
pub(super) fn line_labels<'l>(lines: impl IntoIterator<Item = &'l Line>) -> Vec<String> {
    lines.into_iter().map(line_label).collect()
}
