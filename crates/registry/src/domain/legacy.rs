//! Associations from before there were claims (R58): imported, on record at once, and without a claim behind them.
use cpor_types::{
    Activity, AssociationId, AssociationKey, ClaimId, ClaimName, DecisionId, MpnId, PartnerId, ProductFamily, TenantId,
    Timestamp,
};
use uuid::Uuid;

use super::association::{Association, AssociationState, EndReason, Source};
use super::catalog::Catalog;
use super::directory::{PartnerProfile, Subscription, SubscriptionStatus};
use super::reason::Reason;
use super::record::{Answered, Decision};
use super::tenant::{Changed, Tenant};

/// A partner that was on record.
#[derive(Clone, Debug)]
pub(crate) struct Legacy {
    pub(crate) partner: PartnerId,
    /// MPN id of its location.
    pub(crate) mpn_id: MpnId,
    pub(crate) key: AssociationKey,
    /// Exclusive ones.
    pub(crate) activities: Vec<Activity>,
}

/// Why an association cannot be declined as one from before there were claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotDeclined {
    /// No live association has this id.
    NotLive,
    /// It is of a claim.
    OfClaim,
}

impl Tenant {
    /// Takes an association over, once: `None` when that was done since the tenant was loaded. What was taken over before that
    /// is refused, or [`Precluded`](super::record::Precluded), also when it has ended since.
    ///
    /// # Errors
    /// Everything that stands in its way.
    pub(crate) fn import_legacy(
        &self,
        legacy: &Legacy,
        partner: Option<&PartnerProfile>,
        catalog: &Catalog,
        now: Timestamp,
    ) -> Result<Option<Changed>, Vec<Reason>> {
        let (claim, decision_id) = legacy.remembered_as(self.id);
        if self.decision(&claim, decision_id).is_some() {
            return Ok(None);
        }
        let mut refusals = Vec::new();
        if !partner.is_some_and(|partner| partner.locations.contains_key(&legacy.mpn_id)) {
            refusals.push(Reason::LocationNotOfPartner);
        }
        if self.live(&legacy.key).any(Association::holds_key) {
            refusals.push(Reason::KeyHeld);
        }
        let subscription = match self.legacy_subscription(&legacy.key, catalog, now) {
            Ok(subscription) if refusals.is_empty() => subscription,
            Ok(_) => return Err(refusals),
            Err(reason) => return Err([&[reason][..], &refusals].concat()),
        };
        let mut next = self.clone();
        for activity in &legacy.activities {
            let id = legacy.association_id(self.id, *activity);
            next.associations.insert(id, legacy.association(subscription, *activity, now));
        }
        let answered = Answered { review_case: None, decision: Decision::Held };
        next.claims.entry(claim).or_default().decisions.insert(decision_id, answered);
        Ok(Some((next, Vec::new())))
    }

    /// The subscription, if associations on it are taken over: of these families, and not at its end.
    fn legacy_subscription(
        &self,
        key: &AssociationKey,
        catalog: &Catalog,
        now: Timestamp,
    ) -> Result<&Subscription, Reason> {
        let AssociationKey::Subscription(id) = key else { return Err(Reason::MustBeClaimedAnew) };
        let subscription = self.directory.subscriptions.get(id).ok_or(Reason::SubscriptionNotOnTenant)?;
        let product = catalog.get(&subscription.product).ok_or(Reason::ProductUnknown)?;
        match product.family {
            ProductFamily::Dynamics365 | ProductFamily::PowerBi => {}
            ProductFamily::Microsoft365 => return Err(Reason::MustBeClaimedAnew),
            ProductFamily::PowerPlatform => return Err(Reason::FamilyNotTakenOver),
        }
        let over =
            subscription.status == SubscriptionStatus::Expired || subscription.end_time.is_some_and(|end| end <= now);
        if over { Err(Reason::SubscriptionExpired) } else { Ok(subscription) }
    }

    /// The customer does not want it.
    ///
    /// # Errors
    /// See [`NotDeclined`].
    pub(crate) fn decline_legacy(&self, id: AssociationId, at: Timestamp) -> Result<Changed, NotDeclined> {
        let found = self.associations.get(&id).filter(|found| found.is_live()).ok_or(NotDeclined::NotLive)?;
        if found.line().is_some() {
            return Err(NotDeclined::OfClaim);
        }
        let declined = found.clone();
        let mut next = self.clone();
        let events = next.end(EndReason::Declined, at, |found| *found == declined);
        Ok((next, events))
    }
}

impl Legacy {
    /// Derived, so that a row that is imported again names the same.
    fn id(&self, tenant: TenantId, of: &str) -> Uuid {
        Uuid::new_v5(&tenant.0, format!("legacy/{}/{}{of}", self.partner, self.key).as_bytes())
    }

    fn association_id(&self, tenant: TenantId, activity: Activity) -> AssociationId {
        self.id(tenant, &format!("/{activity}")).into()
    }

    /// That it was taken over is remembered as of a claim, which there is not.
    pub(crate) fn remembered_as(&self, tenant: TenantId) -> (ClaimName, DecisionId) {
        let id = self.id(tenant, "");
        (ClaimName { partner: self.partner.clone(), claim: ClaimId(id) }, DecisionId(id))
    }

    fn association(&self, subscription: &Subscription, activity: Activity, now: Timestamp) -> Association {
        Association {
            source: Source::Legacy { partner: self.partner.clone() },
            mpn_id: self.mpn_id.clone(),
            product: subscription.product.clone(),
            key: self.key.clone(),
            activity,
            hold_time: now,
            state: AssociationState::Official { official_time: now },
        }
    }
}

#[cfg(test)]
mod tests;
