//! Exclusivity under any sequence of commands.
use std::collections::{BTreeMap, BTreeSet};

use cpor_types::{Activity, AssociationKey, ClaimName, DecisionId};
use proptest::prelude::*;
use uuid::Uuid;

use super::{BOTH, place, refused};
use crate::domain::arbitration::{Arbitration, Award};
use crate::domain::association::EndReason;
use crate::domain::examples::{active, catalog, claim, hold, line, now, partner, subscription_id, tenant};
use crate::domain::reason::Reason;
use crate::domain::record::{AwardRefusal, ClaimRecord, Decision, Precluded};
use crate::domain::tenant::Tenant;

/// What can be done to a tenant with three subscriptions by six claims of three partners.
#[derive(Clone, Debug)]
enum Act {
    Place {
        claim: usize,
        decision: u128,
        subscriptions: BTreeSet<u128>,
        activities: Vec<Activity>,
    },
    /// Decision 4 is of subscription 1, and so on.
    Award {
        claim: usize,
        decision: u128,
    },
    Grant {
        claim: usize,
    },
    Close {
        claim: usize,
    },
    Expire {
        subscription: u128,
    },
}

const CLAIMS: [(&str, u128); 6] =
    [("contoso", 1), ("contoso", 2), ("litware", 3), ("litware", 4), ("proseware", 5), ("proseware", 6)];

fn act() -> impl Strategy<Value = Act> {
    let activities = prop_oneof![
        Just(vec![Activity::Usage]),
        Just(vec![Activity::PreSales]),
        Just(BOTH.to_vec()),
        Just(vec![Activity::RevenueAssociation])
    ];
    let place = (0..CLAIMS.len(), 1..4_u128, proptest::collection::btree_set(1..4_u128, 1..4), activities);
    prop_oneof![
        4 => place.prop_map(|(claim, decision, subscriptions, activities)| Act::Place { claim, decision, subscriptions, activities }),
        2 => (0..CLAIMS.len(), 4..7_u128).prop_map(|(claim, decision)| Act::Award { claim, decision }),
        2 => (0..CLAIMS.len()).prop_map(|claim| Act::Grant { claim }),
        1 => (0..CLAIMS.len()).prop_map(|claim| Act::Close { claim }),
        1 => (1..4_u128).prop_map(|subscription| Act::Expire { subscription }),
    ]
}

fn apply(tenant: &Tenant, act: &Act) -> Option<Tenant> {
    let name = |claim: usize| claim_of(CLAIMS[claim]);
    let changed = match act {
        Act::Place { claim, decision, subscriptions, activities } => {
            let claim = name(*claim);
            let mut hold = hold(&claim, numbered(&claim, *decision), activities);
            hold.lines = subscriptions.iter().map(|n| line(&claim, *n)).collect();
            place(tenant, &hold)
        }
        Act::Award { claim, decision } => {
            let winner = name(*claim);
            let award = Award {
                key: awarded(*decision),
                winner: winner.clone(),
                review_case: None,
                activities: vec![Activity::Usage],
            };
            let decision_id = DecisionId(Uuid::from_u128(numbered(&winner, *decision)));
            tenant.arbitrate(&Arbitration { decision_id, awards: vec![award] }, now())
        }
        Act::Grant { claim } => tenant.grant(&name(*claim), Some(&partner()), &catalog(), now()),
        Act::Expire { subscription } => {
            let key = AssociationKey::Subscription(subscription_id(*subscription));
            let mut next = tenant.clone();
            let events = next.end(EndReason::Expired, now(), |found| found.key == key);
            Some((next, events))
        }
        Act::Close { claim } => tenant.close(&name(*claim), None, EndReason::Withdrawn, now()),
    };
    changed.map(|(next, _)| next)
}

/// What is awarded by a decision.
fn awarded(decision: u128) -> AssociationKey {
    AssociationKey::Subscription(subscription_id(decision - 3))
}

/// Decisions of different claims are different.
fn numbered(claim: &ClaimName, decision: u128) -> u128 {
    claim.claim.0.as_u128() * 10 + decision
}

impl Act {
    /// What a decision about a claim that is over is answered, as the API does it.
    fn late(&self) -> Decision {
        match self {
            Self::Award { decision, .. } => {
                Decision::NotAwarded(vec![AwardRefusal { key: awarded(*decision), reason: Reason::ClaimClosed }])
            }
            Self::Place { .. } | Self::Grant { .. } | Self::Close { .. } | Self::Expire { .. } => {
                refused(None, Reason::ClaimClosed)
            }
        }
    }

    /// The decision to hold that it is.
    fn decision(&self) -> Option<(ClaimName, DecisionId)> {
        match self {
            Self::Place { claim, decision, .. } | Self::Award { claim, decision, .. } => {
                let claim = claim_of(CLAIMS[*claim]);
                let id = DecisionId(Uuid::from_u128(numbered(&claim, *decision)));
                Some((claim, id))
            }
            Self::Grant { .. } | Self::Close { .. } | Self::Expire { .. } => None,
        }
    }
}

/// A tenant as the store keeps it: what it remembers of claims is not loaded, and the news are added to it.
#[derive(Clone)]
struct Kept {
    loaded: Tenant,
    remembered: BTreeMap<ClaimName, ClaimRecord>,
}

impl Kept {
    /// Commands that share a transaction, or have one each because one of them does not go with what is remembered.
    fn apply(&mut self, acts: &[Act]) -> Vec<Option<Decision>> {
        if let Ok((kept, answers)) = self.transact(acts) {
            *self = kept;
            return answers;
        }
        acts.iter().map(|act| self.apply_alone(act)).collect()
    }

    fn apply_alone(&mut self, act: &Act) -> Option<Decision> {
        match self.transact(std::slice::from_ref(act)) {
            Ok((kept, mut answers)) => {
                *self = kept;
                answers.remove(0)
            }
            Err(Precluded::Closed) => Some(act.late()),
            Err(Precluded::Answered) => {
                let (claim, decision_id) = act.decision()?;
                self.remembered[&claim].decision(decision_id).cloned()
            }
        }
    }

    fn transact(&self, acts: &[Act]) -> Result<(Self, Vec<Option<Decision>>), Precluded> {
        let Self { mut loaded, mut remembered } = self.clone();
        let mut answers = Vec::new();
        for act in acts {
            loaded = apply(&loaded, act).unwrap_or(loaded);
            let decision = act.decision();
            answers.push(decision.and_then(|(claim, decision_id)| loaded.decision(&claim, decision_id).cloned()));
        }
        for (claim, news) in std::mem::take(&mut loaded.claims) {
            let record = remembered.remove(&claim).unwrap_or_default().with(&news)?;
            remembered.insert(claim, record);
        }
        loaded.associations.retain(|_, found| found.is_live());
        Ok((Self { loaded, remembered }, answers))
    }
}

fn claim_of((partner, n): (&str, u128)) -> ClaimName {
    claim(partner, n)
}

/// A customer with three subscriptions.
fn customer() -> Tenant {
    let mut tenant = tenant();
    for n in 1..4 {
        tenant.directory.subscriptions.insert(subscription_id(n), active("power-bi"));
    }
    tenant
}

/// The companies that are in each key's state, exclusively.
fn companies(tenant: &Tenant, official: bool) -> BTreeMap<&AssociationKey, BTreeSet<&str>> {
    let mut companies = BTreeMap::<_, BTreeSet<_>>::new();
    let holding = tenant.associations.values().filter(|found| found.holds_key());
    for found in holding.filter(|found| found.official_time().is_some() == official) {
        companies.entry(&found.key).or_default().insert(found.partner().as_str());
    }
    companies
}

/// R34, R37: one company on record for a key, and beside it nobody but its successor.
fn is_exclusive(tenant: &Tenant) -> Result<(), TestCaseError> {
    let (official, pending) = (companies(tenant, true), companies(tenant, false));
    prop_assert!(official.values().all(|of| of.len() == 1), "{:?}", official);
    for (key, of) in &pending {
        let [company] = Vec::from_iter(of)[..] else {
            return Err(TestCaseError::fail(format!("{key} is pending for {of:?}")));
        };
        let other = official.get(key).is_some_and(|of| !of.contains(company));
        let succeeds = tenant.successors.get(key).is_some_and(|to| to.claim.partner.as_str() == *company);
        prop_assert!(!other || succeeds, "{} is pending beside its holder on {}", company, key);
    }
    for (key, successor) in &tenant.successors {
        let holder = official.get(key).is_some_and(|of| !of.contains(successor.claim.partner.as_str()));
        prop_assert!(holder, "{} succeeds nobody on {}", successor.claim, key);
    }
    let keys: BTreeSet<_> = official.keys().chain(pending.keys()).collect();
    prop_assert_eq!(keys.len(), tenant.holders().len());
    Ok(())
}

proptest! {
    #[test]
    fn at_most_one_company_holds_a_key_whatever_happens(acts in proptest::collection::vec(act(), 1..60)) {
        let mut tenant = customer();
        for act in &acts {
            let before = tenant.clone();
            tenant = apply(&tenant, act).unwrap_or(tenant);
            is_exclusive(&tenant)?;
            for (closed, _) in tenant.claims.iter().filter(|(_, record)| !record.closed.is_empty()) {
                prop_assert_eq!(tenant.live_of(closed).count(), 0, "{} is closed", closed);
                prop_assert!(tenant.successors.values().all(|successor| successor.claim != *closed));
            }
            if let Act::Place { claim, .. } = act {
                let (claim, others) = (claim_of(CLAIMS[*claim]), |tenant: &Tenant, mine: &_| {
                    tenant.associations.values().filter(|found| !found.is_of(mine)).cloned().collect::<Vec<_>>()
                });
                prop_assert_eq!(others(&before, &claim), others(&tenant, &claim), "a hold touches its own claim alone");
            }
            for (key, of) in companies(&before, true) {
                let gone = companies(&tenant, true).get(key) != Some(&of);
                let by = matches!(act, Act::Grant { .. } | Act::Close { .. } | Act::Expire { .. });
                prop_assert!(!gone || by, "{:?} took {} from its holder", act, key);
            }
        }
    }

    /// Who loads what is remembered and who only adds to it come to the same, whatever shares a transaction.
    #[test]
    fn what_is_remembered_need_not_be_loaded(batches in proptest::collection::vec(proptest::collection::vec(act(), 1..5), 1..10)) {
        let mut knowing = customer();
        let mut kept = Kept { loaded: customer(), remembered: BTreeMap::new() };
        for acts in &batches {
            let expected: Vec<_> = acts.iter().map(|act| {
                knowing = apply(&knowing, act).unwrap_or_else(|| knowing.clone());
                act.decision().and_then(|(claim, decision_id)| knowing.decision(&claim, decision_id).cloned())
            }).collect();
            prop_assert_eq!(kept.apply(acts), expected, "{:?}", acts);
            let live: BTreeMap<_, _> = knowing.associations.iter().filter(|(_, found)| found.is_live()).collect();
            prop_assert_eq!(kept.loaded.associations.iter().collect::<BTreeMap<_, _>>(), live, "{:?}", acts);
            let closed = |claims: &BTreeMap<ClaimName, ClaimRecord>| -> Vec<_> {
                claims.iter().filter(|(_, record)| !record.closed.is_empty()).map(|(claim, _)| claim.clone()).collect()
            };
            prop_assert_eq!(&kept.loaded.successors, &knowing.successors);
            prop_assert_eq!(closed(&kept.remembered), closed(&knowing.claims));
        }
    }
}
