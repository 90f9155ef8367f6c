//! R56: personal data can be erased, and every chain and receipt still verifies.
use super::*;
use cpor_types::PersonalData;

/// Personal data of each kind, as the entries below contain it.
const SECRETS: [(PersonalData, &str); 3] = [
    (PersonalData::Contacts, "ada@fabrikam.example"),
    (PersonalData::Subjects, "rita@vendor.example"),
    (PersonalData::FreeText, "Ada is on leave"),
];

/// The rules of these tests: people have the sides partner and reviewer.
const RULES: PersonalDataRules = PersonalDataRules {
    kind_of_field: |field| match field {
        "customer_contact" => Some(PersonalData::Contacts),
        "reviewer" => Some(PersonalData::Subjects),
        _ => None,
    },
    has_personal_subject: |facts| is_human_side(facts.side),
    has_personal_reason: |facts| is_human_side(facts.side),
};

fn is_human_side(side: ActorSide) -> bool {
    matches!(side, ActorSide::Partner | ActorSide::Reviewer)
}

/// Returns an entry by a person or by the system, with personal data of several kinds.
fn personal(n: usize) -> HistoryEntry {
    let [contact, subject, words] = SECRETS.map(|(_, secret)| secret.to_owned());
    let side = [ActorSide::Partner, ActorSide::Reviewer, ActorSide::Time, ActorSide::System][n % 4];
    let field_change =
        |field: &str, from: &str, to: &str| FieldChange { field: field.into(), from: from.into(), to: to.into() };
    let changes = [
        field_change("customer_contact", "", &contact),
        field_change("lines", "", "teams"),
        field_change("reviewer", &subject, ""),
    ];
    let by_people = is_human_side(side);
    HistoryEntry {
        audience: Audience::All,
        facts: EntryFacts {
            side,
            from: (n > 0).then_some(ClaimStateKind::Editing),
            to: ClaimStateKind::Editing,
            ..entry(n).facts
        },
        subject: if by_people { subject } else { "claim-intake".to_owned() },
        reason: if by_people { words } else { "the window passed".to_owned() },
        changes: changes[..n % 4].to_vec(),
    }
}

/// A database row: position, salts, entry, commitments and link.
type Row = (i64, Vec<u8>, HistoryEntry, Vec<u8>, Digest);

fn rows(length: usize) -> (Vec<Row>, Receipt) {
    let (mut rows, mut head) = (Vec::new(), Digest::GENESIS);
    for n in 0..length {
        let (salt, position) = (Digest([n as u8 + 1; 32]), n as i64 + 1);
        let sealed = SealedEntry::seal(&claim(), head, position, salt, personal(n));
        head = sealed.link;
        rows.push((position, salt.0.to_vec(), personal(n), sealed.commitments(), head));
    }
    let receipt = read(&rows);
    (rows, receipt)
}

fn read(rows: &[Row]) -> Receipt {
    let read = |(position, salts, entry, commitments, link): &Row| {
        SealedEntry::from_stored(*position, salts, entry.clone(), commitments, *link).expect("enough of everything")
    };
    let entries: Vec<_> = rows.iter().map(read).collect();
    Receipt { claim: claim(), head: entries.last().unwrap().link, entries }
}

/// Erases as the store does.
fn erase(rows: &mut [Row], kinds: &[PersonalData]) {
    for (position, salts, entry, commitments, link) in rows {
        let sealed = SealedEntry::from_stored(*position, salts, entry.clone(), commitments, *link).unwrap();
        let erased = sealed.clone().erase(kinds, &RULES);
        if erased != sealed {
            (*salts, (entry.subject, entry.reason, entry.changes)) = (erased.salts(), erased.texts());
        }
    }
}

fn kinds(of: u8) -> Vec<PersonalData> {
    PersonalData::ALL.iter().copied().filter(|kind| of & (1 << *kind as u8) != 0).collect()
}

proptest! {
    #[test]
    fn r56_whatever_is_erased_is_gone_and_the_chain_holds(length in 1_usize..12, first in 0_u8..8, second in 0_u8..8) {
        let (mut stored, before) = rows(length);
        erase(&mut stored, &kinds(first));
        erase(&mut stored, &kinds(second));
        let after = read(&stored);
        let summary = after.verify().unwrap();
        prop_assert_eq!((summary.withheld, summary.partly_withheld), (0, 0));
        prop_assert_eq!(after.extends(&before), Ok(()));
        let text = format!("{stored:?}");
        for (kind, secret) in SECRETS {
            let gone = kinds(first | second).contains(&kind);
            prop_assert!(!gone || !text.contains(secret), "{secret}");
            prop_assert_eq!(!gone && format!("{before:?}").contains(secret), text.contains(secret), "nothing else goes");
        }
        let mut at_once = rows(length).0;
        erase(&mut at_once, &kinds(first | second));
        prop_assert_eq!(stored, at_once, "in whatever steps");
    }

    /// With the salt, a short text could be guessed from its commitment. So the salt must be gone,
    /// and so must the bytes that it was derived from.
    #[test]
    fn r56_no_salt_of_what_was_erased_stays(length in 1_usize..12, of in 1_u8..8) {
        let (mut stored, before) = rows(length);
        erase(&mut stored, &kinds(of));
        let after = read(&stored);
        for ((row, before), after) in stored.iter().zip(&before.entries).zip(&after.entries) {
            let mut salts = Vec::new();
            let mut gone = |salt: Option<Digest>, after: bool| salts.extend(salt.filter(|_| !after));
            gone(before.subject.opened.as_ref().ok().map(|(salt, _)| *salt), after.subject.opened.is_ok());
            gone(before.reason.opened.as_ref().ok().map(|(salt, _)| *salt), after.reason.opened.is_ok());
            for (before, after) in before.each_change().zip(after.each_change()) {
                gone(before.opened.as_ref().ok().map(|(salt, _)| *salt), after.opened.is_ok());
            }
            let kept: Vec<_> = row.1.chunks_exact(32).collect();
            prop_assert!(salts.iter().all(|salt| !kept.contains(&&salt.0[..])));
            prop_assert!(salts.is_empty() || !kept.contains(&&[row.0 as u8; 32][..]), "the entry's own salt");
            prop_assert_eq!(salts.is_empty(), after.erased().next().is_none());
        }
    }
}

#[test]
fn r56_what_was_erased_is_told_from_what_is_withheld() {
    let (mut stored, _) = rows(4);
    erase(&mut stored, &[PersonalData::Subjects]);
    let mut shown = read(&stored);
    shown.entries[1] = shown.entries[1].clone().withhold(&[Part::Subject, Part::Reason]);
    let parts = |n: usize| -> (Vec<Part>, Vec<Part>) {
        (shown.entries[n].erased().collect(), shown.entries[n].withheld().collect())
    };
    assert_eq!(parts(0), (vec![Part::Subject], vec![]));
    assert_eq!(
        parts(1),
        (vec![], vec![Part::Subject, Part::Reason]),
        "what is withheld does not say that it was erased"
    );
    assert_eq!(parts(2), (vec![], vec![]), "time is nobody");
    assert_eq!(parts(3), (vec![Part::Changes], vec![]), "one of three");
    let summary = shown.verify().unwrap();
    assert_eq!((summary.entries, summary.withheld, summary.partly_withheld, summary.erased), (4, 0, 1, 2));
}

#[test]
fn r56_single_changes_can_be_withheld() {
    let (stored, before) = rows(4);
    let mut shown = read(&stored);
    shown.entries =
        shown.entries.into_iter().map(|entry| entry.withhold_changes(PersonalData::Subjects, &RULES)).collect();
    let fields: Vec<_> = shown.entries[3].each_change().map(|change| change.opened.is_ok()).collect();
    assert_eq!(fields, [true, true, false]);
    let summary = shown.verify().unwrap();
    assert_eq!((summary.withheld, summary.partly_withheld, summary.erased), (0, 1, 0));
    assert_eq!(shown.extends(&before), Ok(()));
}
