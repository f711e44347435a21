//! Requests of a captioner: budget, dialect, and token check.

use super::Captioner;
use super::usage::{audio_tokens, check_tokens};
use crate::audio::Clip;
use crate::client::Answer;
use crate::client::{Audio, Client, ClientOptions, Dialect};
use crate::error::Error;
use crate::progress::Observer;

/// Client of the service, or the options that its cached captions were requested with.
#[derive(Debug)]
pub(super) enum Service {
    Online(Client),
    Offline(Box<ClientOptions>),
}

impl Service {
    pub(super) fn options(&self) -> &ClientOptions {
        match self {
            Self::Online(client) => client.options(),
            Self::Offline(options) => options,
        }
    }

    pub(super) fn client(&self) -> Result<&Client, Error> {
        match self {
            Self::Online(client) => Ok(client),
            Self::Offline(_) => Err(Error::Offline),
        }
    }

    /// Dialect of the next request.
    pub(super) fn dialect(&self) -> Dialect {
        match self {
            Self::Online(client) => client.dialect(),
            Self::Offline(options) => options.first_dialect(),
        }
    }
}

impl Captioner {
    /// Sends the audio within the budget. `original` is the clip that the audio was prepared from.
    pub(super) async fn request(
        &self,
        audio: &Audio,
        original: Option<&Clip>,
        seconds: Option<f64>,
        observer: &Observer,
    ) -> Result<Answer, Error> {
        let client = self.service.client()?;
        let reservation = match &self.budget {
            Some(budget) => Some(budget.reserve(seconds.map_or(0.0, audio_tokens)).await?),
            None => None,
        };
        let result = self.negotiate(client, audio, original, seconds, observer).await;
        self.usage.count(&result);
        if let Some(reservation) = reservation {
            reservation.settle(&result);
        }
        result
    }

    /// Sends the audio in one dialect after another, prepared for each, until one is accepted.
    async fn negotiate(
        &self,
        client: &Client,
        audio: &Audio,
        original: Option<&Clip>,
        seconds: Option<f64>,
        observer: &Observer,
    ) -> Result<Answer, Error> {
        let model = &client.options().model;
        let check = |answer: &Answer| check_tokens(model, seconds, answer);
        let mut request = client.request(observer, &check);
        while let Some(dialect) = request.next_dialect().await {
            match self.audio_for(dialect, audio, original, observer).await {
                Ok(audio) => request.send(&audio).await,
                Err(error) => request.skip(error),
            }
        }
        request.finish()
    }
}
