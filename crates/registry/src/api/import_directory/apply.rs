//! Applies the rows of an import, with one command for each partner and tenant. The commands on
//! partners share a transaction, and those on tenants share another, so that all partners change at
//! one instant, and all tenants (R2a). To *judge* the rows is to find those that must be refused.
use std::collections::BTreeMap;

use cpor_durable::{Command, CommandError, RequestId, RequestLog, Store, Transition, Writer};
use cpor_proto::registry::v1::import_result::Outcome;
use cpor_types::{Actor, PartnerId, TenantId, Timestamp};
use tonic::Status;

use super::super::shared_outcome::SharedOutcome;
use super::super::{Api, error};
use super::refusal::refusal_status;
use crate::domain::directory::PartnerProfile;
use crate::domain::partner::Partner;
use crate::domain::snapshot::{KnownResources, Row, RowEffect, RowRefusal, TenantRow, refused_rows};
use crate::domain::tenant::Tenant;
use crate::store::{partner, query, tenant};

/// The maximum number of times that rows are judged, if other imports change the directory at the
/// same time.
const MAX_ATTEMPTS: usize = 5;

/// An import, with the rows that have no result yet and the results of the others, by the index of
/// the row.
pub(super) struct Import<'a> {
    pub(super) api: &'a Api,
    pub(super) actor: Actor,
    pub(super) validate_only: bool,
    pub(super) rows: BTreeMap<usize, Row>,
    /// The request ids of the rows; empty if the request has none.
    pub(super) request_ids: BTreeMap<usize, RequestId>,
    pub(super) results: BTreeMap<usize, Result<Outcome, Status>>,
}

/// A command on one partner or tenant, with the rows that it applies.
struct RowsCommand<D> {
    command: Command,
    decide: D,
    indexes: Vec<usize>,
    /// The effect of each row. The decision function sets it.
    effects: SharedOutcome<Vec<RowEffect>>,
}

impl Import<'_> {
    /// Judges and applies all rows, and returns their results. Judges the rows anew if another
    /// import has taken an MPN id (the Microsoft Partner Network id of a location) or a domain
    /// since the directory was read.
    pub(super) async fn run(mut self) -> Result<BTreeMap<usize, Result<Outcome, Status>>, Status> {
        for _ in 0..MAX_ATTEMPTS {
            if self.rows.is_empty() {
                break;
            }
            if !self.validate_only {
                self.leave_out_repeated_rows().await?;
            }
            let stored = self.known_resources().await?;
            for (index, refusal) in refused_rows(&self.rows, &stored) {
                self.finish(index, Err(refusal_status(&refusal)));
            }
            self.import_partners().await;
            self.import_tenants().await;
        }
        for index in self.rows.keys().copied().collect::<Vec<_>>() {
            self.finish(index, Err(error::contended()));
        }
        Ok(self.results)
    }

    /// Records the result of a row, which is then processed no further.
    fn finish(&mut self, index: usize, result: Result<Outcome, Status>) {
        self.rows.remove(&index);
        self.results.insert(index, result);
    }

    /// Gives the rows that were handled before under the same request id their results. Uses one
    /// query.
    async fn leave_out_repeated_rows(&mut self) -> Result<(), Status> {
        let pending: Vec<_> =
            self.rows.keys().filter_map(|index| Some((*index, self.request_ids.get(index)?))).collect();
        if pending.is_empty() {
            return Ok(());
        }
        let log = RequestLog::load(self.api.db.reader(), pending.iter().map(|(_, request)| *request)).await;
        let log = log.map_err(|failure| error::read_failed(failure.into()))?;
        let repeated = pending.into_iter().filter_map(|(index, request)| match log.is_repeated(request) {
            Ok(false) => None,
            Ok(true) => Some((index, Ok(Outcome::Unchanged))),
            Err(reused) => Some((index, Err(reused.into()))),
        });
        for (index, result) in repeated.collect::<Vec<_>>() {
            self.finish(index, result);
        }
        Ok(())
    }

    /// Reads what the directory contains about the rows, with four queries.
    async fn known_resources(&self) -> Result<KnownResources, Status> {
        let (mut partners, mut tenants) = (BTreeMap::new(), BTreeMap::new());
        for row in self.rows.values() {
            match row {
                Row::Partner(id, profile) => drop(partners.insert(id, profile)),
                Row::Tenant(id, TenantRow::Profile(profile)) => drop(tenants.insert(*id, Some(profile))),
                Row::Tenant(id, TenantRow::Subscription(..) | TenantRow::Workload(..)) => {
                    tenants.entry(*id).or_insert(None);
                }
            }
        }
        let mpn_ids = partners.values().flat_map(|profile| profile.locations.keys()).collect();
        let domains = tenants.values().flatten().flat_map(|profile| &profile.domains).collect();
        let (partners, tenants) = (partners.into_keys().collect(), tenants.keys().copied().collect());
        let db = self.api.db.reader();
        let (partners, tenants, mpn_ids, domains) = tokio::try_join!(
            query::partners(db, &partners),
            query::known_tenants(db, &tenants),
            query::mpn_id_owners(db, &mpn_ids),
            query::domain_owners(db, &domains)
        )
        .map_err(error::read_failed)?;
        Ok(KnownResources { partners: partners.into_keys().collect(), tenants, mpn_ids, domains })
    }

    async fn import_partners(&mut self) {
        let mut partners = BTreeMap::<PartnerId, (Vec<usize>, PartnerProfile)>::new();
        for (index, row) in &self.rows {
            if let Row::Partner(id, profile) = row {
                partners.entry(id.clone()).or_insert_with(|| (Vec::new(), profile.clone())).0.push(*index);
            }
        }
        let to_command = |(id, (indexes, profile)): (PartnerId, (Vec<usize>, PartnerProfile))| {
            let (command, effects) = self.new_command("import_partner", partner::key(&id), &indexes);
            let (shared_effects, row_count) = (effects.clone(), indexes.len());
            let decide = move |current: Option<&Partner>, _now: Timestamp| {
                let effect = RowEffect::of(current.map(|current| &current.profile), &profile);
                // All rows about one partner are equal, so only the first one changes something.
                let mut effects = vec![RowEffect::Unchanged; row_count];
                effects[0] = effect;
                shared_effects.set(effects);
                let changed = Partner::import(current, &id, profile.clone());
                Ok(changed.map(|(next, events)| Transition::new(next, events)))
            };
            RowsCommand { command, decide, indexes, effects }
        };
        let commands = partners.into_iter().map(to_command).collect();
        let writer = self.api.partners.clone();
        self.execute(&writer, commands).await;
    }

    async fn import_tenants(&mut self) {
        let mut tenants = BTreeMap::<TenantId, (Vec<usize>, Vec<TenantRow>)>::new();
        for (index, row) in &self.rows {
            if let Row::Tenant(id, row) = row {
                let (indexes, rows) = tenants.entry(*id).or_default();
                indexes.push(*index);
                rows.push(row.clone());
            }
        }
        let to_command = |(id, (indexes, rows)): (TenantId, (Vec<usize>, Vec<TenantRow>))| {
            let (command, effects) = self.new_command("import_tenant", tenant::key(id), &indexes);
            let shared_effects = effects.clone();
            let decide = move |current: Option<&Tenant>, now: Timestamp| {
                let (effects, changed) = Tenant::import(current, id, &rows, now)?;
                shared_effects.set(effects);
                Ok(changed.map(|(next, events)| Transition::new(next, events)))
            };
            RowsCommand { command, decide, indexes, effects }
        };
        let commands = tenants.into_iter().map(to_command).collect();
        let writer = self.api.tenants.clone();
        self.execute(&writer, commands).await;
    }

    fn new_command(
        &self,
        name: &'static str,
        key: cpor_durable::AggregateKey,
        indexes: &[usize],
    ) -> (Command, SharedOutcome<Vec<RowEffect>>) {
        let request_ids = indexes.iter().filter_map(|index| self.request_ids.get(index).cloned()).collect();
        let command = Command::new(name, key, self.actor.clone()).rows(request_ids).validate_only(self.validate_only);
        (command, SharedOutcome::new(Vec::new()))
    }

    /// Executes the commands together. The rows of a command that fails because of a concurrent
    /// change get no result.
    async fn execute<S: Store, D>(&mut self, writer: &Writer<S>, commands: Vec<RowsCommand<D>>)
    where
        D: Fn(Option<&S::Aggregate>, Timestamp) -> Result<Option<Transition<S::Aggregate>>, RowRefusal>
            + Send
            + 'static,
    {
        let (commands, rows): (Vec<_>, Vec<_>) =
            commands.into_iter().map(|rows| ((rows.command, rows.decide), (rows.indexes, rows.effects))).unzip();
        let results = writer.execute_together(commands).await;
        for (result, (indexes, effects)) in results.into_iter().zip(rows) {
            match result {
                Ok(_) => {
                    for (index, effect) in indexes.into_iter().zip(effects.get()) {
                        self.finish(index, Ok(to_outcome(effect)));
                    }
                }
                Err(CommandError::Conflict(_) | CommandError::RequestIdReused) => {}
                Err(failure) => {
                    let refused = |refusal| refusal_status(&refusal);
                    let status = error::command_failed(failure, refused, |_conflict| error::contended());
                    indexes.into_iter().for_each(|index| self.finish(index, Err(status.clone())));
                }
            }
        }
    }
}

fn to_outcome(effect: RowEffect) -> Outcome {
    match effect {
        RowEffect::Created => Outcome::Created,
        RowEffect::Updated => Outcome::Updated,
        RowEffect::Unchanged => Outcome::Unchanged,
    }
}
