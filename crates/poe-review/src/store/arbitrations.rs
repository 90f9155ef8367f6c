//! The storage of arbitrations: one row per arbitration, the keys that pending arbitrations have
//! reserved, and an entry in the table of pending decisions. An arbitration is a review lead's
//! decision on contested keys: workloads or subscriptions of a tenant that claims of several
//! companies compete for.
use super::{
    entity::{arbitrated_key, arbitration, arbitration_body::ArbitrationBody},
    pending_decisions::{self, DecisionKind},
};
use crate::domain::arbitration::Arbitration;
use cpor_bulk_rows::{fetch_one, storable_time};
use cpor_durable::{
    AggregateKey, Change, OutgoingEvent, Store, StoreError, Tx, Versioned, ids,
    rows::{self, to_bigint},
};
use cpor_types::{AssociationKey, Clock, DecisionId, TenantId};
use sea_orm::{DatabaseConnection, EntityTrait, Set};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// The name of the table, for error messages.
const TABLE: &str = "arbitration";

/// Loads and saves arbitrations for the writer.
pub(crate) struct ArbitrationStore {
    /// The clock of real time, for leases.
    pub clock: Arc<dyn Clock>,
    /// The time in which only the process that begins an arbitration tries to complete it.
    pub lease: Duration,
}

/// The keys of a new arbitration that another pending arbitration has already reserved: a key can
/// be in one pending arbitration only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeysUnderArbitration(pub Vec<AssociationKey>);

/// Builds the storage key of an arbitration.
pub(crate) fn key(tenant: TenantId, id: DecisionId) -> AggregateKey {
    AggregateKey::new(tenant.to_string(), id.uuid())
}

/// Reads the arbitration with this storage key.
pub(crate) async fn find(
    db: &DatabaseConnection,
    key: &AggregateKey,
) -> Result<Option<Versioned<Arbitration>>, StoreError> {
    let id = (ids::TenantId::from(key.owner.as_str()), ids::DecisionId::from(key.id));
    let row = fetch_one(db, arbitration::Entity::find_by_id(id)).await?;
    Ok(row.map(from_row).transpose()?.map(|(_, arbitration)| arbitration))
}

impl Store for ArbitrationStore {
    type Aggregate = Arbitration;
    type Conflict = KeysUnderArbitration;
    const AGGREGATE: &'static str = "arbitration";

    fn resource(key: &AggregateKey) -> String {
        format!("tenants/{}/arbitrations/{}", key.owner, key.id)
    }

    async fn load(
        &self,
        tx: &Tx,
        keys: &[AggregateKey],
    ) -> Result<Vec<(AggregateKey, Versioned<Arbitration>)>, StoreError> {
        rows::load_locked::<arbitration::Entity>(tx, keys).await?.into_iter().map(from_row).collect()
    }

    /// Saves the arbitrations, their reserved keys and their pending decisions, with at most five
    /// statements. Returns the arbitrations whose keys are reserved by another pending arbitration.
    async fn save(
        &self,
        tx: &Tx,
        changes: &[Change<Arbitration>],
    ) -> Result<Vec<(AggregateKey, KeysUnderArbitration)>, StoreError> {
        let rows_with_versions = changes.iter().map(|change| Ok((change.previous_version(), to_row(change)?)));
        rows::save::<arbitration::Entity>(tx, rows_with_versions.collect::<Result<Vec<_>, StoreError>>()?).await?;
        let released_keys = changes.iter().flat_map(|change| changed_keys(change, KeyChange::Release));
        rows::delete::<arbitrated_key::Entity>(tx, released_keys).await?;
        let conflicts = reserve_keys(tx, changes).await?;
        if conflicts.is_empty() {
            let lease_end = storable_time(self.clock.now() + self.lease);
            let kind = DecisionKind::Arbitration;
            pending_decisions::save_for_changes(tx, changes, kind, pending_decision_id, lease_end).await?;
        }
        Ok(conflicts)
    }

    fn outgoing(&self, _change: &Change<Arbitration>) -> Vec<OutgoingEvent> {
        Vec::new()
    }
}

fn pending_decision_id(arbitration: &Arbitration) -> Option<DecisionId> {
    arbitration.is_pending().then_some(arbitration.id)
}

/// The change of an arbitration's contested keys: they are reserved when the arbitration begins,
/// and released when it ends.
enum KeyChange {
    Reserve,
    Release,
}

/// Returns the keys that an arbitration reserves or releases with this change.
fn changed_keys(change: &Change<Arbitration>, key_change: KeyChange) -> Vec<arbitrated_key::ActiveModel> {
    let was_pending = change.before.as_ref().is_some_and(|before| before.state.is_pending());
    let is_pending = change.after.state.is_pending();
    let applies = match key_change {
        KeyChange::Reserve => !was_pending && is_pending,
        KeyChange::Release => was_pending && !is_pending,
    };
    let distinct_keys: BTreeSet<String> = change.after.state.awards.iter().map(|award| award.key.to_string()).collect();
    let key_row = |key| arbitrated_key::ActiveModel {
        owner: Set(change.key.owner.clone().into()),
        key: Set(key),
        id: Set(change.key.id.into()),
    };
    if applies { distinct_keys.into_iter().map(key_row).collect() } else { Vec::new() }
}

/// Reserves the keys of the arbitrations that begin with these changes. Returns a conflict for each
/// key that another pending arbitration has reserved.
async fn reserve_keys(
    tx: &Tx,
    changes: &[Change<Arbitration>],
) -> Result<Vec<(AggregateKey, KeysUnderArbitration)>, StoreError> {
    let keys_to_reserve =
        |change| changed_keys(change, KeyChange::Reserve).into_iter().map(move |row| (&change.key, row));
    let mut reservations: Vec<_> = changes.iter().flat_map(keys_to_reserve).collect();
    // All transactions insert the keys in the same order, to avoid deadlocks.
    reservations.sort_by(|(_, left), (_, right)| {
        (left.owner.as_ref(), left.key.as_ref()).cmp(&(right.owner.as_ref(), right.key.as_ref()))
    });
    let rows = reservations.iter().map(|(_, row)| row.clone());
    let conflicting_indexes = rows::insert_new::<arbitrated_key::Entity>(tx, rows).await?;
    let conflict = |index: usize| {
        let (key, row) = &reservations[index];
        let reserved_key =
            row.key.as_ref().parse().map_err(|malformed| StoreError::inconsistent(TABLE, key, malformed))?;
        Ok(((*key).clone(), KeysUnderArbitration(vec![reserved_key])))
    };
    conflicting_indexes.into_iter().map(conflict).collect()
}

fn to_row(change: &Change<Arbitration>) -> Result<arbitration::ActiveModel, StoreError> {
    let Versioned { version, state: Arbitration { awards, comment, actor, state, create_time, .. } } =
        change.after.clone();
    Ok(arbitration::ActiveModel {
        owner: Set(change.key.owner.clone().into()),
        id: Set(change.key.id.into()),
        version: Set(to_bigint(version)?),
        body: Set(ArbitrationBody { awards, comment, actor, state }),
        create_time: Set(create_time),
    })
}

fn from_row(row: arbitration::Model) -> Result<(AggregateKey, Versioned<Arbitration>), StoreError> {
    let key = AggregateKey::new(row.owner, row.id.into());
    let inconsistent = |cause: &dyn std::fmt::Display| StoreError::inconsistent(TABLE, &key, cause);
    let ArbitrationBody { awards, comment, actor, state } = row.body;
    let tenant = key.owner.parse().map_err(|malformed: cpor_types::Malformed| inconsistent(&malformed))?;
    let (id, create_time) = (DecisionId(key.id), row.create_time);
    let version = u64::try_from(row.version).map_err(|error| inconsistent(&error))?;
    let arbitration = Arbitration { tenant, id, awards, comment, actor, state, create_time };
    Ok((key, Versioned::new(version, arbitration)))
}
