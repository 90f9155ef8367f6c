//! R56: every manipulation of a chain is found, and withheld or erased parts do not prevent this.
mod erasing;
mod fuzz_receipt;

use super::*;
use proptest::prelude::*;

fn claim() -> ClaimName {
    "partners/contoso/claims/00000000-0000-4000-8000-0000000000c1".parse().unwrap()
}

fn change(n: usize) -> FieldChange {
    FieldChange { field: format!("lines[{n}]"), from: String::new(), to: format!("product {n}") }
}

/// Returns the `n`th entry of a chain through several states; every third entry is a note.
fn entry(n: usize) -> HistoryEntry {
    let note = n % 3 == 2;
    let state =
        |n: usize| [ClaimStateKind::Editing, ClaimStateKind::Submitted, ClaimStateKind::UnderReview][(n - n / 3) % 3];
    let time = Timestamp::from_timestamp_micros(1_773_000_000_000_000 + n as i64).unwrap();
    let before = if n == 0 { None } else { Some(state(n - 1)) };
    HistoryEntry {
        audience: if note { Audience::Vendor } else { Audience::All },
        facts: EntryFacts {
            action: if note { "review_noted" } else { "updated" }.to_owned(),
            side: ActorSide::Partner,
            effective_time: time,
            record_time: time,
            from: before,
            to: if note { before.unwrap() } else { state(n) },
            overtaken: false,
        },
        subject: format!("user-{n}@contoso.example"),
        reason: "because".to_owned(),
        changes: (0..n % 4).map(change).collect(),
    }
}

fn receipt(length: usize) -> Receipt {
    let (mut entries, mut head) = (Vec::new(), Digest::GENESIS);
    let mut state = None;
    for n in 0..length {
        let salt = Digest([n as u8 + 1; 32]);
        let mut next = entry(n);
        next.facts.from = state;
        if next.audience == Audience::Vendor {
            next.facts.to = state.unwrap();
        }
        state = Some(next.facts.to);
        let sealed = SealedEntry::seal(&claim(), head, n as i64 + 1, salt, next);
        head = sealed.link;
        entries.push(sealed);
    }
    Receipt { claim: claim(), entries, head }
}

/// Returns the receipt as a partner sees it: without notes and without some subjects and changes.
fn of_partner(mut receipt: Receipt) -> Receipt {
    let shown = |(n, entry): (usize, SealedEntry)| match entry.audience {
        Audience::Vendor => entry.withhold(Part::ALL),
        Audience::All if n % 2 == 0 => entry.withhold(&[Part::Subject, Part::Changes]),
        Audience::All => entry,
    };
    receipt.entries = receipt.entries.into_iter().enumerate().map(shown).collect();
    receipt
}

/// A manipulation of entry `n`. Returns `false` when the entry has nothing of that kind.
type Tamper = fn(&mut Receipt, usize, usize) -> bool;

fn flip(digest: &mut Digest, bit: usize) -> bool {
    digest.0[bit / 8 % 32] ^= 1 << (bit % 8);
    true
}

fn alter(text: &mut String, bit: usize) -> bool {
    let place = bit % (text.len() + 1);
    match text.get(place..place + 1) {
        Some("x") | None => text.push('y'),
        Some(_) => text.replace_range(place..place + 1, "x"),
    }
    true
}

fn later(time: Timestamp, bit: usize) -> Timestamp {
    Timestamp::from_timestamp_micros(time.timestamp_micros() + (1 << (bit % 40))).unwrap()
}

fn if_opened<T>(part: &mut SealedPart<T>, alter: impl FnOnce(&mut Digest, &mut T) -> bool) -> bool {
    part.opened.as_mut().is_ok_and(|(salt, content)| alter(salt, content))
}

fn any_change(receipt: &mut Receipt, n: usize, alter: impl FnOnce(&mut SealedPart<FieldChange>) -> bool) -> bool {
    if_opened(&mut receipt.entries[n].changes, |_, changes| changes.last_mut().is_some_and(alter))
}

const WAYS: &[(&str, Tamper)] = &[
    ("link", |receipt, n, bit| flip(&mut receipt.entries[n].link, bit)),
    ("head", |receipt, _, bit| flip(&mut receipt.head, bit)),
    ("facts commitment", |receipt, n, bit| flip(&mut receipt.entries[n].facts.commitment, bit)),
    ("subject commitment", |receipt, n, bit| flip(&mut receipt.entries[n].subject.commitment, bit)),
    ("reason commitment", |receipt, n, bit| flip(&mut receipt.entries[n].reason.commitment, bit)),
    ("changes commitment", |receipt, n, bit| flip(&mut receipt.entries[n].changes.commitment, bit)),
    ("facts salt", |receipt, n, bit| if_opened(&mut receipt.entries[n].facts, |salt, _| flip(salt, bit))),
    ("subject salt", |receipt, n, bit| if_opened(&mut receipt.entries[n].subject, |salt, _| flip(salt, bit))),
    ("reason salt", |receipt, n, bit| if_opened(&mut receipt.entries[n].reason, |salt, _| flip(salt, bit))),
    ("changes salt", |receipt, n, bit| if_opened(&mut receipt.entries[n].changes, |salt, _| flip(salt, bit))),
    ("change salt", |receipt, n, bit| any_change(receipt, n, |change| if_opened(change, |salt, _| flip(salt, bit)))),
    ("change commitment", |receipt, n, bit| any_change(receipt, n, |change| flip(&mut change.commitment, bit))),
    ("field", |receipt, n, bit| {
        any_change(receipt, n, |change| if_opened(change, |_, change| alter(&mut change.field, bit)))
    }),
    ("from", |receipt, n, bit| {
        any_change(receipt, n, |change| if_opened(change, |_, change| alter(&mut change.from, bit)))
    }),
    ("to", |receipt, n, bit| {
        any_change(receipt, n, |change| if_opened(change, |_, change| alter(&mut change.to, bit)))
    }),
    ("change dropped", |receipt, n, _| {
        if_opened(&mut receipt.entries[n].changes, |_, changes| changes.pop().is_some())
    }),
    ("subject", |receipt, n, bit| if_opened(&mut receipt.entries[n].subject, |_, text| alter(text, bit))),
    ("reason", |receipt, n, bit| if_opened(&mut receipt.entries[n].reason, |_, text| alter(text, bit))),
    ("action", |receipt, n, bit| if_opened(&mut receipt.entries[n].facts, |_, facts| alter(&mut facts.action, bit))),
    ("side", |receipt, n, _| {
        if_opened(&mut receipt.entries[n].facts, |_, facts| {
            facts.side = ActorSide::Time;
            true
        })
    }),
    ("effective time", |receipt, n, bit| {
        if_opened(&mut receipt.entries[n].facts, |_, facts| {
            facts.effective_time = later(facts.effective_time, bit);
            true
        })
    }),
    ("record time", |receipt, n, bit| {
        if_opened(&mut receipt.entries[n].facts, |_, facts| {
            facts.record_time = later(facts.record_time, bit);
            true
        })
    }),
    ("to state", |receipt, n, _| {
        if_opened(&mut receipt.entries[n].facts, |_, facts| {
            facts.to = ClaimStateKind::Rejected;
            true
        })
    }),
    ("overtaken", |receipt, n, _| {
        if_opened(&mut receipt.entries[n].facts, |_, facts| {
            facts.overtaken = !facts.overtaken;
            true
        })
    }),
    ("audience", |receipt, n, _| {
        let audience = &mut receipt.entries[n].audience;
        *audience = if *audience == Audience::All { Audience::Vendor } else { Audience::All };
        true
    }),
    ("position", |receipt, n, _| {
        receipt.entries[n].position += 1;
        true
    }),
    ("entry dropped", |receipt, n, _| {
        receipt.entries.remove(n);
        true
    }),
    ("entry dropped and renumbered", |receipt, n, _| {
        receipt.entries.remove(n);
        receipt.entries[n..].iter_mut().for_each(|entry| entry.position -= 1);
        true
    }),
    ("entry repeated", |receipt, n, _| {
        receipt.entries.insert(n, receipt.entries[n].clone());
        true
    }),
    ("order", |receipt, n, _| {
        let last = receipt.entries.len() - 1;
        receipt.entries.swap(n, last);
        n < last
    }),
    ("facts withheld", |receipt, n, _| {
        let all = receipt.entries[n].audience == Audience::All;
        std::mem::replace(&mut receipt.entries[n].facts.opened, Err(HiddenReason::Withheld)).is_ok() && all
    }),
    ("another claim", |receipt, _, _| {
        receipt.claim = "partners/contoso/claims/00000000-0000-4000-8000-0000000000c2".parse().unwrap();
        true
    }),
];

proptest! {
    #[test]
    fn r56_whatever_is_tampered_with_is_found(
        length in 1_usize..12, n: prop::sample::Index, bit in 0_usize..4096, way in 0..WAYS.len(), partner: bool,
    ) {
        let sound = if partner { of_partner(receipt(length)) } else { receipt(length) };
        prop_assert!(sound.verify().is_ok(), "{:?}", sound.verify());
        let (name, tamper) = WAYS[way];
        let mut tampered = sound.clone();
        if tamper(&mut tampered, n.index(length), bit) {
            prop_assert!(tampered.verify().is_err(), "{name} in {}", n.index(length));
        }
    }

    #[test]
    fn r56_a_later_receipt_extends_an_earlier_one(length in 1_usize..12, more in 0_usize..6) {
        let (earlier, later) = (of_partner(receipt(length)), receipt(length + more));
        prop_assert_eq!(later.extends(&earlier), Ok(()));
        prop_assert_eq!(earlier.extends(&later).is_ok(), more == 0);
    }
}

/// Tries every manipulation on every entry.
#[test]
fn r56_every_way_of_tampering_is_found_in_every_entry() {
    for (name, tamper) in WAYS {
        let mut tried = 0;
        for n in 0..8 {
            let mut tampered = receipt(8);
            if tamper(&mut tampered, n, 77) {
                tried += 1;
                assert!(tampered.verify().is_err(), "{name} in {n}");
            }
        }
        assert!(tried > 0, "{name} was never tried");
    }
}

#[test]
fn r56_faults_are_named() {
    let fault = |tamper: fn(&mut Receipt)| {
        let mut tampered = receipt(6);
        tamper(&mut tampered);
        tampered.verify().unwrap_err().to_string()
    };
    assert_eq!(
        fault(|receipt| assert!(if_opened(&mut receipt.entries[2].reason, |_, reason| alter(reason, 0)))),
        "entry 3: its reason is not what was recorded"
    );
    assert_eq!(
        fault(|receipt| {
            receipt.entries.remove(1);
        }),
        "entry 2: its position is 3: an entry is missing, repeated or out of order"
    );
    let cut = fault(|receipt| {
        receipt.entries.pop();
    });
    assert!(cut.contains("entries are missing"), "{cut}");
    assert_eq!(fault(|receipt| receipt.entries.clear()), "the receipt has no entries");
}

#[test]
fn r56_what_is_stored_reads_back_as_it_was_sealed() {
    let salt = Digest([7; 32]);
    for n in 0..8 {
        let sealed = SealedEntry::seal(&claim(), Digest([9; 32]), 5, salt, entry(n));
        let read = SealedEntry::from_stored(5, &salt.0, entry(n), &sealed.commitments(), sealed.link);
        assert_eq!(read, Some(sealed));
    }
    assert_eq!(SealedEntry::from_stored(5, &salt.0, entry(1), &[0; 127], Digest::GENESIS), None);
}

/// A withheld part reveals nothing, not even the number of changes.
#[test]
fn r4_what_is_withheld_cannot_be_guessed() {
    let sealed = |salt, changes| {
        let entry = HistoryEntry { changes, ..entry(0) };
        SealedEntry::seal(&claim(), Digest::GENESIS, 1, Digest([salt; 32]), entry).withhold(Part::ALL)
    };
    let (one, other) = (sealed(1, vec![change(1)]), sealed(2, vec![change(1)]));
    assert_ne!(one.changes.commitment, other.changes.commitment, "the same text is committed to differently");
    assert_eq!(one.commitments().len(), sealed(1, vec![change(1), change(2)]).commitments().len());
}

/// Issued receipts must always verify. A change of this value would break all of them.
#[test]
fn the_scheme_does_not_change() {
    assert_eq!(receipt(3).head.to_string(), "3cbb147cd1833d37323e8b4ee6316a53f53a8238895986317f69cef164e7fce7");
}

#[test]
fn digests_are_read_as_they_are_written() {
    let digest = Digest(std::array::from_fn(|n| n as u8 * 7));
    assert_eq!(digest.to_string().parse(), Ok(digest));
    for bad in ["", "00", &"0".repeat(63), &"A".repeat(64), &"g".repeat(64), &"é".repeat(32)] {
        assert_eq!(bad.parse::<Digest>(), Err(InvalidDigest), "{bad}");
    }
}
