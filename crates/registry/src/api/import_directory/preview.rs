//! What an import would do, for `validate_only`. The rows are decided in their order on the stored
//! directory, each on the state that the rows before it lead to.
use std::collections::{BTreeMap, BTreeSet};

use cpor_proto::registry::v1::import_result::Outcome;
use cpor_types::{DomainName, MpnId, PartnerId, TenantId, Timestamp};
use tonic::Status;

use super::super::shared_outcome::row_outcome;
use super::super::{Api, error};
use super::apply::{mpn_id_taken, tenant_unknown};
use super::row::{Row, TenantRow};
use crate::domain::directory::{PartnerProfile, TenantProfile};
use crate::domain::partner::Partner;
use crate::domain::tenant::Tenant;
use crate::store::partner::MpnIdTaken;
use crate::store::query;
use crate::store::tenant::TenantConflict;

/// The directory as the rows of an import would change it.
pub(super) struct Preview {
    now: Timestamp,
    partners: BTreeMap<PartnerId, Partner>,
    tenants: BTreeMap<TenantId, Tenant>,
    mpn_ids: Holders<MpnId, PartnerId>,
    domains: Holders<DomainName, TenantId>,
}

/// Who has each MPN id or domain that the rows name.
struct Holders<K, O>(BTreeMap<K, O>);

impl<K: Ord + Clone, O: PartialEq + Clone> Holders<K, O> {
    /// Removes what `owner` does not keep. The whole import is judged together, so this happens
    /// before any row claims something.
    fn release(&mut self, owner: &O, is_kept: impl Fn(&K) -> bool) {
        self.0.retain(|key, holder| holder != owner || is_kept(key));
    }

    /// Gives the keys to `owner`, or returns the first one that another owner has.
    fn claim<'k>(&mut self, owner: &O, keys: impl Iterator<Item = &'k K> + Clone) -> Result<(), K>
    where
        K: 'k,
    {
        if let Some(taken) = keys.clone().find(|key| self.0.get(key).is_some_and(|holder| holder != owner)) {
            return Err(taken.clone());
        }
        self.0.extend(keys.map(|key| (key.clone(), owner.clone())));
        Ok(())
    }
}

impl Preview {
    /// Loads what the directory contains about the rows. Uses seven queries for any number of rows.
    pub(super) async fn load<'r>(api: &Api, rows: impl Iterator<Item = &'r Row>) -> Result<Self, Status> {
        let (mut partners, mut tenants) = (BTreeMap::<&PartnerId, &PartnerProfile>::new(), BTreeSet::new());
        let mut profiles = BTreeMap::<TenantId, &TenantProfile>::new();
        for row in rows {
            match row {
                Row::Partner(id, profile) => drop(partners.insert(id, profile)),
                Row::Tenant(id, row) => {
                    tenants.insert(*id);
                    if let TenantRow::Profile(profile) = row {
                        profiles.insert(*id, profile);
                    }
                }
            }
        }
        let reader = api.db.reader();
        let mpn_ids: BTreeSet<&MpnId> = partners.values().flat_map(|profile| profile.locations.keys()).collect();
        let domains: BTreeSet<&DomainName> = profiles.values().flat_map(|profile| &profile.domains).collect();
        let mut mpn_ids = Holders(query::mpn_id_holders(reader, &mpn_ids).await.map_err(error::read_failed)?);
        let mut domains = Holders(query::domain_holders(reader, &domains).await.map_err(error::read_failed)?);
        for (partner, profile) in &partners {
            mpn_ids.release(partner, |mpn_id| profile.locations.contains_key(mpn_id));
        }
        for (tenant, profile) in &profiles {
            domains.release(tenant, |domain| profile.domains.contains(domain));
        }
        let stored_partners = query::partners(reader, &partners.into_keys().collect()).await;
        let stored_tenants = query::tenant_directories(reader, &tenants).await.map_err(error::read_failed)?;
        let partner = |(id, profile): (PartnerId, _)| (id.clone(), Partner { id, profile });
        let tenant = |(id, directory): (TenantId, _)| (id, Tenant::in_directory(id, directory));
        Ok(Self {
            now: api.clock.now(&api.db).await.map_err(|failure| error::read_failed(failure.into()))?,
            partners: stored_partners.map_err(error::read_failed)?.into_iter().map(partner).collect(),
            tenants: stored_tenants.into_iter().map(tenant).collect(),
            mpn_ids,
            domains,
        })
    }

    /// Decides the next row.
    pub(super) fn decide(&mut self, row: Row) -> Result<Outcome, Status> {
        match row {
            Row::Partner(id, profile) => {
                let claimed = self.mpn_ids.claim(&id, profile.locations.keys());
                claimed.map_err(|mpn_id| mpn_id_taken(MpnIdTaken(mpn_id)))?;
                let current = self.partners.get(&id);
                let changed = Partner::import(current, &id, profile);
                let outcome = row_outcome(current.is_some(), changed.is_some());
                self.partners.extend(changed.map(|(next, _)| (id, next)));
                Ok(outcome)
            }
            Row::Tenant(id, row) => {
                if let TenantRow::Profile(profile) = &row {
                    let claimed = self.domains.claim(&id, profile.domains.iter());
                    claimed.map_err(|domain| error::conflict(TenantConflict::Domain(domain)))?;
                }
                let decided = row.decide(id, self.tenants.get(&id), self.now);
                let (outcome, changed) = decided.map_err(tenant_unknown)?;
                self.tenants.extend(changed.map(|(next, _)| (id, next)));
                Ok(outcome)
            }
        }
    }
}
