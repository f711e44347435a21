//! Services that limit their requests, for simulated time and for sockets.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::stand_in::{Reply, StandIn};

/// Seconds to the response of an accepted request.
pub const SECONDS: f64 = 0.25;

/// Decision of a service on a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Decision {
    /// The response comes after these seconds.
    Accepted(f64),
    /// Refusal with a status and a `Retry-After` in seconds; 0 is none.
    Refused(u16, f64),
}

/// Service that decides on a request by the seconds since the first one.
pub type Service = Box<dyn FnMut(f64) -> Decision + Send>;

/// Service and the time that its limit costs.
pub struct LimitedService {
    /// Name in tables.
    pub name: &'static str,
    /// Returns the service at its start.
    pub start: fn() -> Service,
    /// Number of clips for which the ideal time holds.
    pub clips: u64,
    /// Seconds that the clips take at best, 32 at a time.
    pub ideal: f64,
    /// True if a long run shows more refusals than a short one.
    pub is_lasting: bool,
}

/// Returns all services.
pub fn services() -> Vec<LimitedService> {
    let service =
        |name, start, ideal| LimitedService { name, start, clips: 150, ideal, is_lasting: false };
    let lasting =
        |name, start, ideal| LimitedService { is_lasting: true, ..service(name, start, ideal) };
    vec![
        lasting("10 a second", || bucket(10.0, 1.0, 429, 0.0), 15.2),
        lasting("10 a second, Retry-After: 1", || bucket(10.0, 1.0, 429, 1.0), 15.2),
        lasting("10 a second, bursts of 20", || bucket(10.0, 20.0, 429, 0.0), 13.3),
        lasting("10 a second, 529", || bucket(10.0, 1.0, 529, 0.0), 15.2),
        lasting("40 in 4 s, Retry-After", || periods(40, 4.0, true), 12.3),
        lasting("6 at a time", || at_a_time(6, 429), 6.3),
        LimitedService { clips: 12, ..service("1 at a time, 503", || at_a_time(1, 503), 3.0) },
        lasting("15 in 6 s", || periods(15, 6.0, false), 54.3),
        lasting("15 in 6 s, Retry-After", || periods(15, 6.0, true), 54.3),
        service("503 from second 1 to 6", || down(1.0, 6.0), 6.4),
        service("slower beyond 8 at a time", || slots(8), 4.9),
        service("no limit", || Box::new(|_| Decision::Accepted(SECONDS)), 1.25),
    ]
}

/// Tokens that come at a rate, up to a number.
pub fn bucket(rate: f64, burst: f64, status: u16, retry_after: f64) -> Service {
    let (mut tokens, mut last) = (burst, 0.0);
    Box::new(move |now| {
        tokens = burst.min(tokens + (now - last) * rate);
        last = now;
        if tokens < 1.0 - 1e-6 {
            return Decision::Refused(status, retry_after);
        }
        tokens -= 1.0;
        Decision::Accepted(SECONDS)
    })
}

/// A number of requests in each period.
pub fn periods(number: u32, period: f64, has_retry_after: bool) -> Service {
    let (mut current, mut accepted) = (0.0, 0);
    Box::new(move |now| {
        let this = (now / period).floor();
        if this > current {
            (current, accepted) = (this, 0);
        }
        accepted += 1;
        if accepted <= number {
            return Decision::Accepted(SECONDS);
        }
        let end = (this + 1.0) * period - now;
        Decision::Refused(429, if has_retry_after { end } else { 0.0 })
    })
}

/// A number of requests at a time.
pub fn at_a_time(limit: usize, status: u16) -> Service {
    let mut ends = VecDeque::new();
    Box::new(move |now| {
        ends.retain(|end| *end > now);
        if ends.len() >= limit {
            return Decision::Refused(status, 0.0);
        }
        // The place is free before the response has arrived.
        ends.push_back(now + SECONDS - 0.002);
        Decision::Accepted(SECONDS)
    })
}

/// Requests fail for a time.
pub fn down(from: f64, to: f64) -> Service {
    Box::new(move |now| match now {
        now if now >= from && now < to => Decision::Refused(503, 0.0),
        _ => Decision::Accepted(SECONDS),
    })
}

/// Slots that work off all requests in their order.
pub fn slots(number: usize) -> Service {
    let mut free = vec![0.0_f64; number];
    Box::new(move |now| {
        let slot = free.iter_mut().min_by(|one, other| one.total_cmp(other)).expect("a slot");
        *slot = slot.max(now) + SECONDS;
        Decision::Accepted(*slot - now)
    })
}

/// Serves on a socket with a reply to accepted requests. `on_refusal` is called for each refusal.
pub fn serve(
    service: Service,
    accepted: impl Fn() -> Reply + Send + Sync + 'static,
    on_refusal: impl Fn() + Send + Sync + 'static,
) -> StandIn {
    let state = Mutex::new((service, None));
    StandIn::always(move || {
        let mut state = state.lock().expect("no panic in between");
        let (service, started) = &mut *state;
        let now = started.get_or_insert_with(Instant::now).elapsed().as_secs_f64();
        match service(now) {
            Decision::Accepted(seconds) => accepted().delayed(Duration::from_secs_f64(seconds)),
            Decision::Refused(status, retry_after) => {
                on_refusal();
                let refusal = Reply::status(status).unlogged();
                match retry_after {
                    0.0 => refusal,
                    wait => refusal.header("retry-after", &format!("{wait:.3}")),
                }
            }
        }
    })
}
