//! Simulated runs: the limit holds, and most of it is used, whatever the requests cost.

use fastrand::Rng;
use support::random::cases;

use super::estimate::{OutputLimits, Prices, RequestSize};
use super::ledger::{Admission, Ledger, Spending};
use crate::answer::{Answer, Usage};

const PRICES: [f64; 2] = [3.81e-6, 3.06e-6];
const DOCUMENTED: u32 = 32_768;

/// Run of so many requests at a time.
#[derive(Debug, Clone, Copy)]
struct Setup {
    seed: u64,
    max_usd: f64,
    jobs: usize,
    is_listed: bool,
    max_tokens: Option<u32>,
    /// True if no length is known.
    is_unknown: bool,
    /// Share of answers that are lost and billed.
    lost: f64,
}

/// Request in progress and its bill.
struct Request {
    size: RequestSize,
    usage: Usage,
    usd: f64,
}

/// What came of a run.
struct Ended {
    billed: f64,
    dearest: f64,
    spending: Spending,
    /// Cost that the request that ended the run could have.
    next: Option<f64>,
}

impl Setup {
    fn request(&self, random: &mut Rng) -> Request {
        let input = 13 + random.u32(0..400);
        let longest = self.max_tokens.unwrap_or(600);
        let output = longest / 10 + random.u32(0..=longest - longest / 10);
        let usage = Usage {
            prompt_tokens: input.into(),
            completion_tokens: output.into(),
            total_tokens: (input + output).into(),
        };
        let usd = if self.is_listed {
            f64::from(input) * PRICES[0] + f64::from(output) * PRICES[1]
        } else {
            0.0003 * (1.0 + 9.0 * random.f64())
        };
        let slack = if self.is_unknown { 1.0 + 3.0 * random.f64() } else { 1.0 };
        let size =
            RequestSize { input_tokens: f64::from(input) * slack, is_known: !self.is_unknown };
        Request { size, usage, usd }
    }

    fn run(&self) -> Ended {
        let mut random = Rng::with_seed(self.seed);
        let mut ledger = Ledger::default();
        ledger.estimator.limits =
            OutputLimits { requested: self.max_tokens, documented: Some(DOCUMENTED) };
        ledger.estimator.list(self.is_listed.then(|| Prices::new(PRICES[0], PRICES[1])));
        let (mut running, mut billed, mut dearest) = (Vec::new(), 0.0, 0.0_f64);
        let mut first = self.request(&mut random);
        let mut left = 3_000;
        let next = loop {
            if left > 0 && running.len() < self.jobs {
                match ledger.admit(first.size, self.max_usd) {
                    Admission::Now => {
                        dearest = dearest.max(first.usd);
                        running.push(std::mem::replace(&mut first, self.request(&mut random)));
                        left -= 1;
                        continue;
                    }
                    Admission::Never(error) => break Some(error.next),
                    Admission::Later => assert!(!running.is_empty(), "it waits for nothing"),
                }
            }
            if running.is_empty() {
                break None;
            }
            let done: Request = running.swap_remove(random.usize(..running.len()));
            billed += done.usd;
            ledger.end(done.size);
            if random.f64() < self.lost {
                ledger.lose(done.size);
            } else {
                let (usd, usage) = (Some(done.usd), Some(done.usage));
                let answer = Answer { usage, usd, ..Answer::default() };
                ledger.settle(done.size, &Ok(answer));
            }
        };
        billed += running.iter().map(|request| request.usd).sum::<f64>();
        Ended { billed, dearest, spending: ledger.spending(), next }
    }
}

fn setups(test: impl Fn(Setup, Ended)) {
    cases(|random| {
        let mut random = Rng::with_seed(random.u64(..));
        for max_usd in [0.02, 0.1, 0.5] {
            for jobs in [1, 4, 64] {
                let setup = Setup {
                    seed: random.u64(..),
                    max_usd,
                    jobs,
                    is_listed: random.bool(),
                    max_tokens: random.bool().then_some(300),
                    is_unknown: random.bool(),
                    lost: if random.bool() { 0.0 } else { 0.03 },
                };
                test(setup, setup.run());
            }
        }
    });
}

#[test]
fn the_limit_holds_or_is_exceeded_by_the_cost_of_one_request() {
    setups(|setup, Ended { billed, dearest, .. }| {
        let is_exact = setup.is_listed && setup.max_tokens.is_some();
        let most = setup.max_usd + if is_exact { 1e-9 } else { dearest };
        assert!(billed <= most, "{billed} of at most {most}: {setup:?}");
    });
}

#[test]
fn certain_and_possible_costs_cover_all_that_was_billed() {
    setups(|setup, Ended { billed, spending, .. }| {
        let most = spending.most() + 1e-9;
        assert!(billed <= most, "{billed} of at most {most}: {setup:?}");
    });
}

#[test]
fn four_fifths_of_a_limit_of_many_requests_are_used_and_of_a_small_one_all_but_one() {
    setups(|setup, Ended { spending, next, .. }| {
        let Some(next) = next else { return };
        let used = spending.most();
        assert!(used + next >= setup.max_usd, "{used}, {next}: {setup:?}");
        assert!(used >= 0.8 * setup.max_usd || setup.max_usd < 0.1, "{used}: {setup:?}");
    });
}
