//! Renders `docs/claim-states.md` from the transition table and compares it with the committed
//! file, so that the page never differs from the code.
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use crate::domain::machine::{TABLE, Target, TransitionRow};
use crate::domain::*;

const INTRODUCTION: &str = "\
# The states of a claim

<!-- Generated from crates/claim-intake/src/domain/machine.rs by a test of claim-intake. Do not edit it by hand:
     CPOR_UPDATE_DOCS=1 cargo test -p cpor-claim-intake --lib state_diagram -->

A claim is always in one of these states. A step leads from one state to the next. A step is a *command*, which a party
gives to claim-intake by an RPC, or a *fact*, which another service or the passing of time reports. A command without a
row for the present state is refused, and the refusal names the commands that are allowed. A fact without a row for the
present state is recorded as *overtaken* and changes nothing else.

Commands are named as in the API, facts as in the history. The numbers in parentheses are rules, which
[rules.md](rules.md) explains.

## The steps that change the state

A deleted draft leaves all lists; only its history remains. A rejection is final when the claim can no longer be
disputed. An APPROVED claim stays APPROVED when its associations end.
";

const TABLES: &str = "
## All steps

These are all rows of the transition table, including those that do not change the state. A review lead may call every
method of a reviewer. The data of a claim can restrict a step further: for example, a policy profile can forbid edits
after submission, and a rejection can be final.
";

const REGENERATE: &str = "docs/claim-states.md differs from the transition table; write it anew with \
    `CPOR_UPDATE_DOCS=1 cargo test -p cpor-claim-intake --lib state_diagram` and commit it";

#[test]
fn claim_states_page_is_current() {
    let (path, page) = (page_path(), render_page());
    if std::env::var_os("CPOR_UPDATE_DOCS").is_some_and(|value| value == "1") {
        std::fs::write(&path, &page).expect("docs/claim-states.md can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == page, "{REGENERATE}");
}

fn page_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/claim-states.md")
}

fn render_page() -> String {
    let mut page = INTRODUCTION.to_owned();
    render_diagram(&mut page);
    page.push_str(TABLES);
    page.push_str("\n### Commands\n\n| rule | command | who, by which RPC | from | to |\n|---|---|---|---|---|\n");
    page.push_str("| R16 | `CREATE` | partner: `CreateClaim`, `BatchCreateClaims` | – | EDITING |\n");
    for row in TABLE.iter().filter(|row| row.step.command().is_some()) {
        render_row(&mut page, row, &methods(row));
    }
    page.push_str("\n### Facts\n\n| rule | fact | who, by which RPC | from | to |\n|---|---|---|---|---|\n");
    for row in TABLE.iter() {
        if let Step::Fact(fact) = row.step {
            let source = fact_source(fact);
            let who = if row.methods.is_empty() { source.to_owned() } else { format!("{}; {source}", methods(row)) };
            render_row(&mut page, row, &who);
        }
    }
    page
}

/// Appends a Mermaid diagram with one arrow for each pair of states that a step connects.
fn render_diagram(page: &mut String) {
    let mut arrows: BTreeMap<(ClaimStateKind, ClaimStateKind), Vec<String>> = BTreeMap::new();
    for row in TABLE {
        for from in row.from {
            for to in next_states(row.target) {
                arrows.entry((*from, to)).or_default().push(format!("{} ({})", step_name(row.step), row.rule));
            }
        }
    }
    page.push_str("\n```mermaid\nstateDiagram-v2\n    [*] --> EDITING : CREATE (R16)\n");
    for ((from, to), labels) in arrows {
        writeln!(page, "    {from} --> {to} : {}", labels.join("<br/>")).expect("writing to a string");
    }
    page.push_str("    DELETED --> [*]\n```\n");
}

/// Returns the states that the target can change the claim to; none if the state stays the same.
fn next_states(target: Target) -> Vec<ClaimStateKind> {
    match target {
        Target::Same => vec![],
        Target::State(state) => vec![state],
        Target::StateOfRequest => vec![ClaimStateKind::Submitted, ClaimStateKind::Disputed],
        Target::SameOrRejected => vec![ClaimStateKind::Rejected],
    }
}

fn render_row(page: &mut String, row: &TransitionRow, who: &str) {
    let from: Vec<_> = row.from.iter().map(|state| state.as_str()).collect();
    let to = match row.target {
        Target::Same => "unchanged".to_owned(),
        Target::State(state) => state.to_string(),
        Target::StateOfRequest => "SUBMITTED, or DISPUTED if the request was made there".to_owned(),
        Target::SameOrRejected => "unchanged, or REJECTED with the last line".to_owned(),
    };
    let (rule, step, from) = (row.rule, step_name(row.step), from.join(", "));
    writeln!(page, "| {rule} | `{step}` | {who} | {from} | {to} |").expect("writing to a string");
}

fn step_name(step: Step) -> &'static str {
    match step {
        Step::Command(command) => command.as_str(),
        Step::Fact(fact) => fact.as_str(),
    }
}

/// Returns the parties of the row with their methods, for example ``partner: `SubmitClaim` ``.
fn methods(row: &TransitionRow) -> String {
    let described = row.methods.iter().map(|method| {
        let (path, party) = (method.path(), method.party().as_str().to_lowercase().replace('_', " "));
        let name = path.rsplit('/').next().unwrap_or_default();
        format!("{party}: `{name}`")
    });
    described.collect::<Vec<_>>().join(", ")
}

/// Returns who reports the fact to the claim.
fn fact_source(fact: FactKind) -> &'static str {
    match fact {
        FactKind::StatementReminded
        | FactKind::StatementDeadlinePassed
        | FactKind::ResponseReminded
        | FactKind::DisputeReminded
        | FactKind::ResponseDeadlinePassed
        | FactKind::DisputeWindowPassed => "time",
        FactKind::ReviewReminded | FactKind::ReviewOverdue => "time, reported by poe-review",
        FactKind::ConsentWindowPassed | FactKind::DeliveryReminded | FactKind::CustomerNotReached => {
            "time, reported by customer-consent"
        }
        FactKind::ConsentWindowOpened
        | FactKind::NoticeReported
        | FactKind::ConsentWindowStopped
        | FactKind::NoticeResent
        | FactKind::CustomerApproved
        | FactKind::CustomerDeclined
        | FactKind::ConsentEnded => "reported by customer-consent",
        FactKind::AssociationOfficial | FactKind::AssociationEnded => "reported by registry",
        FactKind::Assessed => "reported by eligibility",
        FactKind::ReviewAssigned
        | FactKind::ReviewOpened
        | FactKind::ReviewStarted
        | FactKind::PartnerActionRequested
        | FactKind::StatementRequested
        | FactKind::ReviewApproved
        | FactKind::ReviewRejected
        | FactKind::ApprovalBegun
        | FactKind::ApprovalRefused
        | FactKind::ReviewNoted
        | FactKind::LinesAwarded
        | FactKind::ContactConfirmed
        | FactKind::CompetitionChanged => "reported by poe-review",
    }
}
