//! The service's side of the protocol, as strict as its published schema.

use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::Response;
use serde_json::{Map, Value, json};

use super::reply::{Body, Piece, response};
use super::{KEY, Request, analysis};

/// Tokens of the model's frame around the audio.
const FRAME_TOKENS: u64 = 8;
/// Tokens per second of audio; the minimum is one second.
const TOKENS_PER_SECOND: f64 = 12.5;
/// US dollars per input and output token: the provider's international list price.
const USD_PER_INPUT_TOKEN: f64 = 3.81e-6;
const USD_PER_OUTPUT_TOKEN: f64 = 3.06e-6;

struct Refusal {
    status: u16,
    name: &'static str,
    message: String,
    details: Value,
}

/// Checks a request and responds to it.
pub(super) fn respond(request: &Request, started: Instant) -> Response<Body> {
    if request.method == "GET" && request.path.starts_with("/v1/models?") {
        return prices(request);
    }
    let captioned = check(request).and_then(|(document, dialect)| {
        Ok((document["stream"] == json!(true), caption(&document, dialect)?))
    });
    match captioned {
        Ok((true, caption)) => stream(request, &caption),
        Ok((false, caption)) => whole(request, &caption, started),
        Err(refusal) => refuse(request, &refusal),
    }
}

/// Returns the price of any model; this needs no key.
fn prices(request: &Request) -> Response<Body> {
    let unit = |content: &str, origin: &str, price: f64| json!({ "name": "token", "content": content, "origin": origin, "price": price, "per": 1 });
    let model = url::Url::parse(&format!("http://stand-in{}", request.path)).ok().and_then(|url| {
        url.query_pairs().find(|(name, _)| name == "id").map(|(_, id)| id.into_owned())
    });
    let units = [
        unit("audio", "provided", USD_PER_INPUT_TOKEN),
        unit("text", "generated", USD_PER_OUTPUT_TOKEN),
    ];
    let document = json!({ "data": [{ "id": model, "pricing": { "units": units } }] });
    let headers = headers(request, "application/json; charset=utf-8");
    response(200, &headers, vec![Piece::Bytes(document.to_string().into())])
}

/// Measurements in place of a caption, with their token counts.
struct Caption {
    text: String,
    is_truncated: bool,
    prompt_tokens: u64,
}

impl Caption {
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
        if self.is_truncated { "length" } else { "stop" }
    }

    fn completion_tokens(&self) -> u64 {
        self.text.len().div_ceil(4) as u64
    }

    fn usd(&self) -> f64 {
        let usd = self.prompt_tokens as f64 * USD_PER_INPUT_TOKEN
            + self.completion_tokens() as f64 * USD_PER_OUTPUT_TOKEN;
        (usd * 1e6).round() / 1e6
    }
}

/// Dialect of the service, chosen by the path of the request.
#[derive(Clone, Copy)]
enum Dialect {
    Aimlapi,
    /// Strict like llama.cpp.
    OpenAi,
    /// Accepts URLs too.
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

fn check(request: &Request) -> Result<(Value, Dialect), Refusal> {
    let dialect = Dialect::of(request).filter(|_| request.method == "POST");
    let dialect =
        dialect.ok_or_else(|| refusal(404, "NotFoundException", "Cannot serve this path"))?;
    let key = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    if key != Some(KEY) {
        let message = "This request requires a valid API key.";
        return Err(refusal(401, "UnauthorizedException", message));
    }
    let document: Value = serde_json::from_slice(&request.body)
        .map_err(|e| refusal(400, "BadRequestException", &format!("the body is not JSON: {e}")))?;
    let allowed = ["model", "messages", "max_tokens", "stream", "stream_options"];
    let keys = document.as_object().into_iter().flat_map(Map::iter);
    for (key, value) in keys {
        if value.is_null() {
            return Err(invalid(key, "Expected a value, received null"));
        }
        if !allowed.contains(&key.as_str()) {
            return Err(invalid(key, "Unrecognized key"));
        }
    }
    Ok((document, dialect))
}

/// Measures the one audio part that the schema allows.
fn caption(document: &Value, dialect: Dialect) -> Result<Caption, Refusal> {
    let messages = document["messages"].as_array().map_or(&[][..], Vec::as_slice);
    let [message] = messages else { return Err(invalid("messages", "Expected one message")) };
    if message["role"] != json!("user") {
        return Err(invalid("messages.0.role", "Expected 'user'"));
    }
    let parts = message["content"].as_array().map_or(&[][..], Vec::as_slice);
    let [part] = parts else { return Err(invalid("messages.0.content", "Expected one part")) };
    let path = "messages.0.content.0.input_audio.data";
    let encoded = match audio_source(part, dialect)? {
        AudioSource::Base64(encoded) => encoded,
        AudioSource::Url(url) => {
            let text =
                format!("Stand-in, not the model: a recording at {url}, which was not fetched.");
            return Ok(Caption { text, is_truncated: false, prompt_tokens: FRAME_TOKENS });
        }
    };
    if encoded.len() >= 10_000_000 {
        return Err(invalid(path, "the encoded string is not below 10 MB"));
    }
    let bytes = STANDARD.decode(encoded).map_err(|e| invalid(path, &e.to_string()))?;
    let audio = analysis::analyze(bytes).map_err(|e| invalid(path, &e))?;
    let tokens = (audio.seconds.max(1.0) * TOKENS_PER_SECOND).ceil() as u64;
    let mut text = format!("Stand-in, not the model: {audio}");
    let limit = document["max_tokens"].as_u64().and_then(|tokens| usize::try_from(tokens * 4).ok());
    let is_truncated = limit.is_some_and(|limit| limit < text.len());
    if let Some(limit) = limit {
        text.truncate(limit);
    }
    Ok(Caption { text, is_truncated, prompt_tokens: tokens + FRAME_TOKENS })
}

enum AudioSource<'a> {
    Base64(&'a str),
    Url(&'a str),
}

fn audio_source(part: &Value, dialect: Dialect) -> Result<AudioSource<'_>, Refusal> {
    let path = "messages.0.content.0";
    let (kind, value) = match (part["type"].as_str(), dialect) {
        (Some("input_audio"), _) => ("input_audio", &part["input_audio"]["data"]),
        (Some("audio_url"), Dialect::Vllm) => ("audio_url", &part["audio_url"]["url"]),
        _ => return Err(invalid(&format!("{path}.type"), "Expected 'input_audio'")),
    };
    let format = part["input_audio"]["format"].as_str();
    let value = value.as_str().ok_or_else(|| invalid(path, "input_audio.data: Expected string"))?;
    let is_plain_base64 = kind == "input_audio" && !matches!(dialect, Dialect::Aimlapi);
    if is_plain_base64 {
        return match format {
            Some("wav" | "mp3") => Ok(AudioSource::Base64(value)),
            _ => Err(invalid(path, "input_audio.format must be either 'wav' or 'mp3'")),
        };
    }
    if format.is_some() {
        return Err(invalid(path, "input_audio.format: Unrecognized key"));
    }
    if value.starts_with("https://") || value.starts_with("http://") {
        return Ok(AudioSource::Url(value));
    }
    let encoded = value.strip_prefix("data:").and_then(|rest| rest.split_once("base64,"));
    let (_, encoded) = encoded.ok_or_else(|| invalid(path, "neither a URL nor a data URL"))?;
    Ok(AudioSource::Base64(encoded))
}

fn whole(request: &Request, caption: &Caption, started: Instant) -> Response<Body> {
    let usd = caption.usd();
    let document = json!({
        "choices": [{
            "message": { "role": "assistant", "content": caption.text },
            "finish_reason": caption.finish_reason(), "index": 0, "logprobs": null,
        }],
        "object": "chat.completion",
        "usage": caption.usage(),
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

fn stream(request: &Request, caption: &Caption) -> Response<Body> {
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
    for word in caption.text.split_inclusive(' ') {
        events.push(delta(json!({ "content": word }), Value::Null));
    }
    events.push(delta(json!({ "content": "" }), json!(caption.finish_reason())));
    events.push(chunk(json!([]), caption.usage()));
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
