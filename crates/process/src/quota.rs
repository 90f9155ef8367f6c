//! Limits for the number of things that are in use at the same time, such as connections or calls,
//! so that nobody can take the capacity of the others.
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

/// A number of places. Each use takes one place, and may count for several keys, for example for a
/// user and for the user's company.
#[derive(Debug)]
pub struct Quota<K> {
    places: usize,
    counts: Mutex<Counts<K>>,
}

#[derive(Debug)]
struct Counts<K> {
    taken: usize,
    /// The places taken by key. Keys without a place are left out.
    by_key: HashMap<K, usize>,
}

/// The limit because of which there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exceeded<K> {
    /// All places are taken.
    Total,
    /// The key has as many places as it may have.
    Key {
        /// The key.
        key: K,
        /// The maximum number of its places.
        max: usize,
    },
}

impl<K: Clone + Eq + Hash> Quota<K> {
    /// Creates a quota with this number of places.
    #[must_use]
    pub fn new(places: usize) -> Arc<Self> {
        Arc::new(Self { places, counts: Mutex::new(Counts { taken: 0, by_key: HashMap::new() }) })
    }

    /// Returns the number of places.
    #[must_use]
    pub fn places(&self) -> usize {
        self.places
    }

    /// Takes a place for each of the keys, of which none may have more than its maximum.
    ///
    /// # Errors
    /// Returns the limit that is reached. Then no place is taken.
    pub fn take<const N: usize>(
        self: &Arc<Self>,
        keys: [Option<(K, usize)>; N],
    ) -> Result<QuotaPermit<K>, Exceeded<K>> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.taken >= self.places {
            return Err(Exceeded::Total);
        }
        let keys = Vec::from_iter(keys.into_iter().flatten());
        let is_full = |(key, max): &&(K, usize)| counts.by_key.get(key).is_some_and(|taken| taken >= max);
        if let Some((key, max)) = keys.iter().find(is_full) {
            return Err(Exceeded::Key { key: key.clone(), max: *max });
        }
        counts.taken += 1;
        for (key, _) in &keys {
            *counts.by_key.entry(key.clone()).or_default() += 1;
        }
        let keys = keys.into_iter().map(|(key, _)| key).collect();
        Ok(QuotaPermit { quota: self.clone(), keys })
    }
}

/// A place of a [`Quota`]. Dropping it frees the place.
#[derive(Debug)]
pub struct QuotaPermit<K: Eq + Hash> {
    quota: Arc<Quota<K>>,
    keys: Vec<K>,
}

impl<K: Eq + Hash> Drop for QuotaPermit<K> {
    fn drop(&mut self) {
        let mut counts = self.quota.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.taken = counts.taken.saturating_sub(1);
        for key in &self.keys {
            let Some(taken) = counts.by_key.get_mut(key) else { continue };
            *taken = taken.saturating_sub(1);
            if *taken == 0 {
                counts.by_key.remove(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_takes_the_places_of_others() {
        let quota = Quota::new(3);
        let take = |user: &'static str, company: &'static str| quota.take([Some((user, 1)), Some((company, 2))]);
        let alice = take("alice", "contoso").unwrap();
        assert_eq!(take("alice", "contoso").unwrap_err(), Exceeded::Key { key: "alice", max: 1 });
        let bob = take("bob", "contoso").unwrap();
        assert_eq!(take("carol", "contoso").unwrap_err(), Exceeded::Key { key: "contoso", max: 2 });
        let dora = take("dora", "northwind").unwrap();
        assert_eq!(take("emil", "litware").unwrap_err(), Exceeded::Total);
        drop(alice);
        let carol = take("carol", "contoso").unwrap();
        drop((bob, carol, dora));
        assert!(quota.counts.lock().unwrap().by_key.is_empty(), "keys without a place take no memory");
    }

    #[test]
    fn a_refused_use_takes_no_place() {
        let quota = Quota::new(2);
        let _alice = quota.take([Some(("alice", 1))]).unwrap();
        for _ in 0..5 {
            quota.take([Some(("alice", 1))]).unwrap_err();
        }
        let _anonymous = quota.take([None]).unwrap();
        assert_eq!(quota.take([None]).unwrap_err(), Exceeded::Total);
    }
}
