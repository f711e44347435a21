//! Simulated services with limits, in simulated time.

use std::time::Duration;

use tokio::time::Instant;

use super::Limiter;
use super::state::{Admission, State};
use support::limited::{Decision, LimitedService, Service, down, periods, services};

/// Mean of the seconds to the service.
const TRANSFER: f64 = 0.002;
/// Seconds that a timer is late at most.
const LATE: f64 = 0.003;
/// Seconds to a refusal.
const REFUSAL: f64 = 0.002;

/// Runs of each service.
const RUNS: usize = 20;

/// Duration of a run in seconds, and the number of requests that were not accepted.
#[derive(Debug)]
struct Outcome {
    seconds: f64,
    refused: u32,
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
    /// Requests and responses on their way.
    on_way: Vec<Arrival>,
    random: fastrand::Rng,
    refused: u32,
}

struct Arrival {
    at: f64,
    number: u64,
    clip: u64,
    /// `None` on the way to the service.
    decision: Option<Decision>,
}

impl Simulation {
    fn time(&self) -> Instant {
        self.start + Duration::from_secs_f64(self.now)
    }

    /// Seconds that a request takes to the service; some take much longer than most.
    fn transfer(&mut self) -> f64 {
        TRANSFER * (1.0 - self.random.f64()).ln().abs()
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
            let at = self.now + self.transfer();
            self.on_way.push(Arrival { at, number, clip, decision: None });
        }
    }

    /// Receives the next request or response, unless `next` comes before it. Returns true for a caption.
    fn receive(&mut self, next: Option<f64>) -> bool {
        let by_time =
            |one: &(usize, &Arrival), other: &(usize, &Arrival)| one.1.at.total_cmp(&other.1.at);
        let first = self.on_way.iter().enumerate().min_by(by_time);
        let first = first.filter(|(_, arrival)| next.is_none_or(|next| arrival.at <= next));
        let Some(index) = first.map(|(index, _)| index) else {
            let late = LATE * self.random.f64();
            self.now = next.expect("a clip is on its way").max(self.now) + late + 1e-9;
            return false;
        };
        let Arrival { at, number, clip, decision } = self.on_way.remove(index);
        self.now = at;
        let Some(decision) = decision else {
            let decision = (self.service)(self.now);
            let seconds = match decision {
                Decision::Accepted(seconds) => seconds,
                Decision::Refused(..) => REFUSAL,
            };
            let at = self.now + seconds;
            self.on_way.push(Arrival { at, number, clip, decision: Some(decision) });
            return false;
        };
        let (now, state) = (self.time(), &mut self.state);
        let mut wait = 0.0;
        match decision {
            Decision::Accepted(_) => {
                state.succeeded(number, now);
                return true;
            }
            Decision::Refused(429, retry_after) => {
                let retry_after = Some(Duration::from_secs_f64(retry_after));
                wait = state.refused(number, retry_after, now).as_secs_f64();
            }
            Decision::Refused(..) => _ = state.failed(number, None, true, now),
        }
        self.refused += 1;
        self.queue.push((self.now + wait, clip));
        false
    }
}

/// Sends clips to a service, at most so many at a time.
fn run(service: Service, clips: u64, jobs: Option<usize>, seed: u64) -> Outcome {
    let start = Instant::now();
    let mut simulation = Simulation {
        service,
        state: State::new(jobs, Duration::ZERO, start),
        start,
        now: 0.0,
        queue: (0..clips).map(|clip| (0.0, clip)).collect(),
        on_way: Vec::new(),
        random: fastrand::Rng::with_seed(seed),
        refused: 0,
    };
    let mut done = 0;
    while done < clips {
        let next = simulation.send();
        done += u64::from(simulation.receive(next));
    }
    Outcome { seconds: simulation.now, refused: simulation.refused }
}

/// Runs of a service, which differ in the time that requests take to it, by the value given.
fn runs(
    service: &LimitedService,
    clips: u64,
    jobs: Option<usize>,
    value: fn(&Outcome) -> f64,
) -> Vec<f64> {
    let run = |seed| value(&run((service.start)(), clips, jobs, seed));
    let mut values: Vec<_> = (0..).map(run).take(RUNS).collect();
    values.sort_by(f64::total_cmp);
    values
}

#[test]
fn limits_cost_at_most_15_percent_of_the_ideal_time() {
    for service in services() {
        for jobs in [Some(32), None] {
            let seconds = runs(&service, service.clips, jobs, |outcome| outcome.seconds);
            let (median, most) =
                (seconds[RUNS / 2] / service.ideal, seconds[RUNS - 1] / service.ideal);
            assert!(median <= 1.15 && most < 1.4, "{}, {jobs:?}: {median} {most}", service.name);
        }
    }
}

#[test]
fn fewer_than_a_tenth_of_a_thousand_requests_are_refused() {
    for service in services().iter().filter(|service| service.is_lasting) {
        for jobs in [Some(32), None] {
            let refused = runs(service, 1_000, jobs, |outcome| f64::from(outcome.refused));
            let (median, most) = (refused[RUNS / 2], refused[RUNS - 1]);
            assert!(median < 100.0 && most < 150.0, "{}, {jobs:?}: {median} {most}", service.name);
        }
    }
}

#[test]
fn the_number_in_flight_grows_while_it_gains() {
    let outcome = run(Box::new(|_| Decision::Accepted(0.25)), 1_000, None, 1);
    assert!(outcome.seconds < 6.0, "{outcome:?}");
}

#[test]
fn refusals_at_random_do_not_slow_the_run_down() {
    for status in [429, 503] {
        let mut random = fastrand::Rng::with_seed(1);
        let service: Service = Box::new(move |_| match random.u8(..100) {
            ..7 => Decision::Refused(status, 0.0),
            _ => Decision::Accepted(0.25),
        });
        let outcome = run(service, 5_000, Some(32), 1);
        assert!(outcome.seconds < 5_000.0 / 32.0 * 0.25 * 2.0, "{outcome:?}");
    }
}

#[test]
fn a_limit_per_minute_is_found() {
    for has_retry_after in [false, true] {
        let outcome = run(periods(15, 60.0, has_retry_after), 90, Some(4), 1);
        assert!(outcome.seconds < 400.0 && outcome.refused < 30, "{outcome:?}");
    }
}

#[test]
fn an_outage_of_ten_minutes_is_tested_by_few_requests() {
    let outcome = run(down(2.0, 602.0), 1_000, Some(8), 1);
    assert!(outcome.refused <= 60 && outcome.seconds < 602.0 + 40.0 + 32.0, "{outcome:?}");
}

#[test]
fn a_busy_service_is_tested_again_while_a_request_hangs() {
    let start = Instant::now();
    let mut state = State::new(Some(8), Duration::ZERO, start);
    state.send(0, start);
    for request in 1..=3 {
        let number = state.send(request, start);
        state.failed(number, None, false, start);
    }
    assert!(state.outage().is_some());
    let later = start + Duration::from_secs(1);
    let test = state.send(4, later);
    state.failed(test, None, true, later);
    assert!(matches!(state.admission(later), Admission::At(_)));
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
