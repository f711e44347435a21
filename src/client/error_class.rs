//! Classes of error responses, by their status, codes and messages.

use regex::Regex;

use crate::error::ApiErrorKind;

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

/// Codes of a filter that refuses the content of a request, in lower case. Sources: the error
/// references of Azure `OpenAI`, `OpenAI` and Alibaba Model Studio.
const FILTERED: [&str; 4] = [
    "content_filter",
    "content_policy_violation",
    "data_inspection_failed",
    "datainspectionfailed",
];

/// Classifies an error by its status and its text: codes and message in lower case, and the full
/// message with its details.
pub(super) fn classify(status: u16, text: &str, full_message: &str) -> ApiErrorKind {
    let has = |phrases: &[&str]| phrases.iter().any(|phrase| text.contains(phrase));
    match status {
        402 => ApiErrorKind::Credits,
        0 | 400..=499 if has(&NO_CREDITS) => ApiErrorKind::Credits,
        0 | 400 | 403 | 422 if has(&FILTERED) => ApiErrorKind::Filtered,
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
