//! Outages of the service and the network, which all inputs wait for.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::harness::{
    Caption, answer, assert_says, caption, finish, next_stderr_line, unconfigured,
};
use support::stand_in::{KEY, Reply, StandIn};

#[test]
fn an_outage_in_the_middle_fails_no_clip_and_is_reported_once() {
    let served = AtomicUsize::new(0);
    let stand_in = StandIn::always(move || match served.fetch_add(1, Ordering::Relaxed) {
        10..=17 => Reply::status(500),
        _ => answer("Rain."),
    });
    let run = caption(&stand_in).clips("x", 40).args(["-j", "4", "x"]).run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_says(&run.stderr, &["the service failed (500); all inputs wait", "40 captioned"]);
    assert_eq!(run.stderr.matches("all inputs wait").count(), 1, "{}", run.stderr);
    assert_eq!(stand_in.requests().len(), 48);
}

/// Returns an address where nothing listens.
fn dead_address() -> SocketAddr {
    // Bound and closed again.
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Starts a proxy that refuses to connect anywhere, and returns its address and its requests.
fn closed_proxy(status: u16) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, requests) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let counter = requests.clone();
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            counter.fetch_add(1, Ordering::Relaxed);
            let _ = client.read(&mut [0; 4096]);
            let _ = write!(client, "HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n");
        }
    });
    (address, requests)
}

/// Prepares a run with 40 clips whose service is at a URL.
fn caption_at(base_url: &str) -> Caption {
    let run = unconfigured().env("AIMLAPI_KEY", KEY).clips("x", 40);
    run.args(["--base-url", base_url, "-j", "4", "-f", "jsonl", "x"])
}

/// Asserts that an outage from the start is reported in one line, and leaves the rest for another
/// run.
fn assert_outage(run: Caption, words: &[&str]) {
    let run = run.args(["--outage", "1s"]).run();
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert_says(&run.stderr, words);
    assert_says(&run.stderr, &["all inputs wait", "caption: error: ", " not tried"]);
    let errors = run.stderr.matches("caption: error: ").count();
    assert_eq!(errors, 1, "{}", run.stderr);
    assert_eq!(run.records().len(), 40);
}

#[test]
fn a_dead_port_is_one_line_and_leaves_the_rest_untried() {
    let address = dead_address();
    let words = format!("could not connect to {address} (Connection refused");
    assert_outage(caption_at(&format!("http://{address}/v1")), &[&words]);
}

#[test]
fn a_name_that_is_not_found_is_an_outage() {
    // Too long for a host name, so that no DNS request is sent.
    let name = format!("{}.invalid", "x".repeat(70));
    let run = caption_at(&format!("https://{name}/v1"));
    assert_outage(run, &[&format!("could not connect to {name} (")]);
}

#[test]
fn a_proxy_that_cannot_reach_the_service_is_an_outage() {
    for status in [403, 502] {
        let (address, requests) = closed_proxy(status);
        let run = caption_at("https://nowhere.invalid/v1");
        let run = run.env("HTTPS_PROXY", format!("http://{address}"));
        let words = ["nowhere.invalid through the proxy (the proxy refuses or cannot reach it)"];
        assert_outage(run, &words);
        let tries = requests.load(Ordering::Relaxed);
        assert!(tries <= 12, "{tries} requests");
    }
    let run = caption_at("https://nowhere.invalid/v1");
    let run = run.env("HTTPS_PROXY", format!("http://{}", dead_address()));
    assert_outage(run, &["nowhere.invalid through the proxy (Connection refused"]);
}

#[test]
fn an_untrusted_certificate_ends_the_run_at_once() {
    let stand_in = StandIn::with_tls("self-signed", Reply::measured);
    let run = caption_at(&stand_in.base_url()).arg("-q").run();
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert_says(&run.stderr, &["is not trusted", "x/00", "--cacert", " not tried"]);
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    assert_eq!(run.records().len(), 40);
    assert!(stand_in.connections() <= 8, "{} connections", stand_in.connections());
}

/// Passes connections on, from an address to a server.
fn relay(from: SocketAddr, to: SocketAddr) {
    let listener = TcpListener::bind(from).unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let Ok(server) = TcpStream::connect(to) else { return };
            let (mut up, mut down) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut up, &mut &server));
            std::thread::spawn(move || std::io::copy(&mut down, &mut &client));
        }
    });
}

#[test]
fn a_service_that_comes_back_captions_all_inputs() {
    let (stand_in, address) = (StandIn::start(), dead_address());
    let mut run = caption_at(&format!("http://{address}/v1"));
    let mut child = run.spawn();
    let note = next_stderr_line(&mut child);
    assert_says(&note, &["could not connect to", "all inputs wait"]);
    relay(address, stand_in.address());
    let ended = finish(child);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_says(&ended.stderr, &["40 captioned"]);
    assert_eq!(stand_in.requests().len(), 40);
}

#[test]
fn a_run_that_an_outage_ended_goes_on_with_its_manifest() {
    let served = AtomicUsize::new(0);
    let stand_in = StandIn::always(move || match served.fetch_add(1, Ordering::Relaxed) {
        0..10 => answer("Rain."),
        _ => Reply::status(502),
    });
    let args = ["-j", "4", "--outage", "0", "--manifest", "m.jsonl", "x"];
    let mut run = caption(&stand_in).clips("x", 40).args(args);
    let child = run.spawn();
    assert_says(&finish(child).stderr, &["10 captioned", "not tried"]);
    let back = StandIn::start();
    run = run.env("AIMLAPI_BASE_URL", back.base_url());
    let child = run.spawn();
    let ended = finish(child);
    assert_says(&ended.stderr, &["30 captioned · 10 cached"]);
    assert_eq!((ended.code, back.requests().len()), (0, 30));
}

#[test]
fn without_an_outage_to_wait_for_the_run_ends_after_a_few_tests() {
    let stand_in = StandIn::always(|| Reply::status(502));
    let run = caption(&stand_in).clips("x", 40).args(["--outage", "0", "-j", "4", "x"]).run();
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert_says(&run.stderr, &["the service failed (502)", "not tried"]);
    // Four at first, three tests, and those that start until the first failures are there.
    assert!(stand_in.requests().len() <= 12, "{}", stand_in.requests().len());
}

#[test]
fn failures_between_successes_are_no_outage() {
    let served = AtomicUsize::new(0);
    let stand_in = StandIn::always(move || match served.fetch_add(1, Ordering::Relaxed) {
        1 | 3 | 5 | 7 => Reply::status(500).header("retry-after", "0"),
        _ => answer("Rain."),
    });
    let run = caption(&stand_in).clips("x", 20).args(["-j", "1", "x"]).run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(!run.stderr.contains("all inputs wait"), "{}", run.stderr);
}
