//! The service's side of the protocol, as strict as its published schema.

use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::Response;
use serde_json::{Map, Value, json};

use super::reply::{Body, Piece, response};
use super::{KEY, Request, listen};

/// Tokens that the model's frame around the sound takes.
const FRAME_TOKENS: u64 = 8;
/// Tokens a second of sound; less than a second counts as one.
const TOKENS_A_SECOND: f64 = 12.5;
/// US dollars a token in and out: the provider's international list price.
const USD_IN: f64 = 3.81e-6;
const USD_OUT: f64 = 3.06e-6;

struct Refusal {
    status: u16,
    name: &'static str,
    message: String,
    details: Value,
}

/// Checks the request and answers it.
pub fn answer(request: &Request, started: Instant) -> Response<Body> {
    if request.method == "GET" && request.path.starts_with("/v1/models?") {
        return prices(request);
    }
    let said =
        |document: &Value| caption(document, Dialect::of(request).unwrap_or(Dialect::Aimlapi));
    match check(request).and_then(|document| said(&document).map(|said| (document, said))) {
        Ok((document, said)) if document["stream"] == json!(true) => stream(request, &said),
        Ok((_, said)) => whole(request, &said, started),
        Err(refusal) => refuse(request, &refusal),
    }
}

/// The price of every model that is asked about; no key is asked for.
fn prices(request: &Request) -> Response<Body> {
    let unit = |content: &str, origin: &str, price: f64| json!({ "name": "token", "content": content, "origin": origin, "price": price, "per": 1 });
    let model = url::Url::parse(&format!("http://stand-in{}", request.path)).ok().and_then(|url| {
        url.query_pairs().find(|(name, _)| name == "id").map(|(_, id)| id.into_owned())
    });
    let units = [unit("audio", "provided", USD_IN), unit("text", "generated", USD_OUT)];
    let document = json!({ "data": [{ "id": model, "pricing": { "units": units } }] });
    let headers = headers(request, "application/json; charset=utf-8");
    response(200, &headers, vec![Piece::Bytes(document.to_string().into())])
}

/// What the sound is like, and how many tokens it and the sentence are worth.
struct Said {
    text: String,
    is_cut: bool,
    prompt_tokens: u64,
}

impl Said {
    fn usage(&self) -> Value {
        let completion = self.completion_tokens();
        json!({
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": completion,
            "total_tokens": self.prompt_tokens + completion,
            "prompt_tokens_details": {
                "audio_tokens": self.prompt_tokens - FRAME_TOKENS, "text_tokens": FRAME_TOKENS,
            },
            "completion_tokens_details": { "text_tokens": completion },
        })
    }

    fn finish_reason(&self) -> &'static str {
        if self.is_cut { "length" } else { "stop" }
    }

    fn completion_tokens(&self) -> u64 {
        self.text.len().div_ceil(4) as u64
    }

    fn usd(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
        let usd = self.prompt_tokens as f64 * USD_IN + self.completion_tokens() as f64 * USD_OUT;
        (usd * 1e6).round() / 1e6
    }
}

/// How it takes sound, told by the path that it is asked at.
#[derive(Clone, Copy)]
enum Dialect {
    Aimlapi,
    /// As strict as llama.cpp.
    OpenAi,
    /// Takes what `OpenAI` does, and addresses.
    Vllm,
}

impl Dialect {
    fn of(request: &Request) -> Option<Self> {
        match request.path.strip_suffix("/v1/chat/completions")? {
            "" => Some(Self::Aimlapi),
            "/openai" => Some(Self::OpenAi),
            "/vllm" => Some(Self::Vllm),
            _ => None,
        }
    }
}

fn check(request: &Request) -> Result<Value, Refusal> {
    let is_here = Dialect::of(request).is_some();
    if request.method != "POST" || !is_here {
        return Err(refusal(404, "NotFoundException", "Cannot serve this path"));
    }
    match request.header("authorization").and_then(|value| value.strip_prefix("Bearer ")) {
        Some(KEY) => {}
        _ => {
            return Err(refusal(
                401,
                "UnauthorizedException",
                "This request requires a valid API key.",
            ));
        }
    }
    let document: Value = serde_json::from_slice(&request.body)
        .map_err(|e| refusal(400, "BadRequestException", &format!("the body is not JSON: {e}")))?;
    let known = ["model", "messages", "max_tokens", "stream", "stream_options"];
    let keys = document.as_object().into_iter().flat_map(Map::iter);
    for (key, value) in keys {
        if value.is_null() {
            return Err(invalid(key, "Expected a value, received null"));
        }
        if !known.contains(&key.as_str()) {
            return Err(invalid(key, "Unrecognized key"));
        }
    }
    Ok(document)
}

/// The sentence about the one audio part that the schema allows.
fn caption(document: &Value, dialect: Dialect) -> Result<Said, Refusal> {
    let messages = document["messages"].as_array().map_or(&[][..], Vec::as_slice);
    let [message] = messages else { return Err(invalid("messages", "Expected one message")) };
    if message["role"] != json!("user") {
        return Err(invalid("messages.0.role", "Expected 'user'"));
    }
    let parts = message["content"].as_array().map_or(&[][..], Vec::as_slice);
    let [part] = parts else { return Err(invalid("messages.0.content", "Expected one part")) };
    let path = "messages.0.content.0.input_audio.data";
    let encoded = match sound_in(part, dialect)? {
        Sound::Base64(encoded) => encoded,
        Sound::At(url) => {
            let text =
                format!("Stand-in, not the model: a recording at {url}, which was not fetched.");
            return Ok(Said { text, is_cut: false, prompt_tokens: FRAME_TOKENS });
        }
    };
    if encoded.len() >= 10_000_000 {
        return Err(invalid(path, "the encoded string is not below 10 MB"));
    }
    let bytes = STANDARD.decode(encoded).map_err(|e| invalid(path, &e.to_string()))?;
    let sound = listen::listen(bytes).map_err(|e| invalid(path, &e))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most hours")]
    let tokens = (sound.seconds.max(1.0) * TOKENS_A_SECOND).ceil() as u64;
    let mut text = format!("Stand-in, not the model: {sound}");
    let limit = document["max_tokens"].as_u64().and_then(|tokens| usize::try_from(tokens * 4).ok());
    let is_cut = limit.is_some_and(|limit| limit < text.len());
    if let Some(limit) = limit {
        text.truncate(limit);
    }
    Ok(Said { text, is_cut, prompt_tokens: tokens + FRAME_TOKENS })
}

enum Sound<'a> {
    Base64(&'a str),
    At(&'a str),
}

fn sound_in(part: &Value, dialect: Dialect) -> Result<Sound<'_>, Refusal> {
    let path = "messages.0.content.0";
    let (kind, value) = match (part["type"].as_str(), dialect) {
        (Some("input_audio"), _) => ("input_audio", &part["input_audio"]["data"]),
        (Some("audio_url"), Dialect::Vllm) => ("audio_url", &part["audio_url"]["url"]),
        _ => return Err(invalid(&format!("{path}.type"), "Expected 'input_audio'")),
    };
    let format = part["input_audio"]["format"].as_str();
    let value = value.as_str().ok_or_else(|| invalid(path, "input_audio.data: Expected string"))?;
    let is_bare = kind == "input_audio" && !matches!(dialect, Dialect::Aimlapi);
    if is_bare {
        return match format {
            Some("wav" | "mp3") => Ok(Sound::Base64(value)),
            _ => Err(invalid(path, "input_audio.format must be either 'wav' or 'mp3'")),
        };
    }
    if format.is_some() {
        return Err(invalid(path, "input_audio.format: Unrecognized key"));
    }
    if value.starts_with("https://") || value.starts_with("http://") {
        return Ok(Sound::At(value));
    }
    let encoded = value.strip_prefix("data:").and_then(|rest| rest.split_once("base64,"));
    let (_, encoded) = encoded.ok_or_else(|| invalid(path, "neither a URL nor a data URL"))?;
    Ok(Sound::Base64(encoded))
}

fn whole(request: &Request, said: &Said, started: Instant) -> Response<Body> {
    let usd = said.usd();
    let document = json!({
        "choices": [{
            "message": { "role": "assistant", "content": said.text },
            "finish_reason": said.finish_reason(), "index": 0, "logprobs": null,
        }],
        "object": "chat.completion",
        "usage": said.usage(),
        "created": 1_790_000_000,
        "system_fingerprint": null,
        "model": "qwen3-omni-30b-a3b-captioner",
        "id": "chatcmpl-stand-in",
        "meta": {
            "usage": { "credits_used": (usd * 2e6).round(), "usd_spent": usd },
            "metrics": { "duration_ms": started.elapsed().as_secs_f64() * 1e3 },
        },
    });
    let mut headers = headers(request, "application/json; charset=utf-8");
    headers.push(("x-aimlapi-usd-spent".to_owned(), usd.to_string()));
    response(200, &headers, vec![Piece::Bytes(document.to_string().into())])
}

fn stream(request: &Request, said: &Said) -> Response<Body> {
    let chunk = |choices: Value, usage: Value| {
        let document = json!({
            "model": "qwen3-omni-30b-a3b-captioner", "id": "chatcmpl-stand-in", "created": 1_790_000_000,
            "object": "chat.completion.chunk", "usage": usage, "choices": choices,
        });
        format!("data: {document}\n\n")
    };
    let delta = |delta: Value, reason: Value| {
        chunk(json!([{ "index": 0, "delta": delta, "finish_reason": reason }]), Value::Null)
    };
    let mut events = vec![delta(json!({ "content": null, "role": "assistant" }), Value::Null)];
    for word in said.text.split_inclusive(' ') {
        events.push(delta(json!({ "content": word }), Value::Null));
    }
    events.push(delta(json!({ "content": "" }), json!(said.finish_reason())));
    events.push(chunk(json!([]), said.usage()));
    events.push("data: [DONE]\n\n".to_owned());
    let pieces = events.into_iter().map(|event| Piece::Bytes(event.into_bytes())).collect();
    response(200, &headers(request, "text/event-stream; charset=utf-8"), pieces)
}

fn refuse(request: &Request, refusal: &Refusal) -> Response<Body> {
    let title = match refusal.status {
        400 => "Bad Request",
        401 => "Unauthorized",
        _ => "Not Found",
    };
    let document = json!({
        "title": title, "status": refusal.status, "message": refusal.message,
        "instance": request.path, "requestId": "stand-in-refusal",
        "error": { "name": refusal.name, "message": refusal.message, "details": refusal.details },
    });
    let headers = headers(request, "application/problem+json; charset=utf-8");
    response(refusal.status, &headers, vec![Piece::Bytes(document.to_string().into())])
}

fn headers(request: &Request, media_type: &str) -> Vec<(String, String)> {
    let mut headers = vec![
        ("content-type".to_owned(), media_type.to_owned()),
        ("x-request-id".to_owned(), "stand-in-request".to_owned()),
        ("x-inference-id".to_owned(), "stand-in-inference".to_owned()),
    ];
    let id = request.header("x-client-request-id");
    headers.extend(id.map(|id| ("x-client-request-id".to_owned(), id.to_owned())));
    headers
}

fn refusal(status: u16, name: &'static str, message: &str) -> Refusal {
    Refusal { status, name, message: message.to_owned(), details: Value::Null }
}

fn invalid(path: &str, reason: &str) -> Refusal {
    let details = json!([{ "path": path, "reason": reason }]);
    Refusal { details, ..refusal(400, "PublicApiValidationException", "Invalid payload provided") }
}
