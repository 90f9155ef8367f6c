//! The tenant aggregate: the directory data of a customer (its profile, subscriptions and
//! workloads), and the associations of partners with its keys. A *key* is one workload or
//! subscription of the tenant. A *line* is the part of a claim that is about one key. A *legacy*
//! association was recorded before claims existed; its *holder* is its partner. An association is
//! *live* while it is official (the partner is on record), or pending before that. At most one
//! company *holds* a key with a live exclusive association.
//!
//! A tenant is loaded, changed and saved as a whole. One row lock and one version therefore guard
//! every decision about exclusivity (R34).
use std::collections::{BTreeMap, BTreeSet};

use cpor_types::{
    AssociationId, AssociationKey, CaseId, ClaimName, DecisionId, LegacyHolderId, LineId, PartnerId, SubscriptionId,
    TenantId, Timestamp,
};

use super::association::{Association, EndReason, HolderContact};
use super::directory::{Subscription, TenantDirectory, TenantProfile};
use super::legacy;
use super::partner::Partner;
use super::record::{ClaimRecord, DecisionOutcome};

/// A customer with its directory data and associations.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tenant {
    pub(crate) id: TenantId,
    pub(crate) directory: TenantDirectory,
    /// The associations by id. The store loads the live associations. It also loads those that have
    /// ended with their key, by an award to another company, or after they were official, because
    /// an event that affects them can arrive late (R47). One that ends stays in the map until the
    /// change is saved.
    pub(crate) associations: BTreeMap<AssociationId, Association>,
    /// The successor of each key that was awarded and that the awarded claim does not hold alone
    /// yet (R37). The key is reserved for it: no other company can get a hold.
    pub(crate) successors: BTreeMap<AssociationKey, Successor>,
    /// The decisions and closed cases that were added since the tenant was loaded. The store does
    /// not load earlier ones. When it saves the tenant, it merges these additions into the stored
    /// records ([`ClaimRecord::merge`]) and reports conflicts.
    pub(crate) claim_records: BTreeMap<ClaimName, ClaimRecord>,
}

/// The claim that was awarded a key. If another company is the official holder, the claim replaces
/// it when its own association becomes official.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Successor {
    pub(crate) claim: ClaimName,
    /// The arbitration that awarded the key.
    pub(crate) decision_id: DecisionId,
    /// The review case of the claim at the award, or `None` when the award did not name it.
    pub(crate) review_case: Option<CaseId>,
}

/// The company that holds a key exclusively or for whose claim the key is reserved, and the key's
/// successor. Corresponds to one row of the table `key_holder`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyHolder<'a> {
    pub(crate) key: &'a AssociationKey,
    pub(crate) partner: &'a PartnerId,
    pub(crate) successor: Option<&'a Successor>,
}

/// A change of a tenant that other services receive as an event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TenantEvent {
    /// The pending associations of a claim became official.
    AssociationsGranted(Box<AssociationsGranted>),
    /// Live associations of a claim have ended.
    AssociationsEnded(AssociationsEnded),
    /// A notice must be sent to the holder of a legacy association (R58a).
    LegacyHolderNotified(Box<HolderNotice>),
    /// The holder of a legacy association does not hold this key any more (R58).
    LegacyHolderGone { key: AssociationKey, holder: LegacyHolderId },
    /// The personal data of the holder of a legacy association was erased (R56).
    LegacyHolderErased { holder: LegacyHolderId },
    /// A subscription changed with which this claim has an official association.
    SubscriptionChanged { claim: ClaimName, id: SubscriptionId, subscription: Subscription },
}

/// A notice to the holder of a legacy association (R58a), which customer-consent sends by mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HolderNotice {
    /// The id of the holder. It is derived from the tenant, the partner and the key.
    pub(crate) holder: LegacyHolderId,
    /// The key that the association holds.
    pub(crate) key: AssociationKey,
    /// The contact of the holder; `None` if the import had none.
    pub(crate) contact: Option<HolderContact>,
    pub(crate) subject: NoticeSubject,
}

/// The subject of a notice to the holder of a legacy association.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoticeSubject {
    /// The claim of this review case competes for the key.
    Contested(CaseId),
    /// The reviewer of this review case asks for a statement, with this comment.
    StatementRequested(CaseId, String),
    /// The association has ended.
    Ended(EndReason),
}

impl HolderNotice {
    /// Returns the notice to the holder of a legacy association of this tenant.
    pub(super) fn of(tenant: TenantId, association: &Association, subject: NoticeSubject) -> Self {
        let (partner, key) = (association.partner(), association.key.clone());
        let holder = legacy::holder_id(tenant, partner, &key);
        Self { holder, key, contact: association.holder_contact().cloned(), subject }
    }
}

/// Live associations of a claim have ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AssociationsEnded {
    pub(crate) claim: ClaimName,
    pub(crate) reason: EndReason,
    /// The lines of the claim whose associations ended.
    pub(crate) lines: BTreeSet<LineId>,
    /// Whether any of the ended associations was official.
    pub(crate) was_official: bool,
    /// Whether the claim has no live association left.
    pub(crate) is_last: bool,
    /// The time of the end, if claim-intake already got an event about it while the associations
    /// were pending. A consent that arrived late has then made them official until this time (R47).
    pub(crate) reported_end: Option<Timestamp>,
}

/// The pending associations of a claim became official. Contains the facts that the assessment of
/// the claim's eligibility for payments needs (R53).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AssociationsGranted {
    pub(crate) claim: ClaimName,
    /// The associations of the claim that became official. There is at least one.
    pub(crate) associations: Vec<GrantedAssociation>,
    pub(crate) tenant_region: String,
    /// The partner, read just before the change, or `None` when it is unknown.
    pub(crate) partner: Option<Partner>,
}

/// One association that became official.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GrantedAssociation {
    pub(crate) id: AssociationId,
    pub(crate) association: Association,
    /// Whether partners are paid for the product. A partner on record for another product is
    /// recognised, but not paid.
    pub(crate) incentivized: bool,
    /// The subscription that the association is about, or `None` for a workload.
    pub(crate) subscription: Option<Subscription>,
}

/// The next state of a tenant, with the events that led to it.
pub(crate) type TenantChange = (Tenant, Vec<TenantEvent>);

impl Tenant {
    /// Creates a tenant that has no subscriptions, workloads or associations yet.
    pub(crate) fn new(id: TenantId, profile: TenantProfile) -> Self {
        let directory = TenantDirectory { profile, subscriptions: BTreeMap::new(), workloads: BTreeMap::new() };
        Self {
            id,
            directory,
            associations: BTreeMap::new(),
            successors: BTreeMap::new(),
            claim_records: BTreeMap::new(),
        }
    }

    /// Returns the live associations with a key, of any company and activity.
    pub(crate) fn live_associations_on<'a>(&'a self, key: &'a AssociationKey) -> impl Iterator<Item = &'a Association> {
        self.associations.values().filter(move |association| association.is_live() && association.key == *key)
    }

    /// Returns the live associations of a claim, in the order of their ids.
    pub(crate) fn live_associations_of<'a>(
        &'a self,
        claim: &'a ClaimName,
    ) -> impl Iterator<Item = (AssociationId, &'a Association)> {
        let is_live = |association: &Association| association.is_live() && association.belongs_to(claim);
        self.associations
            .iter()
            .map(|(id, association)| (*id, association))
            .filter(move |(_, association)| is_live(association))
    }

    /// Returns the holder of every key that is exclusively held or reserved, with the key's
    /// successor. A key that nobody holds is reserved for the company of its successor.
    ///
    /// The pending hold of a successor is left out, so a key has at most one holder (R34). If there
    /// were two holders because of a defect, both would be returned, and the primary key of the
    /// table `key_holder` would reject the second.
    pub(crate) fn key_holders(&self) -> BTreeSet<KeyHolder<'_>> {
        let is_holder = |association: &'_ Association| association.holds_key() && !self.is_successor(association);
        let holding = self.associations.values().filter(|association| is_holder(association));
        let mut holders: BTreeSet<_> = holding
            .map(|association| KeyHolder {
                key: &association.key,
                partner: association.partner(),
                successor: self.successors.get(&association.key),
            })
            .collect();
        let held_keys: BTreeSet<_> = holders.iter().map(|holder| holder.key).collect();
        let reserved = self.successors.iter().filter(|(key, _)| !held_keys.contains(key));
        holders.extend(reserved.map(|(key, successor)| KeyHolder {
            key,
            partner: &successor.claim.partner,
            successor: Some(successor),
        }));
        holders
    }

    /// Ends the reservation of an awarded key, because the awarded claim no longer has it (R37).
    /// Returns `None` when the key is not reserved by this decision.
    pub(crate) fn release_award(&self, key: &AssociationKey, decision_id: DecisionId) -> Option<TenantChange> {
        let successor = self.successors.get(key)?;
        (successor.decision_id == decision_id).then(|| {
            let mut next = self.clone();
            next.successors.remove(key);
            (next, Vec::new())
        })
    }

    /// Removes the successors that hold their key and have no other company's hold to replace. A
    /// successor with a pending hold stays if another company has yielded to it, because a consent
    /// that arrives late can make that company the official holder (R47).
    pub(super) fn remove_completed_successors(&mut self) {
        let associations = &self.associations;
        self.successors.retain(|key, successor| {
            let on_key =
                || associations.values().filter(|association| association.key == *key && association.is_exclusive);
            let of_others = || on_key().filter(|association| *association.partner() != successor.claim.partner);
            let own =
                || on_key().filter(|association| association.is_live() && association.belongs_to(&successor.claim));
            let is_pending = || own().all(|association| association.official_time().is_none());
            of_others().any(Association::holds_key)
                || own().next().is_none()
                || (is_pending() && of_others().any(|association| association.yield_time().is_some()))
        });
    }

    /// Returns whether the association belongs to the claim that is the successor of its key.
    pub(super) fn is_successor(&self, association: &Association) -> bool {
        self.successors.get(&association.key).is_some_and(|successor| association.belongs_to(&successor.claim))
    }

    /// Ends at `at` the associations that `matches` selects and that
    /// [can end](Association::can_end) at this time, and returns one event for each affected claim.
    ///
    /// When the association of a key's holder ends and the successor already has a hold, that hold
    /// counts like any other. Otherwise the key stays reserved for the successor.
    pub(super) fn end_associations(
        &mut self,
        reason: EndReason,
        at: Timestamp,
        matches: impl Fn(&Association) -> bool,
    ) -> Vec<TenantEvent> {
        let (tenant, mut ended) = (self.id, BTreeMap::<ClaimName, (BTreeSet<LineId>, bool)>::new());
        let (mut notices, mut legacy_keys) = (BTreeMap::new(), BTreeSet::new());
        let mut ended_holds = BTreeSet::new();
        for association in
            self.associations.values_mut().filter(|association| association.can_end(at) && matches(association))
        {
            if let Some(line) = association.claimed_line() {
                let (lines, was_official) = ended.entry(line.claim.clone()).or_default();
                lines.insert(line.line_id);
                *was_official |= association.official_since().is_some();
            } else {
                legacy_keys.insert(association.key.clone());
            }
            if association.holder_contact().is_some() {
                let notice = HolderNotice::of(tenant, association, NoticeSubject::Ended(reason));
                notices.insert(notice.holder, TenantEvent::LegacyHolderNotified(Box::new(notice)));
            }
            if let Some(line) = association.claimed_line().filter(|_| association.holds_key()) {
                ended_holds.insert((association.key.clone(), line.claim.clone()));
            }
            association.end(at, reason);
        }
        // An award ends with the hold for which it reserved the key.
        self.successors.retain(|key, successor| !ended_holds.contains(&(key.clone(), successor.claim.clone())));
        self.remove_completed_successors();
        let event = |(claim, (lines, was_official)): (ClaimName, _)| {
            let is_last = self.live_associations_of(&claim).next().is_none();
            TenantEvent::AssociationsEnded(AssociationsEnded {
                claim,
                reason,
                lines,
                was_official,
                is_last,
                reported_end: None,
            })
        };
        legacy_keys.retain(|key| self.legacy_holder(key).is_none());
        let gone = legacy_keys.iter().flat_map(|key| self.legacy_holders_gone(key));
        ended.into_iter().map(event).chain(notices.into_values()).chain(gone).collect()
    }

    /// Returns the outcome of a decision that was made since the tenant was loaded; `None` for an
    /// earlier decision, because those are not loaded.
    pub(crate) fn decision(&self, claim: &ClaimName, decision_id: DecisionId) -> Option<&DecisionOutcome> {
        self.claim_records.get(claim)?.decision(decision_id)
    }
}
