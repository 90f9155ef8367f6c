//! Holds: the reservation of a tenant's keys for the lines of an approved claim (R34 to R36). A
//! *key* is one workload or subscription of the tenant; at most one company can hold it. A *line*
//! is the part of a claim that is about one key. The directory is the registry's data about
//! partners and customers.
//!
//! A claim holds all of its lines or none. Its holds begin as pending associations, become official
//! together (the partner is then on record), and end when the claim closes.
use std::collections::{BTreeMap, BTreeSet};

use cpor_types::{
    Activity, AssociationId, AssociationKey, CaseId, ClaimName, DecisionId, LineId, MpnId, ProductId, SolutionArea,
    Timestamp,
};
use uuid::Uuid;

use super::association::{Association, AssociationState, ClaimedLine, EndReason, Source};
use super::catalog::Catalog;
use super::check::{self, ClaimField, ClaimToCheck, Directory, LineToCheck, TenantLookup};
use super::directory::PartnerProfile;
use super::partner::Partner;
use super::reason::Reason;
use super::record::{DecisionOutcome, LineRefusal, RecordedDecision};
use super::tenant::{AssociationsEnded, AssociationsGranted, GrantedAssociation, Tenant, TenantChange, TenantEvent};

/// The request of a review case to hold all lines of a claim.
#[derive(Clone, Debug)]
pub(crate) struct HoldRequest {
    /// The id of the decision to approve the claim. A repeated decision gets the first outcome.
    pub(crate) decision_id: DecisionId,
    pub(crate) claim: ClaimName,
    /// The review case that approved the claim, or `None` when the approval did not name it.
    pub(crate) review_case: Option<CaseId>,
    pub(crate) mpn_id: MpnId,
    pub(crate) customer_domain: String,
    pub(crate) solution_area: SolutionArea,
    /// The activities of the claim. Each line is held for each activity.
    pub(crate) activities: Vec<Activity>,
    pub(crate) lines: Vec<LineToHold>,
    pub(crate) submit_time: Timestamp,
    /// Whether the claim's policy profile (its set of configured rule values) makes the activity
    /// revenue association exclusive (R34).
    pub(crate) revenue_association_exclusive: bool,
}

/// One line of a claim to hold.
#[derive(Clone, Debug)]
pub(crate) struct LineToHold {
    pub(crate) line_id: LineId,
    pub(crate) product: ProductId,
    pub(crate) key: AssociationKey,
}

impl Tenant {
    /// Holds all lines of a claim, or records a refusal with every reason.
    ///
    /// The claim is checked again against the directory and the catalog (R12). It keeps the
    /// location and the domain that it was submitted with (R2a). Returns `None` if `self` already
    /// contains this decision, for example from an earlier command in the same transaction. A
    /// stored decision is found only when the tenant is saved, as a
    /// [`RecordConflict`](super::record::RecordConflict).
    pub(crate) fn place_hold(
        &self,
        request: &HoldRequest,
        partner: Option<&PartnerProfile>,
        catalog: &Catalog,
        now: Timestamp,
    ) -> Option<TenantChange> {
        if self.decision(&request.claim, request.decision_id).is_some() {
            return None;
        }
        let refusals = self.hold_refusals(request, partner, catalog, now);
        let mut next = self.clone();
        let decision = if refusals.is_empty() {
            next.add_holds(request, now);
            DecisionOutcome::Held
        } else {
            DecisionOutcome::Refused(refusals)
        };
        let recorded = RecordedDecision { review_case: request.review_case, decision };
        next.claim_records.entry(request.claim.clone()).or_default().decisions.insert(request.decision_id, recorded);
        Some((next, Vec::new()))
    }

    /// Makes the pending holds of a claim official at `at` (R27), because the customer consented.
    /// Returns `None` when the claim has no hold that this consent makes official.
    ///
    /// The customer's consent counts from `at`, even if it arrives late (R47). If a pending
    /// association has ended since then with its subscription or workload, it counts as official
    /// until that end. If it has *yielded* (ended in favour of another company), it is official
    /// until that company replaces it (R37), or until its subscription or workload ends.
    ///
    /// If the claim is the successor of a key (it was awarded the key while another company was the
    /// official holder), the holder's association ends at the same time (R37).
    pub(crate) fn grant_claim(
        &self,
        claim: &ClaimName,
        partner: Option<&Partner>,
        catalog: &Catalog,
        at: Timestamp,
    ) -> Option<TenantChange> {
        let becomes_official =
            |association: &Association| association.belongs_to(claim) && association.can_become_official(at);
        let is_successor = |association: &Association| {
            self.successors.get(&association.key).is_some_and(|successor| successor.claim == *claim)
        };
        // This claim's hold supersedes another company's association with the key in three cases:
        // - The association is live, and this claim is the successor.
        // - It expired after the consent. Only a successor can have a hold beside another company's
        //   association, so this claim would have replaced it.
        // - The hold has yielded to a third company, and the association is older than the hold.
        let is_superseded_by = |own: &Association, other: &Association| {
            let is_earlier =
                || own.yield_time().is_some() && other.hold_time < own.hold_time && other.is_live_or_was_replaced();
            own.key == other.key
                && own.is_exclusive
                && other.is_exclusive
                && ((other.is_live() && is_successor(other))
                    || other.has_expired_since(at.max(own.hold_time))
                    || is_earlier())
        };
        let is_superseded = |other: &Association| {
            *other.partner() != claim.partner
                && self.associations.values().any(|own| becomes_official(own) && is_superseded_by(own, other))
        };
        // No association may change before the time at which its current state began. The latest of
        // these times therefore applies to all of them.
        let holds = self.associations.values().filter(|association| becomes_official(association));
        let live = |association: &&Association| association.is_live() && is_superseded(association);
        let superseded = self.associations.values().filter(live).map(Association::state_start);
        let change_time = holds.map(|own| own.hold_time).chain(superseded).fold(at, Timestamp::max);
        let mut next = self.clone();
        let mut events = next.end_associations(EndReason::Superseded, change_time, is_superseded);
        let replace_times: BTreeMap<_, _> =
            next.associations.iter().filter_map(|(id, own)| Some((*id, next.replace_time(own)?))).collect();
        let expiry_times: BTreeMap<_, _> =
            next.associations.iter().filter_map(|(id, own)| Some((*id, next.expiry_since_yield(own)?))).collect();
        let mut granted_associations = Vec::new();
        let mut ended_lines = BTreeMap::<(Timestamp, EndReason), BTreeSet<LineId>>::new();
        for (id, association) in next.associations.iter_mut().filter(|(_, association)| becomes_official(association)) {
            association.make_official(change_time, replace_times.get(id).copied());
            if let Some(end_time) = expiry_times.get(id) {
                association.end(*end_time, EndReason::Expired);
            }
            granted_associations.push(self.granted_association(*id, association, catalog));
            if let (AssociationState::Ended { end_time, reason, .. }, Some(line)) =
                (association.state, association.claimed_line())
            {
                ended_lines.entry((end_time, reason)).or_default().insert(line.line_id);
            }
        }
        if granted_associations.is_empty() {
            return None;
        }
        next.remove_completed_successors();
        let event = AssociationsGranted {
            claim: claim.clone(),
            associations: granted_associations,
            tenant_region: self.directory.profile.region.clone(),
            partner: partner.cloned(),
        };
        events.push(TenantEvent::AssociationsGranted(Box::new(event)));
        let is_last = next.live_associations_of(claim).next().is_none();
        events.extend(ended_lines.into_iter().map(|((end_time, reason), lines)| {
            TenantEvent::AssociationsEnded(AssociationsEnded {
                claim: claim.clone(),
                reason,
                lines,
                was_official: true,
                is_last,
                reported_end: Some(end_time),
            })
        }));
        Some((next, events))
    }

    /// Returns the time at which the association `yielded` (which ended in favour of another
    /// company while it was pending) was replaced: by another company, or by a later claim of the
    /// same company for the same activity (R38). This is the earliest time since the end of
    /// `yielded` at which one of their associations became official or, if none did, the time at
    /// which the earliest one that is live was created. A pending association of another company
    /// that was awarded the key does not count. Returns `None` if the association has not yielded,
    /// or was not replaced.
    fn replace_time(&self, yielded: &Association) -> Option<Timestamp> {
        let yield_time = yielded.yield_time()?;
        let is_of_other_company = |other: &Association| other.is_exclusive && other.partner() != yielded.partner();
        let is_later_claim = |other: &Association| {
            let (claimed, yielded_line) = (other.claimed_line(), yielded.claimed_line());
            other.partner() == yielded.partner()
                && claimed.map(|line| &line.claim) != yielded_line.map(|line| &line.claim)
                && other.activity == yielded.activity
                && other.hold_time >= yield_time
        };
        let is_other =
            |other: &&Association| other.key == yielded.key && (is_of_other_company(other) || is_later_claim(other));
        let others = || self.associations.values().filter(is_other);
        let official = others().filter_map(Association::official_since).filter(|since| *since >= yield_time).min();
        let has_replaced = |other: &&Association| is_later_claim(other) || !self.is_successor(other);
        let held = || others().filter(|other| other.is_live()).filter(has_replaced);
        official.or_else(|| held().map(|other| other.hold_time).min())
    }

    /// Returns the time at which the key of the association `yielded` (which ended in favour of
    /// another company while it was pending) has expired since that end, if it has (R39): the time
    /// at which a claim's association with the key expired. Without such an association, the
    /// deadline of the expiry ends `yielded` when it is on record again.
    fn expiry_since_yield(&self, yielded: &Association) -> Option<Timestamp> {
        let yield_time = yielded.yield_time()?;
        let expiry = |other: &Association| match other.time_and_reason_of_end() {
            Some((end_time, EndReason::Expired)) => Some(end_time),
            Some(_) | None => None,
        };
        // Legacy associations are left out: they end with the subscription, before its grace
        // period.
        let others = self.associations.values().filter(|other| other.key == yielded.key);
        let claimed = others.filter(|other| other.claimed_line().is_some());
        claimed.filter_map(expiry).filter(|end_time| *end_time >= yield_time).min()
    }

    /// Ends the claim's holds and associations at `at`, removes it as a successor, and refuses
    /// later holds for it. Associations that have ended later than that, with their subscription or
    /// by an award to another company, ended at `at` instead (R47).
    ///
    /// If a `review_case` is given, only the holds and awards of that case end, because the event
    /// may arrive after a later case of the claim has placed holds. Returns `None` if `self`
    /// already contains this change.
    pub(crate) fn close_claim(
        &self,
        claim: &ClaimName,
        review_case: Option<CaseId>,
        reason: EndReason,
        at: Timestamp,
    ) -> Option<TenantChange> {
        if self.claim_records.get(claim).is_some_and(|record| record.closed.contains(&review_case)) {
            return None;
        }
        let matches_case = |case: Option<CaseId>| review_case.is_none() || case.is_none() || case == review_case;
        let mut next = self.clone();
        next.successors.retain(|_, successor| successor.claim != *claim || !matches_case(successor.review_case));
        let is_closed = |line: &ClaimedLine| line.claim == *claim && matches_case(line.review_case);
        let events = next.end_associations(reason, at, |association| association.claimed_line().is_some_and(is_closed));
        next.claim_records.entry(claim.clone()).or_default().closed.insert(review_case);
        Some((next, events))
    }

    /// Returns every reason for which the claim cannot be held.
    fn hold_refusals(
        &self,
        request: &HoldRequest,
        partner: Option<&PartnerProfile>,
        catalog: &Catalog,
        now: Timestamp,
    ) -> Vec<LineRefusal> {
        if self.claim_records.get(&request.claim).is_some_and(|record| record.is_closed(request.review_case)) {
            return vec![LineRefusal::whole_claim(Reason::ClaimClosed)];
        }
        let directory = Directory { catalog, partner, tenant: TenantLookup::Found(&self.directory) };
        let findings = check::check(&request.claim_to_check(), directory, now);
        let mut refusals: Vec<_> = findings
            .violations
            .iter()
            .map(|violation| request.line_refusal(violation.field, violation.reason))
            .collect();
        let held_lines = request.lines.iter().filter(|line| self.is_held_by_other(request, &line.key));
        refusals.extend(held_lines.map(|line| LineRefusal { line_id: Some(line.line_id), reason: Reason::KeyHeld }));
        refusals
    }

    /// Returns whether the claim cannot get the key, because another company holds it (R36) or it
    /// was awarded to a claim of another company (R37). The claim that was awarded the key can get
    /// it even beside an official holder. False for a claim without exclusive activities, which
    /// does not need the key for itself.
    fn is_held_by_other(&self, request: &HoldRequest, key: &AssociationKey) -> bool {
        let successor = self.successors.get(key).map(|successor| &successor.claim);
        let is_held = || match successor {
            Some(claim) if *claim == request.claim => false,
            Some(claim) if claim.partner != request.claim.partner => true,
            Some(_) | None => self
                .live_associations_on(key)
                .any(|other| other.holds_key() && *other.partner() != request.claim.partner),
        };
        request.activities.iter().any(|activity| request.is_exclusive(*activity)) && is_held()
    }

    /// Adds a pending association for each line and activity.
    ///
    /// A line that the claim already holds for the same review case and activity does not change.
    /// The claim stops being the *successor* (the claim that was awarded a key) for keys that it no
    /// longer contains.
    fn add_holds(&mut self, request: &HoldRequest, now: Timestamp) {
        let held_keys: BTreeSet<AssociationKey> =
            self.live_associations_of(&request.claim).map(|(_, association)| association.key.clone()).collect();
        let is_claimed =
            |key: &AssociationKey| held_keys.contains(key) || request.lines.iter().any(|line| line.key == *key);
        self.successors.retain(|key, successor| successor.claim != request.claim || is_claimed(key));
        for (line, activity) in
            request.lines.iter().flat_map(|line| request.activities.iter().map(move |activity| (line, *activity)))
        {
            let is_same = |association: &Association| {
                let line_and_case = association.claimed_line().map(|held| (held.line_id, held.review_case));
                line_and_case == Some((line.line_id, request.review_case)) && association.activity == activity
            };
            if !self.live_associations_of(&request.claim).any(|(_, association)| is_same(association)) {
                let association = request.association(line, activity, now);
                self.associations.insert(request.association_id(line, activity), association);
            }
        }
        self.remove_completed_successors();
    }

    /// Returns the event data of an association that became official.
    fn granted_association(
        &self,
        id: AssociationId,
        association: &Association,
        catalog: &Catalog,
    ) -> GrantedAssociation {
        let subscription = match &association.key {
            AssociationKey::Workload(_) => None,
            AssociationKey::Subscription(id) => self.directory.subscriptions.get(id).cloned(),
        };
        let incentivized = catalog.get(&association.product).is_some_and(|product| product.incentivized);
        GrantedAssociation { id, association: association.clone(), incentivized, subscription }
    }
}

impl HoldRequest {
    /// Returns the fields of the claim that the directory checks need.
    fn claim_to_check(&self) -> ClaimToCheck {
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
            // The location and the domain were checked at the submission, or at the edit that
            // changed them.
            keeps_location: true,
            keeps_domain: true,
        }
    }

    /// Converts an error in a field to the refusal of the line that contains the field.
    fn line_refusal(&self, field: ClaimField, reason: Reason) -> LineRefusal {
        let line_id = match field {
            ClaimField::MpnId | ClaimField::CustomerDomain | ClaimField::TenantId => None,
            ClaimField::Product(index) | ClaimField::Subscription(index) => {
                self.lines.get(index).map(|line| line.line_id)
            }
        };
        LineRefusal { line_id, reason }
    }

    /// Returns the refusals of all lines with this key, because another company holds it.
    pub(crate) fn refusals_for_key(&self, key: &AssociationKey) -> Vec<LineRefusal> {
        let lines = self.lines.iter().filter(|line| line.key == *key);
        lines.map(|line| LineRefusal { line_id: Some(line.line_id), reason: Reason::KeyHeld }).collect()
    }

    /// Returns whether an association for the activity excludes other companies from its key (R34).
    fn is_exclusive(&self, activity: Activity) -> bool {
        activity.is_exclusive_under(self.revenue_association_exclusive)
    }

    /// Returns the pending association for a line and an activity.
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
            is_exclusive: self.is_exclusive(activity),
            hold_time: now,
            state: AssociationState::Pending,
        }
    }

    /// Returns the id of an association, derived from the decision and the line. A decision that is
    /// executed twice therefore creates the same ids, and this code needs no source of randomness.
    fn association_id(&self, line: &LineToHold, activity: Activity) -> AssociationId {
        Uuid::new_v5(&self.decision_id.0, format!("{}/{activity}", line.line_id).as_bytes()).into()
    }
}

#[cfg(test)]
mod tests;
