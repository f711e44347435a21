//! Simulated services with limits, in simulated time.

use std::time::Duration;

use tokio::time::Instant;

use super::Limiter;
use super::state::{Admission, State};

/// Seconds to the response of an accepted request.
const RESPONSE: f64 = 0.25;
/// Seconds to a refusal.
const REFUSAL: f64 = 0.002;

/// Response of a simulated service. A wait is in seconds; 0 is none.
enum Response {
    Accepted,
    Refused { retry_after: f64 },
    Failed,
}

/// Service by the seconds since the start and the number of requests in progress.
type Service = Box<dyn FnMut(f64, usize) -> Response>;

/// Name of a service, the service, and the seconds that 150 clips take at best with 32 jobs.
type Limits = (&'static str, fn() -> Service, f64);

/// Duration of a run in seconds, and the number of requests that were not accepted.
#[derive(Debug)]
struct Outcome {
    seconds: f64,
    refused: usize,
}

/// Tokens that come at a rate, up to a number.
fn bucket(rate: f64, burst: f64, retry_after: f64) -> Service {
    let (mut tokens, mut last) = (burst, 0.0);
    Box::new(move |now, _| {
        tokens = burst.min(tokens + (now - last) * rate);
        last = now;
        if tokens < 1.0 - 1e-6 {
            return Response::Refused { retry_after };
        }
        tokens -= 1.0;
        Response::Accepted
    })
}

/// A number of requests in each period.
fn periods(number: u32, period: f64, has_retry_after: bool) -> Service {
    let (mut current, mut accepted) = (0.0, 0);
    Box::new(move |now, _| {
        let this = (now / period).floor();
        if this > current {
            (current, accepted) = (this, 0);
        }
        accepted += 1;
        if accepted <= number {
            return Response::Accepted;
        }
        let retry_after = if has_retry_after { (this + 1.0) * period - now } else { 0.0 };
        Response::Refused { retry_after }
    })
}

fn at_a_time(limit: usize, is_failure: bool) -> Service {
    Box::new(move |_, in_progress| match in_progress < limit {
        true => Response::Accepted,
        false if is_failure => Response::Failed,
        false => Response::Refused { retry_after: 0.0 },
    })
}

fn down(from: f64, to: f64) -> Service {
    Box::new(move |now, _| match now {
        now if now >= from && now < to => Response::Failed,
        _ => Response::Accepted,
    })
}

/// Clips on their way, in simulated time.
struct Simulation {
    service: Service,
    state: State,
    start: Instant,
    /// Seconds since the start.
    now: f64,
    /// Clips to send, with the seconds from which on they may be sent.
    queue: Vec<(f64, u64)>,
    /// Responses on their way.
    responses: Vec<Arrival>,
    /// Seconds at which the service is done with requests.
    in_progress: Vec<f64>,
    refused: usize,
}

struct Arrival {
    at: f64,
    number: u64,
    clip: u64,
    response: Response,
}

impl Simulation {
    fn time(&self) -> Instant {
        self.start + Duration::from_secs_f64(self.now)
    }

    /// Sends the next clip if it may be sent now. Returns the seconds at which one may be sent at
    /// the earliest, if that is known, once there is none.
    fn send(&mut self) -> Option<f64> {
        loop {
            let Some(first) = self.queue.iter().position(|(from, _)| *from <= self.now) else {
                return self.queue.iter().map(|(from, _)| *from).reduce(f64::min);
            };
            match self.state.admission(self.time()) {
                Admission::Now => {}
                Admission::At(at) => return Some((at - self.start).as_secs_f64()),
                Admission::Later => return None,
            }
            let (_, clip) = self.queue.remove(first);
            let number = self.state.send(clip, self.time());
            self.in_progress.retain(|end| *end > self.now);
            let response = (self.service)(self.now, self.in_progress.len());
            let mut at = self.now + REFUSAL;
            if matches!(response, Response::Accepted) {
                at = self.now + RESPONSE;
                self.in_progress.push(at - REFUSAL);
            }
            self.responses.push(Arrival { at, number, clip, response });
        }
    }

    /// Receives the next response, unless `next` comes before it. Returns true for a caption.
    fn receive(&mut self, next: Option<f64>) -> bool {
        let by_time =
            |one: &(usize, &Arrival), other: &(usize, &Arrival)| one.1.at.total_cmp(&other.1.at);
        let first = self.responses.iter().enumerate().min_by(by_time);
        let first = first.filter(|(_, arrival)| next.is_none_or(|next| arrival.at <= next));
        let Some(index) = first.map(|(index, _)| index) else {
            self.now = next.expect("a clip is on its way").max(self.now + 1e-9);
            return false;
        };
        let Arrival { at, number, clip, response } = self.responses.remove(index);
        self.now = at;
        let (now, state) = (self.time(), &mut self.state);
        let mut wait = 0.0;
        match response {
            Response::Accepted => {
                state.succeeded(number, now);
                return true;
            }
            Response::Refused { retry_after } => {
                wait = retry_after;
                state.refused(number, Some(Duration::from_secs_f64(wait)), now);
            }
            Response::Failed => state.failed(number, None, true, now),
        }
        self.refused += 1;
        self.queue.push((self.now + wait, clip));
        false
    }
}

/// Sends clips to a service, at most so many at a time.
fn run(service: Service, clips: u64, jobs: Option<usize>) -> Outcome {
    let start = Instant::now();
    let mut simulation = Simulation {
        service,
        state: State::new(jobs, Duration::ZERO, start),
        start,
        now: 0.0,
        queue: (0..clips).map(|clip| (0.0, clip)).collect(),
        responses: Vec::new(),
        in_progress: Vec::new(),
        refused: 0,
    };
    let mut done = 0;
    while done < clips {
        let next = simulation.send();
        done += u64::from(simulation.receive(next));
    }
    Outcome { seconds: simulation.now, refused: simulation.refused }
}

fn services() -> [Limits; 8] {
    [
        ("10 a second", || bucket(10.0, 1.0, 0.0), 15.2),
        ("10 a second, Retry-After", || bucket(10.0, 1.0, 1.0), 15.2),
        ("10 a second, bursts of 20", || bucket(10.0, 20.0, 0.0), 13.3),
        ("40 in 4 s, Retry-After", || periods(40, 4.0, true), 12.3),
        ("6 at a time", || at_a_time(6, false), 6.3),
        ("1 at a time, busy", || at_a_time(1, true), 37.5),
        ("down for 5 s", || down(1.0, 6.0), 6.4),
        ("no limit", || Box::new(|_, _| Response::Accepted), 1.25),
    ]
}

#[test]
fn limits_cost_at_most_15_percent_of_the_ideal_time() {
    for (name, service, ideal) in services() {
        let outcome = run(service(), 150, Some(32));
        assert!(outcome.seconds <= ideal * 1.15, "{name}: {outcome:?}, ideal {ideal} s");
    }
}

#[test]
fn fewer_than_a_tenth_of_a_thousand_requests_are_refused() {
    for (name, service, _) in services() {
        let outcome = run(service(), 1_000, Some(32));
        assert!(outcome.refused < 100, "{name}: {outcome:?}");
    }
}

#[test]
fn a_limit_per_minute_is_found() {
    for has_retry_after in [false, true] {
        let outcome = run(periods(15, 60.0, has_retry_after), 90, Some(4));
        assert!(outcome.seconds < 400.0 && outcome.refused < 30, "{outcome:?}");
    }
}

#[test]
fn the_number_in_flight_grows_while_it_gains() {
    let outcome = run(Box::new(|_, _| Response::Accepted), 1_000, None);
    assert!(outcome.seconds < 8.0, "{outcome:?}");
}

#[test]
fn an_outage_of_ten_minutes_is_tested_by_few_requests() {
    let outcome = run(down(2.0, 602.0), 1_000, Some(8));
    assert!(outcome.refused <= 60 && outcome.seconds < 602.0 + 40.0 + 32.0, "{outcome:?}");
}

#[test]
fn refusals_of_all_requests_end_the_run_after_five_minutes() {
    let limiter = Limiter::new(Duration::ZERO, Duration::ZERO);
    let start = Instant::now();
    let mut state = State::new(Some(4), Duration::ZERO, start);
    let mut after = |seconds: u64, is_served: bool| {
        let now = start + Duration::from_secs(seconds);
        let number = state.send(seconds, now);
        if is_served {
            state.succeeded(number, now);
        } else {
            state.refused(number, None, now);
        }
        limiter.given_up_at(&state, now, 3).map(|time| time.as_secs())
    };
    // Others are served after 200 s, so that the time begins anew.
    let given_up =
        [(0, false), (100, false), (200, true), (250, false), (549, false), (550, false)]
            .map(|(seconds, is_served)| after(seconds, is_served));
    assert_eq!(given_up, [None, None, None, None, None, Some(300)]);
}
