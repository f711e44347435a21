//! Details in the error documents of servers.

use regex::Regex;
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::text::one_line;

/// Length limit of a message, in characters.
pub(super) const MAX_MESSAGE_LEN: usize = 400;
/// Length limit of a code, in bytes.
const MAX_CODE_LEN: usize = 64;
/// Limit of the details in a message.
const MAX_DETAILS: usize = 16;

/// Text of a string or of a list of strings.
pub(super) fn text_of(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "),
        _ => return None,
    };
    Some(text).filter(|text| !text.trim().is_empty())
}

/// Collects `[{"path": "tools", "reason": "…"}]`, and the older `[{"path": ["tools"], "message": "…"}]`.
pub(super) fn collect_details(list: &Value, details: &mut Vec<String>) {
    for detail in list.as_array().into_iter().flatten().take(MAX_DETAILS) {
        let reasons = [&detail["reason"], &detail["message"], &detail["msg"]];
        let Some(reason) = reasons.into_iter().find_map(text_of) else { continue };
        details.push(match path(&detail["path"]).or_else(|| path(&detail["loc"])) {
            Some(path) => format!("{path}: {reason}"),
            None => reason,
        });
    }
}

/// Reads the error of a provider behind a gateway: `{"provider_name": "…", "raw": "…"}`, and the
/// reasons for which an input was flagged. Source: `OpenRouter`'s reference of errors.
pub(super) fn upstream(metadata: &Value) -> Option<String> {
    let provider = text_of(&metadata["provider_name"]);
    let reasons = text_of(&metadata["reasons"]).map(|reasons| format!("flagged for {reasons}"));
    let message = raw_message(&metadata["raw"]).or(reasons);
    match (provider, message) {
        (Some(provider), Some(message)) => Some(format!("{provider}: {message}")),
        (provider, message) => message.or(provider),
    }
}

/// Message in the response of a provider, which is text, a document, or a document as text.
fn raw_message(raw: &Value) -> Option<String> {
    let parsed = raw.as_str().and_then(|text| serde_json::from_str(text).ok());
    let document: &Value = parsed.as_ref().unwrap_or(raw);
    // Some providers send a list of one error.
    let document = document.get(0).unwrap_or(document);
    let error = &document["error"];
    let messages = [&error["message"], error, &document["message"], &document["detail"], raw];
    messages.into_iter().find_map(text_of)
}

/// Codes and types of an error that its message does not hold. A number repeats the status.
pub(super) fn codes_beside(document: &Value) -> String {
    let error = &document["error"];
    let message = [&error["message"], &document["message"]].into_iter().filter_map(Value::as_str);
    let message = message.collect::<String>().to_lowercase();
    let mut codes = Vec::<&str>::new();
    for code in [&error["code"], &error["type"], &document["code"]] {
        let code = code.as_str().unwrap_or_default().trim();
        let is_word = !code.is_empty() && code.len() <= MAX_CODE_LEN;
        let is_name = code.contains(char::is_alphabetic) && !code.contains(char::is_whitespace);
        let is_told = message.contains(&code.to_lowercase()) || codes.contains(&code);
        if is_word && is_name && !is_told && code != "error" {
            codes.push(code);
        }
    }
    codes.join(", ")
}

/// Limit of requests a minute in a message or in a `RateLimit-Policy`. Source of the header: the
/// IETF draft "`RateLimit` header fields for HTTP". A limit of tokens is none of requests.
pub(super) fn per_minute(message: &str, headers: &HeaderMap) -> Option<u32> {
    let policy = headers.get("ratelimit-policy").and_then(|policy| policy.to_str().ok());
    let number = |regex: &str, text: &str| {
        let captures = Regex::new(regex).ok()?.captures(text)?;
        captures[1].replace(',', "").parse().ok().filter(|number| *number > 0)
    };
    if let Some(limit) = number(r"(\d+)\s*;\s*w=60\b", policy.unwrap_or_default()) {
        return Some(limit);
    }
    if message.to_lowercase().contains("token") {
        return None;
    }
    let before = r"(?i)(\d[\d,]*)\s*(?:requests?|calls?)?\s*(?:/|per|a|each|every)\s*min";
    let after = r"(?i)(?:\brpm\b|requests per min(?:ute)?)\D{0,20}?limit\D{0,3}(\d[\d,]*)";
    number(before, message).or_else(|| number(after, message))
}

/// Joins `["messages", 0, "role"]` to `messages.0.role`; a string is a path already.
fn path(value: &Value) -> Option<String> {
    let Value::Array(steps) = value else { return text_of(value) };
    let steps = steps.iter().map(|step| match step {
        Value::String(step) => step.clone(),
        other => other.to_string(),
    });
    Some(steps.collect::<Vec<_>>().join(".")).filter(|path| !path.is_empty())
}

/// Collects `{"0": {"role": {"_errors": ["…"]}}}`, nested like the request.
pub(super) fn collect_legacy(node: &Value, path: &str, details: &mut Vec<String>) {
    for (name, child) in node.as_object().into_iter().flatten() {
        if details.len() >= MAX_DETAILS || path.len() > MAX_MESSAGE_LEN {
            return;
        }
        if name == "_errors" {
            details.extend(text_of(child).map(|reason| format!("{path}: {reason}")));
        } else {
            let name = one_line(name, MAX_MESSAGE_LEN);
            let path = if path.is_empty() { name } else { format!("{path}.{name}") };
            collect_legacy(child, &path, details);
        }
    }
}
