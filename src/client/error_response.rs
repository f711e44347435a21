//! Reads error responses into an [`ApiError`].
//!
//! Forms and sources: the current problem document (live 401 of 2026-08) with its variants for
//! credits, unverified accounts and validation; the flat legacy document, with and without `meta`;
//! upstream failures; HTML and empty bodies of proxies.

use regex::Regex;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::api_key::Secrets;
use super::error_details::{MAX_MESSAGE_LEN, collect_details, collect_legacy, text_of, upstream};
use super::{json, retry_after};
use crate::error::{ApiError, ApiErrorKind};
use crate::text::one_line;

/// Length limit of a request id, in characters.
const MAX_ID_LEN: usize = 128;

/// Codes and phrases of an account without credits or quota, in lower case. None of them was seen
/// in a live response.
const NO_CREDITS: [&str; 6] = [
    "insufficient_quota",
    "exceeded your current quota",
    "billing_hard_limit",
    "arrearage",
    "allocationquota",
    "insufficient_balance",
];

/// Reads the body of an error response.
pub(super) fn read(
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
    secrets: Secrets<'_>,
) -> ApiError {
    let document = json::from_bytes(body).unwrap_or_else(|| plain_text(body));
    from_document(&document, status, headers, secrets)
}

/// Reads the error in a successful response or in an event of a stream, if there is one.
pub(super) fn in_success(
    document: &Value,
    headers: &HeaderMap,
    secrets: Secrets<'_>,
) -> Option<ApiError> {
    let is_error = says(&document["error"])
        || (says(&document["message"]) && document.get("choices").is_none());
    is_error.then(|| from_document(document, own_status(document), headers, secrets))
}

/// True if an error field says that there is an error: some servers send an empty one in every
/// response.
fn says(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Bool(true) => true,
        Value::String(text) => {
            let none = ["", "0", "200", "none", "null", "ok", "success"];
            none.iter().all(|none| !text.trim().eq_ignore_ascii_case(none))
        }
        Value::Number(number) => ![Some(0.0), Some(200.0)].contains(&number.as_f64()),
        Value::Array(values) => values.iter().any(says),
        Value::Object(values) => values.values().any(says),
    }
}

/// Reads the request id from the headers of a response.
pub(super) fn request_id(headers: &HeaderMap) -> Option<String> {
    let headers_of_id = ["x-request-id", "x-inference-id"];
    let id = headers_of_id.into_iter().find_map(|name| headers.get(name)?.to_str().ok());
    id.map(|id| one_line(id, MAX_ID_LEN)).filter(|id| !id.is_empty())
}

fn from_document(
    document: &Value,
    status: u16,
    headers: &HeaderMap,
    secrets: Secrets<'_>,
) -> ApiError {
    let error = &document["error"];
    let message =
        [&document["message"], &error["message"], error, &document["detail"], &document["title"]]
            .into_iter()
            .find_map(text_of)
            .unwrap_or_default();
    let mut parts = Vec::new();
    collect_details(&document["detail"], &mut parts);
    collect_details(&error["details"], &mut parts);
    collect_details(&error["data"], &mut parts);
    collect_legacy(&document["meta"], "", &mut parts);
    parts.extend(upstream(&error["metadata"]));
    parts.insert(0, message.clone());
    parts.retain(|part| !part.is_empty());
    let full_message = parts.join("; ");
    let codes = [&error["data"]["kind"], &error["name"], &error["code"], &error["type"]];
    let codes = codes.into_iter().chain([&document["code"], &document["type"]]);
    let codes = codes.filter_map(Value::as_str).collect::<Vec<_>>().join(" ");
    ApiError {
        status,
        kind: classify(status, &format!("{codes} {message}").to_lowercase(), &full_message),
        message: one_line(&secrets.hide(&full_message), MAX_MESSAGE_LEN),
        request_id: text_of(&document["requestId"])
            .map(|id| one_line(&id, MAX_ID_LEN))
            .or_else(|| request_id(headers))
            .map(|id| secrets.hide(&id)),
        retry_after: retry_after::read(
            status,
            headers,
            &error["metadata"]["headers"],
            &full_message,
        ),
    }
}

/// Classifies an error by its status and its text: codes and message in lower case, and the full
/// message with its details.
fn classify(status: u16, text: &str, full_message: &str) -> ApiErrorKind {
    let has = |phrases: &[&str]| phrases.iter().any(|phrase| text.contains(phrase));
    match status {
        402 => ApiErrorKind::Credits,
        0 | 400..=499 if has(&NO_CREDITS) => ApiErrorKind::Credits,
        0 | 400 if has(&["model_not_found", "model not found"]) => ApiErrorKind::NotFound,
        // `insufficent` is the service's spelling.
        0 | 403 if has(&["err_insufficent", "err_insufficient", "outoffunds", "run out of"]) => {
            ApiErrorKind::Credits
        }
        0 | 403 if has(&["err_unverified", "complete verification"]) => ApiErrorKind::Unverified,
        // A 403 without a message comes from a proxy.
        403 if text.trim().is_empty() => ApiErrorKind::Rejected,
        401 | 403 => ApiErrorKind::Key,
        404 | 405 => ApiErrorKind::NotFound,
        413 => ApiErrorKind::TooLarge,
        429 if has(&["free-tier limit", "limit for the hour"]) => ApiErrorKind::AllowanceUsed,
        429 => ApiErrorKind::RateLimited,
        300..=399 => ApiErrorKind::Redirected,
        400 | 422 if is_about_form(full_message) => ApiErrorKind::WrongForm,
        415 if !full_message.is_empty() => ApiErrorKind::WrongForm,
        500 if is_about_audio_form(full_message) => ApiErrorKind::WrongForm,
        0 | 408 | 500.. => ApiErrorKind::Failed,
        _ => ApiErrorKind::Rejected,
    }
}

/// True if a server refused the form of the audio. Such a request is not billed. Source: AI/ML API
/// docs, "usage logs".
fn is_about_form(message: &str) -> bool {
    let content = r"(?i)\btoo (?:long|short|large)\b|\bduration\b|\b10 mb\b";
    let is_form = is_about_audio_form(message) || matches(r"(?i)\bformat\b", message);
    is_form && !matches(content, message)
}

/// True if a message names a part of the request that carries audio. llama.cpp of 2025 refuses a
/// form with 500, as other servers report failures, whose "format" may be about anything.
fn is_about_audio_form(message: &str) -> bool {
    let form = r"(?i)\b(?:input_audio|audio_url|base64|padding|data ur[il]|load (?:image or )?audio|audio file)\b|\bcontent\[\]";
    matches(form, message)
}

fn matches(regex: &str, text: &str) -> bool {
    Regex::new(regex).is_ok_and(|regex| regex.is_match(text))
}

/// Status in the error object of a successful response, or 0.
fn own_status(document: &Value) -> u16 {
    let error = &document["error"];
    [&error["status"], &error["code"], &document["status"], &document["statusCode"]]
        .into_iter()
        .filter_map(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok()))
        .find_map(|number| u16::try_from(number).ok().filter(|status| *status >= 400))
        .unwrap_or(0)
}

/// Document for a body that is not JSON; markup is dropped.
fn plain_text(body: &[u8]) -> Value {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if text.starts_with('<') { Value::Null } else { serde_json::json!({ "message": text }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::api_key::ApiKey;
    use crate::client::json::tests::random_document;
    use crate::error::Error;
    use support::random::{cases, mutated, soup};

    #[test]
    fn a_random_error_body_becomes_one_short_line_without_the_key() {
        const PIECES: [&str; 15] = [
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
            "sk-marked-0123456",
        ];
        let key = ApiKey::new("sk-marked-0123456").unwrap();
        cases(|random| {
            let body = match random.u8(..3) {
                0 => soup(random, 60, &PIECES),
                1 => serde_json::to_vec(&random_document(random, 5)).unwrap(),
                _ => {
                    let body = serde_json::to_vec(&random_document(random, 5)).unwrap();
                    mutated(random, &body)
                }
            };
            let error = read(
                random.u16(100..1000),
                &HeaderMap::new(),
                &body,
                Secrets { key: &key, url: None },
            );
            let texts = format!("{error} {error:?} {}", Error::from(Box::new(error.clone())));
            assert!(error.message.chars().count() <= MAX_MESSAGE_LEN + 1, "{}", error.message);
            assert!(!error.message.contains(char::is_control), "{:?}", error.message);
            assert!(!texts.contains("sk-marked-0123456"), "{texts}");
        });
    }
}
