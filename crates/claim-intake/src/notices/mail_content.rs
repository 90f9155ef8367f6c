//! The content of a mail to a partner, independent of its format, and the parts that all mails have
//! in common. A *line* is the part of a claim that is about one workload or subscription of the
//! customer. It is *contested* while another company claims or holds the same.
use super::translation::{PartnerTexts, ToneTexts, Translations};
use crate::{
    domain::{Claim, Line, Refusal, Rules, Submission},
    store::mails::PartnerMailData,
};
use cpor_mail::texts::Text;
use cpor_types::{Activity, Calendar, Length, MailLanguage, Timestamp};

/// The content of a mail. The templates render it as plain text and as HTML.
pub(super) struct MailContent {
    pub(super) language: MailLanguage,
    pub(super) subject: String,
    /// What the mail means for the reader. It determines the label and the colour.
    pub(super) tone: Tone,
    /// The label in the header of the HTML form.
    pub(super) tone_label: String,
    pub(super) headline: String,
    pub(super) greeting: String,
    /// The first paragraph.
    pub(super) lead: String,
    /// The sections after the first paragraph.
    pub(super) sections: Vec<Section>,
    /// The heading above the table.
    pub(super) details_heading: String,
    /// The table that describes the claim.
    pub(super) details: Vec<ClaimDetail>,
    /// Why the recipient gets the mail.
    pub(super) footer: String,
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
    fn label(self, texts: &ToneTexts) -> String {
        let text = match self {
            Self::ActionRequired => &texts.action_required,
            Self::Positive => &texts.positive,
            Self::Negative => &texts.negative,
            Self::Neutral => &texts.neutral,
        };
        text.plain()
    }
}

/// A section of a mail: a heading with bullet points, a quotation or paragraphs.
#[derive(Default)]
pub(super) struct Section {
    pub(super) heading: String,
    pub(super) points: Vec<String>,
    /// A text that a person wrote; may be empty.
    pub(super) quote: String,
    pub(super) paragraphs: Vec<String>,
    /// Whether the section is highlighted, for example because it contains a deadline.
    pub(super) is_emphasized: bool,
}

impl Section {
    /// Creates a section with paragraphs.
    pub(super) fn paragraphs(heading: &Text, paragraphs: impl IntoIterator<Item = String>) -> Self {
        Self { heading: heading.plain(), paragraphs: paragraphs.into_iter().collect(), ..Self::default() }
    }

    /// Creates a section with bullet points.
    pub(super) fn bullet_points(heading: &Text, points: impl IntoIterator<Item = String>) -> Self {
        Self { heading: heading.plain(), points: points.into_iter().collect(), ..Self::default() }
    }

    /// Creates a section with a quotation; `None` if the text is empty.
    pub(super) fn quote(heading: &Text, text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self { heading: heading.plain(), quote: text.to_owned(), ..Self::default() })
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
    pub(super) label: String,
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
    /// The texts in the language of the partner's location.
    pub(super) texts: &'a PartnerTexts,
    /// The length of the consent window, in which silence of the customer counts as consent, under
    /// the claim's policy.
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
        translations: &'a Translations,
    ) -> Result<Option<Self>, Refusal> {
        let Some(submission) = claim.state.submission().filter(|submission| submission.review_case == data.case) else {
            return Ok(None);
        };
        Ok(Some(Self {
            claim,
            submission,
            data,
            texts: translations.get(claim.registry_data.partner_language.unwrap_or_default()),
            consent_window: rules.profile_of(claim, data.time)?.consent_window,
            partner_calendar: rules.calendar(&submission.partner_calendar)?,
            tenant_calendar: rules.calendar(&submission.tenant_calendar)?,
        }))
    }

    /// Formats `time` in the time zone of the partner.
    pub(super) fn time(&self, time: Timestamp) -> String {
        self.texts.time.format(self.partner_calendar, time)
    }

    /// Formats the day of `time` in the time zone of the partner, for a subject line.
    pub(super) fn day(&self, time: Timestamp) -> String {
        self.texts.time.format_as(&self.texts.common.date, self.partner_calendar, time)
    }

    /// Formats `time` in the time zone of the customer.
    pub(super) fn customer_time(&self, time: Timestamp) -> String {
        self.texts.time.format(self.tenant_calendar, time)
    }

    /// Returns the name that the partner gave the claim.
    pub(super) fn title(&self) -> &str {
        &self.claim.content.display_name
    }

    /// Returns the name of the customer, or the customer's domain if the name is not known.
    pub(super) fn customer(&self) -> &str {
        self.claim.registry_data.customer_name().unwrap_or(&self.claim.content.customer_domain)
    }

    /// Returns the labels of the lines: `Power BI, subscription 0a1b…`.
    pub(super) fn line_labels<'l>(&self, lines: impl IntoIterator<Item = &'l Line>) -> Vec<String> {
        lines.into_iter().map(|line| self.line_label(line)).collect()
    }

    /// Returns the labels of the contested lines.
    pub(super) fn contested_lines(&self) -> Vec<String> {
        self.line_labels(self.claim.content.lines.iter().filter(|line| line.contested))
    }

    fn line_label(&self, line: &Line) -> String {
        let display_name = line.registry_data.as_ref().map(|data| data.product_display_name.as_str());
        let product = display_name.filter(|name| !name.is_empty()).unwrap_or_else(|| line.product.as_str());
        match line.subscription().as_str() {
            "" => product.to_owned(),
            subscription => self.texts.common.line.fill(&[("product", product), ("subscription", subscription)]),
        }
    }

    /// Returns the partner and the MPN (Microsoft Partner Network) id of its location, for example
    /// `Contoso, MPN ID 1001`.
    fn partner_label(&self) -> String {
        let mpn_id = self.claim.content.mpn_id.as_ref();
        let mpn_id = mpn_id.map(|id| self.texts.common.mpn_id.fill(&[("id", id.as_str())]));
        let company = Some(self.claim.registry_data.partner_display_name.clone()).filter(|name| !name.is_empty());
        company.into_iter().chain(mpn_id).collect::<Vec<_>>().join(", ")
    }

    fn activity_label(&self, activity: Activity) -> String {
        let text = match activity {
            Activity::Usage => &self.texts.common.usage,
            Activity::PreSales => &self.texts.common.pre_sales,
            Activity::RevenueAssociation => &self.texts.common.revenue_association,
        };
        text.plain()
    }

    /// Creates a mail about the claim, without sections.
    pub(super) fn new_mail(&self, tone: Tone, subject: String, headline: &Text, lead: String) -> MailContent {
        let common = &self.texts.common;
        MailContent {
            language: self.texts.language,
            subject: common.subject.fill(&[("subject", &subject), ("title", self.title())]),
            tone,
            tone_label: tone.label(&self.texts.tone),
            headline: headline.plain(),
            greeting: match self.claim.content.partner_contact.name.expose() {
                "" => common.greeting_without_name.plain(),
                name => common.greeting.fill(&[("name", name)]),
            },
            lead,
            sections: Vec::new(),
            details_heading: common.the_claim.plain(),
            details: self.details(),
            footer: common.footer.plain(),
        }
    }

    /// Returns the rows that describe the claim. Rows without a value are left out.
    fn details(&self) -> Vec<ClaimDetail> {
        let (content, common) = (&self.claim.content, &self.texts.common);
        let activities: Vec<_> = content.activities.iter().map(|activity| self.activity_label(*activity)).collect();
        let customer = format!("{} ({})", self.customer(), content.customer_domain);
        let rows = [
            (&common.claim, vec![content.display_name.clone()]),
            (&common.customer, vec![customer]),
            (&common.partner, vec![self.partner_label()]),
            (&common.activity, activities),
            (&common.claimed, self.line_labels(&content.lines)),
            (&common.claim_id, vec![self.claim.name.to_string()]),
        ];
        let filled_rows = rows.into_iter().filter(|(_, values)| !values.is_empty());
        filled_rows.map(|(label, values)| ClaimDetail { label: label.plain(), values }).collect()
    }
}

impl MailContent {
    /// The number of characters in a line of the footer in the plain-text form.
    const FOOTER_WIDTH: usize = 70;

    /// Returns the footer in short lines, for the plain-text form.
    pub(super) fn wrapped_footer(&self) -> String {
        let mut lines: Vec<String> = Vec::new();
        for word in self.footer.split(' ') {
            let fits = |line: &&mut String| line.chars().count() + 1 + word.chars().count() <= Self::FOOTER_WIDTH;
            if let Some(line) = lines.last_mut().filter(fits) {
                line.push(' ');
                line.push_str(word);
            } else {
                lines.push(word.to_owned());
            }
        }
        lines.join("\n")
    }

    /// Adds these sections, in their order. `None` items are skipped.
    pub(super) fn with_sections(mut self, sections: impl IntoIterator<Item = Option<Section>>) -> Self {
        self.sections.extend(sections.into_iter().flatten());
        self
    }
}
