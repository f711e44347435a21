//! Retries: which failures, how often, and how long between attempts.

use std::time::{Duration, Instant, SystemTime};

use serde_json::json;

use crate::harness::{assert_says, caption, caption_tone, json_reply};
use support::stand_in::{Reply, StandIn};

#[test]
fn transient_failures_are_retried() {
    for status in [408, 429, 500, 502, 503, 504, 524, 529] {
        let stand_in = StandIn::scripted([Reply::status(status).header("retry-after", "0")]);
        let run = caption_tone(&stand_in, &[]);
        assert_eq!(run.code, 0, "{status}: {}", run.stderr);
        assert_says(&run.stdout, &["near 1000 Hz"]);
        assert_says(&run.stderr, &["note", &status.to_string(), "attempt 2 in 0."]);
        assert_eq!(stand_in.requests().len(), 2, "{status}");
    }
}

#[test]
fn max_retries_limits_the_attempts() {
    for retries in ["0", "2"] {
        let attempts = retries.parse::<usize>().unwrap() + 1;
        let reply = || Reply::status(503).header("retry-after", "0");
        let stand_in = StandIn::scripted((0..attempts).map(|_| reply()));
        let stderr = caption_tone(&stand_in, &["--max-retries", retries]).failed(3);
        assert_says(&stderr, &["the service failed (503", "tone.wav"]);
        assert_eq!(stand_in.requests().len(), attempts);
    }
}

#[test]
fn a_retry_sends_the_whole_audio() {
    let stand_in = StandIn::scripted([Reply::status(503).header("retry-after", "0")]);
    caption_tone(&stand_in, &["-q"]).captioned();
    let requests = stand_in.requests();
    assert_eq!(requests[0].body, requests[1].body);
}

#[test]
fn retry_after_in_seconds_is_obeyed() {
    let stand_in = StandIn::scripted([Reply::status(429).header("retry-after", "1")]);
    let started = Instant::now();
    let run = caption_tone(&stand_in, &[]);
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_says(&run.stderr, &["429, wait 1 s", "attempt 2 in 1 s"]);
}

#[test]
fn retry_after_as_a_date_uses_the_clock_of_the_server() {
    // A server whose clock is years behind.
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let date = httpdate::fmt_http_date(now);
    let until = httpdate::fmt_http_date(now + Duration::from_secs(1));
    let reply = Reply::status(503).header("date", &date).header("retry-after", &until);
    let stand_in = StandIn::scripted([reply]);
    let started = Instant::now();
    assert_says(&caption_tone(&stand_in, &[]).stderr, &["attempt 2 in 1 s"]);
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[test]
fn unusual_retry_after_values_are_read_or_ignored() {
    for (value, words) in
        [("1.2", "attempt 2 in 1.2 s"), ("soon", "attempt 2 in 0."), ("-5", "attempt 2 in 0.")]
    {
        let stand_in = StandIn::scripted([Reply::status(503).header("retry-after", value)]);
        assert_says(&caption_tone(&stand_in, &[]).stderr, &[words]);
    }
    for value in ["99999999999999999999", "1e300", "inf"] {
        let stand_in = StandIn::scripted([Reply::status(503).header("retry-after", value)]);
        assert_says(&caption_tone(&stand_in, &[]).failed(3), &["503, wait 30 d"]);
    }
}

#[test]
fn a_retry_after_over_the_longest_outage_is_a_failure() {
    let stand_in = StandIn::scripted([Reply::status(429).header("retry-after", "901")]);
    let stderr = caption_tone(&stand_in, &[]).failed(4);
    assert_says(
        &stderr,
        &["the quota is used up (429, wait 15 min 1 s)", "tone.wav", "wait that long"],
    );
    stand_in.request();
}

#[test]
fn an_exhausted_free_tier_is_not_retried() {
    let message = "Free-tier limit: You've reached your free limit for the hour. Top up.";
    let stand_in = StandIn::scripted([json_reply(429, &json!({ "message": message }))]);
    let stderr = caption_tone(&stand_in, &[]).failed(4);
    assert_says(
        &stderr,
        &["the free allowance is used up (429", "tone.wav", "wait for the next hour"],
    );
    stand_in.request();
}

#[test]
fn rejected_requests_are_not_retried() {
    for status in [400, 404, 405, 409, 415, 422] {
        let stand_in = StandIn::scripted([Reply::status(status)]);
        caption_tone(&stand_in, &[]).failed(3);
        stand_in.request();
    }
}

#[test]
fn an_invalid_response_is_not_retried() {
    let stand_in = StandIn::scripted([Reply::status(200).body("application/json", "{\"choi")]);
    caption_tone(&stand_in, &[]).failed(3);
    stand_in.request();
}

#[test]
fn a_broken_connection_is_retried() {
    for reply in [
        Reply::raw(""),
        Reply::raw("HTTP/1.1 200 OK\r\nContent-Le"),
        Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"choices\""),
        Reply::raw("no HTTP at all\r\n\r\n"),
        Reply::status(200).pieces("application/json", ["{\"choices\": "]).disconnect(),
    ] {
        let stand_in = StandIn::scripted([reply]);
        let run = caption_tone(&stand_in, &[]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert_says(&run.stderr, &["the connection closed", "attempt 2"]);
        assert_eq!(stand_in.requests().len(), 2);
    }
}

#[test]
fn a_timeout_is_retried() {
    let stand_in = StandIn::scripted([Reply::never()]);
    let run = caption_tone(&stand_in, &["--timeout", "300ms"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_says(&run.stderr, &["no complete response within 0.3 s", "attempt 2"]);
}

#[test]
fn a_timeout_error_names_the_limit_and_the_option() {
    let stand_in = StandIn::scripted([Reply::never()]);
    let stderr = caption_tone(&stand_in, &["--timeout", "200ms", "--max-retries", "0"]).failed(3);
    assert_says(&stderr, &["no complete response within 0.2 s", "tone.wav", "raise --timeout"]);
}

#[test]
fn an_unreachable_server_is_named() {
    // A port that was free a moment ago.
    let address = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let stand_in = StandIn::start();
    let url = format!("http://{address}");
    let args = ["--base-url", &url, "--max-retries", "1"];
    let stderr = caption_tone(&stand_in, &args).failed(3);
    assert_says(
        &stderr,
        &[
            "could not connect",
            "attempt 2",
            "could not connect to",
            &address.to_string(),
            "tone.wav",
            "check the address",
        ],
    );
}

#[test]
fn quiet_hides_successful_retries() {
    let stand_in = StandIn::scripted([Reply::status(503).header("retry-after", "0")]);
    caption_tone(&stand_in, &["--quiet"]).captioned();
}

#[test]
fn verbose_reports_causes_and_attempts() {
    let stand_in = StandIn::scripted([Reply::status(503).header("retry-after", "0")]);
    assert_says(&caption_tone(&stand_in, &["-v"]).stderr, &["done", "2 attempts"]);
    let stand_in = StandIn::scripted([Reply::raw("junk\r\n\r\n")]);
    let run =
        caption(&stand_in).data_file("tone.wav").args(["-v", "--max-retries", "0", "tone.wav"]);
    assert_says(&run.run().failed(3), &["the connection closed", "\n  caused by: "]);
}
