//! Partners, and the guard that keeps an MPN id to one of them.
use std::collections::BTreeMap;

use cpor_durable::{Change, Key, Outgoing, Store, StoreError, Tx, Versioned, rows};
use cpor_types::{MpnId, PartnerId};
use sea_orm::ActiveValue::Set;
use uuid::Uuid;

use super::entity::{partner, partner_location};
use super::row::{Place, json, version};
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
        let rows = changes.iter().map(|change| Ok((change.previous_version(), row(&change.after)?)));
        rows::save::<partner::Entity>(tx, rows.collect::<Result<Vec<_>, StoreError>>()?).await?;
        let gone = changes.iter().filter_map(|change| Some((&change.before.as_ref()?.state, &change.after.state)));
        let gone = gone.flat_map(|(before, after)| locations(before, Some(after))).map(location);
        rows::delete::<partner_location::Entity>(tx, gone).await?;
        let come =
            changes.iter().map(|change| (&change.after.state, change.before.as_ref().map(|before| &before.state)));
        let mut come: Vec<_> = come.flat_map(|(after, before)| locations(after, before)).collect();
        // In an order that every transaction follows, so that none wait in a circle.
        come.sort();
        let refused = rows::insert_new::<partner_location::Entity>(tx, come.iter().copied().map(location)).await?;
        Ok(refused.into_iter().map(|n| (key(come[n].1), MpnIdTaken(come[n].0.clone()))).collect())
    }

    fn outgoing(&self, change: &Change<Partner>) -> Vec<Outgoing> {
        outgoing::of_partner(change)
    }
}

/// The locations of one state that the other does not have.
fn locations<'a>(partner: &'a Partner, other: Option<&'a Partner>) -> impl Iterator<Item = (&'a MpnId, &'a PartnerId)> {
    let ids = partner.profile.locations.keys();
    ids.filter(move |id| !other.is_some_and(|other| other.profile.locations.contains_key(id)))
        .map(|id| (id, &partner.id))
}

fn location((mpn_id, partner): (&MpnId, &PartnerId)) -> partner_location::ActiveModel {
    partner_location::ActiveModel { partner: Set(partner.to_string()), mpn_id: Set(mpn_id.to_string()) }
}

impl TryFrom<partner::Model> for Versioned<Partner> {
    type Error = StoreError;

    fn try_from(row: partner::Model) -> Result<Self, StoreError> {
        let place = Place { table: "partner", owner: &row.owner, id: row.id };
        let profile = PartnerProfile {
            display_name: row.display_name,
            locations: place.json::<BTreeMap<MpnId, Location>>(row.locations)?,
            enrolments: place.json(row.enrolments)?,
        };
        let version = place.version(row.version)?;
        Ok(Self::new(version, Partner { id: place.text(&row.owner)?, profile }))
    }
}

fn row(partner: &Versioned<Partner>) -> Result<partner::ActiveModel, StoreError> {
    let Partner { id, profile } = &partner.state;
    Ok(partner::ActiveModel {
        owner: Set(id.to_string()),
        id: Set(Uuid::nil()),
        version: Set(version(partner.version)?),
        display_name: Set(profile.display_name.clone()),
        locations: Set(json(&profile.locations)?),
        enrolments: Set(json(&profile.enrolments)?),
    })
}
