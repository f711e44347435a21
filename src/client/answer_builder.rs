//! Builder of an answer from the documents of a response.

use std::collections::BTreeMap;

use reqwest::header::HeaderMap;
use serde_json::Value;

use super::answer::{Answer, Stop, Usage};
use super::api_key::Secrets;
use super::choice::Choice;
use super::json::text_in;
use super::options::ClientOptions;
use super::{error_response, json};
use crate::error::{Error, Received};
use crate::progress::{Event, Observer};
use crate::text::one_line;

/// Credits per US dollar. Source: AI/ML API docs, "How can I track my funds".
const CREDITS_PER_USD: f64 = 2_000_000.0;

/// Size limit of a caption in bytes, several times that of 32,768 tokens.
const MAX_CAPTION_LEN: usize = 1024 * 1024;

/// Limit of the choices that are read. One is requested.
const MAX_CHOICES: u64 = 16;

/// Length limit of the reason why a caption is incomplete, in characters.
const MAX_REASON_LEN: usize = 400;

/// Upper bound of a plausible cost; one that is higher or negative is ignored.
const MAX_USD: f64 = 1_000_000.0;

/// Answer as far as it has arrived.
pub(super) struct AnswerBuilder<'a> {
    status: u16,
    headers: &'a HeaderMap,
    pub(super) secrets: Secrets<'a>,
    observer: &'a Observer,
    /// Choices by their index. The caption is the first.
    choices: BTreeMap<u64, Choice>,
    model: Option<String>,
    usage: Option<Usage>,
    usd: Option<f64>,
    pub(super) body: Option<String>,
}

impl<'a> AnswerBuilder<'a> {
    pub(super) fn new(
        status: u16,
        headers: &'a HeaderMap,
        secrets: Secrets<'a>,
        observer: &'a Observer,
    ) -> Self {
        Self {
            status,
            headers,
            secrets,
            observer,
            choices: BTreeMap::new(),
            model: None,
            usage: None,
            usd: None,
            body: None,
        }
    }

    /// Adds the data of an event.
    pub(super) fn take_event(&mut self, event: &str) -> Result<(), Error> {
        if event.trim().is_empty() {
            return Ok(());
        }
        let document =
            json::from_text(event).ok_or_else(|| self.unexpected("an event that is not JSON"))?;
        self.take_document(&document, "delta")
    }

    /// Adds a document: a whole response with the text in `message`, or an event with it in `delta`.
    pub(super) fn take_document(&mut self, document: &Value, message: &str) -> Result<(), Error> {
        if !document.is_object() {
            return Err(self.unexpected("JSON of another kind"));
        }
        // Only the text is required. Any other field that is missing or of another type than
        // documented is ignored.
        let cost = &document["meta"]["usage"];
        self.usd = usd(cost["usd_spent"].as_f64(), cost["credits_used"].as_f64()).or(self.usd);
        self.usage = usage(&document["usage"], self.usage);
        if let Some(api_error) = error_response::in_success(document, self.headers, self.secrets) {
            // After the finish reason the caption is complete.
            let is_complete = self.has_finished() && self.stop() == Stop::Complete;
            return if is_complete { Ok(()) } else { Err(Box::new(api_error).into()) };
        }
        self.model = text_in(&document["model"]).or(self.model.take());
        let choices = document["choices"].as_array().into_iter().flatten();
        for choice in choices.filter(|choice| choice.is_object()) {
            self.take_choice(choice, message);
        }
        if self.choices.values().map(Choice::len).sum::<usize>() > MAX_CAPTION_LEN {
            return Err(self.unexpected("an endless text"));
        }
        Ok(())
    }

    fn take_choice(&mut self, choice: &Value, message: &str) {
        let index = choice["index"].as_u64().unwrap_or(0);
        if index < MAX_CHOICES {
            let text = self.choices.entry(index).or_default().take(choice, message);
            if index == 0 {
                self.report(text);
            }
        }
    }

    fn report(&self, text: String) {
        if !text.is_empty() {
            self.observer.emit(Event::Text(text));
        }
    }

    /// Choice that holds the caption: the first with text, or else the first.
    fn choice(&self) -> Option<&Choice> {
        let with_text = self.choices.values().find(|choice| !choice.text.is_empty());
        with_text.or_else(|| self.choices.values().next())
    }

    /// Text of the caption.
    pub(super) fn text(&self) -> &str {
        self.choice().map_or("", |choice| &choice.text)
    }

    fn finish_reason(&self) -> Option<&str> {
        self.choice().and_then(|choice| choice.finish_reason.as_deref())
    }

    /// True after the finish reason.
    pub(super) fn has_finished(&self) -> bool {
        self.finish_reason().is_some()
    }

    fn stop(&self) -> Stop {
        Stop::of(self.finish_reason())
    }

    /// Returns the answer, or the reason why the caption is incomplete.
    pub(super) fn answer(&self, options: &ClientOptions) -> Result<Answer, Error> {
        let text = self.text();
        if self.choices.get(&0).is_none_or(|first| first.text.is_empty()) {
            self.report(text.to_owned());
        }
        if let Some(failure) = self.choice().and_then(|choice| choice.failure.as_deref()) {
            return Err(self.incomplete(failure));
        }
        if text.is_empty() {
            let refusal = self.choice().map_or("", |choice| choice.refusal.trim());
            let reason = if refusal.is_empty() { "there is no text in it" } else { refusal };
            return Err(self.incomplete(reason));
        }
        match self.stop() {
            Stop::Limit if options.max_tokens.is_none() => {
                return Err(self.incomplete("it was cut at the model's limit"));
            }
            Stop::Complete | Stop::Limit => {}
            Stop::Other => {
                let reason = self.finish_reason().unwrap_or_default();
                return Err(self.incomplete(&format!("the model stopped for \"{reason}\"")));
            }
        }
        Ok(Answer {
            usd: self.usd(),
            request_id: error_response::request_id(self.headers),
            caption: text.to_owned(),
            model: self.model.clone(),
            finish_reason: self.finish_reason().map(str::to_owned),
            usage: self.usage,
            body: self.body.clone(),
            ..Answer::default()
        })
    }

    /// Content of the response, which may have been billed although it holds no usable caption.
    pub(super) fn received(&self) -> Received {
        Received {
            usd: self.usd(),
            usage: self.usage,
            partial: Some(self.text().to_owned()).filter(|text| !text.is_empty()),
            bodies: self.body.iter().cloned().collect(),
        }
    }

    pub(super) fn incomplete(&self, reason: &str) -> Error {
        let reason = one_line(&self.secrets.hide(reason), MAX_REASON_LEN);
        Error::Incomplete { reason, request_id: self.request_id() }
    }

    pub(super) fn unexpected(&self, found: &str) -> Error {
        Error::UnexpectedResponse {
            status: self.status,
            found: found.to_owned(),
            request_id: self.request_id(),
        }
    }

    /// Cost in the body, or else in the headers.
    fn usd(&self) -> Option<f64> {
        // Only a response that is not streamed has the headers.
        let header = |name| self.headers.get(name)?.to_str().ok()?.parse().ok();
        self.usd.or_else(|| usd(header("x-aimlapi-usd-spent"), header("x-aimlapi-credits-used")))
    }

    /// Request id for an error.
    fn request_id(&self) -> Option<String> {
        error_response::request_id(self.headers).map(|id| self.secrets.hide(&id))
    }
}

/// Cost in US dollars, given directly or in credits.
fn usd(usd_spent: Option<f64>, credits_used: Option<f64>) -> Option<f64> {
    let usd = usd_spent.or(credits_used.map(|credits| credits / CREDITS_PER_USD));
    usd.filter(|usd| (0.0..MAX_USD).contains(usd))
}

/// Token counts; one that is missing, 0 or no number is unknown and does not replace a known one.
fn usage(counts: &Value, earlier: Option<Usage>) -> Option<Usage> {
    let earlier = earlier.unwrap_or_default();
    let count = |name: &str, earlier| match counts[name].as_u64() {
        None | Some(0) => earlier,
        Some(count) => count,
    };
    let usage = Usage {
        prompt_tokens: count("prompt_tokens", earlier.prompt_tokens),
        completion_tokens: count("completion_tokens", earlier.completion_tokens),
        total_tokens: count("total_tokens", earlier.total_tokens),
    };
    Some(usage).filter(|usage| *usage != Usage::default())
}
