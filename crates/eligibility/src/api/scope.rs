//! Determines which data a caller may see.
use cpor_auth::Caller;
use cpor_types::ActorSide;
use tonic::Status;

use super::error::Refusal;
use crate::{
    domain::{CatalogGuide, GuideState},
    store::assessments::Scope,
};

/// Returns the rows that a caller may see. A partner may see its own, and the vendor's staff may
/// see all.
///
/// # Errors
/// Returns `NOT_FOUND` for the requested `resource` to any other caller.
pub(super) fn scope_of_caller(caller: &Caller, resource: &str) -> Result<Scope, Status> {
    match (caller.side(), &caller.partner) {
        (ActorSide::Partner, Some(partner)) => Ok(Scope::Partner(partner.clone())),
        (ActorSide::Reviewer | ActorSide::Vendor, _) => Ok(Scope::All),
        (ActorSide::Partner, None) | (ActorSide::Customer | ActorSide::Time | ActorSide::System, _) => {
            Err(Refusal::NotFound { resource: resource.to_owned() }.into())
        }
    }
}

/// Returns whether a caller may see a program guide (the conditions and rates of payment). Only the
/// vendor's staff sees drafts.
pub(super) fn can_see_guide(caller: &Caller, guide: &CatalogGuide) -> bool {
    match guide.state {
        GuideState::Active(_) => true,
        GuideState::Draft => matches!(caller.side(), ActorSide::Reviewer | ActorSide::Vendor),
    }
}
