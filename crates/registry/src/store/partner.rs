//! Storage of partners. A unique key on `partner_location` ensures that an MPN id (the Microsoft
//! Partner Network id of a location) belongs to at most one partner.
use cpor_durable::{AggregateKey, Change, OutgoingEvent, Store, StoreError, Tx, Versioned, rows};
use cpor_types::{MpnId, PartnerId};
use sea_orm::ActiveValue::Set;
use uuid::Uuid;

use super::entity::partner_profile::{Enrollments, FormerRegions, Locations};
use super::entity::{partner, partner_location};
use super::row::RowContext;
use crate::domain::directory::PartnerProfile;
use crate::domain::partner::Partner;
use crate::events::outgoing;

/// Loads and saves partners.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PartnerStore;

/// The error that an MPN id already belongs to another partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MpnIdTaken(pub(crate) MpnId);

/// Returns the storage key of a partner. The second part, an id, is nil, because the first part
/// identifies the partner.
pub(crate) fn key(partner: &PartnerId) -> AggregateKey {
    AggregateKey::new(partner.as_str(), Uuid::nil())
}

impl Store for PartnerStore {
    type Aggregate = Partner;
    type Conflict = MpnIdTaken;

    const AGGREGATE: &'static str = "partner";

    fn resource(key: &AggregateKey) -> String {
        format!("partners/{}", key.owner)
    }

    /// Loads and locks the partners with one query.
    async fn load(
        &self,
        tx: &Tx,
        keys: &[AggregateKey],
    ) -> Result<Vec<(AggregateKey, Versioned<Partner>)>, StoreError> {
        let rows = rows::load_locked::<partner::Entity>(tx, keys).await?;
        rows.into_iter().map(|row| Ok((AggregateKey::new(row.owner.as_str(), row.id), row.try_into()?))).collect()
    }

    /// Uses one statement for the partners, one more if locations are removed, and one more if
    /// locations are added.
    async fn save(&self, tx: &Tx, changes: &[Change<Partner>]) -> Result<Vec<(AggregateKey, MpnIdTaken)>, StoreError> {
        let rows = changes.iter().map(|change| Ok((change.previous_version(), to_row(&change.after)?)));
        rows::save::<partner::Entity>(tx, rows.collect::<Result<Vec<_>, StoreError>>()?).await?;
        let removed = changes.iter().filter_map(|change| Some((&change.before.as_ref()?.state, &change.after.state)));
        let removed = removed.flat_map(|(before, after)| locations_missing_in(before, Some(after))).map(location_row);
        rows::delete::<partner_location::Entity>(tx, removed).await?;
        let added =
            changes.iter().map(|change| (&change.after.state, change.before.as_ref().map(|before| &before.state)));
        let mut added: Vec<_> = added.flat_map(|(after, before)| locations_missing_in(after, before)).collect();
        // All transactions insert the MPN ids in the same order, so that they cannot deadlock.
        added.sort();
        let refused = rows::insert_new::<partner_location::Entity>(tx, added.iter().copied().map(location_row)).await?;
        Ok(refused.into_iter().map(|index| (key(added[index].1), MpnIdTaken(added[index].0.clone()))).collect())
    }

    fn outgoing(&self, change: &Change<Partner>) -> Vec<OutgoingEvent> {
        outgoing::partner_events(change)
    }
}

/// Returns the locations of `partner` that `other`, another state of the same partner, does not
/// have.
fn locations_missing_in<'a>(
    partner: &'a Partner,
    other: Option<&'a Partner>,
) -> impl Iterator<Item = (&'a MpnId, &'a PartnerId)> {
    let ids = partner.profile.locations.keys();
    ids.filter(move |id| !other.is_some_and(|other| other.profile.locations.contains_key(id)))
        .map(|id| (id, &partner.id))
}

fn location_row((mpn_id, partner): (&MpnId, &PartnerId)) -> partner_location::ActiveModel {
    partner_location::ActiveModel { partner: Set(partner.into()), mpn_id: Set(mpn_id.to_string()) }
}

impl TryFrom<partner::Model> for Versioned<Partner> {
    type Error = StoreError;

    fn try_from(row: partner::Model) -> Result<Self, StoreError> {
        let context = RowContext { table: "partner", owner: &row.owner.as_str(), id: row.id };
        let (version, id) = (context.parse_version(row.version)?, context.parse_text(row.owner.as_str())?);
        let (Locations(locations), Enrollments(enrollments)) = (row.locations, row.enrollments);
        let FormerRegions(former_regions) = row.former_regions;
        let profile = PartnerProfile { display_name: row.display_name, locations, enrollments };
        Ok(Self::new(version, Partner { id, profile, former_regions }))
    }
}

fn to_row(partner: &Versioned<Partner>) -> Result<partner::ActiveModel, StoreError> {
    let Partner { id, profile, former_regions } = &partner.state;
    Ok(partner::ActiveModel {
        owner: Set(id.into()),
        id: Set(Uuid::nil()),
        version: Set(rows::to_bigint(partner.version)?),
        display_name: Set(profile.display_name.clone()),
        locations: Set(Locations(profile.locations.clone())),
        enrollments: Set(Enrollments(profile.enrollments.clone())),
        former_regions: Set(FormerRegions(former_regions.clone())),
    })
}
