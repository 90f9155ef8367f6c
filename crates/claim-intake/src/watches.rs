//! Room for watches (R59): each holds one of the places that the server has for calls, so that most are to be left for others, and none of the
//! callers may have all of them.
use crate::intake::Failed;
use cpor_kit::Caller;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Watches of a process.
const OF_ALL: usize = 256;

/// Watches of a process that one company, or one of the vendor's staff, may have.
const OF_ONE: usize = 16;

/// The watches of a process, by who has them. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Watches(Arc<Mutex<HashMap<String, usize>>>);

/// The place of a watch, until it is dropped.
pub(crate) struct Room {
    watches: Watches,
    whose: String,
}

impl Watches {
    /// A place for a watch of `caller`.
    ///
    /// # Errors
    /// [`Failed::TooManyWatches`] when it has as many as it may; [`Failed::Overloaded`] when all together have.
    pub(crate) fn enter(&self, caller: &Caller) -> Result<Room, Failed> {
        let whose =
            caller.partner.as_ref().map_or_else(|| caller.id().to_owned(), |partner| format!("partners/{partner}"));
        let mut watches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if watches.get(&whose).is_some_and(|own| *own >= OF_ONE) {
            return Err(Failed::TooManyWatches { limit: OF_ONE });
        }
        if watches.values().sum::<usize>() >= OF_ALL {
            return Err(Failed::Overloaded);
        }
        *watches.entry(whose.clone()).or_default() += 1;
        Ok(Room { watches: self.clone(), whose })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut watches = self.watches.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = watches.get_mut(&self.whose) {
            *own -= 1;
        }
        watches.retain(|_, own| *own > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cpor_types::{Actor, ActorSide};

    fn caller(subject: &str, partner: Option<&str>) -> Caller {
        Caller {
            subject: subject.to_owned(),
            roles: Vec::new(),
            partner: partner.map(|id| id.parse().unwrap()),
            tenant: None,
            service: None,
            actor: Actor::new(ActorSide::Partner, subject),
        }
    }

    #[test]
    fn a_company_has_so_many_and_all_together_so_many_more() {
        let watches = Watches::default();
        let enter = |subject: &str, partner: Option<&str>| watches.enter(&caller(subject, partner));
        let mut rooms: Vec<Room> =
            (0..OF_ONE).map(|n| enter(&format!("user-{n}"), Some("contoso")).ok().unwrap()).collect();
        assert!(matches!(enter("another", Some("contoso")), Err(Failed::TooManyWatches { limit: OF_ONE })));
        assert!(enter("another", None).is_ok(), "and the place is free again");
        rooms.pop();
        rooms.push(enter("another", Some("contoso")).ok().unwrap());
        rooms.extend((rooms.len()..OF_ALL).map(|n| enter(&format!("staff-{n}"), None).ok().unwrap()));
        assert!(matches!(enter("one-more", None), Err(Failed::Overloaded)));
        drop(rooms);
        assert!(watches.0.lock().unwrap().is_empty());
    }
}
