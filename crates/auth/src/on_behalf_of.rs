//! The persons on whose behalf a service may call a method. The token of a service names the
//! person. The called service accepts it only if the proto of the method declares the person's side
//! for the calling service.
use cpor_types::{ActorSide, Service};

use super::Caller;

/// The sides for whose persons a service may call a method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnBehalfOf {
    /// The calling service.
    pub service: Service,
    /// The sides of the persons.
    pub sides: Vec<ActorSide>,
}

/// Returns true if `caller` is a user, or a service that calls on its own behalf or on behalf of a
/// person of a side that the method declares for it.
pub(super) fn may_act(declared: &[OnBehalfOf], caller: &Caller) -> bool {
    let Some(service) = caller.service.filter(|service| !caller.actor.is_service(*service)) else { return true };
    declared.iter().any(|declared| declared.service == service && declared.sides.contains(&caller.actor.side))
}
