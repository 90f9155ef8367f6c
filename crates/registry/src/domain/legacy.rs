//! Legacy associations (R58): associations that were recorded before claims existed. They are
//! imported, are official at once (the partner is on record), and have no claim. Each of them is
//! with one *key* of a tenant, which must be a subscription, not a workload. An association is
//! *live* until it ends; while it is live and exclusive, its partner *holds* the key.
use std::collections::BTreeSet;

use cpor_types::{
    Activity, AssociationId, AssociationKey, ClaimId, ClaimName, DecisionId, LegacyHolderId, MpnId, PartnerId,
    ProductFamily, TenantId, Timestamp,
};
use uuid::Uuid;

use super::association::{Association, AssociationState, EndReason, HolderContact, HolderErasure, Source};
use super::catalog::Catalog;
use super::directory::{PartnerProfile, Subscription, SubscriptionStatus};
use super::reason::Reason;
use super::record::{DecisionOutcome, RecordedDecision};
use super::tenant::{HolderNotice, NoticeSubject, Tenant, TenantChange, TenantEvent};

/// A legacy association to import.
#[derive(Clone, Debug)]
pub(crate) struct LegacyAssociation {
    pub(crate) partner: PartnerId,
    /// The Microsoft Partner Network (MPN) id of the partner's location.
    pub(crate) mpn_id: MpnId,
    pub(crate) key: AssociationKey,
    /// The activities that the partner is on record for. All of them are exclusive.
    pub(crate) activities: Vec<Activity>,
    /// The name and the e-mail address of the holder's contact (R58a).
    pub(crate) contact: Option<(String, String)>,
}

/// The reason why an association cannot be declined as a legacy association.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeclineRefusal {
    /// There is no live association with this id.
    NotLive,
    /// The association belongs to a claim, so the claim must be declined instead.
    BelongsToClaim,
}

/// The reason why the personal data of the holder of an association cannot be erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EraseRefusal {
    /// There is no association with this id.
    NotFound,
    /// An association of the holder with the key has not ended.
    NotEnded,
    /// The association belongs to a claim.
    BelongsToClaim,
}

impl Tenant {
    /// Imports a legacy association, which is official at once.
    ///
    /// A legacy association is imported only once, even if it has ended since then. Returns `None`
    /// if `self` already contains the import, for example from an earlier command in the same
    /// transaction. A stored import is found only when the tenant is saved, as a
    /// [`RecordConflict`](super::record::RecordConflict), unless the association is refused before
    /// that.
    ///
    /// # Errors
    /// Returns every reason for which the association cannot be imported.
    pub(crate) fn import_legacy(
        &self,
        legacy: &LegacyAssociation,
        partner: Option<&PartnerProfile>,
        catalog: &Catalog,
        now: Timestamp,
    ) -> Result<Option<TenantChange>, Vec<Reason>> {
        let (claim, decision_id) = legacy.record_key(self.id);
        if self.decision(&claim, decision_id).is_some() {
            return Ok(None);
        }
        let mut refusals = Vec::new();
        if partner.is_none_or(|partner| partner.open_location(&legacy.mpn_id, now).is_none()) {
            refusals.push(Reason::LocationNotOfPartner);
        }
        if self.live_associations_on(&legacy.key).any(Association::holds_key)
            || self.successors.contains_key(&legacy.key)
        {
            refusals.push(Reason::KeyHeld);
        }
        let subscription = match self.legacy_subscription(&legacy.key, catalog, now) {
            Ok(subscription) if refusals.is_empty() => subscription,
            Ok(_) => return Err(refusals),
            Err(reason) => return Err([&[reason][..], &refusals].concat()),
        };
        let mut next = self.clone();
        let contact = partner.and_then(|partner| legacy.holder_contact(subscription, partner, catalog));
        for activity in &legacy.activities {
            let id = legacy.association_id(self.id, *activity);
            next.associations.insert(id, legacy.association(subscription, *activity, contact.clone(), now));
        }
        let recorded = RecordedDecision { review_case: None, decision: DecisionOutcome::Held };
        next.claim_records.entry(claim).or_default().decisions.insert(decision_id, recorded);
        Ok(Some((next, Vec::new())))
    }

    /// Imports a legacy association, or corrects the contact of one that was imported before and is
    /// live. Returns whether the association was imported before and is live, and the change, if
    /// there is one.
    ///
    /// # Errors
    /// Returns every reason for which the association cannot be imported.
    pub(crate) fn import_or_correct(
        &self,
        legacy: &LegacyAssociation,
        partner: Option<&PartnerProfile>,
        catalog: &Catalog,
        now: Timestamp,
    ) -> Result<(bool, Option<TenantChange>), Vec<Reason>> {
        match self.has_imported(legacy) {
            true => Ok((true, self.correct_holder_contact(legacy, partner, catalog))),
            false => Ok((false, self.import_legacy(legacy, partner, catalog, now)?)),
        }
    }

    /// Returns whether an earlier import of the association is live.
    pub(crate) fn has_imported(&self, legacy: &LegacyAssociation) -> bool {
        self.associations.values().any(|association| legacy.is_origin_of(association))
    }

    /// Adds or corrects the contact of an association that was imported before (R58a). An import
    /// without a contact keeps the one that there is, and so does one whose partner, location,
    /// subscription or product is not known. Returns `None` if nothing changes.
    fn correct_holder_contact(
        &self,
        legacy: &LegacyAssociation,
        partner: Option<&PartnerProfile>,
        catalog: &Catalog,
    ) -> Option<TenantChange> {
        let AssociationKey::Subscription(id) = &legacy.key else { return None };
        let corrected = legacy.holder_contact(self.directory.subscriptions.get(id)?, partner?, catalog)?;
        let mut next = self.clone();
        for association in next.associations.values_mut().filter(|association| legacy.is_origin_of(association)) {
            let (partner, contact) = (legacy.partner.clone(), Some(corrected.clone()));
            association.source = Source::Legacy { partner, contact, erasure: None };
        }
        (next != *self).then(|| (next, Vec::new()))
    }

    /// Returns the subscription of the key, if legacy associations with it can be imported: its
    /// product must belong to an accepted family, and it must not have ended.
    fn legacy_subscription(
        &self,
        key: &AssociationKey,
        catalog: &Catalog,
        now: Timestamp,
    ) -> Result<&Subscription, Reason> {
        let AssociationKey::Subscription(id) = key else { return Err(Reason::AssociationMustBeClaimedAnew) };
        let subscription = self.directory.subscriptions.get(id).ok_or(Reason::SubscriptionNotOnTenant)?;
        let product = catalog.get(&subscription.product).ok_or(Reason::ProductUnknown)?;
        match product.family {
            ProductFamily::Dynamics365 | ProductFamily::PowerBi => {}
            ProductFamily::Microsoft365 => return Err(Reason::AssociationMustBeClaimedAnew),
            ProductFamily::PowerPlatform => return Err(Reason::ProductFamilyNotImported),
        }
        let has_ended =
            subscription.status == SubscriptionStatus::Expired || subscription.end_time.is_some_and(|end| end <= now);
        if has_ended { Err(Reason::SubscriptionExpired) } else { Ok(subscription) }
    }

    /// Returns the event that tells the partner of the key's legacy association that a claim
    /// competes with it, or that a reviewer asks for its statement (R58a). If no legacy association
    /// holds the key any more, or if the request for a statement is for an earlier holder, returns
    /// the events that tell the review case so. `named_holder` is the holder that the request
    /// names, or `None` if it names none. A reviewer's comment is only for the named holder and not
    /// for a later holder of the key, which is another company.
    pub(crate) fn notify_legacy_holder(
        &self,
        key: &AssociationKey,
        named_holder: Option<LegacyHolderId>,
        subject: NoticeSubject,
    ) -> TenantChange {
        let is_for_another = |holder: &&Association| {
            matches!(subject, NoticeSubject::StatementRequested(..))
                && named_holder.is_some_and(|named| named != holder_id(self.id, holder.partner(), key))
        };
        let holder = self.legacy_holder(key).filter(|holder| !is_for_another(holder));
        let events = match (holder, named_holder) {
            (Some(holder), _) => {
                vec![TenantEvent::LegacyHolderNotified(Box::new(HolderNotice::of(self.id, holder, subject)))]
            }
            (None, Some(holder)) => vec![TenantEvent::LegacyHolderGone { key: key.clone(), holder }],
            (None, None) => self.legacy_holders_gone(key),
        };
        (self.clone(), events)
    }

    /// Returns an event for each holder whose legacy association with the key has ended. A review
    /// case may have been opened with an earlier holder than the last one.
    pub(super) fn legacy_holders_gone(&self, key: &AssociationKey) -> Vec<TenantEvent> {
        let is_ended = |association: &&Association| {
            association.key == *key && association.claimed_line().is_none() && !association.is_live()
        };
        let ended = self.associations.values().filter(is_ended);
        let holders: BTreeSet<_> = ended.map(|association| holder_id(self.id, association.partner(), key)).collect();
        holders.into_iter().map(|holder| TenantEvent::LegacyHolderGone { key: key.clone(), holder }).collect()
    }

    /// Returns a legacy association that holds the key.
    pub(super) fn legacy_holder<'a>(&'a self, key: &'a AssociationKey) -> Option<&'a Association> {
        let is_legacy = |association: &&Association| association.claimed_line().is_none() && association.holds_key();
        self.live_associations_on(key).find(is_legacy)
    }

    /// Ends a legacy association because the customer declined it.
    ///
    /// # Errors
    /// Returns a [`DeclineRefusal`] when there is no live legacy association with this id.
    pub(crate) fn decline_legacy(&self, id: AssociationId, at: Timestamp) -> Result<TenantChange, DeclineRefusal> {
        let association =
            self.associations.get(&id).filter(|association| association.is_live()).ok_or(DeclineRefusal::NotLive)?;
        if association.claimed_line().is_some() {
            return Err(DeclineRefusal::BelongsToClaim);
        }
        let declined = association.clone();
        let mut next = self.clone();
        let events = next.end_associations(EndReason::Declined, at, |association| *association == declined);
        Ok((next, events))
    }
}

impl Tenant {
    /// Erases the contact of the holder of a legacy association that has ended (R56), and records
    /// the erasure. Returns `None` if there is no contact.
    ///
    /// # Errors
    /// Returns an [`EraseRefusal`] if there is no such association, if it belongs to a claim, or if
    /// the contact is still needed, because an association of the holder with the same key has not
    /// ended.
    pub(crate) fn erase_legacy_holder(
        &self,
        id: AssociationId,
        erasure: &HolderErasure,
    ) -> Result<Option<TenantChange>, EraseRefusal> {
        let requested = self.associations.get(&id).ok_or(EraseRefusal::NotFound)?;
        if requested.claimed_line().is_some() {
            return Err(EraseRefusal::BelongsToClaim);
        }
        let is_of_holder = |other: &Association| {
            other.claimed_line().is_none() && (other.partner(), &other.key) == (requested.partner(), &requested.key)
        };
        if self.associations.values().any(|other| is_of_holder(other) && other.is_live()) {
            return Err(EraseRefusal::NotEnded);
        }
        let has_contact = |other: &Association| is_of_holder(other) && other.holder_contact().is_some();
        let mut next = self.clone();
        for association in next.associations.values_mut().filter(|other| has_contact(other)) {
            let (partner, erasure) = (requested.partner().clone(), Some(erasure.clone()));
            association.source = Source::Legacy { partner, contact: None, erasure };
        }
        let erased =
            TenantEvent::LegacyHolderErased { holder: holder_id(self.id, requested.partner(), &requested.key) };
        Ok((next != *self).then(|| (next, vec![erased])))
    }
}

/// Returns the id of the holder of a legacy association. A later holder of the same key has another
/// id, because a legacy association is imported only once.
pub(crate) fn holder_id(tenant: TenantId, partner: &PartnerId, key: &AssociationKey) -> LegacyHolderId {
    derived_id(tenant, partner, key, "").into()
}

/// Returns a UUID that is derived from a legacy association and `suffix`.
fn derived_id(tenant: TenantId, partner: &PartnerId, key: &AssociationKey, suffix: &str) -> Uuid {
    Uuid::new_v5(&tenant.0, format!("legacy/{partner}/{key}{suffix}").as_bytes())
}

impl LegacyAssociation {
    /// Returns a UUID that is derived from the association and `suffix`, so that a repeated import
    /// creates the same ids.
    fn derived_id(&self, tenant: TenantId, suffix: &str) -> Uuid {
        derived_id(tenant, &self.partner, &self.key, suffix)
    }

    fn association_id(&self, tenant: TenantId, activity: Activity) -> AssociationId {
        self.derived_id(tenant, &format!("/{activity}")).into()
    }

    /// Returns the name and decision under which the import is recorded. The name has the form of a
    /// claim name, but there is no such claim.
    pub(crate) fn record_key(&self, tenant: TenantId) -> (ClaimName, DecisionId) {
        let id = self.derived_id(tenant, "");
        (ClaimName { partner: self.partner.clone(), claim: ClaimId(id) }, DecisionId(id))
    }

    /// Returns whether this live association was imported for the same partner and key.
    fn is_origin_of(&self, association: &Association) -> bool {
        association.claimed_line().is_none()
            && association.is_live()
            && (association.partner(), &association.key) == (&self.partner, &self.key)
    }

    /// Returns the contact as it is stored with the association. Returns `None` if the import has
    /// none, or if the product or the location is not known.
    fn holder_contact(
        &self,
        subscription: &Subscription,
        partner: &PartnerProfile,
        catalog: &Catalog,
    ) -> Option<HolderContact> {
        let (name, email) = self.contact.clone()?;
        Some(HolderContact {
            name: name.into(),
            email: email.into(),
            partner: partner.display_name.clone(),
            product: catalog.get(&subscription.product)?.display_name.clone(),
            calendar: partner.locations.get(&self.mpn_id)?.calendar.clone(),
        })
    }

    /// Returns the association to add, which is official from `now` on.
    fn association(
        &self,
        subscription: &Subscription,
        activity: Activity,
        contact: Option<HolderContact>,
        now: Timestamp,
    ) -> Association {
        Association {
            source: Source::Legacy { partner: self.partner.clone(), contact, erasure: None },
            mpn_id: self.mpn_id.clone(),
            product: subscription.product.clone(),
            key: self.key.clone(),
            activity,
            is_exclusive: true,
            hold_time: now,
            state: AssociationState::Official { official_time: now },
        }
    }
}

#[cfg(test)]
mod tests;
