//! How much of the sound is really there.

use super::file::SoundFile;
use super::format::AudioFormat;
use super::packets::Packets;
use super::{container, mend};
use crate::error::Error;

/// How long the sound is that is really there, as far as it can be read here.
///
/// Fails with [`Error::Damaged`] where that is less than half of what the track's head tells.
pub(super) fn whole_seconds(file: &SoundFile, format: &AudioFormat) -> Result<Option<f64>, Error> {
    if let Some((there, told)) = mend::reader(file).missing()
        && there < told / 2
    {
        return Err(damaged(format, format!("{there} of {told} bytes are there")));
    }
    let Ok(reader) = container::open(file) else { return Ok(format.seconds) };
    let track = container::first_sound(reader.as_ref()).cloned();
    let Some(track) = track else { return Ok(format.seconds) };
    let told = container::told_of_track(file, &track);
    let there = match (container::pcm_seconds(file, &track), told) {
        (Some(most), Some(told)) => Some(most.min(told)),
        (Some(most), None) => Some(most),
        (None, _) => Packets::new(reader, track).count()?.seconds,
    };
    match (told, there) {
        (Some(told), Some(there)) if there < told / 2.0 => {
            Err(damaged(format, format!("{there:.1} s of {told:.1} s are there")))
        }
        _ => Ok(there.or(format.seconds)),
    }
}

fn damaged(format: &AudioFormat, reason: String) -> Error {
    Error::Damaged { container: format.container.to_uppercase(), reason }
}
