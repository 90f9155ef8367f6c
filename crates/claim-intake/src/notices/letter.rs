//! The shape of a mail, and what every one of them says of its claim.
use super::words::{activity_name, line_name, moment, place_of};
use crate::{
    domain::{Claim, Line, Refusal, Rules, Submission},
    store::mails::About,
};
use cpor_types::{Calendar, Length, Timestamp};

/// What a mail says, in both of its forms.
pub(super) struct Letter {
    pub(super) subject: String,
    pub(super) mood: Mood,
    pub(super) headline: String,
    pub(super) greeting: String,
    pub(super) lead: String,
    pub(super) sections: Vec<Section>,
    pub(super) facts: Vec<Fact>,
}

/// What it means to its reader.
#[derive(Clone, Copy)]
pub(super) enum Mood {
    Act,
    Good,
    Bad,
    News,
}

impl Mood {
    /// The colour of its band.
    pub(super) const fn colour(self) -> &'static str {
        match self {
            Self::Act => "#8a5300",
            Self::Good => "#0f6b3a",
            Self::Bad => "#a4262c",
            Self::News => "#0b5cad",
        }
    }

    /// The word in it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Act => "Action required",
            Self::Good => "Good news",
            Self::Bad => "Decision",
            Self::News => "For your information",
        }
    }
}

/// A heading and what is under it.
#[derive(Default)]
pub(super) struct Section {
    pub(super) heading: &'static str,
    pub(super) points: Vec<String>,
    /// Words that somebody else wrote.
    pub(super) quote: String,
    pub(super) paragraphs: Vec<String>,
    /// The one with the deadline.
    pub(super) strong: bool,
}

impl Section {
    pub(super) fn saying<S: Into<String>>(heading: &'static str, paragraphs: impl IntoIterator<Item = S>) -> Self {
        Self { heading, paragraphs: paragraphs.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    pub(super) fn listing(heading: &'static str, points: impl IntoIterator<Item = String>) -> Self {
        Self { heading, points: points.into_iter().collect(), ..Self::default() }
    }

    /// `None` where nothing was written.
    pub(super) fn quoting(heading: &'static str, words: &str) -> Option<Self> {
        (!words.is_empty()).then(|| Self { heading, quote: words.to_owned(), ..Self::default() })
    }

    pub(super) fn strong(self) -> Self {
        Self { strong: true, ..self }
    }

    pub(super) fn lines(&self) -> std::str::Lines<'_> {
        self.quote.lines()
    }
}

/// A name and its values.
pub(super) struct Fact {
    pub(super) name: &'static str,
    pub(super) values: Vec<String>,
}

/// The claim that a mail is about, and what its words need.
pub(super) struct Setting<'a> {
    pub(super) claim: &'a Claim,
    pub(super) submission: &'a Submission,
    pub(super) about: About,
    pub(super) consent_window: Length,
    partner_calendar: &'a Calendar,
    tenant_calendar: &'a Calendar,
}

impl<'a> Setting<'a> {
    /// `None`: the claim has another review case by now, so that nothing said of this one matters.
    pub(super) fn of(claim: &'a Claim, about: About, rules: &'a Rules) -> Result<Option<Self>, Refusal> {
        let Some(submission) = claim.state.submission().filter(|now| now.review_case == about.case) else {
            return Ok(None);
        };
        Ok(Some(Self {
            claim,
            submission,
            about,
            consent_window: rules.of(claim, about.time)?.consent_window,
            partner_calendar: rules.calendar(&submission.partner_calendar)?,
            tenant_calendar: rules.calendar(&submission.tenant_calendar)?,
        }))
    }

    /// `time` where the partner is.
    pub(super) fn time(&self, time: Timestamp) -> String {
        moment(self.partner_calendar, time)
    }

    /// The day of `time` where the partner is, short enough for a subject line.
    pub(super) fn day(&self, time: Timestamp) -> String {
        self.partner_calendar.moment(time).local.format("%-d %B %Y").to_string()
    }

    /// `time` where the customer is.
    pub(super) fn customer_time(&self, time: Timestamp) -> String {
        moment(self.tenant_calendar, time)
    }

    /// What the partner calls the claim.
    pub(super) fn title(&self) -> &str {
        &self.claim.content.display_name
    }

    /// What the customer is called.
    pub(super) fn customer(&self) -> &str {
        self.claim.directory.customer().unwrap_or(&self.claim.content.customer_domain)
    }

    /// A mail about this claim.
    pub(super) fn letter(&self, mood: Mood, subject: &str, headline: &str, lead: String) -> Letter {
        let name = &self.claim.content.partner_contact.name;
        Letter {
            subject: format!("{subject}: {}", self.title()),
            mood,
            headline: headline.to_owned(),
            greeting: if name.is_empty() { "Hello,".to_owned() } else { format!("Hello {name},") },
            lead,
            sections: Vec::new(),
            facts: self.facts(),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        let content = &self.claim.content;
        let lines: Vec<_> = content.lines.iter().map(line_name).collect();
        let activities: Vec<_> = content.activities.iter().map(|known| activity_name(*known).to_owned()).collect();
        let customer = format!("{} ({})", self.customer(), content.customer_domain);
        let all = [
            ("Claim", vec![content.display_name.clone()]),
            ("Customer", vec![customer]),
            ("Partner", vec![place_of(self.claim)]),
            ("Activity", activities),
            ("Claimed", lines),
            ("Number", vec![self.claim.name.to_string()]),
        ];
        let said = all.into_iter().filter(|(_, values)| !values.is_empty());
        said.map(|(name, values)| Fact { name, values }).collect()
    }
}

impl Letter {
    /// With these sections, in their order.
    pub(super) fn with(mut self, sections: impl IntoIterator<Item = Option<Section>>) -> Self {
        self.sections.extend(sections.into_iter().flatten());
        self
    }
}

/// What lines are called.
pub(super) fn named<'l>(lines: impl IntoIterator<Item = &'l Line>) -> Vec<String> {
    lines.into_iter().map(line_name).collect()
}
