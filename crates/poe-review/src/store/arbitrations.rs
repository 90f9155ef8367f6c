//! Storage of arbitrations: a row each, the keys of those under way, and that they wait for completion.
use super::{
    approvals::{self, Work},
    entity::{arbitrated_key, arbitration},
};
use crate::domain::arbitration::{Arbitration, ArbitrationState, Award};
use cpor_durable::{Change, Key, Outgoing, Store, StoreError, Tx, Versioned, rows};
use cpor_types::{Actor, AssociationKey, Clock, DecisionId, TenantId};
use sea_orm::{ColumnTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, Set};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

const TABLE: &str = "arbitration";

/// How the writer loads and saves arbitrations.
pub(crate) struct ArbitrationStore {
    /// Real time, for leases.
    pub clock: Arc<dyn Clock>,
    /// How long whoever begins one has to complete it.
    pub lease: Duration,
}

/// Another arbitration of these keys is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnderWay(pub Vec<AssociationKey>);

/// What no query looks into.
#[derive(Serialize, Deserialize)]
struct Body {
    awards: Vec<Award>,
    comment: String,
    by: Actor,
    state: ArbitrationState,
}

/// The key of an arbitration.
pub(crate) fn key(tenant: TenantId, id: DecisionId) -> Key {
    Key::new(tenant.to_string(), id.uuid())
}

/// The arbitration of a key.
pub(crate) async fn find(db: &DatabaseConnection, key: &Key) -> Result<Option<Versioned<Arbitration>>, StoreError> {
    let row = arbitration::Entity::find()
        .filter(arbitration::Column::Owner.eq(&key.owner))
        .filter(arbitration::Column::Id.eq(key.id))
        .one(db)
        .await?;
    Ok(row.map(read).transpose()?.map(|(_, found)| found))
}

impl Store for ArbitrationStore {
    type Aggregate = Arbitration;
    type Clash = UnderWay;
    const AGGREGATE: &'static str = "arbitration";

    fn resource(key: &Key) -> String {
        format!("tenants/{}/arbitrations/{}", key.owner, key.id)
    }

    async fn load(&self, tx: &Tx, keys: &[Key]) -> Result<Vec<(Key, Versioned<Arbitration>)>, StoreError> {
        rows::lock::<arbitration::Entity>(tx, keys).await?.into_iter().map(read).collect()
    }

    /// Five round trips.
    async fn save(&self, tx: &Tx, changes: &[Change<Arbitration>]) -> Result<Vec<(Key, UnderWay)>, StoreError> {
        let written = changes.iter().map(|change| Ok((change.previous_version(), write(change)?)));
        rows::save::<arbitration::Entity>(tx, written.collect::<Result<Vec<_>, StoreError>>()?).await?;
        rows::delete::<arbitrated_key::Entity>(tx, changes.iter().flat_map(|change| keys(change, Moment::Over)))
            .await?;
        let clashes = claim_keys(tx, changes).await?;
        if clashes.is_empty() {
            let lease = (self.clock.now() + self.lease).into();
            approvals::follow(tx, changes, Work::Arbitration, pending, lease).await?;
        }
        Ok(clashes)
    }

    fn outgoing(&self, _change: &Change<Arbitration>) -> Vec<Outgoing> {
        Vec::new()
    }
}

fn pending(arbitration: &Arbitration) -> Option<DecisionId> {
    arbitration.is_pending().then_some(arbitration.id)
}

enum Moment {
    Begun,
    Over,
}

/// The keys that come under arbitration with a change, or leave it.
fn keys(change: &Change<Arbitration>, moment: Moment) -> Vec<arbitrated_key::ActiveModel> {
    let before = change.before.as_ref().is_some_and(|before| before.state.is_pending());
    let (before, after) = (before, change.after.state.is_pending());
    let concerned = match moment {
        Moment::Begun => !before && after,
        Moment::Over => before && !after,
    };
    let distinct: BTreeSet<String> = change.after.state.awards.iter().map(|award| award.key.to_string()).collect();
    let row = |key| arbitrated_key::ActiveModel {
        owner: Set(change.key.owner.clone()),
        key: Set(key),
        id: Set(change.key.id),
    };
    if concerned { distinct.into_iter().map(row).collect() } else { Vec::new() }
}

async fn claim_keys(tx: &Tx, changes: &[Change<Arbitration>]) -> Result<Vec<(Key, UnderWay)>, StoreError> {
    let begun = |change| keys(change, Moment::Begun).into_iter().map(move |row| (&change.key, row));
    let mut wanted: Vec<_> = changes.iter().flat_map(begun).collect();
    wanted.sort_by(|(_, one), (_, other)| {
        (one.owner.as_ref(), one.key.as_ref()).cmp(&(other.owner.as_ref(), other.key.as_ref()))
    });
    let refused = rows::insert_new::<arbitrated_key::Entity>(tx, wanted.iter().map(|(_, row)| row.clone())).await?;
    let clash = |at: usize| {
        let (key, row) = &wanted[at];
        let taken = row.key.as_ref().parse().map_err(|malformed| StoreError::inconsistent(TABLE, key, malformed))?;
        Ok(((*key).clone(), UnderWay(vec![taken])))
    };
    refused.into_iter().map(clash).collect()
}

fn write(change: &Change<Arbitration>) -> Result<arbitration::ActiveModel, StoreError> {
    let Versioned { version, state: Arbitration { awards, comment, by, state, create_time, .. } } =
        change.after.clone();
    let body =
        serde_json::to_value(Body { awards, comment, by, state }).map_err(|error| DbErr::Json(error.to_string()))?;
    Ok(arbitration::ActiveModel {
        owner: Set(change.key.owner.clone()),
        id: Set(change.key.id),
        version: Set(i64::try_from(version).map_err(|error| StoreError::inconsistent(TABLE, &change.key, error))?),
        body: Set(body),
        create_time: Set(create_time.into()),
    })
}

fn read(row: arbitration::Model) -> Result<(Key, Versioned<Arbitration>), StoreError> {
    let key = Key::new(row.owner, row.id);
    let wrong = |what: &dyn std::fmt::Display| StoreError::inconsistent(TABLE, &key, what);
    let Body { awards, comment, by, state } = serde_json::from_value(row.body).map_err(|error| wrong(&error))?;
    let tenant = key.owner.parse().map_err(|malformed: cpor_types::Malformed| wrong(&malformed))?;
    let (id, create_time) = (DecisionId(key.id), row.create_time.into());
    let version = u64::try_from(row.version).map_err(|error| wrong(&error))?;
    let found = Arbitration { tenant, id, awards, comment, by, state, create_time };
    Ok((key, Versioned::new(version, found)))
}
