//! One of the choices of a response, put together from its documents.

use serde_json::Value;

use super::json::text_in;

/// Choice as far as it has arrived.
#[derive(Default)]
pub(super) struct Choice {
    /// Text without surrounding white space.
    pub(super) text: String,
    /// White space that is part of the text only if more text follows.
    pub(super) trailing: String,
    pub(super) finish_reason: Option<String>,
    /// Failure of the model that is reported beside the text.
    pub(super) failure: Option<String>,
    /// Reason why the model refuses to respond.
    pub(super) refusal: String,
}

impl Choice {
    /// Adds a choice of a document, with its text in `message` or `delta`. Returns the new text.
    pub(super) fn take(&mut self, choice: &Value, message: &str) -> String {
        self.finish_reason = text_in(&choice["finish_reason"]).or(self.finish_reason.take());
        let native = text_in(&choice["native_finish_reason"]);
        let native = native.filter(|reason| is_error_reason(reason));
        self.failure = text_in(&choice["error"]["message"])
            .or(native.map(|reason| format!("the model stopped for \"{reason}\"")))
            .or(self.failure.take());
        let message = &choice[message];
        let parts = || message["content"].as_array().into_iter().flatten();
        match message["refusal"].as_str() {
            Some(refusal) => self.refusal.push_str(refusal),
            None => self.refusal.extend(parts().filter_map(|part| part["refusal"].as_str())),
        }
        let text = message["content"].as_str().map(str::to_owned);
        self.push(&text.unwrap_or_else(|| parts().filter_map(part_text).collect()))
    }

    /// Adds text. Returns it without the white space around the whole.
    fn push(&mut self, piece: &str) -> String {
        self.trailing.push_str(if self.text.is_empty() { piece.trim_start() } else { piece });
        let rest = self.trailing.split_off(self.trailing.trim_end().len());
        let text = std::mem::replace(&mut self.trailing, rest);
        self.text.push_str(&text);
        text
    }

    pub(super) fn len(&self) -> usize {
        self.text.len() + self.trailing.len() + self.refusal.len()
    }
}

/// True if the finish reason of a provider names an error, and not the lack of one.
fn is_error_reason(reason: &str) -> bool {
    let letters: String = reason.to_lowercase().chars().filter(char::is_ascii_alphabetic).collect();
    letters.contains("error") && !letters.starts_with("noerror")
}

/// Text of a part of a list; parts of another type are not part of the caption.
fn part_text(part: &Value) -> Option<&str> {
    let is_text = part["type"].as_str().is_none_or(|kind| {
        ["text", "output_text", "input_text"].iter().any(|text| kind.eq_ignore_ascii_case(text))
    });
    let text = &part["text"];
    part.as_str().or(text.as_str()).or(text["value"].as_str()).filter(|_| is_text)
}
