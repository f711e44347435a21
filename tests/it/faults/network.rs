//! Faults of a connection before, during and after a request.

use std::net::TcpListener;
use std::time::Duration;

use super::raw_server::{
    RAIN, hold, reset_after, respond_and_reset, respond_bytewise, respond_endlessly,
    respond_to_headers,
};
use super::{Expected, Row, Server, captioned, check, failed};
use crate::harness::{answer, data_path};
use crate::skipped_tests::not_applicable;
use support::stand_in::{Reply, StandIn};

/// White space, which JSON allows before a document.
const CHUNK: &str = concat!(
    "64\r\n",
    "          ",
    "          ",
    "          ",
    "          ",
    "          ",
    "          ",
    "          ",
    "          ",
    "          ",
    "          ",
    "\r\n"
);

const SHORT_TIMEOUTS: &[&str] = &["--timeout", "300ms", "--connect-timeout", "300ms"];

#[test]
fn every_broken_connection_is_retried_and_reported() {
    let network = failed("network", 2);
    let headers = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"choices\"";
    let mut rows = vec![
        Row::new(
            "refused",
            Server::Absent(format!("http://{}", free_address())),
            failed("network", 0),
        ),
        Row::with_handler("closed at once", drop, network),
        Row::with_handler("reset before the request", reset_after(0), network),
        Row::with_handler("reset after the headers", reset_after(300), network),
        Row::with_handler("reset during the body", reset_after(5_000), network),
        Row::with_handler("reset after the body", respond_and_reset(""), network),
        Row::with_handler(
            "reset during the response headers",
            respond_and_reset("HTTP/1.1 200"),
            network,
        ),
        Row::with_handler("reset during the response", respond_and_reset(headers), network),
        Row::with_handler("no response", hold, network).args(SHORT_TIMEOUTS),
        Row::with_handler(
            "one byte at a time",
            respond_bytewise(headers, Duration::from_millis(100)),
            network,
        )
        .args(SHORT_TIMEOUTS),
        Row::with_handler(
            "a response before the request body",
            respond_to_headers("HTTP/1.1 400 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
            failed("rejected", 1),
        ),
        Row::with_handler(
            "endless 100 responses",
            respond_endlessly("", "HTTP/1.1 100 Continue\r\n\r\n"),
            network,
        )
        .args(SHORT_TIMEOUTS),
        Row::with_handler(
            "endless headers",
            respond_endlessly("HTTP/1.1 200 OK\r\n", "X-Filler: 0123456789\r\n"),
            network,
        ),
        Row::with_handler(
            "a header without an end",
            respond_endlessly("HTTP/1.1 200 OK\r\nX: ", "0123456789"),
            network,
        ),
        Row::with_handler(
            "chunks without an end",
            respond_endlessly("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", CHUNK),
            failed("server", 1),
        ),
        Row::with_handler(
            "a body without an end",
            respond_endlessly("HTTP/1.1 200 OK\r\n\r\n", "          "),
            failed("server", 1),
        ),
        Row::with_handler(
            "comments for ever",
            respond_endlessly(
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n",
                ": ping\n\n",
            ),
            failed("server", 1),
        )
        .args(&["--stream"]),
    ];
    for (name, reply) in [
        ("nothing", ""),
        ("no HTTP", "220 smtp.example.com ESMTP\r\n"),
        ("half a status line", "HTTP/1.1 2"),
        ("incomplete headers", "HTTP/1.1 200 OK\r\nContent-Le"),
        ("half a body", headers),
        ("a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n"),
        ("HTTP/2", "HTTP/2 200\r\n\r\n"),
        ("a length that is none", "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}"),
        ("a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}"),
        (
            "a length past all numbers",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
        ),
        ("two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}"),
        ("chunks of garbage", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n"),
        (
            "a chunk past all numbers",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}",
        ),
        (
            "a chunk that is cut",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{\"choices\"",
        ),
        ("no last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"),
        ("a NUL in the headers", "HTTP/1.1 200 OK\r\nX\u{0}: 1\r\n\r\n{}"),
        ("a response without line ends", "HTTP/1.1 200 OK Content-Length: 2 {}"),
    ] {
        rows.push(Row::with_reply(name, move || Reply::raw(reply), network));
    }
    check("connections", rows);
}

#[test]
fn unusual_but_complete_responses_are_accepted() {
    let row = |name: &str, headers: &str, expected: Expected| {
        let answer = [headers, RAIN].concat();
        Row::with_reply(name, move || Reply::raw(answer.clone()), expected)
    };
    check(
        "odd answers",
        vec![
            row("no length", "HTTP/1.1 200 OK\r\n\r\n", captioned(1)),
            row("HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\n", captioned(1)),
            row("no reason phrase", "HTTP/1.1 201\r\n\r\n", captioned(1)),
            row("100 before", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", captioned(1)),
            row(
                "hints before",
                "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
                captioned(1),
            ),
            row(
                "a length that is too small",
                "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n",
                failed("server", 1),
            ),
            row(
                "another protocol",
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
                failed("rejected", 1),
            ),
        ],
    );
}

#[test]
fn the_key_is_sent_only_to_a_verified_service() {
    let tls = |name: &str, expected: Expected| {
        let row =
            Row::new(name, Server::StandIn(StandIn::with_tls(name, || answer("Rain."))), expected);
        row.setup(|run, _| run.env("SSL_CERT_FILE", data_path("tls/ca.pem")))
    };
    let https = |name: &str, row: Row, expected: Expected| {
        let row = Row { name: name.to_owned(), expected, ..row };
        row.setup(|run, server| {
            run.args(["--base-url", &server.base_url().replace("http:", "https:")])
                .args(SHORT_TIMEOUTS)
        })
    };
    let mut rows = vec![
        https(
            "plain HTTP",
            Row::with_reply("", || Reply::raw(""), captioned(0)),
            failed("network", 2),
        ),
        https("no handshake", Row::with_handler("", hold, captioned(0)), failed("network", 2)),
        https(
            "closed amid the handshake",
            Row::with_handler("", reset_after(50), captioned(0)),
            failed("network", 2),
        ),
    ];
    if cfg!(target_os = "linux") {
        for certificate in ["self-signed", "expired", "elsewhere"] {
            rows.push(tls(certificate, failed("network", 1)));
        }
    }
    check("certificates", rows);
}

#[test]
fn a_failing_proxy_is_reported_and_never_gets_the_key() {
    // Only the proxy resolves the name.
    let row = |name: &str, row: Row| {
        let row = Row { name: name.to_owned(), expected: failed("network", 2), ..row };
        row.setup(|run, server| {
            let proxy =
                server.base_url().replace("http://", &format!("http://bob:{}@", super::MARK));
            let run = run.env("HTTPS_PROXY", proxy).args(SHORT_TIMEOUTS);
            run.args(["--base-url", "https://service.invalid"])
        })
    };
    let absent = Server::Absent(format!("http://{}", free_address()));
    let mut rows = vec![
        Row {
            expected: failed("network", 0),
            ..row("refused", Row::new("", absent, captioned(0)))
        },
        row("closed", Row::with_handler("", drop, captioned(0))),
        row("no response", Row::with_handler("", hold, captioned(0))),
        row("garbage", Row::with_reply("", || Reply::raw("hello\r\n"), captioned(0))),
        row(
            "endless headers",
            Row::with_handler(
                "",
                respond_endlessly("HTTP/1.1 200 OK\r\n", "X-Filler: 0123456789\r\n"),
                captioned(0),
            ),
        ),
    ];
    for status in [403, 407, 502] {
        // A wrong password is not sent twice.
        let attempts = if status == 407 { 1 } else { 2 };
        let row = row(
            &status.to_string(),
            Row::with_reply("", move || Reply::status(status), captioned(0)),
        );
        rows.push(Row { expected: failed("network", attempts), ..row });
    }
    check("proxies", rows);
}

#[test]
fn a_host_without_an_address_or_with_ipv6_only() {
    // Too long for a host name, so that no DNS request is sent.
    let name = format!("http://{}.localhost:9", "x".repeat(70));
    let mut rows = vec![Row::new("no such name", Server::Absent(name), failed("network", 0))];
    match StandIn::bound_to("::1".parse().unwrap(), || answer("Rain.")) {
        Ok(stand_in) => rows.push(Row::new("IPv6 alone", Server::StandIn(stand_in), captioned(1))),
        Err(e) => not_applicable(&format!("this machine has no IPv6 ({e})")),
    }
    check("addresses", rows);
}

/// Returns an address that was free a moment ago.
fn free_address() -> std::net::SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
