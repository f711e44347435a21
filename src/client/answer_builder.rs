//! What has arrived of an answer, and whether it is one.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::Value;

use super::api_key::ApiKey;
use super::options::Options;
use super::wire::{Choice, Completion, Cost};
use super::{api_error, json};
use crate::client::answer::{Answer, Usage};
use crate::error::Error;
use crate::progress::{Event, Observer};

/// 2,000,000 credits are one US dollar. Source: AI/ML API docs, "How can I track my funds".
const CREDITS_PER_USD: f64 = 2_000_000.0;

/// In bytes: several times what 32,768 tokens come to.
const LONGEST_CAPTION: usize = 1024 * 1024;

/// No request costs as much; what is told to cost that or less than nothing is no price.
const MOST_USD: f64 = 1_000_000.0;

/// What has arrived of an answer.
pub(super) struct AnswerBuilder<'a> {
    status: u16,
    headers: &'a HeaderMap,
    pub(super) key: &'a ApiKey,
    observer: &'a Observer,
    pub(super) text: String,
    /// How much of it was told.
    told: usize,
    /// White space that belongs to the caption only if more text follows.
    held: String,
    pub(super) finish_reason: Option<String>,
    model: Option<String>,
    usage: Option<Usage>,
    cost: Cost,
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
            told: 0,
            held: String::new(),
            finish_reason: None,
            model: None,
            usage: None,
            cost: Cost::default(),
            body: None,
        }
    }

    pub(super) fn take_event(&mut self, event: &str) -> Result<(), Error> {
        if event.trim().is_empty() {
            return Ok(());
        }
        let document = json::from_text(event)
            .ok_or_else(|| self.not_an_answer("an event that is not JSON"))?;
        self.take_document(document, |choice| choice.delta.content)
    }

    pub(super) fn take_document(
        &mut self,
        document: Value,
        text: impl Fn(Choice) -> Option<String>,
    ) -> Result<(), Error> {
        if let Some(api_error) = api_error::in_success(&document, self.headers, self.key) {
            // With the reason to stop came all the text.
            let is_whole = self.finish_reason.as_deref() == Some("stop");
            return if is_whole { Ok(()) } else { Err(Box::new(api_error).into()) };
        }
        if !document.is_object() {
            return Err(self.not_an_answer("JSON of another kind"));
        }
        let completion = Completion::deserialize(document)
            .map_err(|_| self.not_an_answer("JSON of another kind"))?;
        self.model = completion.model.filter(|model| !model.is_empty()).or(self.model.take());
        self.usage = completion.usage.or(self.usage);
        if completion.meta.usage.is_known() {
            self.cost = completion.meta.usage;
        }
        if let Some(choice) = completion.choices.into_iter().next() {
            let reason = choice.finish_reason.clone().filter(|reason| !reason.is_empty());
            self.finish_reason = reason.or(self.finish_reason.take());
            self.push(&text(choice).unwrap_or_default());
        }
        if self.text.len() + self.held.len() > LONGEST_CAPTION {
            return Err(self.not_an_answer("an endless text"));
        }
        Ok(())
    }

    /// Adds text, and tells of it, without the white space around the whole.
    fn push(&mut self, piece: &str) {
        self.held.push_str(if self.text.is_empty() { piece.trim_start() } else { piece });
        let rest = self.held.split_off(self.held.trim_end().len());
        let ready = std::mem::replace(&mut self.held, rest);
        self.text.push_str(&ready);
        // What may be the beginning of the key waits for what follows.
        self.tell(self.told + self.key.start_in(&self.text[self.told..]));
    }

    fn tell(&mut self, end: usize) {
        if end > self.told {
            self.observer.emit(Event::Text(self.key.hide(&self.text[self.told..end])));
            self.told = end;
        }
    }

    pub(super) fn into_answer(mut self, options: &Options) -> Result<Answer, Error> {
        self.tell(self.text.len());
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
            windows: Vec::new(),
            usd: self.cost.in_usd().or_else(|| cost_in(self.headers).in_usd()),
            request_id: self.request_id(),
            // A server may repeat the key wherever it likes.
            caption: self.key.hide(&self.text),
            model: self.model.map(|model| self.key.hide(&model)),
            finish_reason: self.finish_reason,
            usage: self.usage,
            attempts: 1,
            elapsed: Duration::ZERO,
            body: self.body,
        })
    }

    pub(super) fn incomplete(&self, reason: &str) -> Error {
        Error::Incomplete {
            reason: self.key.hide(reason),
            usd: self.cost.in_usd().or_else(|| cost_in(self.headers).in_usd()),
            request_id: self.request_id(),
        }
    }

    pub(super) fn not_an_answer(&self, found: &str) -> Error {
        Error::UnexpectedResponse {
            status: self.status,
            found: found.to_owned(),
            request_id: self.request_id(),
        }
    }

    fn request_id(&self) -> Option<String> {
        api_error::request_id(self.headers, self.key)
    }
}

impl Cost {
    fn is_known(&self) -> bool {
        self.in_usd().is_some()
    }

    fn in_usd(&self) -> Option<f64> {
        let usd = self.usd_spent.or(self.credits_used.map(|credits| credits / CREDITS_PER_USD));
        usd.filter(|usd| (0.0..MOST_USD).contains(usd))
    }
}

/// What the headers of an answer that is not streamed say of its price.
fn cost_in(headers: &HeaderMap) -> Cost {
    let number = |name| headers.get(name)?.to_str().ok()?.parse().ok();
    Cost {
        usd_spent: number("x-aimlapi-usd-spent"),
        credits_used: number("x-aimlapi-credits-used"),
    }
}
