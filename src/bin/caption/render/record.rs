//! JSON object of an outcome, as jsonl prints it; csv and the HTML page are made from it too.

use caption::{CacheKey, Effect, Error, Outcome, Window};
use serde_json::{Value, json};

use super::RenderOptions;
use crate::ui::hints::hint;

/// Returns the fields that scripts rely on, in their order. A field that does not apply is left
/// out.
pub(super) fn record(outcome: &Outcome, options: &RenderOptions) -> Value {
    let truncated = outcome.truncation.map(|_| true);
    let track = outcome.track.as_ref().map(|track| track.number);
    if let Some(error) = outcome.error() {
        return object([
            ("input", json!(outcome.name)),
            ("truncated", json!(truncated)),
            ("track", json!(track)),
            ("decoder", json!(outcome.decoder)),
            ("sound", json!(outcome.sound)),
            ("partial", json!(error.received().and_then(|received| received.partial.as_ref()))),
            ("usd", json!(error.usd())),
            ("error", error_object(error)),
        ]);
    }
    let (cache_key, answer) = (outcome.cache_key.as_ref(), outcome.answer());
    let seconds = outcome.seconds.map(|seconds| (seconds * 1000.0).round() / 1000.0);
    let windows = answer.map(|answer| answer.windows.as_slice()).unwrap_or_default();
    let windows: Vec<_> = windows.iter().map(|window| window_object(window, options)).collect();
    let window = cache_key.and_then(CacheKey::window_length);
    let findings = Some(&outcome.findings).filter(|findings| !findings.is_empty());
    object([
        ("input", json!(outcome.name)),
        ("sha256", json!(cache_key.map(|cache_key| &cache_key.sha256))),
        ("seconds", json!(seconds)),
        ("truncated", json!(truncated)),
        ("track", json!(track)),
        ("decoder", json!(outcome.decoder)),
        ("caption", json!(answer.map(|answer| options.caption(answer)))),
        ("model", json!(cache_key.map(|cache_key| &cache_key.model))),
        ("max_tokens", json!(cache_key.map(|cache_key| cache_key.max_tokens))),
        ("window", json!(window.map(|window| window.as_secs_f64()))),
        ("windows", json!(Some(windows).filter(|windows| !windows.is_empty()))),
        ("sound", json!(outcome.sound)),
        ("findings", json!(findings)),
        ("finish_reason", json!(answer.map(|answer| &answer.finish_reason))),
        ("usage", json!(answer.map(|answer| answer.usage))),
        ("usd", json!(answer.map(|answer| answer.usd))),
        ("request_id", json!(answer.map(|answer| &answer.request_id))),
        ("attempts", json!(answer.map(|answer| answer.attempts))),
        ("elapsed_ms", json!(answer.map(|answer| u64::try_from(answer.elapsed.as_millis()).ok()))),
    ])
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let applicable = fields.into_iter().filter(|(_, value)| !value.is_null());
    applicable.map(|(name, value)| (name.to_owned(), value)).collect()
}

fn window_object(window: &Window, options: &RenderOptions) -> Value {
    let caption = options.text(&window.caption);
    json!({ "start": window.start, "end": window.end, "caption": caption })
}

fn error_object(error: &Error) -> Value {
    json!({
        "kind": error.kind().to_string(),
        "message": error.to_string(),
        "hint": hint(error),
        "status": error.status(),
        "request_id": error.request_id(),
        "retryable": error.effect() == Effect::Retry,
    })
}
