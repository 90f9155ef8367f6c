//! The import of a snapshot of the directory (R2a): a set of rows about partners and tenants. A row
//! is accepted or refused by the state of the directory after all of them, so their order does not
//! matter.
//!
//! A refused row changes nothing, so its resource keeps what the directory contains about it. This
//! can be a reason to refuse other rows, for example the row of the tenant to which a domain should
//! have moved.
use std::collections::{BTreeMap, BTreeSet};

use cpor_types::{DomainName, MpnId, PartnerId, ProductId, SubscriptionId, SubscriptionName, TenantId, Timestamp};

use super::association::EndReason;
use super::directory::{PartnerProfile, Subscription, SubscriptionStatus, TenantProfile};
use super::tenant::{Tenant, TenantChange, TenantEvent};

/// A row of a snapshot, with the id of the partner or tenant that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    Partner(PartnerId, PartnerProfile),
    Tenant(TenantId, TenantRow),
}

/// A row that is about a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TenantRow {
    Profile(TenantProfile),
    Subscription(SubscriptionId, Subscription),
    /// A workload that the tenant uses, with its end if that is known.
    Workload(ProductId, Option<Timestamp>),
}

/// What the directory contains about the resources that the rows name.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownResources {
    /// The partners that are in the directory.
    pub(crate) partners: BTreeSet<PartnerId>,
    /// The tenants that are in the directory.
    pub(crate) tenants: BTreeSet<TenantId>,
    /// The partner of each MPN (Microsoft Partner Network) id.
    pub(crate) mpn_ids: BTreeMap<MpnId, PartnerId>,
    /// The tenant of each domain.
    pub(crate) domains: BTreeMap<DomainName, TenantId>,
}

/// The reason why a row is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RowRefusal {
    /// The MPN id belongs to another partner, which keeps it.
    MpnIdTaken(MpnId),
    /// The domain belongs to another tenant, which keeps it.
    DomainTaken(DomainName),
    /// The tenant of a subscription or workload is neither in the directory nor in a row.
    TenantUnknown(TenantId),
    /// The partner is new and has no location (R1).
    NoLocation,
    /// Another row describes the same resource differently.
    DescribedDifferently,
    /// The row of another partner or tenant contains the same MPN id or domain (`shared_value`).
    /// `other_resource` is the resource name of that partner or tenant.
    SharedWith { shared_value: String, other_resource: String },
}

/// Whether a row created or updated its resource, or left it unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowEffect {
    Created,
    Updated,
    Unchanged,
}

/// Returns the refused rows by their index, with the reasons.
///
/// Whether a row is refused does not depend on the order of the rows. A refused row does not count
/// when the others are judged, so the others are judged again until no more rows are refused.
pub(crate) fn refused_rows(rows: &BTreeMap<usize, Row>, stored: &KnownResources) -> BTreeMap<usize, RowRefusal> {
    let mut refused: BTreeMap<usize, RowRefusal> =
        contradictory_rows(rows).map(|index| (index, RowRefusal::DescribedDifferently)).collect();
    loop {
        let accepted: Vec<(usize, &Row)> =
            rows.iter().map(|(index, row)| (*index, row)).filter(|(index, _)| !refused.contains_key(index)).collect();
        let newly_refused = refusals_among(&accepted, stored);
        if newly_refused.is_empty() {
            return refused;
        }
        refused.extend(newly_refused);
    }
}

/// Returns the rows that describe the same resource as another row, but differently.
fn contradictory_rows(rows: &BTreeMap<usize, Row>) -> impl Iterator<Item = usize> {
    let mut by_resource = BTreeMap::<String, Vec<(usize, &Row)>>::new();
    for (index, row) in rows {
        by_resource.entry(row.resource()).or_default().push((*index, row));
    }
    by_resource
        .into_values()
        .filter(|same| same.windows(2).any(|pair| pair[0].1 != pair[1].1))
        .flatten()
        .map(|(index, _)| index)
}

/// Returns the refusals of rows if all of `rows` take effect.
fn refusals_among(rows: &[(usize, &Row)], stored: &KnownResources) -> Vec<(usize, RowRefusal)> {
    let (mut partners, mut tenants, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for (index, row) in rows {
        match row {
            Row::Partner(id, profile) if profile.locations.is_empty() && !stored.partners.contains(id) => {
                refused.push((*index, RowRefusal::NoLocation));
            }
            Row::Partner(id, profile) => partners.push((*index, id, profile.locations.keys().collect::<Vec<_>>())),
            Row::Tenant(id, TenantRow::Profile(profile)) => {
                tenants.push((*index, id, profile.domains.iter().collect::<Vec<_>>()));
            }
            Row::Tenant(_, TenantRow::Subscription(..) | TenantRow::Workload(..)) => {}
        }
    }
    let created: BTreeSet<&TenantId> = tenants.iter().map(|(_, id, _)| *id).collect();
    for (index, row) in rows {
        if let Row::Tenant(id, TenantRow::Subscription(..) | TenantRow::Workload(..)) = row
            && !stored.tenants.contains(id)
            && !created.contains(id)
        {
            refused.push((*index, RowRefusal::TenantUnknown(*id)));
        }
    }
    refused.extend(shared_value_refusals(&partners, &stored.mpn_ids, "partners", RowRefusal::MpnIdTaken));
    refused.extend(shared_value_refusals(&tenants, &stored.domains, "tenants", RowRefusal::DomainTaken));
    refused
}

/// Returns the refusals of rows whose values (MPN ids or domains) belong to another owner too: by
/// another row, or by the directory if no row replaces its data about that owner.
fn shared_value_refusals<K: Ord + Clone + ToString, O: Ord + ToString>(
    rows: &[(usize, &O, Vec<&K>)],
    stored: &BTreeMap<K, O>,
    collection: &str,
    taken: impl Fn(K) -> RowRefusal,
) -> Vec<(usize, RowRefusal)> {
    let owners: BTreeSet<&O> = rows.iter().map(|(_, owner, _)| *owner).collect();
    let mut owners_by_value = BTreeMap::<&K, BTreeSet<&O>>::new();
    for (_, owner, values) in rows {
        for value in values {
            owners_by_value.entry(value).or_default().insert(owner);
        }
    }
    let refusal = |owner: &O, value: &K| {
        let other = owners_by_value.get(value).and_then(|owners| owners.iter().find(|other| **other != owner));
        if let Some(other) = other {
            let other_resource = format!("{collection}/{}", other.to_string());
            return Some(RowRefusal::SharedWith { shared_value: value.to_string(), other_resource });
        }
        let keeps = |known: &&O| *known != owner && !owners.contains(known);
        stored.get(value).filter(keeps).map(|_| taken(value.clone()))
    };
    let refused = |(index, owner, values): &(usize, &O, Vec<&K>)| {
        Some((*index, values.iter().find_map(|value| refusal(owner, value))?))
    };
    rows.iter().filter_map(refused).collect()
}

impl Row {
    /// Returns a text that identifies the resource that the row describes.
    fn resource(&self) -> String {
        match self {
            Self::Partner(id, _) => format!("partners/{id}"),
            Self::Tenant(id, TenantRow::Profile(_)) => format!("tenants/{id}"),
            Self::Tenant(tenant, TenantRow::Subscription(subscription, _)) => {
                SubscriptionName { tenant: *tenant, subscription: *subscription }.to_string()
            }
            Self::Tenant(id, TenantRow::Workload(product, _)) => format!("tenants/{id}/workloads/{product}"),
        }
    }
}

impl Tenant {
    /// Applies rows about this tenant that [`refused_rows`] accepted. Returns the effect of each
    /// row, and the change as a whole unless there is none.
    ///
    /// Each claim with an official association (the partner is on record) with a changed
    /// subscription gets an event, so that its eligibility for payments is assessed again (R52).
    /// The associations with a subscription that has expired end (R39).
    ///
    /// # Errors
    /// Returns [`RowRefusal::TenantUnknown`] if the tenant does not exist and no row creates it.
    pub(crate) fn import(
        current: Option<&Self>,
        id: TenantId,
        rows: &[TenantRow],
        now: Timestamp,
    ) -> Result<(Vec<RowEffect>, Option<TenantChange>), RowRefusal> {
        let profile = rows.iter().find_map(|row| match row {
            TenantRow::Profile(profile) => Some(profile),
            TenantRow::Subscription(..) | TenantRow::Workload(..) => None,
        });
        let mut next = match (current, profile) {
            (Some(current), _) => current.clone(),
            (None, Some(profile)) => Self::new(id, profile.clone()),
            (None, None) => return Err(RowRefusal::TenantUnknown(id)),
        };
        let (mut effects, mut changed) = (Vec::with_capacity(rows.len()), BTreeSet::new());
        let mut is_new = current.is_none();
        for row in rows {
            let directory = &mut next.directory;
            effects.push(match row {
                TenantRow::Profile(_) if std::mem::take(&mut is_new) => RowEffect::Created,
                TenantRow::Profile(profile) => {
                    let previous = std::mem::replace(&mut directory.profile, profile.clone());
                    RowEffect::of(Some(&previous), profile)
                }
                TenantRow::Subscription(id, subscription) => {
                    let subscription = subscription.clone().expired_by(now, directory.subscriptions.get(id));
                    let previous = directory.subscriptions.insert(*id, subscription.clone());
                    let effect = RowEffect::of(previous.as_ref(), &subscription);
                    changed.extend((effect != RowEffect::Unchanged).then_some(*id));
                    effect
                }
                TenantRow::Workload(product, end) => {
                    RowEffect::of(directory.workloads.insert(product.clone(), *end).as_ref(), end)
                }
            });
        }
        if effects.iter().all(|effect| *effect == RowEffect::Unchanged) {
            return Ok((effects, None));
        }
        let mut events = next.subscription_events(&changed);
        // Associations with subscriptions that are reported as expired end now. Those whose end is
        // known to have passed before have a deadline at that end, which applies at once (R47).
        let subscriptions = changed.iter().filter_map(|id| Some((*id, next.directory.subscriptions.get(id)?.clone())));
        let mut expired: BTreeMap<SubscriptionId, Subscription> = subscriptions.collect();
        expired.retain(|_, subscription| subscription.status == SubscriptionStatus::Expired);
        events.extend(next.end_associations(EndReason::Expired, now, |association| {
            let subscription = association.subscription().and_then(|id| expired.get(&id));
            let ends_now = |subscription| association.end_with(subscription).is_none_or(|end| end >= now);
            association.is_live() && subscription.is_some_and(ends_now)
        }));
        Ok((effects, Some((next, events))))
    }

    /// Returns an event for each of these subscriptions and each claim that has an official
    /// association with it.
    fn subscription_events(&self, changed: &BTreeSet<SubscriptionId>) -> Vec<TenantEvent> {
        let official = self.associations.values().filter(|association| association.official_time().is_some());
        let affected: BTreeSet<_> = official
            .filter_map(|association| Some((association.subscription()?, &association.claimed_line()?.claim)))
            .filter(|(id, _)| changed.contains(id))
            .collect();
        let event = |(id, claim)| {
            let subscription = self.directory.subscriptions.get(&id)?.clone();
            Some(TenantEvent::SubscriptionChanged { claim: Clone::clone(claim), id, subscription })
        };
        affected.into_iter().filter_map(event).collect()
    }
}

impl RowEffect {
    /// Returns the effect of a row that replaces `previous` by `next`.
    pub(crate) fn of<T: PartialEq>(previous: Option<&T>, next: &T) -> Self {
        match previous {
            None => Self::Created,
            Some(previous) if previous == next => Self::Unchanged,
            Some(_) => Self::Updated,
        }
    }
}

#[cfg(test)]
mod tests;
