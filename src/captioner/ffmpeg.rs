//! The program ffmpeg, for as long as a captioner uses it.

use crate::audio::{Clip, Ffmpeg};
use crate::progress::{Event, Observer};

/// Name of the program in records.
const NAME: &str = "ffmpeg";

/// Decoder of what cannot be decoded here. Its processes end with the captioner, also those on
/// threads that nobody waits for.
#[derive(Debug)]
pub(super) struct OwnFfmpeg(Option<Ffmpeg>);

impl OwnFfmpeg {
    pub(super) fn new(ffmpeg: Option<&Ffmpeg>) -> Self {
        Self(ffmpeg.map(Ffmpeg::with_own_processes))
    }

    pub(super) fn get(&self) -> Option<&Ffmpeg> {
        self.0.as_ref()
    }
}

impl Drop for OwnFfmpeg {
    fn drop(&mut self) {
        if let Some(ffmpeg) = &self.0 {
            ffmpeg.stop();
        }
    }
}

/// Reports the program that decodes a clip, if it is another one. Returns its name for records.
pub(super) fn report_decoder(clip: &Clip, observer: &Observer) -> Option<&'static str> {
    let program = clip.decoder()?.to_owned();
    observer.emit(Event::Decoder { program });
    Some(NAME)
}
