//! Builder of an answer from the documents of a response and their choices.

use std::collections::BTreeMap;

use reqwest::Response;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::api_key::Secrets;
use super::choice::Choice;
use super::json::text_in;
use super::options::ClientOptions;
use super::{error_response, json};
use crate::answer::{Answer, Stop, Usage};
use crate::error::{Error, Shortfall};
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
    pub(super) response: Response,
    pub(super) options: &'a ClientOptions,
    secrets: Secrets<'a>,
    observer: &'a Observer,
    /// Choices by their index. The caption is the first.
    choices: BTreeMap<u64, Choice>,
    /// Facts beside the choices.
    pub(super) facts: Answer,
}

impl<'a> AnswerBuilder<'a> {
    pub(super) fn new(
        response: Response,
        options: &'a ClientOptions,
        secrets: Secrets<'a>,
        observer: &'a Observer,
    ) -> Self {
        let facts = Answer {
            usd: usd_in_headers(response.headers()),
            request_id: error_response::request_id(response.headers()),
            ..Answer::default()
        };
        Self { response, options, secrets, observer, choices: BTreeMap::new(), facts }
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
        self.facts.usd = usd_in_document(document).or(self.facts.usd);
        self.facts.usage = usage(&document["usage"], self.facts.usage);
        let headers = self.response.headers();
        if let Some(api_error) = error_response::in_success(document, headers, self.secrets) {
            // After the finish reason the caption is complete.
            let is_complete = self.has_finished() && self.stop() == Stop::Complete;
            return if is_complete { Ok(()) } else { Err(Box::new(api_error).into()) };
        }
        self.facts.model = text_in(&document["model"]).or(self.facts.model.take());
        let choices = document["choices"].as_array().into_iter().flatten();
        for (position, choice) in choices.enumerate().filter(|(_, choice)| choice.is_object()) {
            self.take_choice(position, choice, message);
        }
        if self.choices.values().map(Choice::len).sum::<usize>() > MAX_CAPTION_LEN {
            return Err(self.unexpected("an endless text"));
        }
        Ok(())
    }

    /// Adds a choice. One without an index is known by its position.
    fn take_choice(&mut self, position: usize, choice: &Value, message: &str) {
        let index = choice["index"].as_u64().unwrap_or(position as u64);
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
    pub(super) fn answer(&self) -> Result<Answer, Error> {
        let text = self.text();
        if self.choices.get(&0).is_none_or(|first| first.text.is_empty()) {
            self.report(text.to_owned());
        }
        if let Some(failure) = self.choice().and_then(|choice| choice.failure.as_deref()) {
            return Err(self.incomplete(failure, Shortfall::Failed));
        }
        if text.is_empty() {
            let refusal = self.choice().map_or("", |choice| choice.refusal.trim());
            let (reason, cause) = match refusal {
                "" if is_filter(self.finish_reason()) => {
                    ("a filter of the service removed it", Shortfall::Refused)
                }
                "" => ("there is no text in it", Shortfall::Failed),
                refusal => (refusal, Shortfall::Refused),
            };
            return Err(self.incomplete(reason, cause));
        }
        match self.stop() {
            Stop::Limit if self.options.max_tokens.is_none() => {
                let reason = "it was cut at the model's limit";
                return Err(self.incomplete(reason, Shortfall::Limit));
            }
            Stop::Complete | Stop::Limit => {}
            Stop::Other => {
                let reason = self.finish_reason();
                let cause = if is_filter(reason) { Shortfall::Refused } else { Shortfall::Failed };
                let reason = format!("the model stopped for \"{}\"", reason.unwrap_or_default());
                return Err(self.incomplete(&reason, cause));
            }
        }
        Ok(self.received())
    }

    /// Content of the response, which may have been billed although it holds no usable caption.
    pub(super) fn received(&self) -> Answer {
        Answer {
            caption: self.text().to_owned(),
            finish_reason: self.finish_reason().map(str::to_owned),
            ..self.facts.clone()
        }
    }

    pub(super) fn incomplete(&self, reason: &str, cause: Shortfall) -> Error {
        let reason = one_line(&self.secrets.hide(reason), MAX_REASON_LEN);
        Error::Incomplete { reason, cause, request_id: self.request_id() }
    }

    pub(super) fn unexpected(&self, found: &str) -> Error {
        Error::UnexpectedResponse {
            status: self.response.status().as_u16(),
            found: found.to_owned(),
            request_id: self.request_id(),
        }
    }

    /// Request id for an error.
    fn request_id(&self) -> Option<String> {
        self.facts.request_id.as_ref().map(|id| self.secrets.hide(id))
    }
}

/// Cost and token counts in an error response.
pub(super) fn bill(headers: &HeaderMap, body: &[u8]) -> (Option<f64>, Option<Usage>) {
    let document = json::from_bytes(body).unwrap_or_default();
    let usd = usd_in_document(&document).or_else(|| usd_in_headers(headers));
    (usd, usage(&document["usage"], None))
}

/// Cost in the headers, which only a response that is not streamed has.
fn usd_in_headers(headers: &HeaderMap) -> Option<f64> {
    let header = |name| headers.get(name)?.to_str().ok()?.parse().ok();
    usd(header("x-aimlapi-usd-spent"), header("x-aimlapi-credits-used"))
}

fn usd_in_document(document: &Value) -> Option<f64> {
    let cost = &document["meta"]["usage"];
    usd(cost["usd_spent"].as_f64(), cost["credits_used"].as_f64())
}

/// True for the finish reasons of filters, such as `content_filter`.
fn is_filter(finish_reason: Option<&str>) -> bool {
    finish_reason.is_some_and(|reason| {
        let reason = reason.to_lowercase();
        ["filter", "safety", "moderation"].iter().any(|word| reason.contains(word))
    })
}

/// Cost in US dollars, given directly or in credits.
fn usd(usd_spent: Option<f64>, credits_used: Option<f64>) -> Option<f64> {
    let usd = usd_spent.or(credits_used.map(|credits| credits / CREDITS_PER_USD));
    usd.filter(|usd| (0.0..MAX_USD).contains(usd))
}

/// Token counts; one that is missing, 0 or no number is unknown and does not replace a known one.
fn usage(counts: &Value, earlier: Option<Usage>) -> Option<Usage> {
    let earlier = earlier.unwrap_or_default();
    let count =
        |name: &str, earlier| counts[name].as_u64().filter(|count| *count > 0).unwrap_or(earlier);
    let usage = Usage {
        prompt_tokens: count("prompt_tokens", earlier.prompt_tokens),
        completion_tokens: count("completion_tokens", earlier.completion_tokens),
        total_tokens: count("total_tokens", earlier.total_tokens),
    };
    Some(usage).filter(|usage| *usage != Usage::default())
}
