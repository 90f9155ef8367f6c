//! A claim's hold on a tenant's keys: placed whole or not at all, granted, and let go (R34 to R36).
use std::collections::BTreeSet;

use cpor_types::{
    Activity, AssociationId, AssociationKey, CaseId, ClaimName, DecisionId, LineId, MpnId, ProductId, SolutionArea,
    Timestamp,
};
use uuid::Uuid;

use super::association::{Association, AssociationState, ClaimedLine, EndReason, Source};
use super::catalog::Catalog;
use super::check::{self, ClaimToCheck, Directory, Field, LineToCheck, TenantSaid};
use super::directory::PartnerProfile;
use super::reason::Reason;
use super::record::{Answered, Decision, LineRefusal};
use super::tenant::{Changed, Granted, GrantedLine, Tenant, TenantEvent};

/// A review's decision to hold every line of a claim.
#[derive(Clone, Debug)]
pub(crate) struct PlaceHold {
    pub(crate) decision_id: DecisionId,
    pub(crate) claim: ClaimName,
    /// The case that decided, where it said so.
    pub(crate) review_case: Option<CaseId>,
    pub(crate) mpn_id: MpnId,
    pub(crate) customer_domain: String,
    pub(crate) solution_area: SolutionArea,
    /// Each line is held for each of them.
    pub(crate) activities: Vec<Activity>,
    pub(crate) lines: Vec<LineToHold>,
    pub(crate) submit_time: Timestamp,
}

/// One line of it.
#[derive(Clone, Debug)]
pub(crate) struct LineToHold {
    pub(crate) line_id: LineId,
    pub(crate) product: ProductId,
    pub(crate) key: AssociationKey,
}

impl Tenant {
    /// Decides a hold, once: `None` when this decision was answered since the tenant was loaded; one that was answered
    /// before that is [`Precluded`](super::record::Precluded). Directory and catalog are judged again (R12), and a refusal
    /// names everything that stands in the way.
    pub(crate) fn place(
        &self,
        hold: &PlaceHold,
        partner: Option<&PartnerProfile>,
        catalog: &Catalog,
        now: Timestamp,
    ) -> Option<Changed> {
        if self.decision(&hold.claim, hold.decision_id).is_some() {
            return None;
        }
        let refusals = self.refusals(hold, partner, catalog, now);
        let mut next = self.clone();
        let decision = if refusals.is_empty() {
            next.hold(hold, now);
            Decision::Held
        } else {
            Decision::Refused(refusals)
        };
        let answered = Answered { review_case: hold.review_case, decision };
        next.claims.entry(hold.claim.clone()).or_default().decisions.insert(hold.decision_id, answered);
        Some((next, Vec::new()))
    }

    /// The claim's pending holds become official at `at` (R27); `None` when there is none. Where it is a key's successor, the
    /// holder's association ends in the same instant (R37).
    pub(crate) fn grant(
        &self,
        claim: &ClaimName,
        partner: Option<&PartnerProfile>,
        catalog: &Catalog,
        at: Timestamp,
    ) -> Option<Changed> {
        let is_pending = |found: &Association| found.is_of(claim) && found.state == AssociationState::Pending;
        let succeeds = |found: &Association| {
            let successor = self.successors.get(&found.key);
            found.holds_key()
                && *found.partner() != claim.partner
                && successor.is_some_and(|successor| successor.claim == *claim)
                && self.associations.values().any(|own| is_pending(own) && own.key == found.key)
        };
        let touched = self.associations.values().filter(|found| is_pending(found) || succeeds(found));
        let instant = touched.map(Association::began).fold(at, Timestamp::max);
        let mut next = self.clone();
        let mut events = next.end(EndReason::Superseded, instant, succeeds);
        let mut granted = Vec::new();
        for association in next.associations.values_mut().filter(|found| is_pending(found)) {
            association.grant(instant);
            granted.push(self.granted(association, catalog));
        }
        if granted.is_empty() {
            return None;
        }
        let event = Granted {
            claim: claim.clone(),
            associations: granted,
            tenant_region: self.directory.profile.region.clone(),
            partner: partner.cloned(),
        };
        events.push(TenantEvent::Granted(Box::new(event)));
        Some((next, events))
    }

    /// The claim is over, as far as it was in this case: its holds and associations end at `at`, it succeeds nobody, and
    /// nothing is held for that case any more. `None` when that was said since the tenant was loaded. What a later case of
    /// the claim holds already stays: events may come late.
    pub(crate) fn close(
        &self,
        claim: &ClaimName,
        review_case: Option<CaseId>,
        reason: EndReason,
        at: Timestamp,
    ) -> Option<Changed> {
        if self.claims.get(claim).is_some_and(|record| record.closed.contains(&review_case)) {
            return None;
        }
        let of_case = |of: Option<CaseId>| review_case.is_none() || of.is_none() || of == review_case;
        let mut next = self.clone();
        next.successors.retain(|_, successor| successor.claim != *claim || !of_case(successor.review_case));
        let over = |line: &ClaimedLine| line.claim == *claim && of_case(line.review_case);
        let events = next.end(reason, at, |found| found.line().is_some_and(over));
        next.claims.entry(claim.clone()).or_default().closed.insert(review_case);
        Some((next, events))
    }

    fn refusals(
        &self,
        hold: &PlaceHold,
        partner: Option<&PartnerProfile>,
        catalog: &Catalog,
        now: Timestamp,
    ) -> Vec<LineRefusal> {
        if self.claims.get(&hold.claim).is_some_and(|record| record.is_closed(hold.review_case)) {
            return vec![LineRefusal::whole(Reason::ClaimClosed)];
        }
        let directory = Directory { catalog, partner, tenant: TenantSaid::Known(&self.directory) };
        let findings = check::check(&hold.as_claim(), directory, now);
        let mut refusals: Vec<_> =
            findings.violations.iter().map(|found| hold.refusal(found.field, found.reason)).collect();
        let held = hold.lines.iter().filter(|line| self.held_by_other(hold, &line.key));
        refusals.extend(held.map(|line| LineRefusal { line_id: Some(line.line_id), reason: Reason::KeyHeld }));
        refusals
    }

    /// A key that was awarded beside its holder is its successor's alone.
    fn held_by_other(&self, hold: &PlaceHold, key: &AssociationKey) -> bool {
        let held = || match self.successors.get(key) {
            Some(successor) => successor.claim != hold.claim,
            None => self.live(key).any(|other| other.holds_key() && *other.partner() != hold.claim.partner),
        };
        hold.activities.iter().any(|activity| activity.is_exclusive()) && held()
    }

    /// A line that the claim holds already, under an earlier decision, stays as it is. A line that was awarded to the claim and
    /// is not on it any more succeeds nobody.
    fn hold(&mut self, hold: &PlaceHold, now: Timestamp) {
        let held: BTreeSet<AssociationKey> = self.live_of(&hold.claim).map(|(_, found)| found.key.clone()).collect();
        let is_held = |key: &AssociationKey| held.contains(key) || hold.lines.iter().any(|line| line.key == *key);
        self.successors.retain(|key, successor| successor.claim != hold.claim || is_held(key));
        for (line, activity) in
            hold.lines.iter().flat_map(|line| hold.activities.iter().map(move |activity| (line, *activity)))
        {
            let same = |found: &Association| {
                let of = found.line().map(|of| (of.line_id, of.review_case));
                of == Some((line.line_id, hold.review_case)) && found.activity == activity
            };
            if !self.live_of(&hold.claim).any(|(_, found)| same(found)) {
                self.associations.insert(hold.association_id(line, activity), hold.association(line, activity, now));
            }
        }
    }

    fn granted(&self, association: &Association, catalog: &Catalog) -> GrantedLine {
        let subscription = match &association.key {
            AssociationKey::Workload(_) => None,
            AssociationKey::Subscription(id) => self.directory.subscriptions.get(id).cloned(),
        };
        let incentivised = catalog.get(&association.product).is_some_and(|product| product.incentivised);
        GrantedLine { association: association.clone(), incentivised, subscription }
    }
}

impl PlaceHold {
    fn as_claim(&self) -> ClaimToCheck {
        let subscription_id = |key: &AssociationKey| match key {
            AssociationKey::Workload(_) => None,
            AssociationKey::Subscription(id) => Some(id.to_string()),
        };
        let line = |line: &LineToHold| LineToCheck {
            product: Some(line.product.clone()),
            subscription_id: subscription_id(&line.key),
        };
        ClaimToCheck {
            mpn_id: Some(self.mpn_id.clone()),
            customer_domain: Some(self.customer_domain.clone()),
            solution_area: Some(self.solution_area),
            lines: self.lines.iter().map(line).collect(),
        }
    }

    fn refusal(&self, field: Field, reason: Reason) -> LineRefusal {
        let line_id = match field {
            Field::MpnId | Field::CustomerDomain | Field::TenantId => None,
            Field::Product(at) | Field::Subscription(at) => self.lines.get(at).map(|line| line.line_id),
        };
        LineRefusal { line_id, reason }
    }

    /// The refusal of every line on a key that another company holds.
    pub(crate) fn refused_on(&self, key: &AssociationKey) -> Vec<LineRefusal> {
        let lines = self.lines.iter().filter(|line| line.key == *key);
        lines.map(|line| LineRefusal { line_id: Some(line.line_id), reason: Reason::KeyHeld }).collect()
    }

    fn association(&self, line: &LineToHold, activity: Activity, now: Timestamp) -> Association {
        Association {
            source: Source::Claim(ClaimedLine {
                claim: self.claim.clone(),
                line_id: line.line_id,
                review_case: self.review_case,
                submit_time: self.submit_time,
            }),
            mpn_id: self.mpn_id.clone(),
            product: line.product.clone(),
            key: line.key.clone(),
            activity,
            hold_time: now,
            state: AssociationState::Pending,
        }
    }

    /// Derived, so that deciding stays free of chance: a decision that runs twice names the same associations.
    fn association_id(&self, line: &LineToHold, activity: Activity) -> AssociationId {
        Uuid::new_v5(&self.decision_id.0, format!("{}/{activity}", line.line_id).as_bytes()).into()
    }
}

#[cfg(test)]
mod tests;
