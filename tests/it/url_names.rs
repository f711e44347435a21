//! User, password, query and fragment of a URL are sent, and appear in no output. The name of a URL
//! is its scheme, host and path, and digits that stand for the query.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{
    Caption, Run, answer, assert_says, caption, data_path, finish, json_reply, unconfigured,
};
use support::stand_in::{KEY, Reply, StandIn};

/// Texts that may appear nowhere.
const SECRETS: [&str; 9] =
    ["bobby", "hunter2", "aHVudGVyMg", "sig=", "q1w2", "q3r4", "s3cret", "X-Amz", "fr4gment"];

/// The first 8 digits of the SHA-256 of `sig=q1w2`, `sig=q3r4` and `X-Amz-Signature=s3cret`.
const ONE: &str = "0af63996";
const TWO: &str = "cbc10cb5";
const SIGNED: &str = "66455525";

/// A text of the service without any of the secrets.
const CAPTION: &str = "Rain.";

/// A server of sounds, at any path.
fn sounds() -> StandIn {
    let wav = fs::read(data_path("tone.wav")).unwrap();
    StandIn::always(move || Reply::status(200).body("audio/wav", wav.clone()))
}

fn captions() -> StandIn {
    StandIn::always(|| answer(CAPTION))
}

/// A URL at this server with all there may be in one.
fn secret(server: &StandIn, path: &str, query: &str) -> String {
    format!("http://bobby:hunter2@{}/{path}?{query}#fr4gment", server.address())
}

/// What that is called.
fn name(server: &StandIn, path: &str, digits: &str) -> String {
    format!("http://{}/{path}?{digits}", server.address())
}

#[track_caller]
fn assert_no_secret(text: &str, of: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret:?} in {of}: {text}");
    }
}

/// Runs it and looks through all that it says and writes.
#[track_caller]
fn run_in_secret(mut run: Caption) -> (Run, Caption) {
    let ended = finish(run.spawn());
    assert_no_secret(&ended.stdout, "the output");
    assert_no_secret(&ended.stderr, "the log");
    look_through(run.folder());
    (ended, run)
}

#[track_caller]
fn look_through(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        assert_no_secret(&path.file_name().unwrap().to_string_lossy(), "a file's name");
        if path.is_dir() {
            look_through(&path);
        } else {
            let content = fs::read(&path).unwrap();
            assert_no_secret(&String::from_utf8_lossy(&content), &path.display().to_string());
        }
    }
}

#[test]
fn the_name_of_a_url_is_scheme_host_and_path_in_every_output() {
    let (sounds, stand_in) = (sounds(), captions());
    let urls = ["sig=q1w2", "sig=q3r4"].map(|query| secret(&sounds, "a.wav", query));
    let third = format!("http://bobby@{}/b.wav#fr4gment", sounds.address());
    let plain = format!("http://{}/b.wav", sounds.address());
    let names = [name(&sounds, "a.wav", ONE), name(&sounds, "a.wav", TWO), plain];
    let run = |args: &[&str]| {
        run_in_secret(caption(&stand_in).args(args).args(["-v", "-j", "1"]).args(&urls).arg(&third))
    };
    let (ended, _) = run(&[]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let headings = names.clone().map(|name| format!("==> {name} <=="));
    assert_says(&ended.stdout, &headings.each_ref().map(String::as_str));
    // Notices and the words of -v name them too.
    assert_says(&ended.stderr, &["only this machine can reach", &names[0]]);
    let (ended, _) = run(&["-f", "jsonl"]);
    let inputs: Vec<_> = ended.records().iter().map(|record| record["input"].clone()).collect();
    assert_eq!(inputs, names);
    let (ended, _) = run(&["-f", "csv"]);
    let mut table = csv::Reader::from_reader(ended.stdout.as_bytes());
    let inputs: Vec<_> = table.records().map(|row| row.unwrap()[0].to_owned()).collect();
    assert_eq!(inputs, names);
    let (_, left) = run(&["--manifest", "m.jsonl"]);
    let manifest = fs::read_to_string(left.folder().join("m.jsonl")).unwrap();
    let first: Value = serde_json::from_str(manifest.lines().next().unwrap()).unwrap();
    assert_eq!(first["input"], names[0]);
}

#[test]
fn the_whole_url_is_downloaded() {
    let (sounds, stand_in) = (sounds(), captions());
    caption(&stand_in).args(["-q", &secret(&sounds, "a.wav", "sig=q1w2")]).run().captioned();
    let request = sounds.request();
    assert_eq!(request.path, "/a.wav?sig=q1w2");
    assert_says(request.header("authorization").unwrap(), &["Basic "]);
}

#[test]
fn the_service_gets_the_whole_url_and_records_only_its_name() {
    let stand_in = captions();
    let url = "https://bobby:hunter2@sounds.example.com/a.wav?sig=q1w2";
    let run = caption(&stand_in).args(["-v", "-f", "jsonl", "--manifest", "m.jsonl", url]);
    let (ended, _) = run_in_secret(run);
    let expected = format!("https://sounds.example.com/a.wav?{ONE}");
    assert_eq!(ended.records()[0]["input"], expected);
    let body = stand_in.request().json();
    assert_eq!(body["messages"][0]["content"][0]["input_audio"]["data"], url);
}

#[test]
fn windows_reports_sidecars_and_a_dry_run_show_no_secret() {
    let (sounds, stand_in) = (sounds(), captions());
    let url = secret(&sounds, "a.wav", "X-Amz-Signature=s3cret");
    let expected = name(&sounds, "a.wav", SIGNED);
    let run = |args: &[&str]| {
        let run = caption(&stand_in).env("GITHUB_STEP_SUMMARY", "summary.md");
        run_in_secret(run.args(args).arg(&url))
    };
    let reports = ["junit=r.xml", "sarif=r.sarif", "html=r.html", "github"];
    let reports: Vec<_> = reports.iter().flat_map(|report| ["--report", report]).collect();
    let rules = ["--deny", "rain", "--check", "silence", "-v"];
    let (ended, left) = run(&[&reports[..], &rules].concat());
    assert_says(&ended.stderr, &[&expected]);
    let read = |file: &str| fs::read_to_string(left.folder().join(file)).unwrap();
    assert_says(&read("r.xml"), &[&expected]);
    assert_says(&read("r.html"), &[&expected]);
    run(&["--window", "5s", "-f", "jsonl", "--manifest", "m.jsonl"]);
    run(&["--output-dir", "out", "-f", "jsonl", "-f", "csv", "-f", "srt"]);
    let (ended, _) = run(&["--dry-run"]);
    assert_says(&ended.stdout, &[&expected]);
}

#[test]
fn an_error_about_a_url_shows_no_secret() {
    let wav = fs::read(data_path("tone.wav")).unwrap();
    let elsewhere = "/c.wav?X-Amz-Signature=s3cret";
    let page = || Reply::status(200).body("text/html", "<!doctype html><html>log in</html>");
    for replies in [
        vec![Reply::status(404)],
        vec![Reply::status(503)],
        vec![page()],
        vec![Reply::status(302).header("location", elsewhere), Reply::status(403)],
        vec![Reply::status(302).header("location", "http://bobby:hunter2@127.0.0.1:9/?sig=q1w2")],
        vec![Reply::status(302).header("location", "http://bobby:hunter2@:80:80/?sig=q1w2")],
        vec![Reply::raw("junk")],
        vec![Reply::status(200).pieces("audio/wav", [&wav[..100]]).disconnect()],
        vec![Reply::never()],
    ] {
        let (server, stand_in) = (StandIn::scripted(replies), captions());
        let url = secret(&server, "a.wav", "sig=q1w2");
        let run = caption(&stand_in).args(["-v", "-f", "jsonl", "--max-retries", "0"]);
        let run = run.args(["--timeout", "1s", "--report", "junit=r.xml", &url]);
        let (ended, _) = run_in_secret(run);
        assert_eq!(ended.code, 3, "{}", ended.stderr);
        assert_eq!(ended.records()[0]["input"], name(&server, "a.wav", ONE));
        assert_says(&ended.stderr, &[&name(&server, "a.wav", ONE)]);
    }
    // Nobody listens there at all.
    let stand_in = captions();
    let run = caption(&stand_in).args(["-v", "-f", "jsonl", "--max-retries", "0"]);
    let (ended, _) = run_in_secret(run.arg("http://bobby:hunter2@127.0.0.1:9/a.wav?sig=q1w2"));
    assert_eq!(ended.code, 3);
}

#[test]
fn a_url_repeated_by_the_service_in_an_error_is_replaced_by_its_name() {
    let url = "https://bobby:hunter2@sounds.example.com/a.wav?sig=q1w2";
    let expected = format!("could not fetch https://sounds.example.com/a.wav?{ONE}");
    for status in [400, 503] {
        let body = json!({ "message": format!("could not fetch {url}") });
        let stand_in = StandIn::scripted([json_reply(status, &body)]);
        let run = caption(&stand_in).args(["-v", "-f", "jsonl", "--max-retries", "0"]);
        let run = run.args(["--report", "junit=r.xml", "--report", "html=r.html", url]);
        let (ended, _) = run_in_secret(run);
        assert_says(&ended.stderr, &[&expected]);
        assert_says(ended.records()[0]["error"]["message"].as_str().unwrap(), &[&expected]);
    }
}

#[test]
fn parts_of_a_url_in_an_error_of_the_service_are_masked() {
    let url = "https://bobby:hunter2@sounds.example.com/a.wav?sig=q1w2%2Fe3r4t5&id=7#fr4gment";
    for text in [
        "no such object: a.wav?sig=q1w2%2Fe3r4t5&id=7",
        "https://sounds.example.com:443/a.wav?sig=q1w2/e3r4t5&amp;id=7",
        "password hunter2 of the sound",
        "signature q1w2/e3r4t5 has expired",
        "could not fetch a.wav?sig=q1w2%2Fe3r",
    ] {
        let stand_in = StandIn::scripted([json_reply(400, &json!({ "message": text }))]);
        let run = caption(&stand_in).args(["-v", "-f", "jsonl", "--max-retries", "0", url]).run();
        assert_eq!(run.code, 3, "{}", run.stderr);
        for secret in ["q1w2", "hunter2", "fr4gment"] {
            let said = format!("{}{}", run.stdout, run.stderr);
            assert!(!said.contains(secret), "{secret} of {text:?}: {said}");
        }
    }
}

#[test]
fn a_url_in_the_place_of_another_value_is_reported_without_its_secrets() {
    let stand_in = captions();
    for option in ["--shard", "--timeout", "--jobs", "--max-spend", "--format", "--no-such-option"]
    {
        for url in ["https://bobby:hunter2@h.example.com/a?sig=q1w2", "https:bobby:hunter2@h/a"] {
            let run = caption(&stand_in).data_file("tone.wav").arg("tone.wav");
            let run = run.arg(format!("{option}={url}")).run();
            assert_eq!(run.code, 2, "{option}: {}", run.stderr);
            for secret in ["hunter2", "q1w2"] {
                assert!(!run.stderr.contains(secret), "{option}: {}", run.stderr);
            }
        }
    }
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn two_urls_for_one_sidecar_have_different_names() {
    let (sounds, stand_in) = (sounds(), captions());
    let run = caption(&stand_in).args(["--output-dir", "out"]);
    let run = run.args(["sig=q1w2", "sig=q3r4"].map(|query| secret(&sounds, "a.wav", query)));
    let (ended, _) = run_in_secret(run);
    assert_eq!(ended.code, 2);
    assert_says(&ended.stderr, &[&name(&sounds, "a.wav", ONE), &name(&sounds, "a.wav", TWO)]);
}

#[test]
fn an_invalid_url_is_reported_without_its_secrets() {
    let stand_in = captions();
    for (url, shown) in [
        ("https://bobby:hunter2@exa mple.com/a.wav?sig=q1w2", "exa mple.com/a.wav"),
        ("https://bobby:hunter2@:80/a.wav?sig=q1w2#fr4gment", "https://"),
        ("https://bobby:hunter2@", "https://"),
        ("HTTPS://bobby:hunter2@[::1/a.wav?sig=q1w2", "[::1/a.wav"),
        ("http://bobby:hunter2@127.0.0.1:port/a.wav?sig=q1w2", "127.0.0.1:port/a.wav"),
        ("http://sounds.example.com:port/a.wav?sig=q1w2#fr4gment", "sounds.example.com:port/a.wav"),
        ("http://sounds.example.com:port/a.wav#fr4gment?sig=q1w2", "sounds.example.com:port/a.wav"),
        // What looks like the path or the query is a part of the password.
        ("https://bobby:hunter2/@sounds.example.com/a.wav", "https://"),
        ("https://bobby:s3cret?hunter2@sounds.example.com/a.wav", "https://"),
        ("https://bobby:s3cret#hunter2@sounds.example.com/a.wav", "https://"),
        ("https://bobby:s3cret@hunter2@:port/a.wav", "https://"),
        ("http://sounds.example.com:port/a.wav?to=hunter2@s3cret", "http://"),
        ("s3://bobby:hunter2@bucket/a.wav?sig=q1w2", "bucket/a.wav"),
        ("ftp://bobby:hunter2@sounds.example.com/a.wav?sig=q1w2", "sounds.example.com/a.wav"),
        (" https://bobby:hunter2@sounds.example.com/a.wav?sig=q1w2", "sounds.example.com/a.wav"),
    ] {
        // On the command line it is wrong usage, in a list it is one input of several.
        let (ended, _) = run_in_secret(caption(&stand_in).args(["-v", url]));
        assert_eq!(ended.code, 2, "{url}: {}", ended.stderr);
        assert_says(&ended.stderr, &["not a usable URL", shown]);
        let run = caption(&stand_in).args(["-v", "-f", "jsonl", "--files-from", "-"]);
        let ended = run.stdin(format!("{url}\n")).run();
        assert_eq!(ended.code, 3, "{url}: {}", ended.stderr);
        assert_no_secret(&ended.stdout, url);
        assert_no_secret(&ended.stderr, url);
        assert_says(ended.records()[0]["input"].as_str().unwrap(), &[shown]);
    }
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn an_invalid_base_url_is_reported_without_its_secrets() {
    for (url, shown) in [
        ("http://bobby:hunter2@127.0.0.1:port/v1", "127.0.0.1:port/v1"),
        ("http://bobby:hunter2@127.0.0.1:9/v1?sig=q1w2", "127.0.0.1:9"),
        ("https://bobby:hunter2@/v1", "https://"),
        ("https://bobby:hunter2@exa mple.com/v1?sig=q1w2#fr4gment", "exa mple.com/v1"),
        ("https://bobby:s3cret/hunter2@127.0.0.1/v1", "https://"),
        ("https://bobby:s3cret?hunter2@127.0.0.1/v1", "https://"),
        ("https://exa mple.com/v1?sig=q1w2", "exa mple.com/v1"),
        ("ftp://bobby:hunter2@127.0.0.1/v1?sig=q1w2", "127.0.0.1/v1"),
        // Nobody wrote a scheme; what stands before the first colon looks like one.
        ("bobby:hunter2@127.0.0.1:9/v1", "127.0.0.1:9/v1"),
        ("hunter2@127.0.0.1:9/v1", "127.0.0.1:9/v1"),
        ("127.0.0.1:9/v1?sig=q1w2", "127.0.0.1:9/v1"),
    ] {
        let of_option = unconfigured().args(["-v", "--base-url", url, "a.wav"]);
        let of_environment = unconfigured().args(["-v", "a.wav"]).env("AIMLAPI_BASE_URL", url);
        let toml = format!("base-url = {}\n", json!(url));
        let of_file = unconfigured().args(["-v", "--config", "other.toml", "a.wav"]);
        for run in [of_option, of_environment] {
            let (ended, _) = run_in_secret(run.env("AIMLAPI_KEY", KEY));
            assert_eq!(ended.code, 2, "{url}: {}", ended.stderr);
            assert_says(&ended.stderr, &["not a usable base URL", shown, "AIMLAPI_BASE_URL"]);
        }
        let ended = of_file.file("other.toml", toml).env("AIMLAPI_KEY", KEY).run();
        assert_eq!(ended.code, 2);
        assert_no_secret(&ended.stderr, url);
    }
}

#[test]
fn the_query_of_a_base_url_is_sent_and_not_shown() {
    let stand_in = StandIn::scripted([answer(CAPTION), Reply::status(500), Reply::raw("junk")]);
    let run = || {
        let url = stand_in.base_url() + "?sig=q1w2";
        let run = caption(&stand_in).args(["-v", "-f", "jsonl", "--base-url", &url]);
        run.args(["--max-retries", "0"]).arg(data_path("tone.wav"))
    };
    assert_eq!(run_in_secret(run()).0.code, 0);
    assert_eq!(stand_in.request().path, "/v1/chat/completions?sig=q1w2");
    for _ in 0..2 {
        assert_eq!(run_in_secret(run()).0.code, 3);
    }
    let run =
        unconfigured().env("AIMLAPI_KEY", KEY).args(["-v", "--max-retries", "0", "--base-url"]);
    let run = run.arg("http://127.0.0.1:9/v1?sig=q1w2").arg(data_path("tone.wav"));
    let (ended, _) = run_in_secret(run);
    assert_says(&ended.stderr, &["could not connect to", "127.0.0.1:9"]);
}

#[test]
fn an_unreachable_proxy_is_reported_without_its_password() {
    let run = || unconfigured().env("AIMLAPI_KEY", KEY).args(["-v", "--max-retries", "0"]);
    let proxy = "http://bobby:hunter2@127.0.0.1:9";
    for run in [run().args(["--proxy", proxy]), run().env("HTTPS_PROXY", proxy)] {
        let (ended, _) = run_in_secret(run.arg(data_path("tone.wav")));
        assert_eq!(ended.code, 3, "{}", ended.stderr);
    }
}

#[test]
fn a_url_in_place_of_a_file_is_reported_without_its_secrets() {
    let stand_in = captions();
    let url = "https://bobby:hunter2@sounds.example.com/list.txt?sig=q1w2";
    for option in ["--files-from", "--config", "--manifest", "-o"] {
        let run =
            caption(&stand_in).data_file("tone.wav").args(["-v", option, url, "tone.wav"]).run();
        assert_ne!(run.code, 0, "{option}");
        assert_no_secret(&run.stdout, option);
        assert_no_secret(&run.stderr, option);
    }
}
