//! R54: what is written down, and what corrects it.
use proptest::prelude::*;

use super::{
    super::{Guide, GuideDocument, earning::Totals},
    *,
};

#[test]
fn r50_r54_full_months_earn_from_the_first_to_the_last() {
    let usage = seats(&[("2026-03", 10), ("2026-04", 10), ("2026-05", 12), ("2026-06", 12)]);
    let mut books = Books { usage, ..Books::open(presales()) };
    books.assess("2026-06-02T00:00:00Z");
    books.then(books.state.end(&[], &ended("2026-06-20T00:00:00Z")));
    books.assess("2026-06-20T00:00:00Z");
    let amounts = [("2026-03", 0), ("2026-04", 40_000_000), ("2026-05", 48_000_000), ("2026-06", 48_000_000)];
    let taken_back = [("2026-06", -48_000_000)];
    let wanted: Vec<_> =
        amounts.iter().chain(&taken_back).map(|(month, micros)| ((*month).to_owned(), *micros)).collect();
    assert_eq!(books.lines(), wanted, "June ended before its end");
    assert_eq!(books.ledger[4].corrects, Some(books.ledger[3].id));
    assert_eq!(books.earned("2026-03"), &Earned::Nothing(Reason::NotCredited));
    assert_eq!(books.earned("2026-06"), &Earned::Nothing(Reason::NotCredited));
    let periods: Vec<_> = books.ledger.iter().map(|line| line.payout_period.to_string()).collect();
    assert_eq!(periods, ["2026-Q2"; 5], "all were written in June");
}

#[test]
fn r54_a_line_is_written_when_its_month_is_over_or_its_usage_known() {
    let mut books = Books::open(presales());
    books.assess("2026-04-30T23:59:59Z");
    assert_eq!(books.lines(), [("2026-03".to_owned(), 0)], "April is not over");
    books.assess("2026-05-01T00:00:00Z");
    assert_eq!(books.earned("2026-04"), &Earned::Nothing(Reason::UsageMissing));
    books.usage = seats(&[("2026-04", 3), ("2026-05", 4)]);
    books.assess("2026-05-04T00:00:00Z");
    let wanted = [("2026-03", 0), ("2026-04", 0), ("2026-04", 12_000_000), ("2026-05", 16_000_000)];
    assert_eq!(books.lines(), wanted.map(|(month, micros)| (month.to_owned(), micros)));
}

#[test]
fn r54_usage_that_is_imported_again_corrects_and_the_sum_is_what_is_earned() {
    let mut books = Books::open(usage_of_teams());
    for (day, april) in [("2026-05-02", 1100), ("2026-05-03", 1200), ("2026-05-04", 1099), ("2026-05-05", 1150)] {
        books.usage = teams(&[("2026-03", 1000), ("2026-04", april)]);
        books.assess(&format!("{day}T00:00:00Z"));
        let sum: i64 = books.lines().iter().filter(|(month, _)| month == "2026-04").map(|(_, micros)| micros).sum();
        assert_eq!(Some(sum).filter(|sum| *sum != 0), books.earned("2026-04").amount().map(|amount| amount.micros));
    }
    let april: Vec<_> =
        books.lines().into_iter().filter(|(month, _)| month == "2026-04").map(|(_, micros)| micros).collect();
    assert_eq!(april, [385_000_000, 35_000_000, -420_000_000, 402_500_000]);
    let failed = Earned::Nothing(Reason::ConditionsFailed(vec!["usage_grown_by_10_percent".into()]));
    assert_eq!(books.ledger.iter().filter(|line| line.earned == failed).count(), 1);
}

#[test]
fn r54_a_status_counts_from_the_month_in_which_it_was_told_and_a_date_for_every_month() {
    let mut books = Books { usage: seats(&[("2026-04", 10), ("2026-05", 10)]), ..Books::open(presales()) };
    books.assess("2026-05-10T00:00:00Z");
    let suspended = Subscription { status: "suspended".into(), ..subscription() };
    books.then(books.state.subscription_changed(&suspended, time("2026-05-12T00:00:00Z")));
    books.assess("2026-05-12T00:00:00Z");
    let wanted = [("2026-03", 0), ("2026-04", 40_000_000), ("2026-05", 40_000_000), ("2026-05", -40_000_000)];
    assert_eq!(books.lines(), wanted.map(|(month, micros)| (month.to_owned(), micros)), "April was not suspended");

    let older = Subscription { purchase_time: time("2025-11-01T00:00:00Z"), ..suspended };
    books.then(books.state.subscription_changed(&older, time("2026-05-13T00:00:00Z")));
    books.assess("2026-05-13T00:00:00Z");
    let failed = ["purchased_within_90_days".to_owned()];
    assert_eq!(books.earned("2026-04"), &Earned::Nothing(Reason::ConditionsFailed(failed.into())), "it never was");
    assert_eq!(books.lines()[4], ("2026-04".to_owned(), -40_000_000));
}

#[test]
fn r54_a_region_counts_from_the_month_in_which_it_was_told() {
    let mut books = Books { usage: seats(&[("2026-04", 10)]), ..Books::open(presales()) };
    books.assess("2026-05-10T00:00:00Z");
    let about = presales().partner;
    let moved = PartnerRecord { regions: [(about.mpn_id, "apac".into())].into(), enrolments: about.enrolments };
    books.then(books.state.partner_changed(&moved, time("2026-05-12T00:00:00Z")));
    books.assess("2026-05-12T00:00:00Z");
    assert!(books.earned("2026-04").amount().is_some());
    assert_eq!(books.state.latest.unwrap().results[0].failed().collect::<Vec<_>>(), ["same_region"]);
}

#[test]
fn r39_one_line_can_end_and_the_others_go_on() {
    let mut about = presales();
    let (mut other, line) = (about.lines[0].clone(), about.lines[0].line);
    other.line = uuid::Uuid::from_u128(4).into();
    about.lines.push(other);
    let mut books = Books { usage: seats(&[("2026-04", 10)]), ..Books::open(about) };
    books.then(books.state.end(&[line], &ended("2026-04-20T00:00:00Z")));
    assert_eq!(books.state.end(&[line], &ended("2026-04-21T00:00:00Z")), None, "known");
    books.assess("2026-05-01T00:00:00Z");
    let earned =
        books.answers[&"2026-04".parse().unwrap()].results.iter().map(|result| result.earned.amount().is_some());
    assert_eq!(earned.collect::<Vec<_>>(), [false, true]);
    assert_eq!(books.state.latest.as_ref().unwrap().results.len(), 1, "in May there is one line");
    assert_eq!(books.state.ended(), None);
    books.then(books.state.end(&[], &ended("2026-05-20T00:00:00Z")));
    assert_eq!(books.state.ended(), Some(&ended("2026-05-20T00:00:00Z")));
}

#[test]
fn r54_a_revised_guide_corrects_the_months_it_covers() {
    let usage = seats(&[("2026-04", 10), ("2026-05", 10)]);
    let mut books = Books { usage, ..Books::open(presales()) };
    books.assess("2026-06-01T00:00:00Z");
    let revised = GuideDocument {
        id: "april".parse().unwrap(),
        rates: shelf().guides[0].document.rates[..1]
            .iter()
            .cloned()
            .map(|mut rate| {
                rate.amount.micros = 5_000_000;
                rate
            })
            .collect(),
        ..shelf().guides[0].document.clone()
    };
    let shelf = shelf().create(revised, Some("default-2026".parse().unwrap()), Timestamp::UNIX_EPOCH).unwrap().next;
    let activated =
        shelf.activate(&"april".parse().unwrap(), "2026-04".parse().unwrap(), Some("2026-05".parse().unwrap()));
    books.guides = Guides::of(&activated.unwrap().next).unwrap();
    books.assess("2026-06-02T00:00:00Z");
    assert_eq!(books.lines().last(), Some(&("2026-04".to_owned(), 10_000_000)));
    assert_eq!(books.ledger.len(), 4, "May stays, and so does March");
    assert_eq!(books.ledger[3].guide.as_str(), "april");
    assert_eq!(books.state.edition, 1);
}

#[test]
fn a_simulation_names_what_would_change() {
    let mut books = Books { usage: seats(&[("2026-04", 10), ("2026-05", 30)]), ..Books::open(presales()) };
    books.assess("2026-05-20T00:00:00Z");
    let mut document = shelf().guides[0].document.clone();
    document.conditions[0].expression = "size(partner.enrolled) > 7".into();
    document.conditions[3].name = "bought_lately".into();
    let draft = Guide::of(&document).unwrap();
    let mut summary = Summary::default();
    let now = time("2026-05-20T00:00:00Z");
    let differences: Vec<_> = books
        .answers
        .values()
        .flat_map(|before| {
            let after = books.state.simulate(&draft, &books.usage, before.month, now).unwrap();
            summary.compare(before, &after)
        })
        .collect();
    assert_eq!((summary.looked_at, summary.changed, differences.len()), (3, 3, 3));
    assert_eq!(differences[1].conditions, ["partner_enrolled", "purchased_within_90_days", "bought_lately"]);
    let sums = |totals: &Totals| totals.sums().map(|money| money.micros).collect::<Vec<_>>();
    assert_eq!((sums(&summary.before), sums(&summary.after)), (vec![160_000_000], vec![]));
    assert_eq!(books.state.simulate(&draft, &books.usage, "2026-01".parse().unwrap(), now), None);
}
#[test]
fn r54_the_lines_of_a_claim_are_numbered_without_gaps() {
    let mut books = Books::open(presales());
    for (now, seats_in_april) in [("2026-05-02", 1), ("2026-05-02", 2), ("2026-05-03", 2), ("2026-06-01", 3)] {
        books.usage = seats(&[("2026-04", seats_in_april)]);
        books.assess(&format!("{now}T00:00:00Z"));
    }
    let numbers: Vec<u64> = books.ledger.iter().map(|line| line.number).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    let ids: std::collections::BTreeSet<_> = books.ledger.iter().map(|line| line.id).collect();
    assert_eq!((ids.len(), numbers.len()), (5, 5));
}

/// Something that happens on a day: usage of a month is imported (as so many seats), the subscription's status changes, or
/// nothing but time passes.
fn happenings() -> impl Strategy<Value = Vec<(u8, u8, i64)>> {
    proptest::collection::vec((0..3_u8, 3..8_u8, 0..5_i64), 1..20)
}

proptest! {
    #[test]
    fn r54_whatever_happens_the_lines_of_a_month_sum_up_to_what_it_earns(happenings in happenings()) {
        let (mut books, mut known) = (Books::open(presales()), BTreeMap::new());
        for (n, (what, month, number)) in happenings.into_iter().enumerate() {
            let now = time("2026-04-02T00:00:00Z") + std::time::Duration::from_secs(9 * 86_400 * n as u64);
            match what {
                0 => drop(known.insert(format!("2026-{month:02}"), number)),
                1 => {
                    let status = if number % 2 == 0 { "active" } else { "suspended" };
                    let told = Subscription { status: status.into(), ..subscription() };
                    books.state = books.state.subscription_changed(&told, now).map_or(books.state, |step| step.next);
                }
                _ => {}
            }
            let months: Vec<_> = known.iter().map(|(month, seats)| (month.as_str(), *seats)).collect();
            books.usage = seats(&months);
            let before = books.ledger.clone();
            books.assess(&cpor_types::rfc3339(now));
            prop_assert_eq!(&books.ledger[..before.len()], &before[..], "it only grows");
            for answer in books.answers.values() {
                let lines = books.ledger.iter().filter(|line| line.month == answer.month);
                let sum: i64 = lines.map(|line| line.amount.map_or(0, |amount| amount.micros)).sum();
                prop_assert_eq!(sum, answer.results[0].earned.amount().map_or(0, |amount| amount.micros));
            }
        }
    }
}
