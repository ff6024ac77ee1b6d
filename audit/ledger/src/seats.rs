//! How many may do something at once: in all, and of one organization, so that no tenant takes the
//! place of the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use veto_core::OrganizationId;

use crate::Error;

/// A number of places.
#[derive(Debug, Clone)]
pub struct Seats {
    what: &'static str,
    total: usize,
    each: usize,
    taken: Arc<Mutex<HashMap<OrganizationId, usize>>>,
}

impl Seats {
    /// `total` places, at most `each` of them for one organization; `what` names what they are for.
    #[must_use]
    pub fn new(what: &'static str, total: usize, each: usize) -> Self {
        Self {
            what,
            total,
            each,
            taken: Arc::default(),
        }
    }

    /// Takes a place until the [`Seat`] is dropped.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when none is free.
    pub fn take(&self, organization: &OrganizationId) -> Result<Seat, Error> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let own = taken.get(organization).copied().unwrap_or_default();
        if own >= self.each || taken.values().sum::<usize>() >= self.total {
            return Err(Error::Overloaded(self.what));
        }
        taken.insert(organization.clone(), own + 1);
        Ok(Seat {
            organization: organization.clone(),
            taken: Arc::clone(&self.taken),
        })
    }
}

/// A place that is taken.
#[derive(Debug)]
pub struct Seat {
    organization: OrganizationId,
    taken: Arc<Mutex<HashMap<OrganizationId, usize>>>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.get_mut(&self.organization) {
            Some(own) if *own > 1 => *own -= 1,
            Some(_) | None => {
                taken.remove(&self.organization);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_organization_never_takes_all_places_and_gives_its_own_back() {
        let seats = Seats::new("tests", 3, 2);
        let name = |text| OrganizationId::new(text).unwrap();
        let first = seats.take(&name("a")).unwrap();
        let _second = seats.take(&name("a")).unwrap();
        assert!(seats.take(&name("a")).is_err());
        let _third = seats.take(&name("b")).unwrap();
        assert!(seats.take(&name("c")).is_err());
        drop(first);
        assert!(seats.take(&name("c")).is_ok());
    }
}
