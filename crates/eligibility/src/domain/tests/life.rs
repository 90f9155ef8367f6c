//! R28, R52: when a claim is assessed, and what an answer says.
use super::*;

#[test]
fn r52_each_condition_shows_the_facts_it_saw() {
    let mut books = Books::open(presales());
    let events = books.assess("2026-03-26T00:00:00Z");
    let latest = books.state.latest.unwrap();
    assert_eq!(events, vec![Event::Assessed(latest.clone())]);
    let seen = &latest.results[0].conditions;
    let enrolled = &seen[0].facts;
    assert_eq!(enrolled["program"], "\"osa_sell\"");
    assert_eq!(enrolled["partner.enrolled"], "[\"osa_sell\", \"osu_microsoft_365\"]");
    assert!(seen.iter().all(|condition| condition.facts.values().all(|fact| fact != "null")), "{seen:?}");
}

#[test]
fn r52_assessed_again_each_month_until_it_ends() {
    let opened = Assessment::official(None, presales()).unwrap().next;
    assert_eq!(opened.deadlines()[0].due, time("2026-04-01T00:00:00Z"));
    assert!(opened.elapse(time("2026-03-31T23:59:59Z")).is_none());
    let elapsed = opened.elapse(time("2026-06-15T00:00:00Z")).unwrap();
    assert_eq!(elapsed.due, time("2026-04-01T00:00:00Z"));
    let next = elapsed.transition.next;
    assert_eq!(next.deadlines()[0].due, time("2026-05-01T00:00:00Z"));
    let ended = next.end(&[], &ended("2026-06-16T00:00:00Z")).unwrap().next;
    assert_eq!(ended.deadlines(), []);
    assert!(ended.elapse(time("2027-01-01T00:00:00Z")).is_none());
}

#[test]
fn r28_an_association_that_ended_can_become_official_again() {
    let mut books = Books { usage: seats(&[("2026-04", 10), ("2026-08", 20)]), ..Books::open(presales()) };
    assert_eq!(Assessment::official(Some(&books.state), presales()), None, "told twice");
    books.assess("2026-05-01T00:00:00Z");
    books.then(books.state.end(&[], &ended("2026-06-16T00:00:00Z")));
    let again = Opening { official_time: time("2026-07-10T00:00:00Z"), ..presales() };
    books.then(Assessment::official(Some(&books.state), again.clone()));
    assert_eq!((books.state.about(), books.state.ended(), books.state.stale), (&again, None, true));
    books.assess("2026-09-01T00:00:00Z");
    let reasons = ["2026-06", "2026-07"].map(|month| books.earned(month).clone());
    assert_eq!(reasons, [const { Earned::Nothing(Reason::NotCredited) }; 2], "neither was official throughout");
    books.usage = seats(&[("2026-04", 9), ("2026-08", 20)]);
    books.assess("2026-09-02T00:00:00Z");
    assert_eq!(
        books.lines().last(),
        Some(&("2026-04".to_owned(), -4_000_000)),
        "the first time is corrected all the same"
    );
}

#[test]
fn r52_assessed_again_when_a_fact_changes() {
    let mut books = Books::open(presales());
    books.assess("2026-04-01T00:00:00Z");
    let now = time("2026-04-02T00:00:00Z");
    assert!(!books.state.stale);
    assert!(books.state.subscription_changed(&subscription(), now).is_none(), "nothing has changed");
    let expired = Subscription { status: "expired".into(), ..subscription() };
    let Transition { next, events } = books.state.subscription_changed(&expired, now).unwrap();
    assert!(next.stale);
    assert_eq!(events, vec![Event::BecameStale]);
}

#[test]
fn r52_an_answer_that_says_the_same_is_no_new_answer() {
    let mut books = Books::open(presales());
    assert_eq!(books.assess("2026-03-26T00:00:00Z").len(), 1);
    assert_eq!(books.assess("2026-03-27T00:00:00Z"), []);
    let april = books.assess("2026-04-01T00:00:00Z");
    assert!(
        matches!(april.as_slice(), [Event::Assessed(march), Event::Booked(_), Event::Assessed(april)]
        if march.month < april.month),
        "March is over, April begun: {april:?}"
    );
}

#[test]
fn r52_no_month_needs_a_guide_but_the_present_one() {
    let early = Opening { official_time: time("2019-11-05T00:00:00Z"), ..presales() };
    let mut books = Books::open(early);
    let Books { guides, usage, answers, .. } = &books;
    let basis = Basis { guides, usage, answers };
    assert!(books.state.assess(basis, time("2019-12-05T00:00:00Z")).is_err());
    books.assess("2020-01-05T00:00:00Z");
    assert_eq!(books.answers.len(), 1);
}
