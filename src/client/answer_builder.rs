//! Builder of an answer from the documents of a response.

use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::Value;

use super::answer::{Answer, Usage};
use super::api_key::ApiKey;
use super::error_response;
use super::json::{self, Choice, Completion, Cost};
use super::options::ClientOptions;
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
    /// Length of the text that was reported as events.
    reported: usize,
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
            reported: 0,
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
        self.take_document(document, |choice| choice.delta.content)
    }

    /// Adds a document: a whole response, or an event of a stream.
    pub(super) fn take_document(
        &mut self,
        document: Value,
        text: impl Fn(Choice) -> Option<String>,
    ) -> Result<(), Error> {
        if let Some(api_error) = error_response::in_success(&document, self.headers, self.key) {
            // After the finish reason the caption is complete.
            let is_complete = self.finish_reason.as_deref() == Some("stop");
            return if is_complete { Ok(()) } else { Err(Box::new(api_error).into()) };
        }
        if !document.is_object() {
            return Err(self.unexpected("JSON of another kind"));
        }
        let completion = Completion::deserialize(document)
            .map_err(|_| self.unexpected("JSON of another kind"))?;
        self.model = completion.model.filter(|model| !model.is_empty()).or(self.model.take());
        self.usage = completion.usage.or(self.usage);
        self.usd = completion.meta.usage.in_usd().or(self.usd);
        if let Some(choice) = completion.choices.into_iter().next() {
            let reason = choice.finish_reason.clone().filter(|reason| !reason.is_empty());
            self.finish_reason = reason.or(self.finish_reason.take());
            self.push(&text(choice).unwrap_or_default());
        }
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
        // Text that may be the beginning of the key is not reported yet.
        self.report(self.reported + self.key.start_in(&self.text[self.reported..]));
    }

    fn report(&mut self, end: usize) {
        if end > self.reported {
            self.observer.emit(Event::Text(self.key.hide(&self.text[self.reported..end])));
            self.reported = end;
        }
    }

    /// Returns the answer, or the reason why the caption is incomplete.
    pub(super) fn into_answer(mut self, options: &ClientOptions) -> Result<Answer, Error> {
        self.report(self.text.len());
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
            request_id: self.request_id(),
            // A server may repeat the key in any text.
            caption: self.key.hide(&self.text),
            model: self.model.map(|model| self.key.hide(&model)),
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
        self.usd.or_else(|| cost_in(self.headers).in_usd())
    }

    fn request_id(&self) -> Option<String> {
        error_response::request_id(self.headers, self.key)
    }
}

impl Cost {
    fn in_usd(&self) -> Option<f64> {
        let usd = self.usd_spent.or(self.credits_used.map(|credits| credits / CREDITS_PER_USD));
        usd.filter(|usd| (0.0..MAX_USD).contains(usd))
    }
}

/// Cost in the headers, which only a response that is not streamed has.
fn cost_in(headers: &HeaderMap) -> Cost {
    let number = |name| headers.get(name)?.to_str().ok()?.parse().ok();
    Cost {
        usd_spent: number("x-aimlapi-usd-spent"),
        credits_used: number("x-aimlapi-credits-used"),
    }
}
