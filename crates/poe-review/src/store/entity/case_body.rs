//! The JSON column of a review case. A *line* is the part of a claim that is about one workload or
//! subscription. It is *contested* while other companies claim or hold the same. A *legacy
//! association* was recorded before claims existed.
use crate::domain::{
    CaseKind, Clocks, Competition, CompetitionTerms, LegacyStatement, LineRefusal, State, StatementRequest,
};
use cpor_types::{Length, LineId};
use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The part of a case that no query filters by. The fields are those of
/// [`ReviewCase`](crate::domain::ReviewCase).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJsonQueryResult)]
pub(crate) struct CaseBody {
    /// Whether the case reviews a submission or a dispute.
    pub(crate) kind: CaseKind,
    pub(crate) state: State,
    /// The deadlines of the review, which can stop and continue.
    pub(crate) clocks: Clocks,
    /// The time between the reminder of a clock and its due time.
    pub(crate) remind_before: Length,
    /// The values of the claim's policy profile about competition.
    pub(crate) competition_terms: CompetitionTerms,
    /// The competition with other cases for the same workloads and subscriptions.
    pub(crate) competition: Competition,
    /// Lines (claimed workloads or subscriptions) that a review lead awarded to another claim, or
    /// whose association has ended.
    pub(crate) ended_lines: BTreeSet<LineId>,
    /// The review round: 1 for the submission or dispute, plus 1 for each resubmission.
    pub(crate) round: u32,
    /// The registry's reasons for refusing to reserve lines for the last approval.
    pub(crate) approval_refusals: Vec<LineRefusal>,
    /// The last request for a statement about contested lines.
    #[serde(default)]
    pub(crate) statement: Option<StatementRequest>,
    /// The statements of holders of legacy associations.
    #[serde(default)]
    pub(crate) legacy_statements: Vec<LegacyStatement>,
}
