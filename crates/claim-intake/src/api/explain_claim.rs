//! Implements ExplainClaim: what a claim waits for, since when, until when, which party has to act,
//! and what each party can do (R60). Cost: one read of the claim and one of the clock. Nothing is
//! written: deadlines that have passed (R47) are applied to the response only.
use super::{
    RpcResult,
    convert::{violation_to_wire, violations},
    enums,
    update_claim::may_edit,
};
use crate::{
    call::Call,
    domain::{AllowedMethod, Claim, Command, NextCall, Party, Refusal, Violation},
    error::CallError,
    service::{ClaimIntake, apply_passed_deadlines},
};
use cpor_auth::{Access, Caller, MethodTable};
use cpor_call::status;
use cpor_history::receipt::claim_state_to_wire;
use cpor_proto::claims::v1 as wire;
use cpor_proto::wire_time::to_wire_time;
use cpor_rpc::request::validate;
use cpor_types::{ActorSide, Role, Timestamp};
use tonic::{Request, Response, Status};

/// The parties whose commands the explanation lists. A customer sees its own commands only.
const PARTIES: [Party; 5] = [Party::Partner, Party::Reviewer, Party::ReviewLead, Party::Customer, Party::Operator];

pub(super) async fn explain_claim(
    intake: &ClaimIntake,
    request: Request<wire::ExplainClaimRequest>,
) -> RpcResult<wire::ClaimExplanation> {
    let (caller, request) = validate(request)?;
    let call = Call::new(&caller, "ExplainClaim", &request.name)?;
    // The time is read before the claim, so that the refusal of a claim on another tenant takes as
    // many reads, and therefore as long, as that of a missing claim.
    let now = intake.now().await?;
    let current = intake.read(&call).await?;
    let claim = apply_passed_deadlines(current.state, now);
    let claim = match caller.side() {
        ActorSide::Customer => claim.as_seen_by_customer(caller.tenant).ok_or_else(|| call.not_found())?,
        ActorSide::Partner | ActorSide::Reviewer | ActorSide::Vendor | ActorSide::Time | ActorSide::System => claim,
    };
    let is_customer = caller.side() == ActorSide::Customer;
    let violations =
        if is_customer { Vec::new() } else { violations(&claim, &intake.rules).map_err(CallError::Refused)? };
    Ok(Response::new(explanation(&claim, &violations, &caller, &intake.methods, now)))
}

/// Returns the explanation of the claim, as the caller may see it.
fn explanation(
    claim: &Claim,
    violations: &[Violation],
    caller: &Caller,
    methods: &MethodTable,
    now: Timestamp,
) -> wire::ClaimExplanation {
    let waiting = claim.waiting();
    let request = ExplanationRequest { claim, violations, caller, methods };
    let is_customer = caller.side() == ActorSide::Customer;
    let parties = if is_customer { &[Party::Customer][..] } else { &PARTIES };
    let refused =
        if is_customer { Vec::new() } else { request.refused_commands().into_iter().map(refused_command).collect() };
    let reasons = if is_customer { claim.reason_of_decline().into_iter().collect() } else { claim.reasons(violations) };
    wire::ClaimExplanation {
        name: claim.name.to_string(),
        state: claim_state_to_wire(claim.state.kind()).into(),
        association_state: enums::association_state_to_wire(&claim.state).into(),
        waits_for: enums::waits_for_to_wire(waiting.wait).into(),
        wait_start_time: Some(to_wire_time(claim.wait_start_time)),
        due_time: waiting.due.map(to_wire_time),
        acting_party: enums::party_to_wire(waiting.acting_party).into(),
        explanation: claim.explanation(now),
        parties: parties.iter().map(|party| request.party_commands(*party, now)).collect(),
        refused_commands: refused,
        evaluate_time: Some(to_wire_time(now)),
        violations: violations.iter().cloned().map(violation_to_wire).collect(),
        reasons,
        next_calls: claim
            .next_calls(violations, now)
            .into_iter()
            .filter(|call| !is_customer || call.party == Party::Customer)
            .map(next_call_to_wire)
            .collect(),
    }
}

/// The claim that is explained and the caller that it is explained to.
struct ExplanationRequest<'a> {
    claim: &'a Claim,
    /// The violations for which a submission would be refused.
    violations: &'a [Violation],
    caller: &'a Caller,
    /// The roles and services that may call each gRPC method.
    methods: &'a MethodTable,
}

impl ExplanationRequest<'_> {
    /// Lists the methods that `party` can call now, and for each of them whether the caller may
    /// call it.
    fn party_commands(&self, party: Party, now: Timestamp) -> wire::PartyCommands {
        let is_caller = self.caller_belongs_to(party);
        let allowed_command = |allowed: AllowedMethod| wire::AllowedCommand {
            caller_allowed: is_caller && self.may_caller_call(&allowed),
            method: allowed.method,
            rule: allowed.rule.to_owned(),
        };
        let allowed = self.claim.allowed_methods(party, now).into_iter();
        let commands =
            allowed.filter(|allowed| !self.is_incomplete_for(allowed.command)).map(allowed_command).collect();
        wire::PartyCommands { party: enums::party_to_wire(Some(party)).into(), is_caller, commands }
    }

    /// Returns whether the violations of the claim rule out this command (R11).
    fn is_incomplete_for(&self, command: Option<Command>) -> bool {
        !self.violations.is_empty() && command.is_some_and(Command::needs_complete_claim)
    }

    /// Returns the partner's commands that the state allows but another rule refuses, each with its
    /// refusal.
    fn refused_commands(&self) -> Vec<(Command, Refusal)> {
        let is_incomplete = |command: &Command| self.claim.allows(*command) && self.is_incomplete_for(Some(*command));
        let incomplete = Command::ALL.iter().copied().filter(is_incomplete);
        let incomplete = incomplete.map(|command| (command, Refusal::Incomplete(self.violations.to_vec())));
        incomplete.chain(self.claim.refused_commands()).collect()
    }

    /// Returns whether the caller belongs to `party`.
    fn caller_belongs_to(&self, party: Party) -> bool {
        match party {
            Party::Partner => self.caller.side() == ActorSide::Partner,
            Party::Customer => self.caller.side() == ActorSide::Customer,
            Party::Reviewer => self.caller.has_role(Role::PoeReviewer),
            Party::ReviewLead => self.caller.has_role(Role::ReviewLead),
            Party::Operator => self.caller.has_role(Role::Operator),
            Party::System | Party::Time => false,
        }
    }

    /// Returns whether the caller may call a method of its party. One of its roles must allow the
    /// method (R4, R5). Only the reviewer of the case and review leads may call some methods of
    /// reviews.
    fn may_caller_call(&self, allowed: &AllowedMethod) -> bool {
        let method = self.methods.get(&format!("/{}", allowed.method));
        let has_role = method.is_some_and(|method| match &method.access {
            Access::Public => true,
            Access::Restricted { roles, .. } => roles.iter().any(|role| self.caller.has_role(*role)),
        });
        let reviewer = self.claim.state.submission().and_then(|submission| submission.reviewer.as_deref());
        let is_own_case = !allowed.own_case_only
            || self.caller.has_role(Role::ReviewLead)
            || reviewer == Some(self.caller.subject.expose());
        let may_edit = allowed.command != Some(Command::Update) || may_edit(self.caller)(self.claim);
        has_role && is_own_case && may_edit
    }
}

fn next_call_to_wire(NextCall { party, method, fields }: NextCall) -> wire::NextCall {
    wire::NextCall { party: enums::party_to_wire(Some(party)).into(), method, fields }
}

/// Converts the refusal that a command would get now. The explanation lists violations once, in a
/// field of their own.
fn refused_command((command, refusal): (Command, Refusal)) -> wire::RefusedCommand {
    let is_incomplete = matches!(refusal, Refusal::Incomplete(_));
    let status = Status::from(CallError::Refused(refusal));
    let description = if is_incomplete { "the claim has violations" } else { status.message() };
    wire::RefusedCommand {
        method: command.method(),
        reason: status::reason(&status).unwrap_or_default(),
        description: description.to_owned(),
    }
}
