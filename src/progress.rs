//! Progress events of a request.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::audio::{AudioFormat, AudioTrack};

/// Progress of one input, from preparing the audio to receiving the caption.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A URL that the service cannot reach is being downloaded.
    Inlining {
        /// Name of the URL.
        url: String,
    },
    /// The file has several audio tracks, and one of them is taken that was not asked for.
    Track(AudioTrack),
    /// Another program decodes the audio, which cannot be decoded here.
    Decoder {
        /// Name and version of the program.
        program: String,
    },
    /// Samples without a head: the extension of the file tells their format.
    Headless {
        /// Format of the file.
        format: AudioFormat,
    },
    /// The file has a fault outside of its sound, which is passed over.
    Fault {
        /// Description on one line.
        fault: &'static str,
    },
    /// The audio is ready for the upload.
    Prepared {
        /// Format of the file.
        format: AudioFormat,
        /// True if the audio was converted.
        is_converted: bool,
        /// Size of the file in bytes.
        bytes: u64,
        /// Size of the upload in bytes, before base64.
        sent: u64,
    },
    /// The audio is being split into windows, each of them converted.
    Cutting {
        /// Format of the file.
        format: AudioFormat,
        /// Number of windows, if the duration is known.
        total: Option<u64>,
    },
    /// Packets could not be decoded.
    Damaged {
        /// Number of packets.
        packets: u64,
        /// True if they were replaced with silence; false if some may be missing.
        is_silenced: bool,
    },
    /// One more window has its caption.
    Window {
        /// Number of windows with a caption.
        done: u64,
        /// Number of windows, if the duration is known.
        total: Option<u64>,
    },
    /// Bytes of the request were sent. Once both numbers are equal, the model is working.
    Sent {
        /// Bytes sent so far.
        bytes: u64,
        /// Bytes in all.
        total: u64,
    },
    /// Next piece of the caption. All pieces together are the caption.
    Text(String),
    /// The server uses another dialect than expected.
    Understood {
        /// Name of the dialect that the client uses from now on.
        dialect: &'static str,
    },
    /// Another program removed, replaced or rewrote the manifest during the run, or a temporary
    /// one has no room.
    ManifestChanged {
        /// Change and its effect on one line.
        reason: String,
    },
    /// The service or the network fails for all requests. They wait until one of them succeeds.
    Waiting {
        /// Error on one line.
        reason: String,
    },
    /// The service responds again. Requests go on.
    Resumed {
        /// Length of the outage.
        after: Duration,
    },
    /// An attempt failed and will be repeated.
    Retrying {
        /// Error on one line.
        reason: String,
        /// Time until the next attempt.
        wait: Duration,
        /// Number of the next attempt, counted from 1.
        attempt: u32,
    },
}

/// Receiver of [`Event`]s.
#[derive(Clone)]
pub struct Observer(Arc<dyn Fn(Event) + Send + Sync>);

impl Observer {
    /// Calls `listener` for every event. It runs between two steps of a request and must not
    /// block.
    pub fn new(listener: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(listener))
    }

    /// Ignores all events.
    pub fn none() -> Self {
        Self::new(drop)
    }

    pub(crate) fn emit(&self, event: Event) {
        (self.0)(event);
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer(..)")
    }
}
