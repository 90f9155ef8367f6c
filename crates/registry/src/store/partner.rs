//! Partners, and the guard that keeps an MPN id to one of them.
use std::collections::BTreeMap;

use cpor_durable::{Change, Key, Outgoing, Store, StoreError, Tx, Versioned, rows};
use cpor_types::{MpnId, PartnerId};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, sea_query::ExprTrait};
use uuid::Uuid;

use super::children;
use super::entity::{partner, partner_location};
use super::row::{Place, json};
use crate::domain::directory::{Location, PartnerProfile};
use crate::domain::partner::Partner;
use crate::outgoing;

/// Storage of partners.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PartnerStore;

/// Another partner has this location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MpnIdTaken(pub(crate) MpnId);

/// The key of a partner; it is the only aggregate of its kind that it owns.
pub(crate) fn key(partner: &PartnerId) -> Key {
    Key::new(partner.as_str(), Uuid::nil())
}

impl Store for PartnerStore {
    type Aggregate = Partner;
    type Clash = MpnIdTaken;

    const AGGREGATE: &'static str = "partner";

    fn resource(key: &Key) -> String {
        format!("partners/{}", key.owner)
    }

    /// One query.
    async fn load(&self, tx: &Tx, keys: &[Key]) -> Result<Vec<(Key, Versioned<Partner>)>, StoreError> {
        let rows = rows::lock::<partner::Entity>(tx, keys).await?;
        rows.into_iter().map(|row| Ok((Key::new(&*row.owner, row.id), row.try_into()?))).collect()
    }

    /// One statement for the partners; one more where locations go, and one where they come.
    async fn save(&self, tx: &Tx, changes: &[Change<Partner>]) -> Result<Vec<(Key, MpnIdTaken)>, StoreError> {
        let rows = changes.iter().map(|change| Ok((change.previous_version(), active(&change.after)?)));
        rows::save::<partner::Entity>(tx, rows.collect::<Result<Vec<_>, StoreError>>()?).await?;
        let gone = changes.iter().flat_map(|change| locations(change, change.before.as_ref(), &change.after));
        let gone = gone.map(|(partner, mpn_id)| {
            let of_partner = partner_location::Column::Partner.eq(partner.as_str());
            of_partner.and(partner_location::Column::MpnId.eq(mpn_id.as_str()))
        });
        children::delete::<partner_location::Entity>(tx, gone.collect(), 2).await?;
        let mut come: Vec<_> = changes
            .iter()
            .flat_map(|change| locations(change, Some(&change.after), change.before.as_ref()))
            .map(|(partner, mpn_id)| (mpn_id.clone(), partner.clone()))
            .collect();
        // In an order that every transaction follows, so that none wait in a circle.
        come.sort();
        let rows = come.iter().map(|(mpn_id, partner)| partner_location::ActiveModel {
            partner: Set(partner.to_string()),
            mpn_id: Set(mpn_id.to_string()),
        });
        let refused = rows::insert_new::<partner_location::Entity>(tx, rows).await?;
        Ok(refused.into_iter().map(|n| (key(&come[n].1), MpnIdTaken(come[n].0.clone()))).collect())
    }

    fn outgoing(&self, change: &Change<Partner>) -> Vec<Outgoing> {
        outgoing::of_partner(change)
    }
}
