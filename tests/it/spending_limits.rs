//! The spending limit holds against the bills of a service whose costs vary tenfold, whatever runs
//! at a time and however answers are lost.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::{Value, json};

use crate::harness::{Caption, Run, assert_says, caption, json_reply};
use support::stand_in::{Reply, StandIn};

const LIMITS: [f64; 3] = [0.02, 0.1, 0.5];
const JOBS: [usize; 3] = [1, 4, 64];
/// Input tokens of a clip of 0.25 s.
const INPUT: u64 = 21;
const MAX_TOKENS: u64 = 400;

/// Bills of the service, also for answers that it lost.
#[derive(Debug, Default)]
struct Bills {
    usd: f64,
    dearest: f64,
    lost: u64,
}

/// Service and options of a run. The dearest request costs a 25th of the limit.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "a case is a combination of them")]
struct Case {
    seed: u64,
    limit: f64,
    jobs: usize,
    /// True if the service lists its prices and the run has a limit of tokens.
    is_exact: bool,
    /// True if the service streams its answers, asked for or not.
    is_streamed: bool,
    /// True if the clips have a format whose length is not known.
    is_unknown: bool,
    loses: bool,
}

impl Case {
    fn input(&self) -> u64 {
        if self.is_unknown { 33 } else { INPUT }
    }

    /// Price of a token in US dollars.
    fn price(&self) -> f64 {
        self.limit / 25.0 / (MAX_TOKENS + self.input()) as f64
    }

    fn service(&self, bills: &Arc<Mutex<Bills>>) -> StandIn {
        let (case, bills, random) = (*self, bills.clone(), Mutex::new(Rng::with_seed(self.seed)));
        StandIn::by_head(move |head| {
            if head.method == "GET" {
                return if case.is_exact { price_list(case.price()) } else { Reply::status(404) };
            }
            let mut random = random.lock().unwrap();
            let output = random.u64(MAX_TOKENS / 10..=MAX_TOKENS);
            let usd = if case.is_exact {
                (case.input() + output) as f64 * case.price()
            } else {
                case.limit / 250.0 * (1.0 + 9.0 * random.f64())
            };
            let mut bills = bills.lock().unwrap();
            bills.usd += usd;
            bills.dearest = bills.dearest.max(usd);
            let is_lost = case.loses && random.f64() < 0.04;
            bills.lost += u64::from(is_lost);
            let reply = if is_lost { lost(&mut random) } else { case.answer(output, usd) };
            reply.delayed(Duration::from_millis(random.u64(0..4)))
        })
    }

    fn answer(&self, output: u64, usd: f64) -> Reply {
        let facts = facts(self.input(), output, usd);
        if !self.is_streamed {
            let choice = json!({ "message": { "content": "Rain." }, "finish_reason": "stop" });
            return json_reply(200, &with(facts, "choices", json!([choice])));
        }
        let choice =
            json!({ "delta": { "content": "Rain." }, "finish_reason": "stop", "index": 0 });
        let events = [json!({ "choices": [choice] }), with(facts, "choices", json!([]))];
        let events = events.map(|event| format!("data: {event}\n\n"));
        Reply::status(200).pieces("text/event-stream", events)
    }

    fn program(&self, stand_in: &StandIn) -> Caption {
        let mut run = caption(stand_in);
        for number in 0..150 {
            run = if self.is_unknown {
                // Half a second at 4.75 kbit/s, and up to two by the lowest bit rate.
                let amr = [b"#!AMR\n".as_slice(), &[0x04; 986], &(number as u64).to_le_bytes()];
                run.file(&format!("x/{number:03}.amr"), amr.concat())
            } else {
                run.file(&format!("x/{number:03}.wav"), crate::harness::clip(number))
            };
        }
        let limit = self.limit.to_string();
        run = run.args(["-j", &self.jobs.to_string(), "--max-spend", &limit]);
        run.args(if self.is_exact { &["--max-tokens", "400"][..] } else { &[] }).arg("x")
    }

    fn check(&self) {
        let bills = Arc::default();
        let stand_in = self.service(&bills);
        let run = self.program(&stand_in).run();
        drop(stand_in);
        let Bills { usd, dearest, lost } = *bills.lock().unwrap();
        let context = format!("{usd} billed, {lost} lost: {self:?}: {}", run.stderr);
        let most = self.limit + if self.is_exact { 1e-9 } else { dearest };
        assert!(usd <= most, "more than {most}: {context}");
        assert_says(&run.stderr, &["is spent", "another request of up to $", "not tried"]);
        let told = Told::of(&run);
        assert_eq!(told.lost, lost, "{context}");
        let rounding = if told.certain >= 0.1 { 0.01 } else { 2e-6 };
        assert!(told.certain <= usd + rounding, "{told:?}: {context}");
        let used = told.certain + told.possible + rounding;
        assert!(used >= usd, "{told:?}: {context}");
        assert!(used >= 0.8 * self.limit, "{told:?}: {context}");
        if lost == 0 {
            assert!(told.certain >= usd - rounding, "{told:?}: {context}");
        }
    }
}

/// Spending as told by the summary.
#[derive(Debug, Default)]
struct Told {
    certain: f64,
    possible: f64,
    lost: u64,
}

impl Told {
    fn of(run: &Run) -> Self {
        let line = run.stderr.lines().find(|line| line.contains(" captioned · ")).unwrap();
        let (_, cost) = line.split_once('$').unwrap_or_else(|| panic!("no cost in {line}"));
        let (certain, rest) = cost.split_once(' ').unwrap_or((cost, ""));
        let mut told = Self { certain: certain.parse().unwrap(), ..Self::default() };
        if let Some((possible, reasons)) = rest.split_once(" more is possible: ") {
            told.possible = possible.trim_start_matches("($").parse().unwrap();
            let counts = reasons.split(", ").filter_map(|reason| reason.split_once(' '));
            told.lost = counts.map(|(count, _)| count.parse::<u64>().unwrap()).sum();
        }
        told
    }
}

fn with(mut document: Value, key: &str, value: Value) -> Value {
    document[key] = value;
    document
}

fn facts(input: u64, output: u64, usd: f64) -> Value {
    json!({
        "usage": { "prompt_tokens": input, "completion_tokens": output },
        "meta": { "usage": { "usd_spent": usd } },
    })
}

fn price_list(usd: f64) -> Reply {
    let unit = |origin: &str| json!({ "name": "token", "content": "text", "origin": origin, "price": usd, "per": 1 });
    let units = [unit("provided"), unit("generated")];
    let model = "alibaba/qwen3-omni-30b-a3b-captioner";
    json_reply(200, &json!({ "data": [{ "id": model, "pricing": { "units": units } }] }))
}

/// Loses an answer in one of the ways of networks and gateways.
fn lost(random: &mut Rng) -> Reply {
    match random.u8(0..3) {
        0 => Reply::raw(""),
        1 => Reply::status(200).pieces("application/json", ["{\"choices\": "]).disconnect(),
        _ => Reply::status(504).body("text/html", "<html>Gateway Time-out</html>"),
    }
}

/// Checks every limit with every number of jobs. `CAPTION_SEED=N` tries other costs.
fn check(is_exact: bool, loses: bool) {
    let seed = std::env::var("CAPTION_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(17);
    println!("CAPTION_SEED={seed}");
    let mut random = Rng::with_seed(seed);
    for limit in LIMITS {
        std::thread::scope(|scope| {
            for jobs in JOBS {
                let (seed, is_streamed, is_unknown) =
                    (random.u64(..), random.bool(), random.bool());
                let case = Case { seed, limit, jobs, is_exact, is_streamed, is_unknown, loses };
                scope.spawn(move || case.check());
            }
        });
    }
}

#[test]
fn a_limit_is_never_exceeded_where_prices_and_the_token_limit_are_known() {
    check(true, false);
}

#[test]
fn a_limit_is_exceeded_by_one_request_at_most_where_nothing_is_known() {
    check(false, false);
}

#[test]
fn lost_answers_count_where_prices_and_the_token_limit_are_known() {
    check(true, true);
}

#[test]
fn lost_answers_count_where_nothing_is_known() {
    check(false, true);
}

#[test]
fn the_first_request_goes_alone_where_no_price_is_known() {
    let arrived = Arc::new(Mutex::new(Vec::new()));
    let arrivals = arrived.clone();
    let stand_in = StandIn::by_head(move |head| {
        if head.method == "GET" {
            return Reply::status(404);
        }
        let mut arrived = arrivals.lock().unwrap();
        arrived.push(Instant::now());
        let delay = if arrived.len() == 1 { 150 } else { 0 };
        let choice = json!({ "message": { "content": "Rain." }, "finish_reason": "stop" });
        json_reply(200, &with(facts(INPUT, 40, 0.001), "choices", json!([choice])))
            .delayed(Duration::from_millis(delay))
    });
    caption(&stand_in).clips("x", 9).args(["-j", "8", "--max-spend", "1", "x"]).run().ended(0);
    let arrived = arrived.lock().unwrap();
    assert!(arrived[1] - arrived[0] >= Duration::from_millis(150), "{arrived:?}");
}

#[test]
fn a_retry_after_a_lost_answer_reserves_again() {
    let stand_in = StandIn::scripted([price_list(1e-5), Reply::raw("")]);
    let run = caption(&stand_in).clips("x", 3).args(["-j", "1", "--max-tokens", "400"]);
    // Each may cost 0.00421.
    let run = run.args(["--max-spend", "0.006", "x"]).run();
    assert_eq!((run.code, stand_in.posts()), (5, 1), "{}", run.stderr);
    assert_says(
        &run.stderr,
        &[
            "$0.000000 of $0.006000 is spent ($0.0042",
            "another request of up to $0.0042",
            "0 captioned · ",
            "$0.000000 ($0.004210 more is possible: 1 answer was lost)",
        ],
    );
}

#[test]
fn a_lost_answer_is_told_without_a_limit_too() {
    let stand_in = StandIn::scripted([Reply::raw("")]);
    let run = caption(&stand_in).clips("x", 2).args(["-j", "1", "x"]).run();
    assert_says(&run.stderr, &["2 captioned", " more is possible: 1 answer was lost)"]);
    let stand_in = StandIn::scripted([Reply::raw(""), Reply::raw("")]);
    let run = caption(&stand_in).clips("x", 2).args(["-j", "1", "--max-retries", "0", "x"]).run();
    assert_says(&run.stderr, &["2 failed", "2 answers were lost and may be billed"]);
}

#[test]
fn a_cost_in_an_error_response_is_certain() {
    let in_body = || json_reply(400, &with(facts(INPUT, 40, 0.25), "message", json!("no")));
    let in_header = || Reply::status(500).header("x-aimlapi-usd-spent", "0.5");
    let stand_in = StandIn::scripted([in_body(), in_header()]);
    let run = caption(&stand_in).clips("x", 2).args(["-j", "1", "-f", "jsonl", "x"]).run();
    let usd: Vec<_> = run.records().iter().map(|record| record["usd"].as_f64()).collect();
    assert_eq!(usd[0], Some(0.25), "{}", run.stdout);
    assert!(usd[1] > Some(0.5), "{}", run.stdout);
    assert_says(&run.stderr, &["1 captioned · 1 failed", "$0.75"]);
}

#[test]
fn an_answer_without_a_cost_is_possible_by_the_price_list() {
    let choice = json!({ "message": { "content": "Rain." }, "finish_reason": "stop" });
    let usage = json!({ "prompt_tokens": INPUT, "completion_tokens": 79 });
    let answer = json_reply(200, &json!({ "choices": [choice], "usage": usage }));
    let stand_in = StandIn::scripted([price_list(1e-5), answer]);
    let run = caption(&stand_in).clips("x", 1).args(["--max-spend", "1", "x", "x"]).run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_says(
        &run.stderr,
        &["$0.000000 ($0.001000 more is possible: 1 answer was without a cost)"],
    );
}
