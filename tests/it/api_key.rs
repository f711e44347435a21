//! The API key: sources, destination, and secrecy.

use crate::harness::{assert_says, caption, caption_tone, data_path, unconfigured};
use support::stand_in::{KEY, Reply, StandIn};

const VARIABLES: [&str; 3] = ["AIMLAPI_KEY", "AIMLAPI_API_KEY", "AIML_API_KEY"];

#[test]
fn a_missing_key_is_explained_in_three_lines() {
    let stand_in = StandIn::start();
    let run = unconfigured()
        .env("AIMLAPI_BASE_URL", stand_in.base_url())
        .arg(data_path("tone.wav"))
        .run();
    let stderr = run.failed(4);
    let commands: &[_] = if cfg!(windows) {
        &["set AIMLAPI_KEY=", "$env:AIMLAPI_KEY = "]
    } else {
        &["export AIMLAPI_KEY="]
    };
    assert_says(&stderr, &["no key", "AIMLAPI_KEY", "https://aimlapi.com/app/keys"]);
    assert_says(&stderr, commands);
    assert_eq!(stderr.lines().count(), 3, "{stderr}");
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn the_key_is_required_before_inputs_are_read() {
    assert_says(&unconfigured().arg("nowhere.wav").run().failed(4), &["no key"]);
}

#[test]
fn the_key_is_read_from_three_variables_in_order() {
    let stand_in = StandIn::start();
    for first in 0..VARIABLES.len() {
        let mut run = unconfigured().env("AIMLAPI_BASE_URL", stand_in.base_url());
        // The variables before it are empty, those after it wrong.
        for (position, name) in VARIABLES.iter().enumerate() {
            let value = match position.cmp(&first) {
                std::cmp::Ordering::Less => " ",
                std::cmp::Ordering::Equal => KEY,
                std::cmp::Ordering::Greater => "wrong",
            };
            run = run.env(name, value);
        }
        run.arg(data_path("tone.wav")).run().captioned();
    }
}

#[test]
fn a_key_file_overrides_the_environment() {
    let stand_in = StandIn::start();
    let run = caption(&stand_in).env("AIMLAPI_KEY", "wrong").private_file("key", KEY);
    run.args(["--api-key-file", "key"]).arg(data_path("tone.wav")).run().captioned();
}

#[cfg(unix)]
#[test]
fn a_key_file_readable_by_others_is_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let warned = |mode: u32, args: &[&str]| {
        let stand_in = StandIn::start();
        let run = caption(&stand_in).env_remove("AIMLAPI_KEY").private_file("sk-marked", KEY);
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(run.folder().join("sk-marked"), mode).unwrap();
        let run = run.args(["--api-key-file", "sk-marked"]).args(args);
        let run = run.arg(data_path("tone.wav")).run();
        assert_eq!(run.code, 0, "{}", run.stderr);
        run.stderr
    };
    for mode in [0o644, 0o640, 0o604] {
        let stderr = warned(mode, &[]);
        assert_says(&stderr, &["warning: ", "others on this machine can read", "chmod 600"]);
        assert!(!stderr.contains("marked"), "{stderr}");
        assert_eq!(warned(mode, &["-q"]), "");
    }
    assert_eq!(warned(0o600, &[]), "");
    assert_eq!(warned(0o400, &[]), "");
}

#[cfg(unix)]
#[test]
fn a_key_can_be_read_from_a_pipe() {
    let stand_in = StandIn::start();
    let run = caption(&stand_in).env_remove("AIMLAPI_KEY").args(["--api-key-file", "/dev/fd/3"]);
    let mut run = run.arg(data_path("tone.wav")).env("PIPED", KEY);
    run = run.in_shell("echo \"$PIPED\" | exec \"$@\" 3<&0 </dev/null");
    crate::harness::finish(run.spawn()).captioned();
}

#[test]
fn a_missing_key_file_is_reported_without_its_name() {
    let stderr = unconfigured().args(["--api-key-file", "nowhere", "a.wav"]).run().failed(2);
    // The words of this system.
    let reason = std::io::Error::from_raw_os_error(2).to_string();
    let reason = reason.split(" (os error").next().unwrap();
    assert_says(&stderr, &["could not read the file that --api-key-file names", reason]);
    assert!(!stderr.contains("nowhere"), "{stderr}");
}

#[test]
fn a_key_that_is_not_a_valid_header_is_rejected() {
    for key in ["sk-marked\nX-Evil: 1", "sk-marked\u{7f}", "“sk-marked”"] {
        let stderr = unconfigured().env("AIMLAPI_KEY", key).arg("a.wav").run().failed(4);
        assert_says(&stderr, &["the key is empty or contains", "copy the key again"]);
        assert!(!stderr.contains("marked"), "{stderr}");
    }
}

#[test]
fn no_option_accepts_the_key() {
    let stand_in = StandIn::start();
    for option in ["--api-key", "--key", "-k", "--token"] {
        assert_says(&caption_tone(&stand_in, &[option, KEY]).failed(2), &["unexpected argument"]);
    }
}

#[test]
fn the_key_appears_in_no_output() {
    let marked = "sk-marked-0123456789";
    for (reply, args) in [
        (Reply::measured(), vec!["-v"]),
        (Reply::measured(), vec!["-v", "--stream"]),
        (Reply::measured(), vec!["-v", "--json"]),
        (Reply::status(401).body("text/plain", "who are you?"), vec!["-v"]),
        (
            Reply::status(401)
                .body("application/json", format!("{{\"message\": \"bad key {marked}\"}}")),
            vec!["-v"],
        ),
        (Reply::status(400).body("text/plain", format!("bad header: Bearer {marked}")), vec!["-v"]),
        (Reply::status(302).header("location", "http://127.0.0.1:9/"), vec!["-v"]),
        (Reply::raw("junk"), vec!["-v", "--max-retries", "0"]),
        (Reply::never(), vec!["-v", "--timeout", "100ms", "--max-retries", "0"]),
        (Reply::status(503).header("retry-after", "999"), vec!["-v"]),
    ] {
        let stand_in = StandIn::scripted([reply]);
        let run = caption(&stand_in)
            .env("AIMLAPI_KEY", marked)
            .args(&args)
            .arg(data_path("tone.wav"))
            .run();
        assert!(!run.stdout.contains("marked"), "{args:?}: {}", run.stdout);
        assert!(!run.stderr.contains("marked"), "{args:?}: {}", run.stderr);
        assert_says(stand_in.request().header("authorization").unwrap(), &["Bearer", marked]);
    }
}

#[test]
fn the_key_is_not_sent_over_http_to_another_host() {
    // Nothing is sent to either: the second request ends at an unreachable proxy.
    let stderr = unconfigured().env("AIMLAPI_KEY", KEY).args([
        "--base-url",
        "http://api.example.com",
        "a.wav",
    ]);
    assert_says(
        &stderr.run().failed(2),
        &["refused to send the key over unencrypted http:// to api.example.com", "--allow-http"],
    );
}

#[test]
fn loopback_requests_bypass_the_proxy() {
    let proxy = StandIn::start();
    let stand_in = StandIn::scripted([
        Reply::status(200).body("audio/wav", std::fs::read(data_path("tone.wav")).unwrap())
    ]);
    let run = caption(&stand_in).env("HTTP_PROXY", proxy.url("")).env("ALL_PROXY", proxy.url(""));
    run.args(["-q", "--inline"]).arg(stand_in.url("a.wav")).run().captioned();
    assert_eq!(proxy.connections(), 0);
}

#[test]
fn a_base_url_with_a_password_is_rejected_without_showing_it() {
    let run = unconfigured().env("AIMLAPI_KEY", KEY).args([
        "--base-url",
        "http://bob:hunter2@127.0.0.1:9/v1",
        "a.wav",
    ]);
    let stderr = run.run().failed(2);
    assert_says(&stderr, &["not a usable base URL", "127.0.0.1:9"]);
    assert!(!stderr.contains("hunter2"), "{stderr}");
}

#[test]
fn plain_http_to_another_host_can_be_allowed() {
    // The proxy is the stand-in, so that the request stays on this machine.
    let stand_in = StandIn::scripted([crate::harness::answer("Rain.")]);
    let run = caption(&stand_in).env("HTTP_PROXY", stand_in.url("")).env_remove("AIMLAPI_BASE_URL");
    let args = ["--base-url", "http://api.example.com", "--allow-http"];
    assert_eq!(run.args(args).arg(data_path("tone.wav")).run().captioned(), "Rain.\n");
    assert_eq!(stand_in.request().header("host"), Some("api.example.com"));
}

#[test]
fn an_invalid_base_url_is_wrong_usage() {
    for url in ["nonsense", "ftp://example.com", "https://"] {
        let run = unconfigured().env("AIMLAPI_KEY", KEY).args(["--base-url", url, "a.wav"]).run();
        assert_says(&run.failed(2), &["not a usable base URL", url, "AIMLAPI_BASE_URL"]);
    }
}
