//! Competition (R37): live cases of different companies compete for the same key (a workload or
//! subscription of a tenant). An association puts a company on record for a key once it is
//! *official*. A case also competes with a legacy association, which was recorded before claims
//! existed and holds the key. A case is live while it is open, or while it is approved and one of
//! its lines has not ended. A line is the part of a claim that is about one key. The storage finds
//! the cases that may be rivals; this module selects the rivals among them and determines which
//! lines are contested because of them. A review lead *awards* a contested key to one case. The key
//! is then *settled* between that case and its rivals.
use super::{CaseEvent, Line, ReviewCase, case::competition_change_event};
use cpor_durable::Transition;
use cpor_types::{AssociationKey, Calendar, CaseId, DecisionId, LegacyHolderId, LineId, PolicyProfile, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The rivals of a case: for each rival case, the keys that both compete for.
pub type Rivals = BTreeMap<CaseId, BTreeSet<AssociationKey>>;

/// The cases that a check of one case has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckedRivals {
    /// The rivals of the case.
    pub rivals: Rivals,
    /// The cases of other companies that compete for the same keys and have been awarded them, also
    /// those that are approved like the case itself.
    pub winners: Rivals,
}

/// The competition of one case with other cases and with legacy associations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Competition {
    /// Live cases of other companies, with the keys in common. This case or the rival is open.
    pub rivals: Rivals,
    /// The keys that a review lead has already awarded to this case or to the rival, by rival. They
    /// are no longer contested between this case and that rival.
    pub settled_keys: Rivals,
    /// The keys that a legacy association holds and that a review lead has awarded to this case.
    pub settled_legacy_keys: BTreeSet<AssociationKey>,
    /// The keys that were awarded to this claim, so that the registry reserves them, with the ids
    /// of the arbitrations.
    #[serde(default)]
    pub awards: BTreeMap<AssociationKey, DecisionId>,
    /// The keys of this approved case that were awarded to rivals, by rival, while the rivals still
    /// compete for them. The case keeps each of these keys until the association of the rival
    /// becomes official.
    #[serde(default)]
    pub awarded_to_rivals: Rivals,
    /// The legacy holders whose associations have ended. A snapshot of the claim that was sent
    /// before can still contain them.
    #[serde(default)]
    pub former_legacy_holders: BTreeSet<LegacyHolderId>,
}

/// The values of the claim's policy profile about competition (R61).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompetitionTerms {
    /// Whether the review clocks run while the case is contested.
    pub clocks_run: bool,
    /// Whether a claim of revenue association competes, too (R34).
    pub revenue_association_exclusive: bool,
}

impl From<&PolicyProfile> for CompetitionTerms {
    fn from(policy: &PolicyProfile) -> Self {
        Self {
            clocks_run: policy.review_clocks_run_while_competing,
            revenue_association_exclusive: policy.revenue_association_exclusive,
        }
    }
}

impl Competition {
    /// Records again which of these keys of an approved case were awarded to rivals: those that are
    /// settled with a rival and were not awarded to this case. The next competition check removes
    /// the rivals that no longer compete.
    pub(super) fn restore_awards_to_rivals(&mut self, keys: &BTreeSet<AssociationKey>) {
        let awards = &self.awards;
        for (rival, settled) in &self.settled_keys {
            let lost = settled.intersection(keys).filter(|key| !awards.contains_key(*key)).cloned();
            self.awarded_to_rivals.entry(*rival).or_default().extend(lost);
        }
        self.awarded_to_rivals.retain(|_, keys| !keys.is_empty());
    }

    /// Drops the awards of keys that are not in `keys`. The dropped keys are also no longer
    /// settled: if the claim contains such a key again, the key is contested again.
    pub(super) fn retain_awards(&mut self, keys: &BTreeSet<AssociationKey>) {
        let dropped: BTreeSet<_> = self.awards.keys().filter(|key| !keys.contains(*key)).cloned().collect();
        self.awards.retain(|key, _| keys.contains(key));
        self.settled_legacy_keys.retain(|key| keys.contains(key));
        self.settled_keys.values_mut().for_each(|settled| settled.retain(|key| !dropped.contains(key)));
        self.settled_keys.retain(|_, settled| !settled.is_empty());
    }

    /// Drops what was settled in favour of rivals that have given up the award. What was settled
    /// about keys that the case does not compete for now stays, because a line can be reinstated
    /// (R47).
    fn retain_settled(&mut self, competing_keys: &BTreeSet<AssociationKey>, winners: &Rivals) {
        for (rival, settled) in &mut self.settled_keys {
            let is_awarded_to_rival = |key: &AssociationKey| winners.get(rival).is_some_and(|keys| keys.contains(key));
            settled.retain(|key| {
                !competing_keys.contains(key) || self.awards.contains_key(key) || is_awarded_to_rival(key)
            });
        }
        self.settled_keys.retain(|_, settled| !settled.is_empty());
    }

    /// Returns whether a rival competes for the key, and no review lead has decided between this
    /// case and that rival yet.
    fn has_rival_for(&self, key: &AssociationKey) -> bool {
        let is_settled = |rival: &CaseId| self.settled_keys.get(rival).is_some_and(|keys| keys.contains(key));
        self.rivals.iter().any(|(rival, keys)| keys.contains(key) && !is_settled(rival))
    }
}

impl ReviewCase {
    /// Returns the lines that the case competes for. A rejected or closed case has none, and an
    /// approved case has those whose associations have not ended. A claim of revenue association
    /// competes only if its policy profile makes it exclusive (R34).
    pub(super) fn competing_lines(&self) -> impl Iterator<Item = &Line> {
        let revenue_association_exclusive = self.competition_terms.revenue_association_exclusive;
        let activities = self.snapshot.activities.iter();
        let is_exclusive =
            activities.copied().any(|activity| activity.is_exclusive_under(revenue_association_exclusive));
        let case_competes = is_exclusive && (self.phase().is_open() || self.phase().is_approved());
        self.snapshot.lines.iter().filter(move |line| case_competes && !self.ended_lines.contains(&line.id))
    }

    /// Returns the keys that the case competes for.
    #[must_use]
    pub fn competing_keys(&self) -> BTreeSet<AssociationKey> {
        self.competing_lines().map(|line| line.key.clone()).collect()
    }

    /// Returns the contested lines in the order of the claim. A line is contested if a rival or,
    /// while the case is open, a legacy holder competes for its key, and no review lead has decided
    /// between them.
    #[must_use]
    pub fn contested_lines(&self) -> Vec<LineId> {
        self.competing_lines()
            .filter(|line| self.competition.has_rival_for(&line.key) || self.is_contested_by_legacy_holder(line))
            .map(|line| line.id)
            .collect()
    }

    /// Returns the keys that the case competes for with legacy associations, and their holders
    /// (R58). There are none when the case is no longer open, and none for a key that a review lead
    /// has awarded to this case.
    #[must_use]
    pub fn legacy_holders(&self) -> BTreeMap<AssociationKey, LegacyHolderId> {
        let lines = self.competing_lines().filter(|line| self.is_contested_by_legacy_holder(line));
        lines.filter_map(|line| Some((line.key.clone(), line.legacy_holder?))).collect()
    }

    fn is_contested_by_legacy_holder(&self, line: &Line) -> bool {
        line.legacy_holder.is_some()
            && self.phase().is_open()
            && !self.competition.settled_legacy_keys.contains(&line.key)
    }

    /// Returns the lines of an approved case whose keys were awarded to a rival, in the order of
    /// the claim. The case keeps these lines until the association of the rival becomes official.
    #[must_use]
    pub fn lines_awarded_to_rivals(&self) -> Vec<LineId> {
        let is_awarded =
            |line: &&Line| self.competition.awarded_to_rivals.values().any(|keys| keys.contains(&line.key));
        let lines = self.competing_lines().filter(|_| self.phase().is_approved());
        lines.filter(is_awarded).map(|line| line.id).collect()
    }

    /// Returns whether at least one line is contested.
    #[must_use]
    pub fn is_contested(&self) -> bool {
        !self.contested_lines().is_empty()
    }

    /// Selects the rivals of this case from `candidates`, with the keys in common. A rival belongs
    /// to another company, competes for one of the same keys, and at least one of the two cases is
    /// open.
    #[must_use]
    pub fn rivals_among<'a>(&self, candidates: impl IntoIterator<Item = &'a Self>) -> Rivals {
        self.competitors_among(candidates.into_iter().filter(|other| self.phase().is_open() || other.phase().is_open()))
    }

    /// Selects the cases of other companies from `candidates` that have been awarded one of the
    /// keys that this case competes for and have not given it up, with these keys.
    #[must_use]
    pub fn winners_among<'a>(&self, candidates: impl IntoIterator<Item = &'a Self> + Clone) -> Rivals {
        let awards_of: BTreeMap<_, _> =
            candidates.clone().into_iter().map(|candidate| (candidate.id, &candidate.competition.awards)).collect();
        let mut winners = self.competitors_among(candidates);
        for (winner, keys) in &mut winners {
            keys.retain(|key| awards_of.get(winner).is_some_and(|awards| awards.contains_key(key)));
        }
        winners.retain(|_, keys| !keys.is_empty());
        winners
    }

    /// Selects the cases of other companies from `candidates` that compete for one of the same
    /// keys, with the keys in common. Two approved cases are competitors without being rivals.
    fn competitors_among<'a>(&self, candidates: impl IntoIterator<Item = &'a Self>) -> Rivals {
        let keys = self.competing_keys();
        let is_of_other_company = |candidate: &&Self| candidate.snapshot.claim.partner != self.snapshot.claim.partner;
        let common_keys =
            |candidate: &Self| candidate.competing_keys().intersection(&keys).cloned().collect::<BTreeSet<_>>();
        let candidates = candidates.into_iter().filter(is_of_other_company);
        let with_keys = candidates.map(|candidate| (candidate.id, common_keys(candidate)));
        with_keys.filter(|(_, keys)| !keys.is_empty()).collect()
    }

    /// Replaces the rivals of this case by those that a check has found. Unless the policy profile
    /// lets the clocks run, they stop while a line is contested, and continue with the time left
    /// when no line is contested any more. An award to a rival that has given up the key no
    /// longer counts: if the rival claims the key again, it is contested again. Returns `None` if
    /// nothing changes in the competition.
    ///
    /// `requested_count` is the number of checks of this case that were requested when the check
    /// began. The store refuses the change if another check was requested since then.
    #[must_use]
    pub fn update_rivals(
        &self,
        checked: CheckedRivals,
        requested_count: i64,
        now: Timestamp,
        calendar: &Calendar,
    ) -> Option<Transition<Self>> {
        let CheckedRivals { rivals, winners } = checked;
        let still_awarded = |(rival, keys): (&CaseId, &BTreeSet<AssociationKey>)| {
            let keys: BTreeSet<_> = keys.intersection(winners.get(rival)?).cloned().collect();
            (!keys.is_empty()).then_some((*rival, keys))
        };
        let awarded_to_rivals = self.competition.awarded_to_rivals.iter().filter_map(still_awarded).collect();
        let mut competition = Competition { rivals, awarded_to_rivals, ..self.competition.clone() };
        competition.retain_settled(&self.competing_keys(), &winners);
        (competition != self.competition).then(|| {
            let next = Self { competition, ..self.clone() }.with_updated_clocks(now, calendar);
            let change = competition_change_event(self, &next);
            Transition::new(next, std::iter::once(CaseEvent::RivalsChecked { requested_count }).chain(change))
        })
    }
}
