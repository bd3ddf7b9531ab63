//! Seats: how many sockets and event streams each caller has open.

use super::{
    credentials::Caller,
    rate::network,
    refusal::{Refusal, code},
};
use axum::http::StatusCode;
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

/// The open seats by caller.
pub(super) struct Seats {
    each: usize,
    taken: Mutex<HashMap<Arc<str>, usize>>,
}

/// A seat; dropping it gives it back.
pub(super) struct Seat {
    seats: Arc<Seats>,
    key: Arc<str>,
}

impl Seats {
    pub fn new(each: usize) -> Arc<Self> {
        Arc::new(Self {
            each,
            taken: Mutex::default(),
        })
    }

    /// Takes a seat of a user, or of an address when there is no user.
    pub fn take(self: &Arc<Self>, caller: &Caller, peer: Option<IpAddr>) -> Result<Seat, Refusal> {
        let key: Arc<str> = match caller.key() {
            Some(user) => Arc::from(format!("user:{user}")),
            None => Arc::from(format!("address:{}", network(peer))),
        };
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(Arc::clone(&key)).or_default();
        if *count >= self.each {
            return Err(no_seat(self.each));
        }
        *count = count.saturating_add(1);
        drop(taken);
        Ok(Seat {
            seats: Arc::clone(self),
            key,
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self
            .seats
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.key) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.remove(&self.key);
            }
        }
    }
}

fn no_seat(each: usize) -> Refusal {
    Refusal::request(
        StatusCode::TOO_MANY_REQUESTS,
        code::SOCKETS,
        &format!("Hay demasiadas conexiones abiertas: se admiten {each} por usuario."),
        &format!("Too many connections are open: {each} are allowed for each user."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_counted_by_user_and_given_back() {
        let seats = Seats::new(2);
        let (ana, bea) = (
            Caller::known("ana", |_, _| ()),
            Caller::known("bea", |_, _| ()),
        );
        let first = seats.take(&ana, None).unwrap();
        let _second = seats.take(&ana, None).unwrap();
        assert_eq!(seats.take(&ana, None).err().unwrap().code, code::SOCKETS);
        assert!(seats.take(&bea, None).is_ok());
        drop(first);
        assert!(seats.take(&ana, None).is_ok());
        drop(_second);
        assert!(
            seats.taken.lock().unwrap().is_empty(),
            "no key stays behind"
        );
    }
}
