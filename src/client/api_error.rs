//! Reads what the service says when it refuses, in all the shapes it is known to use.
//!
//! The shapes and their sources: the current problem document (live 401 of 2026-08) with its
//! variants for credits, unverified accounts and validation; the flat legacy document, with and
//! without `meta`; upstream failures; HTML and empty bodies of what stands in between.

use std::time::{Duration, SystemTime};

use regex::Regex;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use serde_json::Value;

use super::api_key::ApiKey;
use super::json;
use crate::error::{ApiError, ApiErrorKind};
use crate::text::one_line;

/// Longest message shown, in characters.
const LONGEST: usize = 400;
/// More details than these are none that people read.
const MOST_DETAILS: usize = 16;
/// Longest name of a request, in characters.
const LONGEST_ID: usize = 128;

/// Longest wait told, in seconds; none over two minutes is waited for.
const LONGEST_WAIT: f64 = 30.0 * 24.0 * 3600.0;

/// The fault in an error response.
pub(super) fn read(status: u16, headers: &HeaderMap, body: &[u8], key: &ApiKey) -> ApiError {
    let document = json::from_bytes(body).unwrap_or_else(|| plain_text(body));
    from_document(&document, status, headers, key)
}

/// The fault in a response with a success status or in an event of a stream, if it is one.
pub(super) fn in_success(document: &Value, headers: &HeaderMap, key: &ApiKey) -> Option<ApiError> {
    let error = &document["error"];
    let is_fault = error.is_object()
        || words(error).is_some()
        || (document.get("message").is_some() && document.get("choices").is_none());
    is_fault.then(|| from_document(document, own_status(document), headers, key))
}

/// How long the server asks to wait, in seconds or until a date by its own clock.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return (seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(LONGEST_WAIT)));
    }
    let until = httpdate::parse_http_date(value).ok()?;
    let date = headers.get(DATE).and_then(|date| date.to_str().ok());
    let now =
        date.and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or_else(SystemTime::now);
    let wait = until.duration_since(now).unwrap_or_default().as_secs_f64().ceil();
    Some(Duration::from_secs_f64(wait.min(LONGEST_WAIT)))
}

/// The service's name for a request, from the headers of its answer.
pub(super) fn request_id(headers: &HeaderMap, key: &ApiKey) -> Option<String> {
    let names = ["x-request-id", "x-inference-id"];
    let id = names.into_iter().find_map(|name| headers.get(name)?.to_str().ok());
    id.map(|id| one_line(&key.hide(id), LONGEST_ID)).filter(|id| !id.is_empty())
}

fn from_document(document: &Value, status: u16, headers: &HeaderMap, key: &ApiKey) -> ApiError {
    let error = &document["error"];
    let message =
        [&document["message"], &error["message"], error, &document["detail"], &document["title"]]
            .into_iter()
            .find_map(words)
            .unwrap_or_default();
    let mut details = Vec::new();
    collect_details(&document["detail"], &mut details);
    collect_details(&error["details"], &mut details);
    collect_details(&error["data"], &mut details);
    collect_legacy(&document["meta"], "", &mut details);
    let said = [message.as_str()]
        .into_iter()
        .chain(details.iter().map(String::as_str))
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("; ");
    let code = [&error["data"]["kind"], &error["name"]];
    let codes = code.into_iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ");
    ApiError {
        status,
        kind: kind(status, &format!("{codes} {message}").to_lowercase(), &said),
        message: one_line(&key.hide(&said), LONGEST),
        request_id: words(&document["requestId"])
            .map(|id| one_line(&key.hide(&id), LONGEST_ID))
            .or_else(|| request_id(headers, key)),
        retry_after: retry_after(headers),
    }
}

/// `said` is in lower case; `all` has the details too.
fn kind(status: u16, said: &str, all: &str) -> ApiErrorKind {
    let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
    match status {
        402 => ApiErrorKind::Credits,
        // `insufficent` is the service's spelling.
        0 | 403 if says(&["err_insufficent", "err_insufficient", "outoffunds", "run out of"]) => {
            ApiErrorKind::Credits
        }
        0 | 403 if says(&["err_unverified", "complete verification"]) => ApiErrorKind::Unverified,
        // Without a word of the service it was something in between.
        403 if said.trim().is_empty() => ApiErrorKind::Rejected,
        401 | 403 => ApiErrorKind::Key,
        413 => ApiErrorKind::TooLarge,
        429 if says(&["free-tier limit", "limit for the hour"]) => ApiErrorKind::AllowanceUsed,
        429 => ApiErrorKind::RateLimited,
        300..=399 => ApiErrorKind::Redirected,
        400 | 422 if is_about_form(all) => ApiErrorKind::WrongForm,
        0 | 408 | 500.. => ApiErrorKind::Failed,
        _ => ApiErrorKind::Rejected,
    }
}

/// Whether a server refused sound for how it is written. Such a request is not billed. Source:
/// AI/ML API docs, "usage logs".
fn is_about_form(said: &str) -> bool {
    let form = r"(?i)\b(?:input_audio|audio_url|base64|padding|data ur[il]|load audio|audio file|format)\b";
    let sound = r"(?i)\btoo (?:long|short|large)\b|\bduration\b|\b10 mb\b";
    let matches = |words: &str| Regex::new(words).is_ok_and(|words| words.is_match(said));
    matches(form) && !matches(sound)
}

/// A string, or a list of strings as one.
fn words(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "),
        _ => return None,
    };
    Some(text).filter(|text| !text.trim().is_empty())
}

/// `[{"path": "tools", "reason": "…"}]`, and the older `[{"path": ["tools"], "message": "…"}]`.
fn collect_details(list: &Value, details: &mut Vec<String>) {
    for api_error in list.as_array().into_iter().flatten().take(MOST_DETAILS) {
        let reasons = [&api_error["reason"], &api_error["message"], &api_error["msg"]];
        let Some(reason) = reasons.into_iter().find_map(words) else { continue };
        details.push(match path(&api_error["path"]).or_else(|| path(&api_error["loc"])) {
            Some(path) => format!("{path}: {reason}"),
            None => reason,
        });
    }
}

/// `["messages", 0, "role"]` as `messages.0.role`, and a path that is a string as it is.
fn path(value: &Value) -> Option<String> {
    let Value::Array(steps) = value else { return words(value) };
    let steps = steps.iter().map(|step| match step {
        Value::String(step) => step.clone(),
        other => other.to_string(),
    });
    Some(steps.collect::<Vec<_>>().join(".")).filter(|path| !path.is_empty())
}

/// `{"0": {"role": {"_errors": ["…"]}}}`, nested as the request is.
fn collect_legacy(node: &Value, path: &str, details: &mut Vec<String>) {
    for (name, child) in node.as_object().into_iter().flatten() {
        if details.len() >= MOST_DETAILS || path.len() > LONGEST {
            return;
        }
        if name == "_errors" {
            details.extend(words(child).map(|reason| format!("{path}: {reason}")));
        } else {
            let name = one_line(name, LONGEST);
            let path = if path.is_empty() { name } else { format!("{path}.{name}") };
            collect_legacy(child, &path, details);
        }
    }
}

/// The status that an error object inside a success tells of itself; 0 where it tells none.
fn own_status(document: &Value) -> u16 {
    let error = &document["error"];
    [&error["status"], &error["code"], &document["status"], &document["statusCode"]]
        .into_iter()
        .filter_map(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok()))
        .find_map(|number| u16::try_from(number).ok().filter(|status| *status >= 400))
        .unwrap_or(0)
}

/// A body that is no JSON, as the message of a document; markup is nothing that people can read.
fn plain_text(body: &[u8]) -> Value {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if text.starts_with('<') { Value::Null } else { serde_json::json!({ "message": text }) }
}
