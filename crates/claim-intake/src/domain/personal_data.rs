//! Which parts of a claim's history are personal data (R56). A *fact* is a report of another
//! service, or a deadline that passed.
use super::{FactKind, Field};
use cpor_history::{EntryFacts, PersonalDataRules};
use cpor_types::{ActorSide, PersonalData};

/// The action of the entry that records an erasure.
pub(crate) const ERASURE_ACTION: &str = "personal_data_erased";
/// The changed field of that entry. Its old value lists the erased kinds, separated by commas.
pub(crate) const ERASURE_FIELD: &str = "personal_data";

/// Returns the kind of personal data that the field with this path contains; `None` if it contains
/// none. `field` is the path in a [`FieldChange`] of the history.
fn personal_data_kind(field: &str) -> Option<PersonalData> {
    match Field::from_path(field) {
        Some(
            Field::CustomerContact
            | Field::CustomerTechnicalContact
            | Field::PartnerContact
            | Field::SolutionSellerName,
        ) => Some(PersonalData::Contacts),
        Some(
            Field::DisplayName
            | Field::MpnId
            | Field::CustomerDomain
            | Field::TenantId
            | Field::SolutionArea
            | Field::Activities
            | Field::Program
            | Field::Lines
            | Field::CustomerName
            | Field::IsvSolutionName
            | Field::TermsAcknowledged,
        ) => None,
        None => (field == "reviewer").then_some(PersonalData::Subjects),
    }
}

/// Returns whether people write the reason of an entry with this action. For all other actions the
/// system writes the reason. An action that is not a kind of fact is a command of a person, or the
/// grant of an association, which has no reason.
fn has_personal_reason(action: &str) -> bool {
    match action.parse().ok() {
        Some(
            FactKind::PartnerActionRequested
            | FactKind::StatementRequested
            | FactKind::ReviewApproved
            | FactKind::ReviewRejected
            | FactKind::ReviewNoted
            | FactKind::LinesAwarded
            | FactKind::CustomerDeclined,
        )
        | None => true,
        Some(
            FactKind::ReviewAssigned
            | FactKind::ReviewOpened
            | FactKind::ReviewStarted
            | FactKind::StatementReminded
            | FactKind::StatementDeadlinePassed
            | FactKind::ResponseReminded
            | FactKind::DisputeReminded
            | FactKind::ResponseDeadlinePassed
            | FactKind::DisputeWindowPassed
            | FactKind::ApprovalBegun
            | FactKind::ApprovalRefused
            | FactKind::ReviewReminded
            | FactKind::ReviewOverdue
            | FactKind::CompetitionChanged
            | FactKind::ContactConfirmed
            | FactKind::NoticeResent
            | FactKind::NoticeReported
            | FactKind::ConsentWindowOpened
            | FactKind::ConsentWindowStopped
            | FactKind::DeliveryReminded
            | FactKind::CustomerNotReached
            | FactKind::ConsentWindowPassed
            | FactKind::CustomerApproved
            | FactKind::ConsentEnded
            | FactKind::AssociationOfficial
            | FactKind::AssociationEnded
            | FactKind::Assessed,
        ) => false,
    }
}

/// Returns whether the actors on this side are people.
pub(crate) const fn is_human_side(side: ActorSide) -> bool {
    match side {
        ActorSide::Partner | ActorSide::Reviewer | ActorSide::Vendor | ActorSide::Customer => true,
        ActorSide::Time | ActorSide::System => false,
    }
}

/// Returns whether a person caused the event. For an erasure this returns `false`, because its
/// entry must keep its subject and reason.
fn is_by_person(facts: &EntryFacts) -> bool {
    is_human_side(facts.side) && facts.action != ERASURE_ACTION
}

/// Returns the rules by which personal data is erased from entries.
pub(crate) const fn personal_data_rules() -> PersonalDataRules {
    PersonalDataRules {
        kind_of_field: personal_data_kind,
        has_personal_subject: is_by_person,
        has_personal_reason: |facts| is_by_person(facts) && has_personal_reason(&facts.action),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ClaimStateKind;
    use cpor_history::{Audience, Digest, HistoryEntry, SealedEntry};
    use cpor_types::Timestamp;

    /// Erases personal data of these kinds from an entry with this action of a person.
    fn erased(action: &str, side: ActorSide, kinds: &[PersonalData]) -> (SealedEntry, SealedEntry) {
        let time = Timestamp::UNIX_EPOCH;
        let facts = EntryFacts {
            action: action.to_owned(),
            side,
            effective_time: time,
            record_time: time,
            from: None,
            to: ClaimStateKind::Editing,
            overtaken: false,
        };
        let (subject, reason) = ("rita@vendor.example".to_owned(), "said".to_owned());
        let entry = HistoryEntry { audience: Audience::All, facts, subject, reason, changes: vec![] };
        let claim = "partners/contoso/claims/00000000-0000-4000-8000-0000000000c1".parse().unwrap();
        let sealed = SealedEntry::seal(&claim, Digest::GENESIS, 1, Digest([1; 32]), entry);
        (sealed.clone(), sealed.erase(kinds, &personal_data_rules()))
    }

    #[test]
    fn r56_who_erased_and_why_is_never_erased() {
        let (before, after) = erased(ERASURE_ACTION, ActorSide::Vendor, PersonalData::ALL);
        assert_eq!(before, after);
    }

    #[test]
    fn r56_what_the_system_wrote_in_the_name_of_people_stays() {
        let reason = |action| erased(action, ActorSide::Reviewer, &[PersonalData::FreeText]).1.texts().1;
        for action in ["notice_resent", "customer_approved", "assessed", "association_ended"] {
            assert_eq!(reason(action), "said", "{action}");
        }
        for action in
            ["commented", "withdrawn", "review_rejected", "review_noted", "lines_awarded", "customer_declined"]
        {
            assert_eq!(reason(action), "", "{action}");
        }
    }
}
