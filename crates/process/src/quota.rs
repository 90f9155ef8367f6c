//! Limits for what is in use at the same time, such as connections, calls or bytes of memory, so
//! that nobody can take the capacity of the others.
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

/// A number of places. Each use takes one place or several, and may count for several keys, for
/// example for a user and for the user's company.
#[derive(Debug)]
pub struct Quota<K> {
    places: usize,
    counts: Mutex<Counts<K>>,
}

/// The numbers of places that are taken.
#[derive(Debug)]
struct Counts<K> {
    /// The places taken by all keys together.
    taken: usize,
    /// The places taken by key. Keys without a place are left out.
    by_key: HashMap<K, usize>,
}

/// The limit that would have been exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exceeded<K> {
    /// All places are taken.
    Total,
    /// The key has as many places as it may have.
    Key {
        /// The key that has reached its maximum.
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

    /// Returns the number of places that are taken.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).taken
    }

    /// Takes a place for each of the keys, of which none may have more than its maximum.
    ///
    /// # Errors
    /// Returns the limit that is reached. Then no place is taken.
    pub fn take<const N: usize>(
        self: &Arc<Self>,
        keys: [Option<(K, usize)>; N],
    ) -> Result<QuotaPermit<K>, Exceeded<K>> {
        let mut permit = self.permit(keys);
        permit.grow(1)?;
        Ok(permit)
    }

    /// Returns a permit that has no place yet. [`QuotaPermit::grow`] takes places for these keys,
    /// of which none may have more than its maximum.
    #[must_use]
    pub fn permit<const N: usize>(self: &Arc<Self>, keys: [Option<(K, usize)>; N]) -> QuotaPermit<K> {
        QuotaPermit { quota: self.clone(), keys: keys.into_iter().flatten().collect(), places: 0 }
    }
}

/// Places of a [`Quota`]. Dropping it frees the places.
#[derive(Debug)]
pub struct QuotaPermit<K: Eq + Hash> {
    quota: Arc<Quota<K>>,
    /// The keys, each with the maximum number of its places.
    keys: Vec<(K, usize)>,
    /// The number of places that the permit has.
    places: usize,
}

impl<K: Clone + Eq + Hash> QuotaPermit<K> {
    /// Takes as many places as are missing to have this number of places.
    ///
    /// # Errors
    /// Returns the limit that is reached. Then no further place is taken.
    pub fn grow(&mut self, places: usize) -> Result<(), Exceeded<K>> {
        let missing = places.saturating_sub(self.places);
        if missing == 0 {
            return Ok(());
        }
        let mut counts = self.quota.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.taken.saturating_add(missing) > self.quota.places {
            return Err(Exceeded::Total);
        }
        let taken = |key: &K| counts.by_key.get(key).copied().unwrap_or_default();
        if let Some((key, max)) = self.keys.iter().find(|(key, max)| taken(key).saturating_add(missing) > *max) {
            return Err(Exceeded::Key { key: key.clone(), max: *max });
        }
        counts.taken += missing;
        for (key, _) in &self.keys {
            *counts.by_key.entry(key.clone()).or_default() += missing;
        }
        self.places = places;
        Ok(())
    }
}

impl<K: Eq + Hash> Drop for QuotaPermit<K> {
    fn drop(&mut self) {
        if self.places == 0 {
            return;
        }
        let mut counts = self.quota.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.taken = counts.taken.saturating_sub(self.places);
        for (key, _) in &self.keys {
            let Some(taken) = counts.by_key.get_mut(key) else { continue };
            *taken = taken.saturating_sub(self.places);
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
    fn a_permit_grows_within_its_limits() {
        let quota = Quota::new(10);
        let mut alice = quota.permit([Some(("alice", 6))]);
        alice.grow(4).unwrap();
        alice.grow(3).unwrap();
        assert_eq!(alice.grow(7).unwrap_err(), Exceeded::Key { key: "alice", max: 6 });
        alice.grow(6).unwrap();
        let mut bob = quota.permit([Some(("bob", 6))]);
        assert_eq!(bob.grow(5).unwrap_err(), Exceeded::Total);
        bob.grow(4).unwrap();
        drop(alice);
        bob.grow(6).unwrap();
        drop(bob);
        assert_eq!(quota.counts.lock().unwrap().taken, 0);
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
