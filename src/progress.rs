//! Progress events of a request.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::audio::AudioFormat;

/// Something that happened between asking and the answer.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A URL that the service cannot reach is downloaded here.
    Inlining {
        /// The URL.
        url: String,
    },
    /// The sound is ready to be sent.
    Prepared {
        /// What it was.
        format: AudioFormat,
        /// Whether it was converted.
        is_converted: bool,
        /// Bytes of the file.
        bytes: u64,
        /// Bytes of what is sent, before base64.
        sent: u64,
    },
    /// The sound is cut into windows, each converted.
    Cutting {
        /// What it was.
        format: AudioFormat,
        /// How many windows, where the length is known.
        total: Option<u64>,
    },
    /// Packets of the sound could not be decoded; there is silence in their place.
    Damaged {
        /// How many.
        packets: u64,
    },
    /// Another window of the sound has its caption.
    Window {
        /// How many have theirs.
        done: u64,
        /// How many there are, where the length is known.
        total: Option<u64>,
    },
    /// Bytes of the request have left; equal numbers mean that the model is at work.
    Sent {
        /// Bytes so far.
        bytes: u64,
        /// Bytes in all.
        total: u64,
    },
    /// The next piece of the caption; all pieces together are the caption.
    Text(String),
    /// The server takes sound in another way than it was written at first.
    Understood {
        /// The name of the one that it takes, now and from now on.
        dialect: &'static str,
    },
    /// A try failed and another one follows.
    Retrying {
        /// What went wrong, in one line.
        reason: String,
        /// Time until the next try.
        wait: Duration,
        /// The number of the next try; the first try of all is number 1.
        attempt: u32,
    },
}

/// Who is told of [`Event`]s: a function, or nobody.
#[derive(Clone, Default)]
pub struct Observer(Option<Arc<dyn Fn(Event) + Send + Sync>>);

impl Observer {
    /// Calls `listener` for every event, between two steps of the request: it should be quick.
    pub fn new(listener: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listener)))
    }

    /// Tells nobody.
    pub fn none() -> Self {
        Self::default()
    }

    pub(crate) fn emit(&self, event: Event) {
        if let Some(listener) = &self.0 {
            listener(event);
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Watch(..)" } else { "Watch(none)" })
    }
}
