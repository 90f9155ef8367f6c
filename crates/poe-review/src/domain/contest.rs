//! Competition (R37): live cases of different companies for one key of a tenant, or a case against an association from
//! before claims. Who the rivals are is found in storage; what follows is decided here.
use super::{CaseEvent, Line, ReviewCase, case::contested_since};
use cpor_durable::Transition;
use cpor_types::{Activity, AssociationKey, Calendar, CaseId, LineId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Keys by the case that they are shared with.
pub type Rivals = BTreeMap<CaseId, BTreeSet<AssociationKey>>;

/// With whom a case competes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contest {
    /// Live cases of other companies, with the keys in common.
    pub rivals: Rivals,
    /// What of that a lead has settled.
    pub settled: Rivals,
    /// Keys held by an association from before claims that a lead has awarded to this case.
    pub settled_legacy: BTreeSet<AssociationKey>,
}

impl Contest {
    /// Whether a rival wants the key and no lead has settled that.
    fn is_open(&self, key: &AssociationKey) -> bool {
        let settled = |rival: &CaseId| self.settled.get(rival).is_some_and(|settled| settled.contains(key));
        self.rivals.iter().any(|(rival, keys)| keys.contains(key) && !settled(rival))
    }
}

impl ReviewCase {
    /// The lines that the case competes for: none once it is rejected or closed, and of an approved one those whose
    /// associations are not over. Recognition neither holds nor is held out (R34).
    pub(super) fn contending(&self) -> impl Iterator<Item = &Line> {
        let exclusive = self.snapshot.activities.iter().copied().any(Activity::is_exclusive);
        let live = exclusive && (self.phase().is_open() || self.phase().is_approved());
        self.snapshot.lines.iter().filter(move |line| live && !self.ended.contains(&line.id))
    }

    /// The keys that the case competes for.
    #[must_use]
    pub fn contended_keys(&self) -> BTreeSet<AssociationKey> {
        self.contending().map(|line| line.key.clone()).collect()
    }

    /// Its lines that are contested, in the claim's order.
    #[must_use]
    pub fn contested_lines(&self) -> Vec<LineId> {
        self.contending()
            .filter(|line| self.contest.is_open(&line.key) || self.is_up_against_legacy(line))
            .map(|line| line.id)
            .collect()
    }

    fn is_up_against_legacy(&self, line: &Line) -> bool {
        line.held_by_legacy && self.phase().is_open() && !self.contest.settled_legacy.contains(&line.key)
    }

    /// Whether any line is.
    #[must_use]
    pub fn is_contested(&self) -> bool {
        !self.contested_lines().is_empty()
    }

    /// Which of `others` compete with this case, and for what: of another company, with a key in common, one of the two
    /// open.
    #[must_use]
    pub fn rivals_among<'a>(&self, others: impl IntoIterator<Item = &'a Self>) -> Rivals {
        let keys = self.contended_keys();
        let competes = |other: &&Self| {
            other.snapshot.claim.partner != self.snapshot.claim.partner
                && (self.phase().is_open() || other.phase().is_open())
        };
        let common = |other: &Self| other.contended_keys().intersection(&keys).cloned().collect::<BTreeSet<_>>();
        let rivals = others.into_iter().filter(competes).map(|other| (other.id, common(other)));
        rivals.filter(|(_, keys)| !keys.is_empty()).collect()
    }

    /// The case has these rivals now: while a line is contested its clocks stand still, and go on with what was left
    /// when none is.
    #[must_use]
    pub fn competing(&self, rivals: Rivals, now: Timestamp, calendar: &Calendar) -> Option<Transition<Self>> {
        (rivals != self.contest.rivals).then(|| {
            let contest = Contest { rivals, ..self.contest.clone() };
            let next = Self { contest, ..self.clone() }.timed(now, calendar);
            let events: Vec<CaseEvent> = contested_since(self, &next).into_iter().collect();
            Transition::new(next, events)
        })
    }
}
