//! The tenant: what the directory says of a customer, and who is on record for it. All that decides about
//! exclusivity is in here, so that one lock and one version guard it.
use std::collections::{BTreeMap, BTreeSet};

use cpor_types::{
    AssociationId, AssociationKey, CaseId, ClaimName, DecisionId, LineId, MpnId, PartnerId, ProductId, SubscriptionId,
    TenantId, Timestamp,
};

use super::association::{Association, EndReason};
use super::directory::{PartnerProfile, Subscription, SubscriptionStatus, TenantDirectory, TenantProfile};
use super::record::{ClaimRecord, Decision};

/// A customer, with its associations.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tenant {
    pub(crate) id: TenantId,
    pub(crate) directory: TenantDirectory,
    /// By id. The store loads the live ones only; one that ends in a change is in that change's `after`.
    pub(crate) associations: BTreeMap<AssociationId, Association>,
    /// The claims that keys were awarded to beside their official holder, at most one for each (R37). None is without such a
    /// holder, of another company.
    pub(crate) successors: BTreeMap<AssociationKey, Successor>,
    /// What was decided about claims since the tenant was loaded. The store never loads what is remembered of earlier
    /// ones, which is kept for ever: it adds the news to that ([`ClaimRecord::with`]), and refuses what does not fit.
    pub(crate) claims: BTreeMap<ClaimName, ClaimRecord>,
}

/// The claim that takes a key over from its holder when its association becomes official.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Successor {
    pub(crate) claim: ClaimName,
    /// The claim's case at the award, where it was said.
    pub(crate) review_case: Option<CaseId>,
}

/// Who has a key: a row of the database's own guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Holder<'a> {
    pub(crate) key: &'a AssociationKey,
    pub(crate) partner: &'a PartnerId,
    pub(crate) successor: Option<&'a Successor>,
}

/// What other services are told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TenantEvent {
    Granted(Box<Granted>),
    Ended(Ended),
    /// A subscription changed on which an official line of this claim stands.
    SubscriptionChanged {
        claim: ClaimName,
        id: SubscriptionId,
        subscription: Subscription,
    },
}

/// Associations of a claim are over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) claim: ClaimName,
    pub(crate) reason: EndReason,
    pub(crate) lines: BTreeSet<LineId>,
    /// Any of them was official.
    pub(crate) official: bool,
    /// The claim has no other.
    pub(crate) all: bool,
}

/// A claim's associations became official, with all that an assessment needs to know (R53).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Granted {
    pub(crate) claim: ClaimName,
    /// At least one, of this claim, all official.
    pub(crate) associations: Vec<GrantedLine>,
    pub(crate) tenant_region: String,
    /// The partner as the directory knew it just before; `None` when it does not know it.
    pub(crate) partner: Option<PartnerProfile>,
}

impl Granted {
    /// Region of a location of the partner.
    pub(crate) fn location_region(&self, mpn_id: &MpnId) -> Option<&str> {
        let location = self.partner.as_ref()?.locations.get(mpn_id)?;
        Some(&location.region)
    }
}

/// One association that became official.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GrantedLine {
    pub(crate) association: Association,
    /// Whether its product is paid for.
    pub(crate) incentivised: bool,
    /// The subscription that it stands on; `None` for workloads.
    pub(crate) subscription: Option<Subscription>,
}

/// A changed tenant and what is to be told of it.
pub(crate) type Changed = (Tenant, Vec<TenantEvent>);

impl Tenant {
    /// A tenant that the directory names for the first time.
    pub(crate) fn new(id: TenantId, profile: TenantProfile) -> Self {
        let directory = TenantDirectory { profile, subscriptions: BTreeMap::new(), workloads: BTreeSet::new() };
        Self { id, directory, associations: BTreeMap::new(), successors: BTreeMap::new(), claims: BTreeMap::new() }
    }

    /// Takes over what the directory says now; `None` when it says what is known.
    pub(crate) fn import_profile(&self, profile: TenantProfile) -> Option<Changed> {
        (self.directory.profile != profile).then(|| {
            let mut next = self.clone();
            next.directory.profile = profile;
            (next, Vec::new())
        })
    }

    /// Takes over a subscription; tells of it for each claim with an official line on it (R52). Associations on one that
    /// has expired end (R39).
    pub(crate) fn import_subscription(
        &self,
        id: SubscriptionId,
        subscription: Subscription,
        now: Timestamp,
    ) -> Option<Changed> {
        if self.directory.subscriptions.get(&id) == Some(&subscription) {
            return None;
        }
        let key = AssociationKey::Subscription(id);
        let official = self.live(&key).filter(|found| found.official_time().is_some());
        let claims: BTreeSet<_> = official.filter_map(|found| found.line()).map(|line| &line.claim).collect();
        let event = |claim: &ClaimName| TenantEvent::SubscriptionChanged {
            claim: claim.clone(),
            id,
            subscription: subscription.clone(),
        };
        let mut events: Vec<_> = claims.into_iter().map(event).collect();
        let mut next = self.clone();
        let expired = subscription.status == SubscriptionStatus::Expired;
        next.directory.subscriptions.insert(id, subscription);
        if expired {
            events.extend(next.end(EndReason::Expired, now, |found| found.key == key));
        }
        Some((next, events))
    }

    /// Takes over that a workload is in use.
    pub(crate) fn import_workload(&self, product: &ProductId) -> Option<Changed> {
        (!self.directory.workloads.contains(product)).then(|| {
            let mut next = self.clone();
            next.directory.workloads.insert(product.clone());
            (next, Vec::new())
        })
    }

    /// The live associations on a key, of any company and activity.
    pub(crate) fn live<'a>(&'a self, key: &'a AssociationKey) -> impl Iterator<Item = &'a Association> {
        self.associations.values().filter(move |association| association.is_live() && association.key == *key)
    }

    /// The live associations of a claim, by id.
    pub(crate) fn live_of<'a>(
        &'a self,
        claim: &'a ClaimName,
    ) -> impl Iterator<Item = (AssociationId, &'a Association)> {
        let live = |association: &&Association| association.is_live() && association.is_of(claim);
        self.associations
            .iter()
            .map(|(id, association)| (*id, association))
            .filter(move |(_, association)| live(association))
    }

    /// Every key that is exclusively held, with its company and successor. At most one company has a key (R34), but for the
    /// pending hold of its successor, which is not in here; were there two, both are, and the store's guard refuses the second.
    pub(crate) fn holders(&self) -> BTreeSet<Holder<'_>> {
        let holder = |association: &'_ Association| association.holds_key() && !self.is_successor(association);
        let held = self.associations.values().filter(|association| holder(association));
        held.map(|association| Holder {
            key: &association.key,
            partner: association.partner(),
            successor: self.successors.get(&association.key),
        })
        .collect()
    }

    fn is_successor(&self, association: &Association) -> bool {
        self.successors.get(&association.key).is_some_and(|successor| association.is_of(&successor.claim))
    }

    /// Ends the live associations that `over` picks. A key whose holder is gone by that has no successor any more: who would
    /// have been has it as anybody has a key. Tells of it for each claim.
    pub(super) fn end(
        &mut self,
        reason: EndReason,
        at: Timestamp,
        over: impl Fn(&Association) -> bool,
    ) -> Vec<TenantEvent> {
        let mut ended = BTreeMap::<ClaimName, (BTreeSet<LineId>, bool)>::new();
        for association in self.associations.values_mut().filter(|found| found.is_live() && over(found)) {
            if let Some(line) = association.line() {
                let (lines, official) = ended.entry(line.claim.clone()).or_default();
                lines.insert(line.line_id);
                *official |= association.official_time().is_some();
            }
            association.end(at, reason);
        }
        let associations = &self.associations;
        self.successors.retain(|key, successor| {
            let theirs = |found: &Association| found.key == *key && found.partner() != &successor.claim.partner;
            associations.values().any(|found| found.holds_key() && theirs(found))
        });
        let event = |(claim, (lines, official)): (ClaimName, _)| {
            let all = self.live_of(&claim).next().is_none();
            TenantEvent::Ended(Ended { claim, reason, lines, official, all })
        };
        ended.into_iter().map(event).collect()
    }

    /// The answer to a decision, if it was made since the tenant was loaded.
    pub(crate) fn decision(&self, claim: &ClaimName, decision_id: DecisionId) -> Option<&Decision> {
        self.claims.get(claim)?.decision(decision_id)
    }
}
