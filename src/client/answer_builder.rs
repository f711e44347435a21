//! Builder of an answer from the documents of a response.

use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::Value;

use super::answer::{Answer, Usage};
use super::api_key::ApiKey;
use super::options::ClientOptions;
use super::{error_response, json};
use crate::error::Error;
use crate::progress::{Event, Observer};

/// Credits per US dollar. Source: AI/ML API docs, "How can I track my funds".
const CREDITS_PER_USD: f64 = 2_000_000.0;

/// Size limit of a caption in bytes, several times that of 32,768 tokens.
const MAX_CAPTION_LEN: usize = 1024 * 1024;

/// Upper bound of a plausible cost; one that is higher or negative is ignored.
const MAX_USD: f64 = 1_000_000.0;

/// Answer as far as it has arrived.
pub(super) struct AnswerBuilder<'a> {
    status: u16,
    headers: &'a HeaderMap,
    pub(super) key: &'a ApiKey,
    observer: &'a Observer,
    pub(super) text: String,
    /// White space that is part of the caption only if text follows.
    trailing: String,
    pub(super) finish_reason: Option<String>,
    model: Option<String>,
    usage: Option<Usage>,
    usd: Option<f64>,
    pub(super) body: Option<String>,
}

impl<'a> AnswerBuilder<'a> {
    pub(super) fn new(
        status: u16,
        headers: &'a HeaderMap,
        key: &'a ApiKey,
        observer: &'a Observer,
    ) -> Self {
        Self {
            status,
            headers,
            key,
            observer,
            text: String::new(),
            trailing: String::new(),
            finish_reason: None,
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
        if let Some(api_error) = error_response::in_success(document, self.headers, self.key) {
            // After the finish reason the caption is complete.
            let is_complete = self.finish_reason.as_deref() == Some("stop");
            return if is_complete { Ok(()) } else { Err(Box::new(api_error).into()) };
        }
        if !document.is_object() {
            return Err(self.unexpected("JSON of another kind"));
        }
        // Only the text is required. Any other field that is missing or of another type than
        // documented is ignored.
        let text_in =
            |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let (choice, cost) = (&document["choices"][0], &document["meta"]["usage"]);
        self.model = text_in(&document["model"]).or(self.model.take());
        self.usage = Usage::deserialize(&document["usage"]).ok().or(self.usage);
        self.usd = usd(cost["usd_spent"].as_f64(), cost["credits_used"].as_f64()).or(self.usd);
        self.finish_reason = text_in(&choice["finish_reason"]).or(self.finish_reason.take());
        self.push(choice[message]["content"].as_str().unwrap_or_default());
        if self.text.len() + self.trailing.len() > MAX_CAPTION_LEN {
            return Err(self.unexpected("an endless text"));
        }
        Ok(())
    }

    /// Adds text and reports it, without the white space around the caption.
    fn push(&mut self, piece: &str) {
        self.trailing.push_str(if self.text.is_empty() { piece.trim_start() } else { piece });
        let rest = self.trailing.split_off(self.trailing.trim_end().len());
        let text = std::mem::replace(&mut self.trailing, rest);
        self.text.push_str(&text);
        if !text.is_empty() {
            self.observer.emit(Event::Text(text));
        }
    }

    /// Returns the answer, or the reason why the caption is incomplete.
    pub(super) fn into_answer(self, options: &ClientOptions) -> Result<Answer, Error> {
        if self.text.is_empty() {
            return Err(self.incomplete("there is no text in it"));
        }
        match self.finish_reason.as_deref() {
            None | Some("stop" | "end_turn") => {}
            Some("length") if options.max_tokens.is_some() => {}
            Some("length") => return Err(self.incomplete("it was cut at the model's limit")),
            Some(reason) => {
                return Err(self.incomplete(&format!("the model stopped for \"{reason}\"")));
            }
        }
        Ok(Answer {
            usd: self.usd(),
            request_id: error_response::request_id(self.headers),
            caption: self.text,
            model: self.model,
            finish_reason: self.finish_reason,
            usage: self.usage,
            body: self.body,
            ..Answer::default()
        })
    }

    pub(super) fn incomplete(&self, reason: &str) -> Error {
        Error::Incomplete {
            reason: self.key.hide(reason),
            usd: self.usd(),
            request_id: self.request_id(),
        }
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
        error_response::request_id(self.headers).map(|id| self.key.hide(&id))
    }
}

/// Cost in US dollars, given directly or in credits.
fn usd(usd_spent: Option<f64>, credits_used: Option<f64>) -> Option<f64> {
    let usd = usd_spent.or(credits_used.map(|credits| credits / CREDITS_PER_USD));
    usd.filter(|usd| (0.0..MAX_USD).contains(usd))
}
