//! The tenant: what the directory says of a customer, and who is on record for it. All that decides about
//! exclusivity is in here, so that one lock and one version guard it.
use std::collections::{BTreeMap, BTreeSet};

use cpor_types::{
    AssociationId, AssociationKey, ClaimName, DecisionId, LineId, MpnId, PartnerId, ProductId, SubscriptionId,
    TenantId, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::association::{Association, EndReason};
use super::directory::{PartnerProfile, Subscription, TenantDirectory, TenantProfile};
use super::reason::Reason;

/// A customer, with its associations.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tenant {
    pub(crate) id: TenantId,
    pub(crate) directory: TenantDirectory,
    /// By id. The store loads the live ones only; one that ends in a change is in that change's `after`.
    pub(crate) associations: BTreeMap<AssociationId, Association>,
    /// What was decided about claims since the tenant was loaded. The store never loads what is remembered of earlier
    /// ones, which is kept for ever: it adds the news to that ([`ClaimRecord::with`]), and refuses what does not fit.
    pub(crate) claims: BTreeMap<ClaimName, ClaimRecord>,
}

/// What is remembered of a claim.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ClaimRecord {
    /// First answers, by decision: repeating a decision gets the same.
    pub(crate) decisions: BTreeMap<DecisionId, Decision>,
    /// The tombstone: the claim is over, and a late hold for it is refused.
    pub(crate) close_time: Option<Timestamp>,
}

/// What is remembered of a claim and leaves no room for a decision about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Precluded {
    /// The decision has been answered, and that answer stands.
    Answered,
    /// The claim is over.
    Closed,
}

impl ClaimRecord {
    /// The record with what was decided after it, by somebody who did not know it.
    pub(crate) fn with(mut self, news: &Self) -> Result<Self, Precluded> {
        if news.decisions.keys().any(|decision| self.decisions.contains_key(decision)) {
            return Err(Precluded::Answered);
        }
        if self.close_time.is_some() && !news.decisions.is_empty() {
            return Err(Precluded::Closed);
        }
        self.decisions.extend(news.decisions.clone());
        // A claim ends once.
        self.close_time = self.close_time.or(news.close_time);
        Ok(self)
    }
}

/// The answer to a decision to hold a claim's lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Decision {
    /// All lines are held.
    Held,
    /// None is.
    Refused(Vec<LineRefusal>),
}

/// Why a line cannot be held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LineRefusal {
    /// `None`: the claim as a whole.
    pub(crate) line_id: Option<LineId>,
    pub(crate) reason: Reason,
}

impl LineRefusal {
    /// The refusal of the claim as a whole.
    pub(crate) fn whole(reason: Reason) -> Self {
        Self { line_id: None, reason }
    }
}

/// What other services are told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TenantEvent {
    Granted(Box<Granted>),
    /// An association that was official is over.
    Ended {
        claim: ClaimName,
        reason: EndReason,
    },
    /// A subscription changed on which an official line of this claim stands.
    SubscriptionChanged {
        claim: ClaimName,
        id: SubscriptionId,
        subscription: Subscription,
    },
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
        Self { id, directory, associations: BTreeMap::new(), claims: BTreeMap::new() }
    }

    /// Takes over what the directory says now; `None` when it says what is known.
    pub(crate) fn import_profile(&self, profile: TenantProfile) -> Option<Changed> {
        (self.directory.profile != profile).then(|| {
            let mut next = self.clone();
            next.directory.profile = profile;
            (next, Vec::new())
        })
    }

    /// Takes over a subscription; tells of it for each claim with an official line on it (R52).
    pub(crate) fn import_subscription(&self, id: SubscriptionId, subscription: Subscription) -> Option<Changed> {
        if self.directory.subscriptions.get(&id) == Some(&subscription) {
            return None;
        }
        let key = AssociationKey::Subscription(id);
        let claims: BTreeSet<_> =
            self.live(&key).filter(|found| found.official_time().is_some()).map(|found| &found.claim).collect();
        let event = |claim: &ClaimName| TenantEvent::SubscriptionChanged {
            claim: claim.clone(),
            id,
            subscription: subscription.clone(),
        };
        let events = claims.into_iter().map(event).collect();
        let mut next = self.clone();
        next.directory.subscriptions.insert(id, subscription);
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
        let live = |association: &&Association| association.is_live() && association.claim == *claim;
        self.associations
            .iter()
            .map(|(id, association)| (*id, association))
            .filter(move |(_, association)| live(association))
    }

    /// Every key that is exclusively held, with its company. At most one company has a key (R34); were there two, both
    /// are in here, and the store's guard refuses the second.
    pub(crate) fn holders(&self) -> BTreeSet<(&AssociationKey, &PartnerId)> {
        let held = self.associations.values().filter(|association| association.holds_key());
        held.map(|association| (&association.key, &association.claim.partner)).collect()
    }

    /// The answer to a decision, if it was made since the tenant was loaded.
    pub(crate) fn decision(&self, claim: &ClaimName, decision_id: DecisionId) -> Option<&Decision> {
        self.claims.get(claim)?.decisions.get(&decision_id)
    }
}
