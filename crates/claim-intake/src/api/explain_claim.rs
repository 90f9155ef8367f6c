//! ExplainClaim (R60): one read of the claim and one of the clock; nothing is written, and deadlines that have passed are applied to the answer
//! alone (R47).
use super::{Answer, update_claim::may_edit, words};
use crate::{
    call::Call,
    domain::{Claim, Command, Offer, Party, Refusal},
    intake::{Failed, Intake, elapsed},
    wire::timestamp,
};
use cpor_kit::{
    Caller,
    auth::{Access, MethodTable},
    request::open,
    status,
};
use cpor_proto::claims::v1 as wire;
use cpor_types::{ActorSide, Role, Timestamp};
use tonic::{Request, Response, Status};

/// Who is told of to all but a customer, who is told of itself.
const PARTIES: [Party; 5] = [Party::Partner, Party::Reviewer, Party::ReviewLead, Party::Customer, Party::Operator];

pub(super) async fn explain_claim(
    intake: &Intake,
    request: Request<wire::ExplainClaimRequest>,
) -> Answer<wire::ClaimExplanation> {
    let (caller, request) = open(request)?;
    let call = Call::new(&caller, "ExplainClaim", &request.name)?;
    let (seen, now) = (intake.read(&call).await?, intake.now().await?);
    let claim = elapsed(seen.state, now);
    let claim = match caller.side() {
        ActorSide::Customer => claim.of_customer(caller.tenant).ok_or_else(|| call.not_found())?,
        ActorSide::Partner | ActorSide::Reviewer | ActorSide::Vendor | ActorSide::Time | ActorSide::System => claim,
    };
    Ok(Response::new(explanation(&claim, &caller, &intake.methods, now)))
}

fn explanation(claim: &Claim, caller: &Caller, methods: &MethodTable, now: Timestamp) -> wire::ClaimExplanation {
    let waiting = claim.waiting();
    let asking = Asking { claim, caller, methods };
    let customer = caller.side() == ActorSide::Customer;
    let parties = if customer { &[Party::Customer][..] } else { &PARTIES };
    let refused = if customer { Vec::new() } else { claim.ruled_out().into_iter().map(refused).collect() };
    wire::ClaimExplanation {
        name: claim.name.to_string(),
        state: words::state(claim.state.kind()).into(),
        association_state: words::association(&claim.state).into(),
        waits_for: words::wait(waiting.wait).into(),
        since_time: Some(timestamp(claim.wait_time)),
        due_time: waiting.due.map(timestamp),
        whose_move: words::party(waiting.mover).into(),
        explanation: claim.explanation(now),
        parties: parties.iter().map(|party| asking.party(*party, now)).collect(),
        refused,
        read_time: Some(timestamp(now)),
    }
}

/// Who asks about what.
struct Asking<'a> {
    claim: &'a Claim,
    caller: &'a Caller,
    methods: &'a MethodTable,
}

impl Asking<'_> {
    fn party(&self, party: Party, now: Timestamp) -> wire::PartyCommands {
        let caller = self.is_of(party);
        let command = |offer: Offer| wire::AllowedCommand {
            caller_may: caller && self.may(&offer),
            method: offer.method,
            rule: offer.rule.to_owned(),
        };
        let commands = self.claim.offers(party, now).into_iter().map(command).collect();
        wire::PartyCommands { party: words::party(Some(party)).into(), caller, commands }
    }

    /// Whether the caller is of this party.
    fn is_of(&self, party: Party) -> bool {
        match party {
            Party::Partner => self.caller.side() == ActorSide::Partner,
            Party::Customer => self.caller.side() == ActorSide::Customer,
            Party::Reviewer => self.caller.has(Role::PoeReviewer),
            Party::ReviewLead => self.caller.has(Role::ReviewLead),
            Party::Operator => self.caller.has(Role::Operator),
            Party::System | Party::Time => false,
        }
    }

    /// Whether the caller itself may do what its party can: its roles reach the method (R4, R5), and a review is its own.
    fn may(&self, offer: &Offer) -> bool {
        let declared = self.methods.get(&format!("/{}", offer.method));
        let reaches = declared.is_some_and(|method| match &method.access {
            Access::Open => true,
            Access::Declared { roles, .. } => roles.iter().any(|role| self.caller.has(*role)),
        });
        let reviewer = self.claim.state.submission().and_then(|submission| submission.reviewer.as_deref());
        let own = !offer.own || self.caller.has(Role::ReviewLead) || reviewer == Some(self.caller.subject.as_str());
        let edits = offer.command != Some(Command::Update) || may_edit(self.caller)(self.claim);
        reaches && own && edits
    }
}

/// What the command would be refused with.
fn refused((command, refusal): (Command, Refusal)) -> wire::RefusedCommand {
    let status = Status::from(Failed::Refused(refusal));
    wire::RefusedCommand {
        method: command.method(),
        reason: status::reason(&status).unwrap_or_default(),
        description: status.message().to_owned(),
    }
}
