//! Who looks, and what of a claim that side may see.
use crate::domain::{
    FactKind,
    history::{Audience, Part, SealedEntry},
};
use cpor_kit::Caller;
use cpor_types::{ActorSide, PersonalData, Role};

/// What stands where something may not be seen.
pub(super) const REDACTED: &str = "[redacted]";

/// How a caller sees claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// The partner: nothing of who reviews, nor of what the registry told the reviewers.
    Partner,
    /// The vendor's staff: everything.
    Vendor,
    /// Operators: personal data and comments masked (R5).
    Masked,
}

impl View {
    /// How `caller` sees claims. Who is an operator and nothing else sees them masked.
    pub(super) fn of(caller: &Caller) -> Self {
        match caller.side() {
            ActorSide::Partner | ActorSide::Customer => Self::Partner,
            ActorSide::Reviewer | ActorSide::Vendor | ActorSide::System | ActorSide::Time => {
                let operator = !caller.roles.is_empty() && caller.roles.iter().all(|role| *role == Role::Operator);
                if operator { Self::Masked } else { Self::Vendor }
            }
        }
    }

    /// Personal data or what people wrote.
    pub(super) fn personal(self, text: &str) -> String {
        match self {
            Self::Masked if !text.is_empty() => REDACTED.to_owned(),
            Self::Masked | Self::Partner | Self::Vendor => text.to_owned(),
        }
    }

    /// What of an entry this view may see. The rest is given as commitments, so that the history stays provable (R56). A partner sees neither
    /// who reviews, before and after that is erased, nor why and how many lines could not be held, which would tell of a rival (R4).
    pub(super) fn of_entry(self, entry: SealedEntry) -> SealedEntry {
        let Ok((_, facts)) = &entry.facts.opened else { return entry.withhold(Part::ALL) };
        match self {
            Self::Vendor => entry,
            Self::Masked => {
                // Whoever erases may see that it is done.
                let erased: Vec<_> = entry.erased().collect();
                let masked = [Part::Subject, Part::Reason].into_iter().filter(|part| !erased.contains(part));
                let masked: Vec<_> = masked.chain([Part::Changes]).collect();
                entry.withhold(&masked)
            }
            Self::Partner if entry.audience == Audience::Vendor => entry.withhold(Part::ALL),
            Self::Partner => {
                let subject = matches!(facts.side, ActorSide::Reviewer | ActorSide::Vendor).then_some(Part::Subject);
                let refused = facts.action == FactKind::ApprovalRefused.as_str();
                let changes = (refused && entry.each_change().next().is_some()).then_some(Part::Changes);
                let hidden: Vec<_> = subject.into_iter().chain(changes).collect();
                entry.withhold(&hidden).withhold_changes(PersonalData::Subjects)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        FieldChange, StateKind,
        history::{Digest, Entry, EntryFacts},
    };
    use cpor_types::{Actor, Timestamp};

    fn caller(side: ActorSide, roles: &[Role]) -> Caller {
        Caller {
            subject: "alice".to_owned(),
            roles: roles.to_vec(),
            partner: None,
            tenant: None,
            service: None,
            actor: Actor::new(side, "alice"),
        }
    }

    fn entry(side: ActorSide, audience: Audience, action: &str, changed: &[&str]) -> SealedEntry {
        let facts = EntryFacts {
            action: action.to_owned(),
            side,
            effective_time: Timestamp::UNIX_EPOCH,
            record_time: Timestamp::UNIX_EPOCH,
            from: None,
            to: StateKind::UnderReview,
            overtaken: false,
        };
        let change =
            |field: &&str| FieldChange { field: (*field).to_owned(), from: String::new(), to: "rita".to_owned() };
        let (subject, changes) = ("rita".to_owned(), changed.iter().map(change).collect());
        let entry = Entry { audience, facts, subject, reason: "because".to_owned(), changes };
        let claim = "partners/contoso/claims/00000000-0000-4000-8000-0000000000c1".parse().unwrap();
        SealedEntry::seal(&claim, Digest::GENESIS, 1, Digest([1; 32]), entry)
    }

    fn withheld(view: View, entry: SealedEntry) -> Vec<Part> {
        view.of_entry(entry).withheld().collect()
    }

    #[test]
    fn r5_operators_see_personal_data_masked_unless_they_are_more() {
        let operator = View::of(&caller(ActorSide::Vendor, &[Role::Operator]));
        assert_eq!((operator, operator.personal("Ada").as_str()), (View::Masked, REDACTED));
        assert_eq!(operator.personal(""), "");
        assert_eq!(View::of(&caller(ActorSide::Vendor, &[Role::Operator, Role::ProgramManager])), View::Vendor);
    }

    #[test]
    fn r4_a_partner_sees_neither_its_reviewer_nor_a_rival() {
        let partner = View::of(&caller(ActorSide::Partner, &[Role::GlobalAdmin]));
        let started = |side| entry(side, Audience::All, "review_started", &["reviewer", "review_due_time"]);
        assert_eq!(withheld(partner, entry(ActorSide::Partner, Audience::All, "updated", &["display_name"])), []);
        let noted = |side| entry(side, Audience::Vendor, "review_noted", &[]);
        assert_eq!(withheld(partner, noted(ActorSide::Reviewer)), Part::ALL);
        assert_eq!(withheld(View::Vendor, noted(ActorSide::Reviewer)), []);
        let refused = entry(ActorSide::System, Audience::All, "approval_refused", &["lines[0]"]);
        let refused = partner.of_entry(refused);
        assert_eq!(refused.withheld().collect::<Vec<_>>(), [Part::Changes]);
        assert_eq!(refused.each_change().count(), 0, "not even how many");
        let seen = partner.of_entry(started(ActorSide::Reviewer));
        assert_eq!(seen.withheld().collect::<Vec<_>>(), [Part::Subject, Part::Changes]);
        let fields: Vec<_> =
            seen.each_change().map(|change| change.opened.as_ref().ok().map(|(_, c)| &*c.field)).collect();
        assert_eq!(fields, [None, Some("review_due_time")], "each by itself");
    }

    #[test]
    fn r56_what_a_partner_may_not_see_looks_the_same_once_it_is_erased() {
        let partner = View::Partner;
        let hidden = [
            entry(ActorSide::Reviewer, Audience::All, "review_started", &["reviewer", "review_due_time"]),
            entry(ActorSide::Partner, Audience::All, "disputed", &["reviewer"]),
            entry(ActorSide::Reviewer, Audience::Vendor, "review_noted", &[]),
        ];
        for entry in hidden {
            let after = |kind| partner.of_entry(entry.clone().erase(&[kind]));
            let (before, subjects) = (partner.of_entry(entry.clone()), after(PersonalData::Subjects));
            assert_eq!(subjects.changes, before.changes);
            assert_eq!(subjects.withheld().collect::<Vec<_>>(), before.withheld().collect::<Vec<_>>());
            if entry.audience == Audience::Vendor {
                assert_eq!((subjects, after(PersonalData::Words)), (before.clone(), before));
            }
        }
        let contact = entry(ActorSide::Partner, Audience::All, "updated", &["partner_contact"]);
        let erased = partner.of_entry(contact.erase(&[PersonalData::Contacts]));
        assert_eq!(erased.erased().collect::<Vec<_>>(), [Part::Changes], "what it saw is erased");
        let operators = View::Masked.of_entry(entry_of_all().erase(PersonalData::ALL));
        assert_eq!(
            operators.erased().collect::<Vec<_>>(),
            [Part::Subject, Part::Reason],
            "and operators see that it is"
        );
        assert_eq!(operators.withheld().collect::<Vec<_>>(), [Part::Changes]);
    }

    fn entry_of_all() -> SealedEntry {
        entry(ActorSide::Partner, Audience::All, "disputed", &["partner_contact", "display_name"])
    }
}
