//! A property test: exclusivity holds under any sequence of commands.
use std::collections::{BTreeMap, BTreeSet};

use cpor_types::{Activity, AssociationKey, ClaimName, DecisionId};
use proptest::prelude::*;
use uuid::Uuid;

use super::{USAGE_AND_PRE_SALES, place, refused};
use crate::domain::arbitration::{Arbitration, Award};
use crate::domain::association::{Association, AssociationState, EndReason};
use crate::domain::fixtures::{active, catalog, claim, company, hold, line, now, subscription_id, tenant};
use crate::domain::reason::Reason;
use crate::domain::record::{AwardRefusal, ClaimRecord, DecisionOutcome, RecordConflict};
use crate::domain::tenant::Tenant;

/// A command on a tenant with three subscriptions, about one of six claims of three partners.
/// `claim` is an index into [`CLAIMS`].
#[derive(Clone, Debug)]
enum TestCommand {
    Place {
        claim: usize,
        decision: u128,
        subscriptions: BTreeSet<u128>,
        activities: Vec<Activity>,
    },
    /// Decision 4 awards subscription 1, decision 5 subscription 2, and decision 6 subscription 3.
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

fn command() -> impl Strategy<Value = TestCommand> {
    let activities = prop_oneof![
        Just(vec![Activity::Usage]),
        Just(vec![Activity::PreSales]),
        Just(USAGE_AND_PRE_SALES.to_vec()),
        Just(vec![Activity::RevenueAssociation])
    ];
    let place = (0..CLAIMS.len(), 1..4_u128, proptest::collection::btree_set(1..4_u128, 1..4), activities);
    prop_oneof![
        4 => place.prop_map(|(claim, decision, subscriptions, activities)| TestCommand::Place { claim, decision, subscriptions, activities }),
        2 => (0..CLAIMS.len(), 4..7_u128).prop_map(|(claim, decision)| TestCommand::Award { claim, decision }),
        2 => (0..CLAIMS.len()).prop_map(|claim| TestCommand::Grant { claim }),
        1 => (0..CLAIMS.len()).prop_map(|claim| TestCommand::Close { claim }),
        1 => (1..4_u128).prop_map(|subscription| TestCommand::Expire { subscription }),
    ]
}

fn apply(tenant: &Tenant, command: &TestCommand) -> Option<Tenant> {
    let name = |claim: usize| claim_name(CLAIMS[claim]);
    let changed = match command {
        TestCommand::Place { claim, decision, subscriptions, activities } => {
            let claim = name(*claim);
            let mut hold = hold(&claim, decision_number(&claim, *decision), activities);
            hold.lines = subscriptions.iter().map(|n| line(&claim, *n)).collect();
            place(tenant, &hold)
        }
        TestCommand::Award { claim, decision } => {
            let winner = name(*claim);
            let award = Award {
                key: awarded_key(*decision),
                winner: winner.clone(),
                review_case: None,
                activities: vec![Activity::Usage],
                revenue_association_exclusive: false,
            };
            let decision_id = DecisionId(Uuid::from_u128(decision_number(&winner, *decision)));
            tenant.arbitrate(&Arbitration { decision_id, awards: vec![award] }, now())
        }
        TestCommand::Grant { claim } => tenant.grant_claim(&name(*claim), Some(&company()), &catalog(), now()),
        TestCommand::Expire { subscription } => {
            let key = AssociationKey::Subscription(subscription_id(*subscription));
            let mut next = tenant.clone();
            let events = next.end_associations(EndReason::Expired, now(), |found| found.key == key);
            Some((next, events))
        }
        TestCommand::Close { claim } => tenant.close_claim(&name(*claim), None, EndReason::Withdrawn, now()),
    };
    changed.map(|(next, _)| next)
}

/// The key that an arbitration with this decision number awards.
fn awarded_key(decision: u128) -> AssociationKey {
    AssociationKey::Subscription(subscription_id(decision - 3))
}

/// The number of a decision of a claim. Decisions of different claims have different numbers.
fn decision_number(claim: &ClaimName, decision: u128) -> u128 {
    claim.claim.0.as_u128() * 10 + decision
}

impl TestCommand {
    /// The outcome that the API returns for a decision about a closed claim.
    fn outcome_when_closed(&self) -> DecisionOutcome {
        match self {
            Self::Award { decision, .. } => DecisionOutcome::NotAwarded(vec![AwardRefusal {
                key: awarded_key(*decision),
                reason: Reason::ClaimClosed,
            }]),
            Self::Place { .. } | Self::Grant { .. } | Self::Close { .. } | Self::Expire { .. } => {
                refused(None, Reason::ClaimClosed)
            }
        }
    }

    /// The claim and the decision id, if the command is a decision about a claim.
    fn decision(&self) -> Option<(ClaimName, DecisionId)> {
        match self {
            Self::Place { claim, decision, .. } | Self::Award { claim, decision, .. } => {
                let claim = claim_name(CLAIMS[*claim]);
                let id = DecisionId(Uuid::from_u128(decision_number(&claim, *decision)));
                Some((claim, id))
            }
            Self::Grant { .. } | Self::Close { .. } | Self::Expire { .. } => None,
        }
    }
}

/// A tenant as the store handles it: the claim records are not loaded, and additions are merged
/// into them.
#[derive(Clone)]
struct StoredTenant {
    loaded: Tenant,
    records: BTreeMap<ClaimName, ClaimRecord>,
}

impl StoredTenant {
    /// Runs commands in one transaction. If one of them conflicts with a record, runs each in a
    /// transaction of its own.
    fn apply(&mut self, commands: &[TestCommand]) -> Vec<Option<DecisionOutcome>> {
        if let Ok((stored, outcomes)) = self.transact(commands) {
            *self = stored;
            return outcomes;
        }
        commands.iter().map(|command| self.apply_alone(command)).collect()
    }

    fn apply_alone(&mut self, command: &TestCommand) -> Option<DecisionOutcome> {
        match self.transact(std::slice::from_ref(command)) {
            Ok((stored, mut outcomes)) => {
                *self = stored;
                outcomes.remove(0)
            }
            Err(RecordConflict::CaseClosed) => Some(command.outcome_when_closed()),
            Err(RecordConflict::AlreadyDecided) => {
                let (claim, decision_id) = command.decision()?;
                self.records[&claim].decision(decision_id).cloned()
            }
        }
    }

    fn transact(&self, commands: &[TestCommand]) -> Result<(Self, Vec<Option<DecisionOutcome>>), RecordConflict> {
        let Self { mut loaded, mut records } = self.clone();
        let mut outcomes = Vec::new();
        for command in commands {
            loaded = apply(&loaded, command).unwrap_or(loaded);
            let decision = command.decision();
            outcomes.push(decision.and_then(|(claim, decision_id)| loaded.decision(&claim, decision_id).cloned()));
        }
        for (claim, additions) in std::mem::take(&mut loaded.claim_records) {
            let record = records.remove(&claim).unwrap_or_default().merge(&additions)?;
            records.insert(claim, record);
        }
        loaded.associations.retain(|_, found| found.is_live() || is_loaded_after_its_end(found));
        Ok((Self { loaded, records }, outcomes))
    }
}

/// Whether the store loads the association although it has ended, because a fact about it or about
/// another company can arrive late (R47).
fn is_loaded_after_its_end(association: &Association) -> bool {
    let AssociationState::Ended { official_time, reason, .. } = association.state else { return false };
    official_time.is_some() || matches!(reason, EndReason::Expired | EndReason::Superseded)
}

fn claim_name((partner, n): (&str, u128)) -> ClaimName {
    claim(partner, n)
}

/// A tenant with three subscriptions.
fn tenant_with_subscriptions() -> Tenant {
    let mut tenant = tenant();
    for n in 1..4 {
        tenant.directory.subscriptions.insert(subscription_id(n), active("power-bi"));
    }
    tenant
}

/// The companies that hold each key exclusively, either officially or with a pending hold.
fn companies(tenant: &Tenant, official: bool) -> BTreeMap<&AssociationKey, BTreeSet<&str>> {
    let mut companies = BTreeMap::<_, BTreeSet<_>>::new();
    let holding = tenant.associations.values().filter(|found| found.holds_key());
    for found in holding.filter(|found| found.official_time().is_some() == official) {
        companies.entry(&found.key).or_default().insert(found.partner().as_str());
    }
    companies
}

/// Checks R34 and R37: a key has one holder, and only its successor may have a pending hold beside
/// it.
fn check_exclusivity(tenant: &Tenant) -> Result<(), TestCaseError> {
    let (official, pending) = (companies(tenant, true), companies(tenant, false));
    prop_assert!(official.values().all(|holders| holders.len() == 1), "{:?}", official);
    for (key, holders) in &pending {
        let [company] = Vec::from_iter(holders)[..] else {
            return Err(TestCaseError::fail(format!("{key} is pending for {holders:?}")));
        };
        let has_other_holder = official.get(key).is_some_and(|holders| !holders.contains(company));
        let is_successor =
            tenant.successors.get(key).is_some_and(|successor| successor.claim.partner.as_str() == *company);
        prop_assert!(!has_other_holder || is_successor, "{} is pending beside its holder on {}", company, key);
    }
    for (key, successor) in &tenant.successors {
        let company = successor.claim.partner.as_str();
        let has_holder = official.get(key).is_some_and(|holders| !holders.contains(company));
        let holds = tenant
            .associations
            .values()
            .any(|own| own.holds_key() && own.key == *key && own.belongs_to(&successor.claim));
        // A company that yielded can still be on record by a late grant (R47).
        let yielded = |other: &Association| {
            other.key == *key && other.yield_time().is_some() && other.partner().as_str() != company
        };
        let may_be_replaced = pending.contains_key(key) && tenant.associations.values().any(yielded);
        prop_assert!(has_holder || !holds || may_be_replaced, "{} already holds {} alone", successor.claim, key);
        let has_pending_rival = pending.get(key).is_some_and(|holders| holders.iter().any(|holder| *holder != company));
        prop_assert!(!has_pending_rival, "{} is reserved for {}", key, successor.claim);
    }
    let keys: BTreeSet<_> = official.keys().chain(pending.keys()).copied().chain(tenant.successors.keys()).collect();
    prop_assert_eq!(keys.len(), tenant.key_holders().len());
    Ok(())
}

proptest! {
    #[test]
    fn r34_at_most_one_company_holds_a_key(commands in proptest::collection::vec(command(), 1..60)) {
        let mut tenant = tenant_with_subscriptions();
        for command in &commands {
            let before = tenant.clone();
            tenant = apply(&tenant, command).unwrap_or(tenant);
            check_exclusivity(&tenant)?;
            for (closed, _) in tenant.claim_records.iter().filter(|(_, record)| !record.closed.is_empty()) {
                prop_assert_eq!(tenant.live_associations_of(closed).count(), 0, "{} is closed", closed);
                prop_assert!(tenant.successors.values().all(|successor| successor.claim != *closed));
            }
            if let TestCommand::Place { claim, .. } = command {
                let (claim, others) = (claim_name(CLAIMS[*claim]), |tenant: &Tenant, own: &_| {
                    tenant.associations.values().filter(|found| !found.belongs_to(own)).cloned().collect::<Vec<_>>()
                });
                prop_assert_eq!(others(&before, &claim), others(&tenant, &claim), "a hold changes only its own claim");
            }
            for (key, holders) in companies(&before, true) {
                let has_changed = companies(&tenant, true).get(key) != Some(&holders);
                let may_change = matches!(command, TestCommand::Grant { .. } | TestCommand::Close { .. } | TestCommand::Expire { .. });
                prop_assert!(!has_changed || may_change, "{:?} took {} from its holder", command, key);
            }
        }
    }

    /// Merging additions into the stored records gives the same outcomes as loading the records
    /// with the tenant, whichever commands share a transaction.
    #[test]
    fn records_need_not_be_loaded(batches in proptest::collection::vec(proptest::collection::vec(command(), 1..5), 1..10)) {
        let mut complete = tenant_with_subscriptions();
        let mut stored = StoredTenant { loaded: tenant_with_subscriptions(), records: BTreeMap::new() };
        for commands in &batches {
            let expected: Vec<_> = commands.iter().map(|command| {
                complete = apply(&complete, command).unwrap_or_else(|| complete.clone());
                command.decision().and_then(|(claim, decision_id)| complete.decision(&claim, decision_id).cloned())
            }).collect();
            prop_assert_eq!(stored.apply(commands), expected, "{:?}", commands);
            let live: BTreeMap<_, _> = complete.associations.iter().filter(|(_, found)| found.is_live()).collect();
            let loaded = stored.loaded.associations.iter().filter(|(_, found)| found.is_live());
            prop_assert_eq!(loaded.collect::<BTreeMap<_, _>>(), live, "{:?}", commands);
            let closed = |claims: &BTreeMap<ClaimName, ClaimRecord>| -> Vec<_> {
                claims.iter().filter(|(_, record)| !record.closed.is_empty()).map(|(claim, _)| claim.clone()).collect()
            };
            prop_assert_eq!(&stored.loaded.successors, &complete.successors);
            prop_assert_eq!(closed(&stored.records), closed(&complete.claim_records));
        }
    }
}
