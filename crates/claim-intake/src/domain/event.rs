//! What happened to a claim. History and the events for other services both derive from it.
use super::{
    Comment, Contact, Evidence, FactKind, StateKind,
    history::{Audience, ERASURE_ACTION},
};
use cpor_types::{CaseId, EvidenceId, LineId, PersonalData, PrimaryRejection, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

/// One thing that happened: one entry of the history (R56).
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What.
    pub what: What,
    /// The state before; `None` for the first entry.
    pub from: Option<StateKind>,
    /// The state after.
    pub to: StateKind,
    /// What changed from what to what.
    pub changes: Vec<FieldChange>,
    /// Why: a reason or what was written; may be empty.
    pub reason: String,
    /// What was written to the other side; it joins the comments (R55).
    pub comment: Option<Comment>,
    /// Kinds of personal data of which it keeps nothing: it was so before they were erased, and is told only now (R56).
    pub late: Vec<PersonalData>,
}

/// A field that changed, in words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The claim's field.
    pub field: String,
    /// Its value before; empty when there was none.
    pub from: String,
    /// Its value after; empty when there is none.
    pub to: String,
}

/// What happened, with what others must be told of it.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A draft was created.
    Created,
    /// The draft's content changed.
    Updated,
    /// Its partner edited it after the submission (R29).
    Edited {
        /// Lines or the customer's contact changed: the customer is asked anew.
        renotify: bool,
        /// Whom the customer was notified through before, where that changed.
        previous_contact: Option<Contact>,
    },
    /// The draft was deleted.
    Deleted,
    /// A comment was written.
    Commented,
    /// It was submitted.
    Submitted,
    /// It was resubmitted.
    Resubmitted,
    /// Its rejection is disputed (R28).
    Disputed {
        /// The case that the rejection closed.
        previous_case: CaseId,
        /// Why, in the partner's words; empty where there is new evidence only.
        justification: String,
    },
    /// A document was added.
    EvidenceAdded(Evidence),
    /// A document was removed from the draft.
    EvidenceRemoved(EvidenceId),
    /// Another service's fact was applied that concerns nobody else.
    Reported(FactKind),
    /// It was approved.
    Approved {
        /// The customer had approved before (R26a), so that no window opens.
        official: bool,
        /// The customer had declined before: silence does not make it official (R28).
        explicit_approval_needed: bool,
    },
    /// Lines were awarded to others and left it (R37); some are left.
    LinesLost,
    /// Associations of lines are over; the claim stays approved (R37, R39).
    LinesEnded {
        /// Which.
        lines: Vec<LineId>,
        /// None is left.
        all: bool,
    },
    /// Its association may become official: the customer did not decline (R27) or approved (R26a).
    Granted {
        /// The customer.
        tenant: TenantId,
    },
    /// It is over.
    Closed(ClaimClosure),
    /// Personal data of these kinds was erased (R56).
    PersonalDataErased(Vec<PersonalData>),
    /// A fact came too late to change anything.
    Overtaken(FactKind),
}

/// How a claim came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimClosure {
    /// By what.
    pub cause: ClosureCause,
    /// The primary reason (R31).
    pub primary: PrimaryRejection,
    /// The customer.
    pub tenant: TenantId,
    /// The review case to close.
    pub review_case: CaseId,
    /// Until when it can be disputed; `None`: it cannot.
    pub dispute_due: Option<Timestamp>,
}

/// What can end a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosureCause {
    /// The partner's command.
    Partner,
    /// A reviewer's, the customer's or time's fact.
    Fact(FactKind),
}

impl What {
    /// Its name in the history.
    #[must_use]
    pub const fn action(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated | Self::Edited { .. } => "updated",
            Self::Deleted => "deleted",
            Self::Commented => "commented",
            Self::Submitted => "submitted",
            Self::Resubmitted => "resubmitted",
            Self::Disputed { .. } => "disputed",
            Self::LinesLost => FactKind::LinesAwarded.as_str(),
            Self::LinesEnded { .. } => FactKind::AssociationEnded.as_str(),
            Self::EvidenceAdded(_) => "evidence_added",
            Self::EvidenceRemoved(_) => "evidence_removed",
            Self::Reported(fact) | Self::Overtaken(fact) => fact.as_str(),
            Self::Approved { .. } => FactKind::ReviewApproved.as_str(),
            Self::Granted { .. } => "association_granted",
            Self::PersonalDataErased(_) => ERASURE_ACTION,
            Self::Closed(closure) => match closure.cause {
                ClosureCause::Partner => "withdrawn",
                ClosureCause::Fact(fact) => fact.as_str(),
            },
        }
    }

    /// Which sides may see the entry: what reviewers note for each other is the vendor's alone, whenever it comes (R55).
    #[must_use]
    pub fn audience(&self) -> Audience {
        if self.action() == FactKind::ReviewNoted.as_str() { Audience::Vendor } else { Audience::All }
    }

    /// Whether it is a fact that came too late.
    #[must_use]
    pub const fn is_overtaken(&self) -> bool {
        matches!(self, Self::Overtaken(_))
    }
}
