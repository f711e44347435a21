//! Faults of a download.

use std::time::Duration;

use super::raw_server::{drip, hold, repeat, reset_after, reset_amid};
use super::{Row, Status, captioned, check, failed};
use crate::harness::data_path;
use support::stand_in::Reply;

#[test]
fn every_download_is_audio_or_a_failure() {
    let wav = std::fs::read(data_path("tone.wav")).unwrap();
    let body = |name: &str, body: Vec<u8>, ending: Status| {
        let reply = move || Reply::status(200).body("audio/wav", body.clone());
        fetched(Row::replied(name, reply, ending))
    };
    let status = |status: u16, ending: Status| {
        fetched(Row::replied(&status.to_string(), move || Reply::status(status), ending))
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
            fetched(Row::replied(
                "a circle",
                || Reply::status(302).header("location", "/a.wav"),
                failed("input", 21),
            )),
            fetched(Row::replied("a redirect to nowhere", || Reply::status(302), input)),
            fetched(Row::replied("a redirect to another scheme", elsewhere, input)),
            fetched(Row::replied(
                "a cut",
                move || Reply::status(200).pieces("audio/wav", [cut.clone()]).disconnect(),
                network,
            )),
            fetched(Row::replied("no HTTP", || Reply::raw("hello"), network)),
            fetched(Row::treated("closed", drop, network)),
            fetched(Row::treated("reset", reset_after(10), network)),
            fetched(Row::treated(
                "reset amid",
                reset_amid("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nRIFF"),
                network,
            )),
            fetched(Row::treated("no end", repeat("HTTP/1.1 200 OK\r\n\r\n", "RIFF"), input)),
            fetched(Row::treated(
                "no end of zeros",
                repeat("HTTP/1.1 200 OK\r\n\r\n", "\0"),
                input,
            )),
            hurried(Row::treated("silence", hold, network)),
            hurried(Row::treated(
                "one byte at a time",
                drip("HTTP/1.1 200 OK\r\n\r\nRIFF", Duration::from_millis(50)),
                network,
            )),
        ],
    );
}

fn fetched(row: Row) -> Row {
    Row { is_download: true, ..row.args(&["--inline"]) }
}

fn hurried(row: Row) -> Row {
    Row { is_download: true, ..row.args(&["--inline", "--timeout", "300ms"]) }
}
