//! The first answer about the audio settles the dialect of a run. A later refusal does not change it,
//! and an answer that ignores the audio settles none.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{answer, assert_says, caption, clip, data_path, json_reply};
use support::stand_in::{Reply, StandIn};

/// Maximum time until the bad clip was sent in another dialect.
const RETRY_TIMEOUT: Duration = Duration::from_secs(20);

/// A server that answers a request by what is in it, on a thread for each connection. It ends with
/// the test.
struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Value>>>,
}

impl Server {
    fn start(answer: impl Fn(&Value) -> (u16, Value) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (answer, received) = (Arc::new(answer), requests.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, received) = (answer.clone(), received.clone());
                // A client that leaves in the middle is part of the game.
                std::thread::spawn(move || serve(stream, &*answer, &received));
            }
        });
        Self { address, requests }
    }

    fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// How the sound of each request was written, in the order in which they came.
    fn forms(&self) -> Vec<&'static str> {
        self.requests.lock().unwrap().iter().map(form).collect()
    }

    fn forms_of(&self, name: &str) -> Vec<&'static str> {
        let requests = self.requests.lock().unwrap();
        requests.iter().filter(|body| holds(body, name)).map(form).collect()
    }
}

/// One request and its answer.
fn serve(
    mut stream: TcpStream,
    answer: &(dyn Fn(&Value) -> (u16, Value) + Send + Sync),
    received: &Mutex<Vec<Value>>,
) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(": ") {
            None if line.trim_end().is_empty() => break,
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().ok()?;
            }
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body: Value = serde_json::from_slice(&body).ok()?;
    received.lock().unwrap().push(body.clone());
    let (status, document) = answer(&body);
    let document = document.to_string();
    write!(
        stream,
        "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{document}",
        document.len()
    )
    .ok()
}

fn part(body: &Value) -> &Value {
    &body["messages"][0]["content"][0]
}

/// The dialect that a request is written in.
fn form(body: &Value) -> &'static str {
    match (part(body)["type"].as_str(), part(body)["input_audio"]["format"].as_str()) {
        (Some("input_audio"), None) => "aimlapi",
        (Some("input_audio"), Some(_)) => "openai",
        _ => "vllm",
    }
}

/// The sound of a request, in whatever dialect.
fn sound(body: &Value) -> Vec<u8> {
    use base64::Engine;
    let part = part(body);
    let data = part["input_audio"]["data"].as_str().or(part["audio_url"]["url"].as_str()).unwrap();
    let data = data.split_once("base64,").map_or(data, |(_, data)| data);
    base64::engine::general_purpose::STANDARD.decode(data).unwrap()
}

/// Whether a request is about the clip with this mark.
fn holds(body: &Value, mark: &str) -> bool {
    sound(body).windows(mark.len()).any(|window| window == mark.as_bytes())
}

/// Ten seconds with a mark in them that can be found again in what is sent as it is.
fn marked(mark: &str) -> Vec<u8> {
    let mut wav = support::audio::wav(16_000, 1, 16, &vec![0.25; 160_000]);
    let at = wav.len() - 1000;
    wav[at..at + mark.len()].copy_from_slice(mark.as_bytes());
    wav
}

fn answered(caption: &str, prompt_tokens: u64) -> (u16, Value) {
    let choice = json!({ "message": { "content": caption }, "finish_reason": "stop" });
    let usage =
        json!({ "prompt_tokens": prompt_tokens, "completion_tokens": 7, "total_tokens": 0 });
    let meta = json!({ "usage": { "usd_spent": 0.25, "credits_used": 1 } });
    (200, json!({ "choices": [choice], "usage": usage, "meta": meta }))
}

/// Ten seconds come to 125 tokens.
fn heard() -> (u16, Value) {
    answered("Rain.", 133)
}

fn deaf() -> (u16, Value) {
    answered("I cannot hear any audio.", 8)
}

fn refused(message: &str) -> (u16, Value) {
    (400, json!({ "error": { "message": message } }))
}

fn reply((status, body): (u16, Value)) -> Reply {
    json_reply(status, &body)
}

/// Speaks as AI/ML API does and answers all else without the sound. One clip cannot be decoded.
fn deaf_to_others(body: &Value) -> (u16, Value) {
    match form(body) {
        "aimlapi" if holds(body, "BAD") => refused("Failed to load audio file"),
        "aimlapi" => heard(),
        _ => deaf(),
    }
}

/// Clips of which the first is the one that no server can decode.
fn one_bad_of(count: usize, run: crate::harness::Caption) -> crate::harness::Caption {
    let run = run.file("x/00.wav", marked("BAD"));
    (1..count)
        .fold(run, |run, n| run.file(&format!("x/{n:02}.wav"), marked(&format!("GOOD{n:02}"))))
}

#[test]
fn a_refused_first_clip_does_not_change_the_dialect_of_other_clips() {
    // The other requests under way are held back until the bad clip was tried in another dialect,
    // which is when a run used to change to that for good.
    let tried = Arc::new((Mutex::new(false), Condvar::new()));
    let server = Server::start(move |body| {
        let (is_tried, changed) = &*tried;
        if holds(body, "BAD") {
            if form(body) != "aimlapi" {
                *is_tried.lock().unwrap() = true;
                changed.notify_all();
            }
        } else {
            let held = is_tried.lock().unwrap();
            drop(changed.wait_timeout_while(held, RETRY_TIMEOUT, |is_tried| !*is_tried).unwrap());
        }
        deaf_to_others(body)
    });
    let run = crate::harness::unconfigured().env("AIMLAPI_KEY", "none");
    let run = one_bad_of(10, run.env("AIMLAPI_BASE_URL", server.base_url()));
    let run = run.args(["-f", "jsonl", "-j", "4", "--convert", "never", "x"]).run();
    assert_eq!(run.code, 3, "{}", run.stderr);
    let records = run.records();
    let captioned: Vec<_> = records.iter().filter(|record| record["caption"] == "Rain.").collect();
    assert_eq!(captioned.len(), 9, "{}", run.stdout);
    for n in 1..10 {
        assert_eq!(server.forms_of(&format!("GOOD{n:02}")), ["aimlapi"], "{:?}", server.forms());
    }
    // What was meant to be sent, and why that was refused; the other tries were billed.
    let failure = &records[0];
    assert_eq!(failure["error"]["kind"], "rejected", "{failure}");
    assert_says(failure["error"]["message"].as_str().unwrap(), &["Failed to load audio file"]);
    assert!(failure["usd"].as_f64().is_some_and(|usd| usd >= 0.25), "{failure}");
}

#[test]
fn a_refused_first_clip_of_sequential_requests_does_not_change_the_dialect() {
    let server = Server::start(deaf_to_others);
    let run = crate::harness::unconfigured().env("AIMLAPI_KEY", "none");
    let run = one_bad_of(4, run.env("AIMLAPI_BASE_URL", server.base_url()));
    let run = run.args(["-q", "-f", "jsonl", "-j", "1", "--convert", "never", "x"]).run();
    let captions: Vec<_> =
        run.records().iter().filter_map(|record| record.get("caption").cloned()).collect();
    assert_eq!(captions, [json!("Rain."), json!("Rain."), json!("Rain.")], "{}", run.stdout);
}

#[test]
fn a_refusal_after_a_caption_is_not_sent_in_another_dialect() {
    let server = Server::start(deaf_to_others);
    let run = crate::harness::unconfigured().env("AIMLAPI_KEY", "none");
    let run = run.env("AIMLAPI_BASE_URL", server.base_url()).file("x/a.wav", marked("GOOD00"));
    let run = run.file("x/b.wav", marked("BAD")).file("x/c.wav", marked("GOOD01"));
    let run = run.args(["-q", "-j", "1", "--convert", "never", "x"]).run();
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert_eq!(run.stdout.matches("Rain.").count(), 2, "{}", run.stdout);
    assert_eq!(server.forms(), ["aimlapi"; 3]);
}

#[test]
fn a_refused_window_does_not_change_the_dialect_of_other_files() {
    let server = Server::start(|body| match form(body) {
        // The one that is silent throughout.
        "aimlapi" if sound(body)[44..].iter().all(|byte| *byte == 0) => {
            refused("Failed to load audio file")
        }
        "aimlapi" => heard(),
        _ => deaf(),
    });
    let run = crate::harness::unconfigured().env("AIMLAPI_KEY", "none");
    let run = run.env("AIMLAPI_BASE_URL", server.base_url());
    let sound = [vec![0.0; 160_000], vec![0.25; 320_000]].concat();
    let run = run.file("a.wav", support::audio::wav(16_000, 1, 16, &sound));
    let run = run.file("b.wav", marked("GOOD00"));
    let run = run.args(["-f", "jsonl", "-j", "1", "--window", "10s", "a.wav", "b.wav"]).run();
    let records = run.records();
    assert_eq!(records[0]["error"]["kind"], "rejected", "{}", run.stdout);
    assert_eq!(records[1]["caption"], "Rain.", "{}", run.stdout);
}

#[test]
fn an_answer_that_ignores_the_audio_settles_no_dialect() {
    // A server of OpenAI's kind that takes what it does not know for no sound, and once refuses it.
    let stand_in = StandIn::scripted([
        reply(deaf()),
        reply(refused("input_audio.format is missing")),
        reply(heard()),
        reply(heard()),
    ]);
    let run = caption(&stand_in).file("a.wav", marked("A")).file("b.wav", marked("B"));
    let run = run.file("c.wav", marked("C")).args(["-f", "jsonl", "-j", "1", "."]).run();
    let records = run.records();
    assert_eq!(records[0]["error"]["kind"], "not_heard", "{}", run.stdout);
    assert_eq!(
        (&records[1]["caption"], &records[2]["caption"]),
        (&json!("Rain."), &json!("Rain."))
    );
    let forms: Vec<_> = stand_in.requests().iter().map(|request| form(&request.json())).collect();
    assert_eq!(forms, ["aimlapi", "aimlapi", "openai", "openai"]);
}

#[test]
fn an_answer_without_token_counts_settles_the_dialect() {
    let unknown = || {
        let choice = json!({ "message": { "content": "Rain." }, "finish_reason": "stop" });
        json_reply(200, &json!({ "choices": [choice] }))
    };
    let form_of_the_request = reply(refused("input_audio.format is missing"));
    let stand_in = StandIn::scripted([form_of_the_request, unknown(), unknown()]);
    let run = caption(&stand_in).file("a.wav", marked("A")).file("b.wav", marked("B"));
    run.args(["-q", "-j", "1", "."]).run().captioned();
    assert_eq!(stand_in.requests().len(), 3);
}

#[test]
fn a_form_refused_with_500_or_415_is_sent_in_another_dialect_at_once() {
    for (status, body) in [
        // As llama.cpp put it in 2025.
        (
            500,
            json!({ "error": { "code": 500, "message": "input_audio.format must be either 'wav' or 'mp3'", "type": "server_error" } }),
        ),
        (
            500,
            json!({ "error": { "code": 500, "message": "Failed to load image or audio file", "type": "server_error" } }),
        ),
        (
            500,
            json!({ "error": { "code": 500, "message": "unsupported content[].type", "type": "server_error" } }),
        ),
        (500, json!({ "message": "Invalid base64-encoded string" })),
        (415, json!({ "message": "Unsupported media type" })),
        (415, json!({ "error": { "message": "data:;base64 is not a supported audio format" } })),
    ] {
        let stand_in = StandIn::scripted([json_reply(status, &body)]);
        let run = caption(&stand_in).args(["--base-url", &stand_in.url("openai/v1")]);
        let run = run.arg(data_path("tone.wav")).run();
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{status} {body}");
        let forms: Vec<_> =
            stand_in.requests().iter().map(|request| form(&request.json())).collect();
        assert_eq!(forms, ["aimlapi", "openai"], "{status} {body}");
    }
}

#[test]
fn a_form_refused_with_500_in_every_dialect_is_reported_once_as_rejected() {
    let body = json!({ "error": { "code": 500, "message": "Failed to load audio file" } });
    let stand_in = StandIn::scripted((0..3).map(|_| json_reply(500, &body)));
    let run = caption(&stand_in).args(["-f", "jsonl"]).arg(data_path("tone.wav")).run();
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert_eq!(stand_in.requests().len(), 3);
    let error = &run.records()[0]["error"];
    assert_eq!((&error["kind"], &error["retryable"]), (&json!("rejected"), &json!(false)));
    assert_says(error["message"].as_str().unwrap(), &["500", "Failed to load audio file"]);
}

#[test]
fn a_500_about_the_audio_is_retried_in_a_settled_dialect() {
    let body = json!({ "message": "Internal error while reading input_audio: upstream timed out" });
    let stand_in = StandIn::scripted([json_reply(500, &body), answer("Rain.")]);
    let run = caption(&stand_in).args(["-q", "--dialect", "aimlapi"]).arg(data_path("tone.wav"));
    assert_eq!(run.run().captioned(), "Rain.\n");
    assert_eq!(stand_in.requests().len(), 2);
}

#[test]
fn a_probe_without_a_token_count_settles_no_dialect() {
    // The server takes the first dialect alone, and answers others without the audio.
    let refusal = json_reply(500, &json!({ "message": "Failed to load audio: bad padding" }));
    let stand_in =
        StandIn::scripted([refusal, answer("I cannot hear any audio."), answer("Rain.")]);
    let run = caption(&stand_in).args(["-q", "-j", "1"]).clips("x", 2).arg("x").run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    let forms: Vec<_> = stand_in.requests().iter().map(|request| form(&request.json())).collect();
    assert_eq!(forms, ["aimlapi", "openai", "aimlapi"]);
}

#[test]
fn a_500_that_is_not_about_the_audio_is_retried_in_the_same_dialect() {
    for message in ["Internal server error", "the upstream answered in an unknown format", ""] {
        let stand_in = StandIn::scripted([json_reply(500, &json!({ "message": message }))]);
        let run = caption(&stand_in).args(["-q", "x"]).file("x/a.wav", clip(0)).run();
        assert_eq!(run.code, 0, "{}", run.stderr);
        let forms: Vec<_> =
            stand_in.requests().iter().map(|request| form(&request.json())).collect();
        assert_eq!(forms, ["aimlapi"; 2], "{message}");
    }
}
