//! URLs that the program downloads and sends like files.

use serde_json::Value;

use crate::harness::{Run, TEMP_VARIABLE, assert_says, caption, data_path, endless_wav};
use support::stand_in::{Reply, StandIn};

#[test]
fn a_local_url_is_inlined_with_a_notice() {
    let stand_in = StandIn::scripted([wav()]);
    let url = stand_in.url("a.wav?sig=1");
    let run = caption(&stand_in).arg(&url).run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_says(&run.stdout, &["near 1000 Hz"]);
    assert_says(&run.stderr, &["note", "a.wav?11ed63e5: only this machine can reach it"]);
}

#[test]
fn inline_downloads_without_a_notice() {
    let stand_in = StandIn::scripted([wav()]);
    let printed = caption_inline(&stand_in, &[]).captioned();
    assert_says(&printed, &["near 1000 Hz"]);
    let data = &stand_in.requests()[1].json()["messages"][0]["content"][0]["input_audio"]["data"];
    assert!(data.as_str().unwrap().starts_with("data:;base64,"), "{data}");
}

#[test]
fn a_download_does_not_send_the_key() {
    let stand_in = StandIn::scripted([wav()]);
    caption_inline(&stand_in, &[]).captioned();
    let requests = stand_in.requests();
    assert_eq!((requests[0].method.as_str(), requests[0].path.as_str()), ("GET", "/a.wav"));
    assert_eq!(requests[0].header("authorization"), None);
    assert_eq!(requests[0].header("accept-encoding"), None);
    assert_eq!(requests.len(), 2);
}

#[test]
fn redirects_of_a_download_are_followed() {
    let stand_in = StandIn::scripted([
        Reply::status(302).header("location", "/b.wav"),
        Reply::status(307).header("location", "/c.wav"),
        wav(),
    ]);
    caption_inline(&stand_in, &[]).captioned();
    let paths: Vec<_> = stand_in.requests().iter().map(|request| request.path.clone()).collect();
    assert_eq!(paths, ["/a.wav", "/b.wav", "/c.wav", "/v1/chat/completions"]);
}

#[test]
fn a_redirect_sends_no_referer() {
    let stand_in = StandIn::scripted([Reply::status(302).header("location", "/b.wav"), wav()]);
    let url = stand_in.url("a.wav?signature=secret");
    caption(&stand_in).args(["--inline", &url]).run().captioned();
    assert_eq!(stand_in.requests()[1].header("referer"), None);
}

#[test]
fn a_missing_temporary_folder_is_reported() {
    let stand_in = StandIn::scripted([wav()]);
    let run = caption(&stand_in).env(TEMP_VARIABLE, "nowhere");
    let run = run.arg("--inline").arg(stand_in.url("a.wav"));
    let hint = format!("set {TEMP_VARIABLE}");
    assert_says(&run.run().failed(3), &["could not store the audio in ", "nowhere", &hint]);
}

#[test]
fn endless_redirects_are_an_error() {
    let stand_in =
        StandIn::scripted((0..21).map(|_| Reply::status(302).header("location", "/a.wav")));
    assert_says(
        &caption_inline(&stand_in, &[]).failed(3),
        &["the download failed with status 302"],
    );
}

#[test]
fn a_download_is_checked_like_a_file() {
    let page = Reply::status(200).body("audio/wav", "<!doctype html><html>log in</html>");
    let stand_in = StandIn::scripted([page]);
    assert_says(
        &caption_inline(&stand_in, &[]).failed(3),
        &["not audio but an HTML page", "a.wav"],
    );
    stand_in.request();
}

#[test]
fn a_download_that_is_too_large_is_stopped() {
    let stand_in = StandIn::scripted([Reply::status(200).body("audio/wav", endless_wav())]);
    let stderr = caption_inline(&stand_in, &["--convert", "never"]).failed(3);
    assert_says(&stderr, &["too large", "a.wav", "remove --convert never"]);
    stand_in.request();
}

#[test]
fn a_failed_download_is_reported_with_its_status() {
    let stand_in = StandIn::scripted([Reply::status(404)]);
    let stderr = caption_inline(&stand_in, &[]).failed(3);
    assert_says(&stderr, &["the download failed with status 404", "a.wav", "check that the URL"]);
    stand_in.request();
}

#[test]
fn a_download_is_retried() {
    let stand_in = StandIn::scripted([
        Reply::status(503).header("retry-after", "0"),
        Reply::status(200).pieces("audio/wav", ["RIFF"]).disconnect(),
        wav(),
    ]);
    let run = caption_inline(&stand_in, &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_says(
        &run.stderr,
        &["failed with status 503", "attempt 2", "connection closed", "attempt 3"],
    );
}

#[test]
fn downloads_obey_the_timeout() {
    let stand_in = StandIn::scripted([Reply::never()]);
    let stderr = caption_inline(&stand_in, &["--timeout", "200ms", "--max-retries", "0"]).failed(3);
    assert_says(&stderr, &["no complete response within 0.2 s", "a.wav"]);
}

#[test]
fn json_of_an_inlined_url_is_the_response() {
    let stand_in = StandIn::scripted([wav()]);
    let printed = caption_inline(&stand_in, &["--json"]).captioned();
    let document: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(document["object"], "chat.completion");
}

fn wav() -> Reply {
    Reply::status(200)
        .body("application/octet-stream", std::fs::read(data_path("tone.wav")).unwrap())
}

fn caption_inline(stand_in: &StandIn, args: &[&str]) -> Run {
    caption(stand_in).arg("--inline").args(args).arg(stand_in.url("a.wav")).run()
}

#[cfg(target_os = "linux")] // where the environment can name authorities
#[test]
fn a_redirect_to_https_verifies_the_certificate() {
    let sound = std::fs::read(data_path("tone.wav")).unwrap();
    let wav = move || Reply::status(200).body("audio/wav", sound.clone());
    let far = StandIn::with_tls("localhost", wav);
    let near = StandIn::scripted([Reply::status(302).header("location", &far.url("b.wav"))]);
    let stand_in = StandIn::start();
    let run = caption(&stand_in).env("SSL_CERT_FILE", data_path("tls/ca.pem"));
    let stderr = run.args(["-q", "--inline"]).arg(near.url("a.wav")).run().captioned();
    assert_says(&stderr, &["near 1000 Hz"]);
    assert_eq!(far.request().path, "/b.wav");
}
