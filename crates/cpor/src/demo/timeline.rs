//! What the reader of a demo sees: one line a step, for people or as JSON.

use std::{
    io::{IsTerminal as _, Write as _},
    process::ExitCode,
};

use chrono::{DateTime, Utc};
use cpor_proto::{
    claims::v1::Claim,
    r#type::v1::{AssociationState, Verdict},
};
use serde::Serialize;

/// Prints a line. A reader who has seen enough and closed the pipe does not stop the story.
macro_rules! say {
    ($($line:tt)*) => {
        let _ = writeln!(std::io::stdout().lock(), $($line)*);
    };
}

/// How the timeline is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A table for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// One step of the story.
#[derive(Default, Serialize)]
pub(crate) struct Step<'a> {
    /// What was done.
    pub(crate) step: &'a str,
    /// Who did it.
    pub(crate) actor: &'a str,
    /// The claim, as the story calls it; empty when no claim is meant.
    pub(crate) claim: &'a str,
    /// The claim's state after the step.
    pub(crate) state: String,
    /// Where its association stands.
    pub(crate) association: String,
    /// What its assessment says.
    pub(crate) assessment: String,
    /// The business time of the step.
    pub(crate) time: Option<DateTime<Utc>>,
    /// What passes next, if nobody acts.
    pub(crate) deadline: Option<DateTime<Utc>>,
    /// The same in words.
    pub(crate) note: String,
}

/// What the story came to.
#[derive(Default, PartialEq, Serialize)]
pub(crate) struct Summary {
    step: &'static str,
    /// Claims created.
    pub(crate) claims: u32,
    /// Claims that came to be official when their chapter ended.
    pub(crate) official: u32,
    /// Claims with an eligible line when their chapter ended.
    pub(crate) eligible: u32,
    /// Claims that the customer declined.
    pub(crate) declined: u32,
    /// Approvals refused because another partner holds the key.
    pub(crate) refused: u32,
    /// Rejections that a dispute turned.
    pub(crate) disputes_won: u32,
    /// Contests that a lead decided between two claims.
    pub(crate) arbitrated: u32,
    /// Associations from before there were claims that a claim took the place of.
    pub(crate) superseded: u32,
    /// Associations that ended with their subscription.
    pub(crate) expired: u32,
    /// Guides simulated and put in force.
    pub(crate) guides: u32,
    /// Lines of the exported ledger.
    pub(crate) earnings: u64,
    /// Events that were not delivered when the story ended.
    pub(crate) events_undelivered: u64,
}

impl Summary {
    /// Counts a claim as it stands.
    pub(crate) fn counts(&mut self, claim: &Claim) {
        let mut verdicts = claim.lines.iter().flat_map(|line| &line.assessments).map(|assessment| assessment.verdict());
        self.claims += 1;
        self.official += u32::from(claim.association_state() == AssociationState::Official);
        self.eligible += u32::from(verdicts.any(|verdict| verdict == Verdict::Eligible));
    }
}

/// What the story tells.
const AS_TOLD: Summary = Summary {
    step: "summary",
    claims: 9,
    official: 5,
    eligible: 1,
    declined: 2,
    refused: 1,
    disputes_won: 1,
    arbitrated: 1,
    superseded: 1,
    expired: 1,
    guides: 1,
    earnings: 21,
    events_undelivered: 0,
};

/// Prints the story as it goes.
pub(crate) struct Timeline {
    voice: Voice,
    /// Counted along the way.
    pub(crate) summary: Summary,
}

/// Prints lines.
#[derive(Clone, Copy)]
pub(crate) struct Voice {
    format: Format,
    colour: bool,
}

impl Timeline {
    /// A timeline on standard output.
    pub(crate) fn new(format: Format) -> Self {
        let colour = format == Format::Text && std::io::stdout().is_terminal();
        Self { voice: Voice { format, colour }, summary: Summary { step: "summary", ..Summary::default() } }
    }

    /// What prints its lines.
    pub(crate) const fn voice(&self) -> Voice {
        self.voice
    }

    /// Says what is about to be seen.
    pub(crate) fn opening(&self) {
        if self.voice.format == Format::Text {
            say!("Claiming Partner of Record: two partners, three customers, nine claims.");
            say!(
                "Everything below happens through the public gRPC API of five services, on a clock that the demo moves.\n"
            );
            say!("{:<17}{:<24}{:<26}{}", "when (UTC)", "who", "claim is then", "what");
        }
    }

    /// A heading before a claim.
    pub(crate) fn chapter(&self, title: &str) {
        if self.voice.format == Format::Text {
            say!("\n{}", self.voice.paint("1", title));
        }
    }

    /// A step that is about no claim.
    pub(crate) fn aside(&self, time: DateTime<Utc>, actor: &str, note: &str) {
        self.voice.step(&Step { step: "aside", actor, time: Some(time), note: note.to_owned(), ..Step::default() });
    }

    /// The last line, and whether all was as told.
    pub(crate) fn close(mut self, undelivered: u64) -> ExitCode {
        self.summary.events_undelivered = undelivered;
        let good = self.summary == AS_TOLD;
        match self.voice.format {
            Format::Json => {
                say!("{}", serde_json::json!(self.summary));
            }
            Format::Text => self.verdict(good),
        }
        if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn verdict(&self, good: bool) {
        let told = &self.summary;
        say!(
            "\n{} claims: {} became official, {} eligible for incentives at once, {} declined by the customer, {} refused because the \
             subscription was taken.",
            told.claims,
            told.official,
            told.eligible,
            told.declined,
            told.refused
        );
        say!(
            "{} dispute won, {} contest decided, {} older association superseded, {} expired, {} guide put in force, {} earnings exported; {} \
             events undelivered.",
            told.disputes_won,
            told.arbitrated,
            told.superseded,
            told.expired,
            told.guides,
            told.earnings,
            told.events_undelivered
        );
        let closing = if good {
            self.voice.paint("32", "All as told.")
        } else {
            self.voice.paint("31", "This is NOT how the story goes.")
        };
        say!("{closing}");
    }
}

impl Voice {
    /// One step.
    pub(crate) fn step(self, step: &Step<'_>) {
        match self.format {
            Format::Json => {
                say!("{}", serde_json::json!(step));
            }
            Format::Text => self.line(step),
        }
    }

    fn line(self, step: &Step<'_>) {
        let time = step.time.map(|time| time.format("%Y-%m-%d %H:%M").to_string()).unwrap_or_default();
        let mut standing = step.state.clone();
        for more in [&step.association, &step.assessment] {
            if !more.is_empty() {
                standing = format!("{standing}, {more}");
            }
        }
        let until = step.deadline.map(|due| format!(" (until {})", due.format("%a %d %b %H:%M"))).unwrap_or_default();
        say!(
            "{:<17}{:<24}{} {}{}",
            time,
            step.actor,
            self.paint("36", &format!("{standing:<25}")),
            step.note,
            self.paint("33", &until)
        );
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
