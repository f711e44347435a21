//! What holds for any bytes of a service, and for sound of any length.

use std::io::Write;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body::Body;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::api_key::ApiKey;
use super::audio::Audio;
use super::body::{BLOCK, RequestBody};
use super::dialect::Dialect;
use super::options::Options;
use super::sse::Decoder;
use super::{api_error, json};
use crate::audio::Clip;
use crate::error::Error;
use crate::progress::{Event, Observer};
use support::random::{Rng, cases, mutated, one_of, soup};

/// What an event stream is made of.
const STREAM: [&str; 16] = [
    "\n",
    "\n",
    "\n\n",
    "\r",
    "\r\n",
    "\r\n\r\n",
    "data: ",
    "data:",
    "data",
    ":",
    " ",
    "id: 1",
    "event",
    "{\"a\": 1}",
    "é🎵",
    "\u{feff}",
];

/// The events of a whole stream, as simple as the grammar allows.
fn events(stream: &[u8]) -> Vec<String> {
    let mut lines = vec![Vec::new()];
    let mut bytes = stream.iter().peekable();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'\r' => {
                bytes.next_if(|next| **next == b'\n');
                lines.push(Vec::new());
            }
            b'\n' => lines.push(Vec::new()),
            _ => lines.last_mut().unwrap().push(byte),
        }
    }
    let (mut events, mut data) = (Vec::new(), Vec::new());
    for (number, line) in lines.iter().enumerate() {
        let line = String::from_utf8_lossy(line);
        let line = line.strip_prefix('\u{feff}').filter(|_| number == 0).unwrap_or(&line);
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        if line.is_empty() && !data.is_empty() {
            events.push(std::mem::take(&mut data).join("\n"));
        } else if field == "data" {
            data.push(value.strip_prefix(' ').unwrap_or(value).to_owned());
        }
    }
    if !data.is_empty() {
        events.push(data.join("\n"));
    }
    events
}

#[test]
fn a_stream_has_the_same_events_wherever_it_is_cut() {
    cases(|random| {
        let stream = soup(random, 40, &STREAM);
        let (mut decoder, mut all, mut rest) = (Decoder::default(), Vec::new(), &stream[..]);
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(random.usize(1..=rest.len()));
            all.extend(decoder.push(piece).unwrap());
            rest = after;
        }
        all.extend(decoder.finish());
        assert_eq!(all, events(&stream), "{:?}", String::from_utf8_lossy(&stream));
    });
}

#[test]
fn a_body_is_the_json_of_the_one_shot_encoder_and_as_long_as_it_says() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    cases(|random| {
        // Around the ends of blocks, and anywhere.
        let near = BLOCK * random.usize(..3) + random.usize(..8);
        let len =
            if random.bool() { near.saturating_sub(4).max(1) } else { random.usize(1..5_000) };
        let sound: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(len).collect();
        let model = soup(random, 5, &["(sound)", "\"", "m"]);
        let options = Options {
            model: String::from_utf8_lossy(&model).into_owned(),
            max_tokens: random.bool().then(|| random.u32(1..)),
            stream: random.bool(),
            ..Options::default()
        };
        let dialect = Dialect::ALL[random.usize(..3)];
        let told = Arc::new(Mutex::new((0, 0)));
        let observer = Observer::new({
            let told = told.clone();
            move |event| {
                if let Event::Sent { bytes, total } = event {
                    *told.lock().unwrap() = (bytes, total);
                }
            }
        });
        let body = RequestBody::new(&options, dialect, &Audio::Clip(clip(&sound)), &observer);
        let length = body.size_hint().exact().unwrap();
        let bytes = runtime.block_on(collect(body));
        let data = STANDARD.encode(&sound);
        let part = match dialect {
            Dialect::Aimlapi => {
                json!({ "type": "input_audio", "input_audio": { "data": format!("data:;base64,{data}") } })
            }
            Dialect::OpenAi => {
                json!({ "type": "input_audio", "input_audio": { "data": data, "format": "wav" } })
            }
            Dialect::Vllm => {
                json!({ "type": "audio_url", "audio_url": { "url": format!("data:audio/wav;base64,{data}") } })
            }
        };
        let mut wanted = json!({
            "model": options.model, "messages": [{ "role": "user", "content": [part] }],
        });
        if let Some(tokens) = options.max_tokens {
            wanted["max_tokens"] = tokens.into();
        }
        if options.stream {
            wanted["stream"] = true.into();
            wanted["stream_options"] = json!({ "include_usage": true });
        }
        assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), wanted, "{len} bytes");
        assert_eq!((bytes.len() as u64, *told.lock().unwrap()), (length, (length, length)));
    });
}

/// All frames; what is left is known exactly before each of them.
async fn collect(mut body: RequestBody) -> Vec<u8> {
    let mut bytes = Vec::new();
    let length = body.size_hint().exact().unwrap();
    while let Some(frame) =
        std::future::poll_fn(|context| std::pin::Pin::new(&mut body).poll_frame(context)).await
    {
        bytes.extend(frame.unwrap().into_data().unwrap());
        assert_eq!(body.size_hint().exact(), Some(length - bytes.len() as u64));
    }
    assert!(body.is_end_stream());
    bytes
}

fn clip(sound: &[u8]) -> Clip {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(sound).unwrap();
    Clip::of_any_content(file)
}

#[test]
fn any_error_body_is_one_short_harmless_line() {
    let key = ApiKey::new("sk-marked").unwrap();
    cases(|random| {
        let body = match random.u8(..3) {
            0 => soup(
                random,
                60,
                &[
                    "{",
                    "}",
                    "[",
                    "]",
                    ",",
                    ":",
                    "\"message\"",
                    "\"error\"",
                    "\"",
                    "\\ud83c",
                    "1e999",
                    "null",
                    "<html>",
                    "\u{1b}[2J",
                    "sk-marked",
                ],
            ),
            1 => serde_json::to_vec(&value(random, 5)).unwrap(),
            _ => {
                let body = serde_json::to_vec(&value(random, 5)).unwrap();
                mutated(random, &body)
            }
        };
        let status = random.u16(100..1000);
        let api_error = api_error::read(status, &HeaderMap::new(), &body, &key);
        let told =
            format!("{api_error} {api_error:?} {}", Error::from(Box::new(api_error.clone())));
        assert!(api_error.message.chars().count() <= 401, "{}", api_error.message);
        assert!(!api_error.message.contains(char::is_control), "{:?}", api_error.message);
        assert!(!told.contains("sk-marked"), "{told}");
    });
}

/// Any JSON, mostly with the names that error documents have.
fn value(random: &mut Rng, depth: usize) -> Value {
    const NAMES: [&str; 16] = [
        "message",
        "error",
        "details",
        "data",
        "meta",
        "_errors",
        "messages",
        "title",
        "detail",
        "kind",
        "name",
        "path",
        "reason",
        "requestId",
        "code",
        "0",
    ];
    match random.u8(..if depth == 0 { 5 } else { 8 }) {
        0 => Value::Null,
        1 => random.bool().into(),
        2 => random.f64().into(),
        3 => random.i64(..).into(),
        4 => String::from_utf8_lossy(&soup(
            random,
            6,
            &["sk-marked", "a", " ", "\n", "\u{1b}[31m", "run out of"],
        ))
        .into(),
        5 => (0..random.usize(..4)).map(|_| value(random, depth - 1)).collect(),
        _ => {
            let entries = (0..random.usize(..4))
                .map(|_| (one_of(random, &NAMES).to_owned(), value(random, depth - 1)));
            Value::Object(entries.collect())
        }
    }
}

#[test]
fn any_bytes_are_a_document_or_none() {
    cases(|random| {
        let document = serde_json::to_vec(&value(random, 6)).unwrap();
        assert!(json::from_bytes(&document).is_some());
        let changed = mutated(random, &document);
        if let Some(document) = json::from_bytes(&changed) {
            api_error::in_success(&document, &HeaderMap::new(), &ApiKey::new("k").unwrap());
        }
    });
}

#[test]
fn any_halves_of_surrogate_pairs_are_read_as_text_does() {
    cases(|random| {
        let unit = |random: &mut Rng| match random.u8(..4) {
            0 => random.u16(0xd800..0xdc00),
            1 => random.u16(0xdc00..0xe000),
            _ => random.u16(..),
        };
        let units: Vec<u16> = (0..random.usize(..12)).map(|_| unit(random)).collect();
        let escaped =
            units.iter().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>().concat();
        let read = json::from_text(&format!("\"{escaped}\""));
        assert_eq!(read, Some(String::from_utf16_lossy(&units).into()), "{escaped}");
    });
}
