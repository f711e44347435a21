//! Result of a probe: the format of a file, and where its audio is.

use std::sync::{Arc, Mutex};

use super::audio_format::AudioFormat;
use super::container::{self, Layout, Packets, SoundTrack};
use super::named;
use super::source_file::SourceFile;
use crate::error::Error;

/// Result of a probe.
#[derive(Clone)]
pub(super) struct Probed {
    pub(super) format: AudioFormat,
    /// False if there is no decoder here, so that the file can only be sent as it is.
    pub(super) is_decodable: bool,
    /// Name of the format for people, with the codec.
    pub(super) label: String,
    pub(super) layout: Arc<Layout>,
    /// Seconds that the track's header declares.
    pub(super) declared: Option<f64>,
    /// Seconds that are present, unless packets have to be counted to know it.
    pub(super) present: Option<f64>,
    /// Bytes a second of uncompressed audio.
    pub(super) pcm_rate: Option<f64>,
    /// The opened container for its first user, unless the packets had to be counted or the
    /// header takes much memory.
    pub(super) packets: Arc<Mutex<Option<Packets>>>,
}

impl Probed {
    /// A file that is known by name, and not opened.
    pub(super) fn named(container: &str, track: Option<&SoundTrack>, layout: Arc<Layout>) -> Self {
        let track = track.cloned().unwrap_or_default();
        let is_protected = track.is_protected;
        // A head that tells nonsense tells nothing.
        let is_possible =
            |rate, channels| container::check_parameters(container, rate, channels).is_ok();
        let format = AudioFormat {
            codec: track.codec,
            sample_rate: track.rate.filter(|rate| is_possible(*rate, 1)),
            channels: track.channels.filter(|channels| is_possible(8000, *channels)),
            seconds: track.seconds.filter(|seconds| seconds.is_finite()),
            tracks: layout.track_count,
            is_repaired: layout.is_repaired,
            ..AudioFormat::of_container(container)
        };
        let label = label(&format, is_protected);
        Self { label, ..Self::unopened(format, layout) }
    }

    /// A file that has not been opened.
    pub(super) fn unopened(format: AudioFormat, layout: Arc<Layout>) -> Self {
        Self {
            is_decodable: false,
            label: label(&format, false),
            format,
            layout,
            declared: None,
            present: None,
            pcm_rate: None,
            packets: Arc::default(),
        }
    }

    /// The same in a container of that name.
    pub(super) fn of_container(mut self, name: &str) -> Self {
        name.clone_into(&mut self.format.container);
        self.label = label(&self.format, false);
        self
    }

    /// A file of a known format that is neither opened nor walked.
    pub(super) fn whole(file: &SourceFile, format: AudioFormat) -> Self {
        Self::unopened(format, Arc::new(Layout::whole(file)))
    }

    /// Fails with [`Error::Damaged`] if less than half of the declared audio is present.
    pub(super) fn check_length(&self, present: Option<f64>) -> Result<(), Error> {
        let reason = match (self.declared, present.or(self.present), self.layout.truncated) {
            (Some(declared), Some(present), _) if present < declared / 2.0 => {
                format!("{present:.1} s of {declared:.1} s are there")
            }
            (.., Some((present, declared))) if present < declared / 2 => {
                format!("{present} of {declared} bytes are there")
            }
            _ => return Ok(()),
        };
        Err(Error::Damaged { container: self.format.container.to_uppercase(), reason })
    }
}

/// Name of a format for people, with its codec.
fn label(format: &AudioFormat, is_protected: bool) -> String {
    let mut label = named::label(&format.container);
    if is_protected {
        label += " protected against copying";
    }
    match &format.codec {
        Some(codec) if *codec != format.container && !named::has_one_codec(&format.container) => {
            format!("{label} ({codec})")
        }
        _ => label,
    }
}
