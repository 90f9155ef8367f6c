//! The output of the demo: one line for each step, as a table or as JSON.

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

/// Prints a line to standard output. Errors are ignored, so that the demo continues when the reader
/// of a pipe has closed it.
macro_rules! print_line {
    ($($line:tt)*) => {
        let _ = writeln!(std::io::stdout().lock(), $($line)*);
    };
}

/// ANSI codes for styles and colours.
const BOLD: &str = "1";
const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const CYAN: &str = "36";

/// The output format.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A table for people.
    Text,
    /// One JSON object per line.
    Json,
}

/// One step, with the state of the claim after it.
#[derive(Default, Serialize)]
pub(crate) struct Step<'a> {
    /// The name of the step, for example `submit`. It is printed only as JSON.
    pub(crate) step: &'a str,
    /// The label of the actor.
    pub(crate) actor: &'a str,
    /// The label of the claim. Empty if the step is not about a claim.
    pub(crate) claim: &'a str,
    /// The state of the claim, for example `APPROVED`.
    pub(crate) state: String,
    /// The state of the claim's association, for example `official`.
    pub(crate) association: String,
    /// The verdicts of its assessment, for example `eligible`.
    pub(crate) assessment: String,
    /// The time of the step, by the system's virtual clock.
    pub(crate) time: Option<DateTime<Utc>>,
    /// The time at which the next deadline of the claim passes.
    pub(crate) deadline: Option<DateTime<Utc>>,
    /// A description of what happened.
    pub(crate) note: String,
}

/// The results of the whole demo, as counts.
#[derive(Default, PartialEq, Serialize)]
pub(crate) struct Summary {
    /// The constant `summary`, as in [`Step::step`].
    step: &'static str,
    /// Claims that were created.
    pub(crate) claims: u32,
    /// Claims with an official association at the end of their scenario.
    pub(crate) official: u32,
    /// Claims with a line that is eligible for incentives at the end of their scenario.
    pub(crate) eligible: u32,
    /// Claims that the customer declined.
    pub(crate) declined: u32,
    /// Approvals that were refused because another partner holds the subscription.
    pub(crate) refused: u32,
    /// Rejected claims that were approved after a dispute.
    pub(crate) disputes_won: u32,
    /// Competitions of two claims for one subscription that a review lead decided.
    pub(crate) arbitrated: u32,
    /// Legacy associations (from before CPOR) that a claim superseded.
    pub(crate) superseded: u32,
    /// Contested associations whose holder stayed on record.
    pub(crate) defended: u32,
    /// Claims that were rejected because the customer was not reached.
    pub(crate) unreached: u32,
    /// Associations that ended because their subscription ended.
    pub(crate) expired: u32,
    /// Program guides that were activated.
    pub(crate) guides: u32,
    /// Entries of the ledger of earnings that were exported.
    pub(crate) earnings: u64,
    /// Events that were undelivered at the end.
    pub(crate) events_undelivered: u64,
}

impl Summary {
    /// Adds a claim in its current state to the counts.
    pub(crate) fn count_claim(&mut self, claim: &Claim) {
        let mut verdicts = claim.lines.iter().flat_map(|line| &line.assessments).map(|assessment| assessment.verdict());
        self.claims += 1;
        self.official += u32::from(claim.association_state() == AssociationState::Official);
        self.eligible += u32::from(verdicts.any(|verdict| verdict == Verdict::Eligible));
    }
}

/// The counts of a demo without errors.
const EXPECTED: Summary = Summary {
    step: "summary",
    claims: 11,
    official: 5,
    eligible: 1,
    declined: 2,
    refused: 1,
    disputes_won: 1,
    arbitrated: 1,
    superseded: 1,
    defended: 1,
    unreached: 1,
    expired: 1,
    guides: 1,
    earnings: 21,
    events_undelivered: 0,
};

/// Prints the steps, and keeps the counts.
pub(crate) struct Timeline {
    printer: Printer,
    pub(crate) summary: Summary,
}

/// Prints single steps in the chosen format.
#[derive(Clone, Copy)]
pub(crate) struct Printer {
    format: Format,
    use_colour: bool,
}

impl Timeline {
    /// Creates a timeline that prints to standard output.
    pub(crate) fn new(format: Format) -> Self {
        let use_colour = format == Format::Text && std::io::stdout().is_terminal();
        Self { printer: Printer { format, use_colour }, summary: Summary { step: "summary", ..Summary::default() } }
    }

    pub(crate) const fn printer(&self) -> Printer {
        self.printer
    }

    /// Prints the introduction and the column headings of the table.
    pub(crate) fn print_header(&self) {
        if self.printer.format == Format::Text {
            print_line!("Claiming Partner of Record: two partners, three customers, eleven claims.");
            print_line!(
                "Every step is a call of the public gRPC API of five services. The demo moves their virtual clock.\n"
            );
            print_line!("{:<17}{:<17}{:<34}{}", "time (UTC)", "actor", "state of the claim", "step");
        }
    }

    /// Prints the heading of a scenario. JSON has no headings.
    pub(crate) fn print_heading(&self, title: &str) {
        if self.printer.format == Format::Text {
            print_line!("\n{}", self.printer.paint(BOLD, title));
        }
    }

    /// Prints a step that is not about a claim.
    pub(crate) fn print_note(&self, time: DateTime<Utc>, actor: &str, note: &str) {
        self.printer.print_step(&Step {
            step: "note",
            actor,
            time: Some(time),
            note: note.to_owned(),
            ..Step::default()
        });
    }

    /// Prints the summary. The exit code is 1 if the counts differ from [`EXPECTED`].
    pub(crate) fn finish(mut self, undelivered: u64) -> ExitCode {
        self.summary.events_undelivered = undelivered;
        let is_expected = self.summary == EXPECTED;
        match self.printer.format {
            Format::Json => {
                print_line!("{}", serde_json::json!(self.summary));
            }
            Format::Text => self.print_summary(is_expected),
        }
        if is_expected { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn print_summary(&self, is_expected: bool) {
        let summary = &self.summary;
        print_line!(
            "\n{} claims: {} became official, {} eligible for incentives, {} declined by the customer, \
             {} refused because another partner holds the subscription.",
            summary.claims,
            summary.official,
            summary.eligible,
            summary.declined,
            summary.refused
        );
        print_line!(
            "{} dispute won, {} competition decided, {} legacy association superseded, {} defended, \
             {} customer not reached, {} expired, \
             {} guide activated, {} earnings exported; {} events undelivered.",
            summary.disputes_won,
            summary.arbitrated,
            summary.superseded,
            summary.defended,
            summary.unreached,
            summary.expired,
            summary.guides,
            summary.earnings,
            summary.events_undelivered
        );
        let result = if is_expected {
            self.printer.paint(GREEN, "All counts are as expected.")
        } else {
            self.printer.paint(RED, "The counts are NOT as expected.")
        };
        print_line!("{result}");
    }
}

impl Printer {
    pub(crate) fn print_step(self, step: &Step<'_>) {
        match self.format {
            Format::Json => {
                print_line!("{}", serde_json::json!(step));
            }
            Format::Text => self.print_row(step),
        }
    }

    fn print_row(self, step: &Step<'_>) {
        let time = step.time.map(|time| time.format("%Y-%m-%d %H:%M").to_string()).unwrap_or_default();
        let mut state = step.state.clone();
        for part in [&step.association, &step.assessment] {
            if !part.is_empty() {
                state = format!("{state}, {part}");
            }
        }
        let until = step.deadline.map(|due| format!(" (until {})", due.format("%a %d %b %H:%M"))).unwrap_or_default();
        print_line!(
            "{:<17}{:<17}{} {}{}",
            time,
            step.actor,
            self.paint(CYAN, &format!("{state:<33}")),
            step.note,
            self.paint(YELLOW, &until)
        );
    }

    /// Returns the text in this colour or style, if standard output is a terminal. `code` is a
    /// parameter of the ANSI escape sequence SGR.
    fn paint(self, code: &str, text: &str) -> String {
        if self.use_colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
