//! What the reader of a demo sees: one line a step, for people or as JSON.

use std::{
    io::{IsTerminal as _, Write as _},
    process::ExitCode,
};

use chrono::{DateTime, Utc};
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
#[derive(Serialize)]
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
#[derive(Default, Serialize)]
pub(crate) struct Summary {
    step: &'static str,
    /// Claims created.
    pub(crate) claims: u32,
    /// Claims whose association is official.
    pub(crate) official: u32,
    /// Claims with an eligible line.
    pub(crate) eligible: u32,
    /// Claims that the customer declined.
    pub(crate) declined: u32,
    /// Approvals refused because another partner holds the key.
    pub(crate) refused: u32,
    /// Events that were not delivered when the story ended.
    pub(crate) events_undelivered: u64,
}

/// What the story tells.
const AS_TOLD: Summary =
    Summary { step: "summary", claims: 4, official: 2, eligible: 1, declined: 1, refused: 1, events_undelivered: 0 };

/// Prints the story as it goes.
pub(crate) struct Timeline {
    format: Format,
    colour: bool,
    /// Counted along the way.
    pub(crate) summary: Summary,
}

impl Timeline {
    /// A timeline on standard output.
    pub(crate) fn new(format: Format) -> Self {
        let colour = format == Format::Text && std::io::stdout().is_terminal();
        Self { format, colour, summary: Summary { step: "summary", ..Summary::default() } }
    }

    /// Says what is about to be seen.
    pub(crate) fn opening(&self) {
        self.text(&[
            "Claiming Partner of Record: two partners, three customers, four claims.",
            "Everything below happens through the public gRPC API of five services, on a clock that the demo moves.",
            "",
        ]);
        if self.format == Format::Text {
            say!("{:<17}{:<24}{:<26}{}", "when (UTC)", "who", "claim is then", "what");
        }
    }

    /// A heading before a claim.
    pub(crate) fn chapter(&self, title: &str) {
        if self.format == Format::Text {
            say!("\n{}", self.paint("1", title));
        }
    }

    /// One step.
    pub(crate) fn step(&self, step: &Step<'_>) {
        match self.format {
            Format::Json => {
                say!("{}", serde_json::json!(step));
            }
            Format::Text => self.line(step),
        }
    }

    /// The last line, and whether all was as told.
    pub(crate) fn close(mut self, undelivered: u64) -> ExitCode {
        self.summary.events_undelivered = undelivered;
        let summary = serde_json::json!(self.summary);
        let good = summary == serde_json::json!(AS_TOLD);
        match self.format {
            Format::Json => {
                say!("{summary}");
            }
            Format::Text => self.verdict(good),
        }
        if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn line(&self, step: &Step<'_>) {
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

    fn verdict(&self, good: bool) {
        let Summary { claims, official, eligible, declined, refused, events_undelivered, .. } = &self.summary;
        say!(
            "\n{claims} claims: {official} official, {eligible} eligible for incentives, {declined} declined by the customer, \
             {refused} refused because the subscription was taken; {events_undelivered} events undelivered."
        );
        let closing =
            if good { self.paint("32", "All as told.") } else { self.paint("31", "This is NOT how the story goes.") };
        say!("{closing}");
    }

    fn text(&self, lines: &[&str]) {
        if self.format == Format::Text {
            for line in lines {
                say!("{line}");
            }
        }
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
