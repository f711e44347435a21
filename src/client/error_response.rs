//! Reads error responses into an [`ApiError`].
//!
//! Forms and sources: the current problem document (live 401 of 2026-08) with its variants for
//! credits, unverified accounts and validation; the flat legacy document, with and without `meta`;
//! upstream failures; HTML and empty bodies of proxies.

use reqwest::Url;
use reqwest::header::{HeaderMap, LOCATION};
use serde_json::Value;

use super::api_key::Secrets;
use super::error_class::classify;
use super::error_details::{
    MAX_MESSAGE_LEN, codes_beside, collect_details, collect_legacy, per_minute, text_of, upstream,
};
use super::{json, retry_after};
use crate::error::{ApiError, ApiErrorKind};
use crate::text::one_line;
use crate::url_name::url_name;

/// Length limit of a request id, in characters.
const MAX_ID_LEN: usize = 128;

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

/// Address of a request to show with its error: one that the server does not know, or that it
/// redirects to.
pub(super) fn address(
    error: &ApiError,
    url: &Url,
    headers: &HeaderMap,
    secrets: Secrets<'_>,
) -> Option<String> {
    let address = match (error.kind, error.status) {
        (ApiErrorKind::NotFound, 404 | 405) => url.clone(),
        (ApiErrorKind::Redirected, _) => url.join(headers.get(LOCATION)?.to_str().ok()?).ok()?,
        _ => return None,
    };
    Some(one_line(&secrets.hide(&url_name(&address)), MAX_MESSAGE_LEN))
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
    let text = format!("{codes} {message}").to_lowercase();
    let is_flagged =
        says(&error["metadata"]["reasons"]) || says(&error["metadata"]["flagged_input"]);
    let retry_after =
        retry_after::read(status, headers, &error["metadata"]["headers"], &full_message);
    let kind = match classify(status, &text, &full_message) {
        // Source: OpenRouter's reference of errors, which has 403 for a flagged input, and 402 with
        // Retry-After for a budget of requests in flight.
        ApiErrorKind::Key if status == 403 && is_flagged => ApiErrorKind::Filtered,
        ApiErrorKind::Credits if status == 402 && retry_after.is_some() => {
            ApiErrorKind::RateLimited
        }
        kind => kind,
    };
    ApiError {
        status,
        kind,
        message: with_codes(&secrets.hide(&full_message), &secrets.hide(&codes_beside(document))),
        request_id: text_of(&document["requestId"])
            .map(|id| one_line(&id, MAX_ID_LEN))
            .or_else(|| request_id(headers))
            .map(|id| secrets.hide(&id)),
        retry_after,
        per_minute: per_minute(&full_message, headers)
            .filter(|_| kind == ApiErrorKind::RateLimited),
        address: None,
    }
}

/// Message on one line, with the codes after it, which are kept if it is long.
fn with_codes(message: &str, codes: &str) -> String {
    if codes.is_empty() {
        return one_line(message, MAX_MESSAGE_LEN);
    }
    let codes = one_line(codes, MAX_MESSAGE_LEN / 2);
    let message =
        one_line(message, MAX_MESSAGE_LEN - codes.chars().count() - "… ()".chars().count());
    if message.is_empty() { codes } else { format!("{message} ({codes})") }
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
