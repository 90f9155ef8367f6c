//! A claim of the demo, with its steps. Every step makes one or two calls and prints one line of
//! the demo's output (the timeline).
//!
//! A line of a claim is about one workload or subscription of the customer. An association puts the
//! partner on record for it; the association is official when the consent window has passed without
//! a decline.

mod customer;
mod partner;
mod review;

use chrono::{DateTime, Utc};
use cpor_proto::{
    claims::v1::{Claim, ClaimState, CreateClaimRequest, GetClaimRequest},
    r#type::v1::{AssociationState, Verdict},
};

use super::{
    actor::Actor,
    system::DemoSystem,
    timeline::{Printer, Step, Timeline},
};

/// A claim, the partner that owns it, and the open review case.
pub(super) struct DemoClaim<'a> {
    system: &'a DemoSystem,
    printer: Printer,
    /// The name of the claim in the demo's output.
    label: &'static str,
    partner: &'a Actor,
    /// The claim as it was read after the last step.
    pub(super) current: Claim,
    /// The resource name of the review case. Empty until the first review starts.
    review_case: String,
}

impl<'a> DemoClaim<'a> {
    /// Creates the claim from a draft. `parent` is the resource name of the partner.
    pub(super) async fn create(
        system: &'a DemoSystem,
        timeline: &Timeline,
        label: &'static str,
        partner: &'a Actor,
        parent: &str,
        draft: Claim,
    ) -> anyhow::Result<Self> {
        let request = CreateClaimRequest {
            parent: parent.into(),
            claim: Some(draft),
            request_id: format!("demo-{label}"),
            validate_only: false,
        };
        let current = partner.claims().create_claim(request).await?.into_inner();
        let missing: Vec<_> = current.violations.iter().map(|violation| violation.field.as_str()).collect();
        let note = format!("drafts the claim; still missing: {}", missing.join(", "));
        let claim = Self { system, printer: timeline.printer(), label, partner, current, review_case: String::new() };
        claim.print("draft", partner.label, note).await?;
        Ok(claim)
    }

    /// Moves the clock by this number of seconds while the customer does not respond.
    pub(super) async fn wait(&mut self, seconds: i64, note: &str) -> anyhow::Result<()> {
        self.system.advance_by(seconds).await?;
        self.report("window passes", "customer", note.into()).await
    }

    /// Waits until no deadline is due and no event is undelivered, reads the claim, and prints a
    /// step with its state. `step` is the name of the step in the JSON output.
    pub(super) async fn report(&mut self, step: &str, actor: &str, note: String) -> anyhow::Result<()> {
        self.system.wait_until_idle().await?;
        let request = GetClaimRequest { name: self.current.name.clone() };
        self.current = self.partner.claims().get_claim(request).await?.into_inner();
        self.print(step, actor, note).await
    }

    /// Returns the verdicts of the assessments of all lines.
    pub(super) fn verdicts(&self) -> Vec<Verdict> {
        let assessments = self.current.lines.iter().flat_map(|line| &line.assessments);
        assessments.map(|assessment| assessment.verdict()).collect()
    }

    async fn print(&self, step: &str, actor: &str, note: String) -> anyhow::Result<()> {
        let claim = &self.current;
        self.printer.print_step(&Step {
            step,
            actor,
            claim: self.label,
            state: claim.state().as_str_name().trim_start_matches("CLAIM_STATE_").into(),
            association: lower_name(claim.association_state().as_str_name(), "ASSOCIATION_STATE_"),
            assessment: self.assessment(),
            time: Some(self.system.now().await?),
            deadline: self.deadline(),
            note,
        });
        Ok(())
    }

    /// Returns the time until which the partner can respond, or at which the consent window ends,
    /// if the claim waits for one of them.
    fn deadline(&self) -> Option<DateTime<Utc>> {
        let claim = &self.current;
        let due_time = match claim.state() {
            ClaimState::PartnerActionRequired => claim.partner_action.as_ref()?.due_time,
            ClaimState::Approved if claim.association_state() == AssociationState::Pending => claim.consent_due_time,
            ClaimState::Unspecified
            | ClaimState::Editing
            | ClaimState::Submitted
            | ClaimState::UnderReview
            | ClaimState::Approved
            | ClaimState::Rejected
            | ClaimState::Disputed => None,
        };
        DateTime::from_timestamp(due_time?.seconds, 0)
    }

    fn assessment(&self) -> String {
        let mut verdicts: Vec<_> =
            self.verdicts().iter().map(|verdict| lower_name(verdict.as_str_name(), "VERDICT_")).collect();
        verdicts.dedup();
        verdicts.join(", ")
    }
}

/// Returns `official` for the enum value name `ASSOCIATION_STATE_OFFICIAL`, and an empty string for
/// `ASSOCIATION_STATE_UNSPECIFIED`.
fn lower_name(value: &str, prefix: &str) -> String {
    match value.trim_start_matches(prefix) {
        "UNSPECIFIED" => String::new(),
        name => name.to_lowercase().replace('_', " "),
    }
}
