//! Servers that accept audio in other forms.

use serde_json::{Value, json};

use crate::harness::{Caption, assert_says, caption, data_path, json_reply};
use support::stand_in::{Reply, StandIn};

/// Prepares a run against a server that accepts one dialect only: `openai`, as llama.cpp does, or
/// `vllm`.
fn caption_at(stand_in: &StandIn, path: &str) -> Caption {
    caption(stand_in).args(["--base-url", &stand_in.url(path)])
}

fn part(body: &Value) -> &Value {
    &body["messages"][0]["content"][0]
}

fn base64(name: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(std::fs::read(data_path(name)).unwrap())
}

#[test]
fn each_dialect_has_its_form_of_audio() {
    for (dialect, path, clip, expected) in [
        (
            "aimlapi",
            "v1",
            "tone.mp3",
            json!({ "type": "input_audio", "input_audio": { "data": format!("data:;base64,{}", base64("tone.mp3")) } }),
        ),
        (
            "openai",
            "openai/v1",
            "tone.mp3",
            json!({ "type": "input_audio", "input_audio": { "data": base64("tone.mp3"), "format": "mp3" } }),
        ),
        (
            "openai",
            "openai/v1",
            "tone.wav",
            json!({ "type": "input_audio", "input_audio": { "data": base64("tone.wav"), "format": "wav" } }),
        ),
        (
            "vllm",
            "vllm/v1",
            "tone.mp3",
            json!({ "type": "audio_url", "audio_url": { "url": format!("data:audio/mpeg;base64,{}", base64("tone.mp3")) } }),
        ),
        (
            "vllm",
            "vllm/v1",
            "tone.wav",
            json!({ "type": "audio_url", "audio_url": { "url": format!("data:audio/wav;base64,{}", base64("tone.wav")) } }),
        ),
    ] {
        let stand_in = StandIn::start();
        let run =
            caption_at(&stand_in, path).args(["--dialect", dialect]).arg(data_path(clip)).run();
        assert_says(&run.captioned(), &["The strongest frequency is near"]);
        assert_eq!(part(&stand_in.request().json()), &expected, "{dialect} {clip}");
    }
}

#[test]
fn formats_that_openai_servers_reject_are_converted() {
    for clip in ["tones/adts.aac", "tones/alaw.wav", "tone.opus"] {
        let stand_in = StandIn::start();
        let run = caption_at(&stand_in, "openai/v1")
            .args(["--dialect", "openai"])
            .arg(data_path(clip))
            .run();
        assert_says(&run.captioned(), &["mono sound at 16000 Hz"]);
        assert_eq!(part(&stand_in.request().json())["input_audio"]["format"], "wav", "{clip}");
    }
}

#[test]
fn a_url_is_downloaded_for_servers_that_fetch_no_urls() {
    let wav = std::fs::read(data_path("tone.wav")).unwrap();
    let files = StandIn::scripted([Reply::status(200).body("audio/wav", wav)]);
    let stand_in = StandIn::start();
    let run = caption_at(&stand_in, "openai/v1")
        .args(["-q", "--dialect", "openai"])
        .arg(files.url("a.wav"));
    assert_says(&run.run().captioned(), &["near 1000 Hz"]);
    let url = "https://example.com/a.wav";
    let run = caption_at(&stand_in, "vllm/v1").args(["--dialect", "vllm", url]).run();
    assert_says(&run.captioned(), &["a recording at https://example.com/a.wav"]);
    let requests = stand_in.requests();
    let expected = json!({ "type": "audio_url", "audio_url": { "url": url } });
    assert_eq!(part(&requests[1].json()), &expected);
}

#[test]
fn the_dialect_is_negotiated_once_per_run() {
    for (path, name) in [("openai/v1", "openai"), ("vllm/v1", "openai")] {
        let stand_in = StandIn::start();
        let run = caption_at(&stand_in, path).clips("x", 4).args(["-v", "-j", "1", "x"]).run();
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert_eq!(run.stdout.matches("near 1000 Hz").count(), 4);
        assert_eq!(stand_in.requests().len(), 5, "one refusal, which is not billed");
        assert_says(
            &run.stderr,
            &[&format!("the server uses the {name} format; --dialect {name}")],
        );
        assert_eq!(run.stderr.matches("--dialect").count(), 1, "{}", run.stderr);
    }
    // A URL has only one other form.
    let stand_in = StandIn::start();
    let run = caption_at(&stand_in, "vllm/v1").args(["-v", "https://example.com/a.wav"]).run();
    assert_says(&run.stderr, &["the server uses the vllm format"]);
    assert_eq!((run.code, stand_in.requests().len()), (0, 2));
}

#[test]
fn clips_after_the_first_are_converted_for_the_negotiated_dialect() {
    let stand_in = StandIn::start();
    let run = caption_at(&stand_in, "openai/v1").args(["-q", "-j", "1"]);
    let run = run.arg(data_path("tone.wav")).arg(data_path("tones/adts.aac"));
    run.run().captioned();
    let requests = stand_in.requests();
    assert_eq!(requests.len(), 3);
    assert_eq!(part(&requests[2].json())["input_audio"]["format"], "wav");
}

#[test]
fn a_named_dialect_is_not_negotiated() {
    let stand_in = StandIn::start();
    let run = caption_at(&stand_in, "openai/v1")
        .args(["--dialect", "aimlapi"])
        .arg(data_path("tone.wav"))
        .run();
    assert_says(&run.failed(3), &["rejected the request (400", "input_audio.format"]);
    stand_in.request();
}

#[test]
fn only_errors_about_the_form_change_the_dialect() {
    let messages =
        ["Unknown model; for more information see x", "input_audio: the audio is too long"];
    for message in messages {
        let stand_in = StandIn::scripted([json_reply(400, &json!({ "message": message }))]);
        caption(&stand_in).arg(data_path("tone.wav")).run().failed(3);
        stand_in.request();
    }
}

#[test]
fn the_first_of_several_errors_is_reported() {
    let reply = |text: &str| json_reply(400, &json!({ "message": format!("{text}: input_audio") }));
    let stand_in = StandIn::scripted([reply("one"), reply("two"), reply("three")]);
    let stderr = caption(&stand_in).arg(data_path("tone.wav")).run().failed(3);
    assert_says(&stderr, &["\"one: input_audio\"", "check the audio, --model and --dialect"]);
    assert_eq!(stand_in.requests().len(), 3);
}

/// Prepares a run whose service is at this host. The stand-in is the proxy, so that the request
/// stays on this machine.
fn caption_at_host(stand_in: &StandIn, host: &str) -> Caption {
    let run = caption(stand_in).env("HTTP_PROXY", stand_in.url("")).env_remove("AIMLAPI_BASE_URL");
    run.args(["--base-url", &format!("http://{host}"), "--allow-http"]).arg(data_path("tone.mp3"))
}

#[test]
fn known_hosts_get_their_dialect_in_the_first_request() {
    for (host, kind) in
        [("api.openai.com", "mp3"), ("openrouter.ai", "mp3"), ("api.aimlapi.com", "")]
    {
        let stand_in = StandIn::scripted([crate::harness::answer("Rain.")]);
        caption_at_host(&stand_in, host).run().captioned();
        let body = stand_in.request().json();
        assert_eq!(part(&body)["input_audio"]["format"].as_str().unwrap_or(""), kind, "{host}");
    }
}

#[test]
fn a_known_host_that_refuses_its_dialect_gets_the_others() {
    for host in ["api.openai.com", "api.aimlapi.com"] {
        let refusal = json_reply(400, &json!({ "message": "Invalid input_audio.data" }));
        let stand_in = StandIn::scripted([refusal, crate::harness::answer("Rain.")]);
        caption_at_host(&stand_in, host).run().captioned();
        let bodies: Vec<_> = stand_in.requests().iter().map(|request| request.json()).collect();
        assert_eq!(bodies.len(), 2, "{host}");
        assert_ne!(part(&bodies[0]), part(&bodies[1]), "{host}");
    }
}

#[test]
fn the_first_input_may_need_conversion_or_download() {
    let wav = std::fs::read(data_path("tone.wav")).unwrap();
    let files = StandIn::always(move || Reply::status(200).body("audio/wav", wav.clone()));
    // A URL that looks public to the program; the stand-in is its proxy.
    let url = "http://sounds.example.com/a.wav";
    for (input, through) in [(data_path("tones/adts.aac"), None), (url.into(), Some(files.url("")))]
    {
        let stand_in = StandIn::start();
        let run = caption_at(&stand_in, "openai/v1").args(["-q", "-j", "1"]).arg(input);
        let run = if let Some(proxy) = through { run.env("HTTP_PROXY", proxy) } else { run };
        run.arg(data_path("tone.wav")).run().captioned();
        let requests = stand_in.requests();
        let formats =
            requests.iter().map(|request| part(&request.json())["input_audio"]["format"].clone());
        assert_eq!(formats.collect::<Vec<_>>(), [Value::Null, json!("wav"), json!("wav")]);
    }
}

#[test]
fn concurrent_requests_negotiate_once() {
    let stand_in = StandIn::start();
    let run = caption_at(&stand_in, "openai/v1").clips("x", 40).args(["-v", "-j", "8", "x"]).run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.stderr.matches("the server uses the").count(), 1, "{}", run.stderr);
    // Only requests from before the end of the negotiation.
    assert!(stand_in.requests().len() <= 48, "{} requests", stand_in.requests().len());
}

#[test]
fn windows_negotiate_the_dialect() {
    let stand_in = StandIn::start();
    let sound = support::audio::wav(8_000, 1, 8, &vec![0.1; 8_000 * 12]);
    let run = caption_at(&stand_in, "openai/v1").file("a.wav", sound);
    let run = run.args(["-v", "-j", "2", "--window", "5s", "a.wav"]).run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.stderr.matches("the server uses the openai format").count(), 1);
}

#[test]
fn waiting_audio_is_prepared_for_the_negotiated_dialect() {
    let stand_in = StandIn::start();
    let run = caption_at(&stand_in, "openai/v1").args(["-q", "-j", "4", "--max-spend", "5"]);
    let clips = ["tone.wav", "tones/adts.aac", "tones/alaw.wav", "tone.mp3"];
    run.args(clips.map(data_path)).run().captioned();
}

#[test]
fn audio_that_a_named_dialect_cannot_carry_is_not_sent() {
    let stand_in = StandIn::start();
    let run = caption_at(&stand_in, "openai/v1")
        .args(["--dialect", "openai"])
        .arg(data_path("multichannel.amr"));
    assert_says(&run.run().failed(3), &["AMR cannot be decoded here", "multichannel.amr"]);
    assert!(stand_in.requests().is_empty());
}

#[test]
fn errors_about_the_form_are_recognized_in_many_wordings() {
    for refusal in [
        json!({ "error": { "message": "Incorrect padding" } }),
        json!({ "error": { "message": "Failed to decode base64 audio data" } }),
        json!({ "error": { "message": "Missing required parameter: 'messages[0].content[0].input_audio.format'." } }),
        json!({ "detail": [{ "loc": ["body", "messages", 0, "content", 0, "type"], "msg": "Input should be 'audio_url'" }] }),
        json!({ "message": format!("{} input_audio.format is missing", "x ".repeat(600)) }),
    ] {
        for status in [400, 422] {
            let stand_in = StandIn::scripted([json_reply(status, &refusal)]);
            let run = caption_at(&stand_in, "openai/v1").arg(data_path("tone.wav")).run();
            assert_eq!((run.code, stand_in.requests().len()), (0, 2), "{refusal}: {}", run.stderr);
        }
    }
}

#[test]
fn an_account_error_in_another_dialect_is_reported() {
    let form = json_reply(400, &json!({ "message": "input_audio.format is missing" }));
    let stand_in = StandIn::scripted([form, Reply::status(402)]);
    let stderr = caption(&stand_in).arg(data_path("tone.wav")).run().failed(4);
    assert_says(&stderr, &["out of credits (402)", "top up"]);
}

#[test]
fn a_download_is_kept_for_the_next_dialect() {
    let wav = std::fs::read(data_path("tone.wav")).unwrap();
    let files = StandIn::always(move || Reply::status(200).body("audio/wav", wav.clone()));
    let form = || json_reply(400, &json!({ "message": "input_audio.format is missing" }));
    // The second dialect is that of OpenAI, whose servers fetch no URLs.
    let stand_in = StandIn::scripted([form(), Reply::status(503), crate::harness::answer("Rain.")]);
    let run = caption(&stand_in).env("HTTP_PROXY", files.url(""));
    let run = run.args(["-q", "http://sounds.example.com/a.wav"]).run();
    assert_eq!(run.captioned(), "Rain.\n");
    assert_eq!((files.requests().len(), stand_in.requests().len()), (1, 3));
}
