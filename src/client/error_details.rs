//! Details in the error documents of servers.

use serde_json::Value;

use crate::text::one_line;

/// Length limit of a message, in characters.
pub(super) const MAX_MESSAGE_LEN: usize = 400;
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

/// Reads the error of a provider behind a gateway: `{"provider_name": "…", "raw": "…"}`.
pub(super) fn upstream(metadata: &Value) -> Option<String> {
    let raw = text_of(&metadata["raw"])?;
    let document: Value = serde_json::from_str(&raw).unwrap_or_default();
    let messages = [&document["error"]["message"], &document["message"]];
    let message = messages.into_iter().find_map(text_of).unwrap_or(raw);
    Some(match text_of(&metadata["provider_name"]) {
        Some(provider) => format!("{provider}: {message}"),
        None => message,
    })
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
