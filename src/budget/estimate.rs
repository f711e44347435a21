//! Estimate of the cost of requests, from the price list or from the answers so far.

use std::ops::{Add, Sub};

use crate::answer::Usage;

/// Costs of one batch vary about tenfold. A request of which no limit is known is expected to cost
/// at most so many times the dearest one so far.
const ROOM: f64 = 10.0;

/// Prices of a model in US dollars per token.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Prices {
    /// Price of an input token: audio and the message around it.
    pub input: f64,
    /// Price of an output token: the caption.
    pub output: f64,
}

impl Prices {
    pub(crate) fn new(input: f64, output: f64) -> Self {
        Self { input, output }
    }

    fn cost(self, input_tokens: f64, output_tokens: f64) -> f64 {
        self.input * input_tokens + self.output * output_tokens
    }

    fn times(self, factor: f64) -> Self {
        Self { input: self.input * factor, output: self.output * factor }
    }

    /// True if costs can be told from them. A list of zeros is no price list.
    fn are_usable(self) -> bool {
        let are_valid = [self.input, self.output].iter().all(|usd| usd.is_finite() && *usd >= 0.0);
        are_valid && self.input + self.output > 0.0
    }
}

/// Input of one request.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RequestSize {
    /// Input tokens; the most that are possible if the length of the audio is unknown.
    pub(crate) input_tokens: f64,
    /// True if the length of the audio is known.
    pub(crate) is_known: bool,
}

/// Limits of a caption in tokens.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct OutputLimits {
    /// Limit that is sent with each request.
    pub(crate) requested: Option<u32>,
    /// Limit that the provider of the model documents.
    pub(crate) documented: Option<u32>,
}

/// Number of requests, and the sum of their input tokens.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Load {
    pub(super) requests: u64,
    input_tokens: f64,
}

impl From<RequestSize> for Load {
    fn from(size: RequestSize) -> Self {
        Self { requests: 1, input_tokens: size.input_tokens }
    }
}

impl Add for Load {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            input_tokens: self.input_tokens + other.input_tokens,
        }
    }
}

impl Sub for Load {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            requests: self.requests - other.requests,
            input_tokens: self.input_tokens - other.input_tokens,
        }
    }
}

/// Estimated cost of one request in US dollars.
#[derive(Debug, Clone, Copy)]
pub(super) struct Estimate {
    /// The cost that a request may have if no other is in progress: the highest possible one if the
    /// prices and the limit of the caption are known, else that of the dearest caption so far.
    pub(super) alone: f64,
    /// The highest cost, to be reserved beside other requests; `None` while too little is known.
    pub(super) worst: Option<f64>,
}

/// Facts that costs are estimated from.
#[derive(Debug)]
pub(super) struct Estimator {
    pub(super) limits: OutputLimits,
    listed: Option<Prices>,
    /// The highest ratio of a reported cost to that by the price list, at least 1.
    price_factor: f64,
    /// The highest price so far, of input and output alike, if no prices are listed.
    learned: Option<f64>,
    /// The highest ratio of counted to expected input tokens, at least 1.
    input_factor: f64,
    most_input: f64,
    most_output: f64,
    most_usd: f64,
}

impl Default for Estimator {
    fn default() -> Self {
        Self {
            limits: OutputLimits::default(),
            listed: None,
            price_factor: 1.0,
            learned: None,
            input_factor: 1.0,
            most_input: 0.0,
            most_output: 0.0,
            most_usd: 0.0,
        }
    }
}

impl Estimator {
    pub(super) fn list(&mut self, prices: Option<Prices>) {
        self.listed = prices.filter(|prices| prices.are_usable());
    }

    /// Learns from the answer to a request.
    pub(super) fn learn(&mut self, size: RequestSize, usd: Option<f64>, usage: Option<Usage>) {
        let (input, output) = tokens(usage.unwrap_or_default());
        self.most_input = self.most_input.max(input);
        self.most_output = self.most_output.max(output);
        if size.is_known && size.input_tokens > 0.0 {
            self.input_factor = self.input_factor.max(input / size.input_tokens);
        }
        let Some(usd) = usd else { return };
        self.most_usd = self.most_usd.max(usd);
        let Some(listed) = self.listed else {
            let tokens = if input + output > 0.0 { input + output } else { size.input_tokens };
            self.learned = Some(self.learned.unwrap_or(0.0).max(usd / tokens.max(1.0)));
            return;
        };
        let expected = listed.cost(input, output);
        if expected > 0.0 && input > 0.0 && output > 0.0 {
            self.price_factor = self.price_factor.max(usd / expected);
        }
    }

    fn prices(&self) -> Option<Prices> {
        let listed = self.listed.map(|prices| prices.times(self.price_factor));
        listed.or_else(|| self.learned.map(|usd| Prices::new(usd, usd)))
    }

    /// True if a price is known.
    pub(super) fn has_prices(&self) -> bool {
        self.prices().is_some()
    }

    /// The longest caption to expect, in tokens; `None` while nothing is known.
    fn longest_output(&self) -> Option<f64> {
        if let Some(requested) = self.limits.requested {
            return Some(f64::from(requested).max(self.most_output));
        }
        let documented = self.limits.documented.map(f64::from);
        let seen = (self.most_output > 0.0).then_some(self.most_output * ROOM);
        seen.into_iter().chain(documented).reduce(f64::min)
    }

    /// Returns the highest cost of so many requests.
    pub(super) fn worst(&self, load: Load) -> Option<f64> {
        if load.requests == 0 {
            return Some(0.0);
        }
        let prices = self.prices()?;
        let input = load.input_tokens * self.input_factor;
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let requests = load.requests as f64;
        if self.listed.is_some() {
            return Some(prices.cost(input, requests * self.longest_output()?));
        }
        Some(ROOM * prices.cost(input, requests * self.most_output))
    }

    /// Returns the cost of an answer with these tokens, if the price and both counts are known.
    pub(super) fn cost(&self, usage: Usage) -> Option<f64> {
        let (input, output) = tokens(usage);
        let is_counted = input > 0.0 && output > 0.0;
        self.prices().filter(|_| is_counted).map(|prices| prices.cost(input, output))
    }

    pub(super) fn estimate(&self, size: RequestSize) -> Estimate {
        let worst = self.worst(size.into());
        let is_exact = self.listed.is_some() && self.limits.requested.is_some();
        let alone = worst.filter(|_| is_exact).unwrap_or_else(|| self.likely(size));
        // Another model than the documented one may count tokens in another way.
        let is_familiar = self.limits.documented.is_some() || self.most_input > 0.0;
        Estimate { alone, worst: worst.filter(|_| is_familiar) }
    }

    /// Returns the cost of a request with the longest caption so far, but no more than the dearest
    /// one so far, unless its audio is longer.
    fn likely(&self, size: RequestSize) -> f64 {
        let Some(prices) = self.prices() else { return 0.0 };
        let known = size.input_tokens * self.input_factor;
        let input = if size.is_known { known } else { self.most_input.min(known) };
        let usd = prices.cost(input, self.most_output);
        if self.most_usd > 0.0 && self.most_input > 0.0 {
            return usd.min(self.most_usd * (input / self.most_input).max(1.0));
        }
        usd
    }
}

/// Input and output tokens; one of 0 is unknown.
fn tokens(usage: Usage) -> (f64, f64) {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let tokens = (usage.prompt_tokens as f64, usage.completion_tokens as f64);
    tokens
}
