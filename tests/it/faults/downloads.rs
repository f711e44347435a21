//! Faults of a download.

use std::time::Duration;

use super::raw_server::{
    hold, reset_after, respond_and_reset, respond_bytewise, respond_endlessly,
};
use super::{Expected, Row, captioned, check, failed};
use crate::harness::data_path;
use support::stand_in::Reply;

#[test]
fn every_download_is_audio_or_a_failure() {
    let wav = std::fs::read(data_path("tone.wav")).unwrap();
    let body = |name: &str, body: Vec<u8>, expected: Expected| {
        let reply = move || Reply::status(200).body("audio/wav", body.clone());
        as_download(Row::with_reply(name, reply, expected))
    };
    let status = |status: u16, expected: Expected| {
        as_download(Row::with_reply(&status.to_string(), move || Reply::status(status), expected))
    };
    let (input, network) = (failed("input", 1), failed("network", 2));
    let cut = wav[..1_000].to_vec();
    let elsewhere = || Reply::status(302).header("location", "ftp://127.0.0.1/a.wav");
    check(
        "downloads",
        vec![
            body("sound", wav.clone(), captioned(1)),
            body("nothing", Vec::new(), input),
            body("HTML", "<html>sign in</html>".into(), input),
            body("50 MB of HTML", "<p>".repeat(17_000_000).into(), input),
            body("zeros", vec![0; 2_000_000], input),
            body("a compressed body", vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0], input),
            status(204, input),
            status(304, input),
            status(401, input),
            status(404, input),
            status(410, input),
            status(429, failed("input", 2)),
            status(500, failed("input", 2)),
            status(503, failed("input", 2)),
            as_download(Row::with_reply(
                "a circle",
                || Reply::status(302).header("location", "/a.wav"),
                failed("input", 21),
            )),
            as_download(Row::with_reply("a redirect to nowhere", || Reply::status(302), input)),
            as_download(Row::with_reply("a redirect to another scheme", elsewhere, input)),
            as_download(Row::with_reply(
                "a cut",
                move || Reply::status(200).pieces("audio/wav", [cut.clone()]).disconnect(),
                network,
            )),
            as_download(Row::with_reply("no HTTP", || Reply::raw("hello"), network)),
            as_download(Row::with_handler("closed", drop, network)),
            as_download(Row::with_handler("reset", reset_after(10), network)),
            as_download(Row::with_handler(
                "reset amid",
                respond_and_reset("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nRIFF"),
                network,
            )),
            as_download(Row::with_handler(
                "no end",
                respond_endlessly("HTTP/1.1 200 OK\r\n\r\n", "RIFF"),
                input,
            )),
            as_download(Row::with_handler(
                "no end of zeros",
                respond_endlessly("HTTP/1.1 200 OK\r\n\r\n", "\0"),
                input,
            )),
            with_short_timeouts(Row::with_handler("silence", hold, network)),
            with_short_timeouts(Row::with_handler(
                "one byte at a time",
                respond_bytewise("HTTP/1.1 200 OK\r\n\r\nRIFF", Duration::from_millis(50)),
                network,
            )),
        ],
    );
}

fn as_download(row: Row) -> Row {
    Row { is_download: true, ..row.args(&["--inline"]) }
}

fn with_short_timeouts(row: Row) -> Row {
    Row { is_download: true, ..row.args(&["--inline", "--timeout", "300ms"]) }
}
