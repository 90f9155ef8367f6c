//! What a caller may see.
use cpor_kit::Caller;
use cpor_types::ActorSide;
use tonic::Status;

use super::error::Refusal;
use crate::{
    domain::{Shelved, Standing},
    store::assessments::Scope,
};

/// Partners see their own only, the vendor's staff all. `resource` is what a caller who sees nothing does not find.
pub(super) fn scope(caller: &Caller, resource: &str) -> Result<Scope, Status> {
    match (caller.side(), &caller.partner) {
        (ActorSide::Partner, Some(partner)) => Ok(Scope::Partner(partner.clone())),
        (ActorSide::Reviewer | ActorSide::Vendor, _) => Ok(Scope::All),
        (ActorSide::Partner, None) | (ActorSide::Customer | ActorSide::Time | ActorSide::System, _) => {
            Err(Refusal::NotFound { resource: resource.to_owned() }.into())
        }
    }
}

/// Drafts are the vendor's own business.
pub(super) fn sees_guide(caller: &Caller, guide: &Shelved) -> bool {
    match guide.standing {
        Standing::Active(_) => true,
        Standing::Draft => matches!(caller.side(), ActorSide::Reviewer | ActorSide::Vendor),
    }
}
