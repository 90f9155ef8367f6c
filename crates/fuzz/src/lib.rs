//! Runs the fuzz targets. A target is a test named `fuzz_…` that passes random changes of valid
//! inputs to a function that parses data from outside. It runs briefly with the other tests, and
//! for a given time by `cargo xtask fuzz TARGET MINUTES`.
use std::time::{Duration, Instant};

use proptest::{
    collection::vec,
    prelude::{Strategy, any, prop_oneof},
    test_runner::{Config, TestError, TestRunner},
};

/// The environment variable with the number of seconds for which a target runs. Without it, a
/// target tries [`CASES`] inputs.
pub const SECONDS: &str = "CPOR_FUZZ_SECONDS";

/// The number of inputs that a target tries before it checks whether the time is up.
const CASES: u32 = 500;
/// The maximum number of changes by which an input differs from its seed (a valid input).
const MAX_CHANGES: usize = 6;

/// A random change of an input. Positions and lengths are taken modulo the length of the input.
#[derive(Clone, Debug)]
enum Change {
    /// Replaces the byte at a position.
    Replace(usize, u8),
    /// Inserts bytes at a position.
    Insert(usize, Vec<u8>),
    /// Removes bytes from a position on: position and number.
    Remove(usize, usize),
    /// Repeats a part of the input: position, length, and number of repetitions.
    Repeat(usize, usize, u8),
    /// Copies a part of the input: position, length, and the position of the copy.
    Copy(usize, usize, usize),
    /// Inserts a part of another seed: index of the seed, position in it, length, and the position
    /// at which it is inserted.
    Splice(usize, usize, usize, usize),
    /// Cuts off the input at a position.
    CutOff(usize),
}

/// Passes `seeds`, and random changes of them, to `check`, until the time is up. `check` panics if
/// an input has a wrong result; the smallest such input that is found is printed.
///
/// # Panics
/// `check` panicked for an input.
#[expect(clippy::panic, reason = "a failed target is a failed test")]
pub fn fuzz(seeds: &[&[u8]], check: impl Fn(&[u8])) {
    seeds.iter().for_each(|seed| check(seed));
    let seconds = std::env::var(SECONDS).ok().and_then(|seconds| seconds.parse().ok());
    let (started, budget) = (Instant::now(), Duration::from_secs(seconds.unwrap_or(0)));
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    loop {
        let result = runner.run(&(any::<usize>(), vec(changes(), 1..=MAX_CHANGES)), |(seed, changes)| {
            check(&apply_changes(seeds, seed, &changes));
            Ok(())
        });
        match result {
            Ok(()) => {}
            Err(TestError::Fail(reason, (seed, changes))) => {
                let input = apply_changes(seeds, seed, &changes);
                panic!("{reason}\nthe input: {:?}\n{input:?}", String::from_utf8_lossy(&input));
            }
            Err(TestError::Abort(reason)) => panic!("{reason}"),
        }
        if started.elapsed() >= budget {
            return;
        }
    }
}

fn changes() -> impl Strategy<Value = Change> {
    let place = any::<usize>;
    let byte = prop_oneof![any::<u8>(), (0..12_usize).prop_map(|n| b"\0\n\r\"\\,;=<\xff\x80{"[n])];
    prop_oneof![
        (place(), byte.clone()).prop_map(|(at, byte)| Change::Replace(at, byte)),
        (place(), vec(byte, 1..8)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        (place(), 1..32_usize).prop_map(|(at, length)| Change::Remove(at, length)),
        (place(), 1..64_usize, 1..64_u8).prop_map(|(at, length, times)| Change::Repeat(at, length, times)),
        (place(), 1..64_usize, place()).prop_map(|(from, length, to)| Change::Copy(from, length, to)),
        (place(), place(), 1..256_usize, place())
            .prop_map(|(seed, from, length, to)| { Change::Splice(seed, from, length, to) }),
        place().prop_map(Change::CutOff),
    ]
}

/// Applies changes to a seed.
fn apply_changes(seeds: &[&[u8]], seed: usize, changes: &[Change]) -> Vec<u8> {
    let mut bytes = pick_seed(seeds, seed).to_vec();
    for change in changes {
        apply_change(&mut bytes, seeds, change);
    }
    bytes
}

fn pick_seed<'s>(seeds: &[&'s [u8]], index: usize) -> &'s [u8] {
    seeds.get(index % seeds.len().max(1)).copied().unwrap_or_default()
}

/// Returns the part of `bytes` that begins at `at` and has at most `length` bytes.
fn part_range(bytes: &[u8], at: usize, length: usize) -> std::ops::Range<usize> {
    let start = at % (bytes.len() + 1);
    start..start.saturating_add(length).min(bytes.len())
}

fn insert(bytes: &mut Vec<u8>, at: usize, inserted: impl IntoIterator<Item = u8>) {
    let at = at % (bytes.len() + 1);
    drop(bytes.splice(at..at, inserted));
}

fn apply_change(bytes: &mut Vec<u8>, seeds: &[&[u8]], change: &Change) {
    match change {
        Change::Replace(at, byte) => {
            let range = part_range(bytes, *at, 1);
            bytes[range].fill(*byte);
        }
        Change::Insert(at, inserted) => insert(bytes, *at, inserted.iter().copied()),
        Change::Remove(at, length) => drop(bytes.drain(part_range(bytes, *at, *length))),
        Change::Repeat(at, length, times) => {
            let repeated = bytes[part_range(bytes, *at, *length)].repeat(usize::from(*times));
            insert(bytes, *at, repeated);
        }
        Change::Copy(from, length, to) => {
            let copied = bytes[part_range(bytes, *from, *length)].to_vec();
            insert(bytes, *to, copied);
        }
        Change::Splice(seed, from, length, to) => {
            let other = pick_seed(seeds, *seed);
            insert(bytes, *to, other[part_range(other, *from, *length)].to_vec());
        }
        Change::CutOff(at) => bytes.truncate(at % (bytes.len() + 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_wrong_result() {
        let found = std::panic::catch_unwind(|| fuzz(&[b"a=b"], |input| assert!(!input.contains(&b'\\'))));
        let message = found.unwrap_err().downcast::<String>().expect("a message");
        assert!(message.contains("the input: ") && message.contains("\\\\"), "{message}");
    }

    #[test]
    fn changes_keep_within_the_input() {
        fuzz(&[b"", b"a", b"abc"], |input| assert!(input.len() < 1 << 20));
    }
}
