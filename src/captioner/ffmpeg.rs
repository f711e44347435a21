//! The program ffmpeg, for as long as a captioner uses it.

use crate::audio::Ffmpeg;

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
