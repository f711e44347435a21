//! Facts about a file that was opened, for its outcome and its observer.

use super::Captioner;
use crate::audio::Clip;
use crate::outcome::Outcome;
use crate::progress::{Event, Observer};

/// Name in records of the program that decodes what is not decoded here.
const FFMPEG: &str = "ffmpeg";

impl Captioner {
    /// Puts the facts of a file into its outcome, and reports those that a user may not expect.
    pub(super) fn describe(&self, clip: &Clip, outcome: &mut Outcome, observer: &Observer) {
        outcome.seconds = clip.format().seconds;
        outcome.track = clip.track();
        outcome.decoder = clip.decoder().map(|_| FFMPEG);
        if let Some(track) = self.assumed_track(clip) {
            observer.emit(Event::Track(track));
        }
        if let Some(program) = clip.decoder() {
            observer.emit(Event::Decoder { program: program.to_owned() });
        }
        if clip.format().is_headless() {
            observer.emit(Event::Headless { format: clip.format().clone() });
        }
        clip.faults().iter().for_each(|fault| observer.emit(Event::Fault { fault }));
    }
}
