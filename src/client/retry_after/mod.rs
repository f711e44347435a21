//! Wait that a service asks for in an error response.
//!
//! Forms and sources:
//! - `Retry-After`: RFC 9110, section 10.2.3. Decimals are not in it, but servers send them.
//! - `retry-after-ms`: read by `openai-python` before `Retry-After` (its `_base_client.py`).
//! - `RateLimit-Remaining` and `RateLimit-Reset`: IETF `draft-ietf-httpapi-ratelimit-headers`, up to
//!   06. `RateLimit: limit=9, remaining=0, reset=5`: 07. `RateLimit: "name";r=0;t=5`: from 08 on.
//! - `X-RateLimit-Reset`: GitHub (epoch seconds), `OpenRouter` (epoch milliseconds, in
//!   `error.metadata.headers` of the body), others (seconds). `X-Rate-Limit-Reset`: X (epoch
//!   seconds). `X-RateLimit-Reset-After`: Discord (seconds).
//! - `x-ratelimit-reset-requests` and `-tokens`: `OpenAI`, Groq (`1m2.5s`).
//! - "try again in 21.2s": `OpenAI`; "retry after 20 seconds": Azure; "retry in 44.4s": Gemini.

use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap};
use serde_json::Value;

use self::duration::{duration, in_message};

mod duration;

/// Limit of a reported wait, in seconds; far longer than any wait that is kept.
const MAX_WAIT: f64 = 30.0 * 24.0 * 3600.0;

/// Headers with the rest of an allowance, and with the time when it is whole again.
const RESETS: [(&str, &str); 6] = [
    ("ratelimit-remaining", "ratelimit-reset"),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("x-ratelimit-remaining", "x-ratelimit-reset-after"),
    ("x-rate-limit-remaining", "x-rate-limit-reset"),
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
];

/// Reads the wait of an error response with this status and message. `relayed` are the headers of
/// a provider behind a gateway.
///
/// A wait that is asked for comes before the one in the message, and that before the time when
/// an allowance is whole again, which may be long after the next request is accepted.
pub(super) fn read(
    status: u16,
    headers: &HeaderMap,
    relayed: &Value,
    message: &str,
) -> Option<Duration> {
    let fields = Fields { headers, relayed };
    let seconds = fields.asked().or_else(|| {
        // A response to another failure may tell its allowance as well.
        let is_limit = matches!(status, 0 | 429 | 503 | 529);
        is_limit.then(|| in_message(message).or_else(|| fields.reset()))?
    });
    seconds.and_then(bounded)
}

/// Reads `Retry-After` and `retry-after-ms`.
pub(super) fn from_headers(headers: &HeaderMap) -> Option<Duration> {
    Fields { headers, relayed: &Value::Null }.asked().and_then(bounded)
}

/// Returns `None` for what is no number and for a negative one.
fn bounded(seconds: f64) -> Option<Duration> {
    (seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(MAX_WAIT)))
}

/// Headers of a response, and those that it relays.
struct Fields<'a> {
    headers: &'a HeaderMap,
    relayed: &'a Value,
}

impl Fields<'_> {
    fn get(&self, name: &str) -> Option<String> {
        if let Some(value) = self.headers.get(name) {
            return Some(value.to_str().ok()?.trim().to_owned());
        }
        let mut relayed = self.relayed.as_object()?.iter();
        match relayed.find(|(key, _)| key.eq_ignore_ascii_case(name))?.1 {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// Seconds that the response asks for.
    fn asked(&self) -> Option<f64> {
        let milliseconds = || number(&self.get("retry-after-ms")?).map(|number| number / 1000.0);
        let wait = || self.seconds(&self.get("retry-after")?);
        milliseconds().filter(|wait| *wait >= 0.0).or_else(wait)
    }

    /// Seconds until all used up allowances are whole again.
    fn reset(&self) -> Option<f64> {
        let separate = RESETS.into_iter().filter_map(|(remaining, reset)| {
            let remaining = self.get(remaining).and_then(|value| number(&value));
            let reset = self.seconds(&self.get(reset)?);
            reset.filter(|_| remaining.is_none_or(|remaining| remaining <= 0.0))
        });
        let structured = self.get("ratelimit").and_then(|value| structured_reset(&value));
        separate.chain(structured).filter(|wait| *wait > 0.0).reduce(f64::max)
    }

    /// Seconds until a time, which is given as their number, as a duration with units, or as a
    /// date. Dates are by the clock of the server.
    fn seconds(&self, value: &str) -> Option<f64> {
        match number(value) {
            Some(milliseconds) if milliseconds.is_finite() && milliseconds >= 1e11 => {
                Some(self.until(milliseconds / 1000.0))
            }
            // No wait is 30 years long.
            Some(seconds) if seconds.is_finite() && seconds >= 1e9 => Some(self.until(seconds)),
            Some(seconds) => Some(seconds),
            None => duration(value).or_else(|| Some(self.until(epoch_seconds(date(value)?)))),
        }
    }

    /// Seconds until a time in seconds since 1970; 0 for a past one.
    fn until(&self, time: f64) -> f64 {
        let clock = self.headers.get(DATE).and_then(|value| date(value.to_str().ok()?));
        let now = epoch_seconds(clock.unwrap_or_else(SystemTime::now));
        (time - now).ceil().max(0.0)
    }
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| !number.is_nan())
}

fn date(text: &str) -> Option<SystemTime> {
    let http = httpdate::parse_http_date(text).ok();
    http.or_else(|| humantime::parse_rfc3339_weak(text).ok())
}

fn epoch_seconds(time: SystemTime) -> f64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// Reads the longest reset of the used up allowances in a `RateLimit` header.
fn structured_reset(value: &str) -> Option<f64> {
    // The name of an allowance may contain the separators.
    let unnamed: String = value.split('"').step_by(2).collect();
    let field = |item: &str, name: &str| {
        let mut fields = item.split([';', ',']).filter_map(|field| field.split_once('='));
        number(fields.find(|(key, _)| key.trim() == name)?.1.trim())
    };
    let reset = |item: &str, remaining, reset| {
        field(item, remaining).filter(|remaining| *remaining <= 0.0)?;
        field(item, reset)
    };
    let several = unnamed.split(',').filter_map(|item| reset(item, "r", "t"));
    several.chain(reset(&unnamed, "remaining", "reset")).reduce(f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderName, HeaderValue};
    use serde_json::json;
    use support::random::{cases, mutated, soup};

    /// Clock of the server, years behind.
    const CLOCK: (&str, &str) = ("date", "Sun, 09 Sep 2001 01:46:40 GMT");

    fn headers(fields: &[(&str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &str)| {
            Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value).ok()?))
        };
        fields.iter().filter_map(pair).collect()
    }

    #[track_caller]
    fn assert_wait(fields: &[(&str, &str)], message: &str, expected: Option<f64>) {
        let wait = read(429, &headers(fields), &Value::Null, message);
        assert_eq!(wait.map(|wait| wait.as_secs_f64()), expected, "{fields:?} {message}");
    }

    #[test]
    fn a_wait_is_read_from_each_header() {
        let date = "Sun, 09 Sep 2001 01:46:45 GMT";
        for (fields, seconds) in [
            (&[("retry-after", "7")] as &[_], 7.0),
            (&[("retry-after", "1.25")], 1.25),
            (&[("retry-after", "0")], 0.0),
            (&[CLOCK, ("retry-after", date)], 5.0),
            (&[("retry-after", "7"), ("retry-after-ms", "350.5")], 0.3505),
            (&[("retry-after", "7"), ("retry-after-ms", "soon")], 7.0),
            (&[("ratelimit-remaining", "0"), ("ratelimit-reset", "5")], 5.0),
            (&[("ratelimit-reset", "5")], 5.0),
            (&[("ratelimit", "limit=100, remaining=0, reset=5")], 5.0),
            (&[("ratelimit", "\"default\";r=0;t=5")], 5.0),
            (&[("ratelimit", "\"a,b;r=9\";r=0;t=5, \"hour\";r=3;t=900")], 5.0),
            (&[("ratelimit", "\"minute\"; r=0; t=5, \"day\"; r=0; t=900")], 900.0),
            (&[("x-ratelimit-reset", "5")], 5.0),
            (&[CLOCK, ("x-ratelimit-reset", "1000000005")], 5.0),
            (&[CLOCK, ("x-ratelimit-reset", "1000000005500")], 6.0),
            (&[CLOCK, ("x-rate-limit-reset", "1000000005")], 5.0),
            (&[CLOCK, ("x-ratelimit-reset", "2001-09-09T01:46:45Z")], 5.0),
            (&[("x-ratelimit-reset-after", "1.5")], 1.5),
            (&[("x-ratelimit-reset-requests", "1m2.5s")], 62.5),
            (&[("x-ratelimit-reset-tokens", "6ms")], 0.006),
            (&[("x-ratelimit-reset-requests", "2s"), ("x-ratelimit-reset-tokens", "1h")], 3600.0),
        ] {
            assert_wait(fields, "", Some(seconds));
        }
    }

    #[test]
    fn an_allowance_that_is_left_asks_for_no_wait() {
        for fields in [
            &[("ratelimit-remaining", "3"), ("ratelimit-reset", "5")] as &[_],
            &[("ratelimit", "limit=100, remaining=3, reset=5")],
            &[("ratelimit", "\"default\";r=50;t=5")],
            &[("x-ratelimit-remaining-requests", "1"), ("x-ratelimit-reset-requests", "1m")],
        ] {
            assert_wait(fields, "", None);
        }
    }

    #[test]
    fn a_wait_that_is_asked_for_comes_first() {
        let reset = ("x-ratelimit-reset", "900");
        assert_wait(&[("retry-after", "7"), reset], "try again in 20s", Some(7.0));
        assert_wait(&[reset], "try again in 20s", Some(20.0));
    }

    #[test]
    fn only_a_limit_waits_for_an_allowance() {
        let headers = headers(&[("x-ratelimit-reset", "900")]);
        for (status, is_limit) in [(429, true), (503, true), (529, true), (500, false)] {
            let wait = read(status, &headers, &Value::Null, "try again in 20s");
            assert_eq!(wait.is_some(), is_limit, "{status}");
        }
    }

    #[test]
    fn the_headers_that_a_gateway_relays_are_read() {
        let relayed =
            json!({ "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": 1_000_000_005_000_u64 });
        let wait = read(429, &headers(&[CLOCK]), &relayed, "");
        assert_eq!(wait, Some(Duration::from_secs(5)));
    }

    #[test]
    fn hostile_values_are_bounded_or_ignored() {
        for name in ["retry-after", "retry-after-ms", "ratelimit-reset", "x-ratelimit-reset"] {
            for value in ["-5", "NaN", "-inf", "", "soon", "0x10", "5 5", "-1e300"] {
                assert_wait(&[(name, value)], "", None);
            }
        }
        for value in ["1e300", "inf", "99999999999999999999"] {
            assert_wait(&[("retry-after", value)], "", Some(MAX_WAIT));
        }
        for past in ["Thu, 01 Jan 1970 00:00:01 GMT", "1000000000", "999999999999"] {
            assert_wait(&[CLOCK, ("retry-after", past)], "", Some(0.0));
            assert_wait(&[CLOCK, ("x-ratelimit-reset", past)], "", None);
        }
        let digits = "9".repeat(400);
        assert_wait(&[], &format!("try again in {digits}s"), Some(MAX_WAIT));
    }

    #[test]
    fn random_headers_and_messages_are_read_within_the_bounds() {
        const PIECES: [&str; 12] =
            ["0", "5", ".", "-", "e9", "\"", ";", ",", "r=0", "t=", "m", "try again in "];
        cases(|random| {
            let value = match random.u8(..2) {
                0 => soup(random, 20, &PIECES),
                _ => mutated(random, b"limit=9, remaining=0, reset=5"),
            };
            let value = String::from_utf8_lossy(&value).into_owned();
            let names = ["retry-after", "retry-after-ms", "ratelimit", "x-ratelimit-reset-tokens"];
            for name in names {
                let wait = read(429, &headers(&[(name, &value)]), &Value::Null, &value);
                assert!(wait.is_none_or(|wait| wait.as_secs_f64() <= MAX_WAIT), "{value}");
            }
        });
    }
}
