//! Preparation of a clip for the upload: unchanged, or converted to WAV.

use super::clip::Clip;
use super::convert::Converter;
use super::decode::Decoded;
use super::guard::guarded;
use super::measure::{Levels, Sound};
use super::sample_source::decode_all;
use super::truncation::Truncation;
use super::upload_options::{Convert, UploadOptions};
use super::wav::WavFile;
use crate::error::Error;

/// Audio that is ready to be uploaded.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    /// The file to upload.
    pub clip: Clip,
    /// Length in seconds, counted; `None` if it cannot be determined locally.
    pub seconds: Option<f64>,
    /// True if the audio was converted.
    pub is_converted: bool,
    /// Number of packets that could not be decoded.
    pub damaged_packets: u64,
    /// End that is missing, if so.
    pub truncation: Option<Truncation>,
    /// Levels, if they were requested and the audio can be decoded.
    pub levels: Option<Levels>,
}

impl Clip {
    /// Returns the clip to upload: this one, or one that was converted to WAV. Decodes: in async
    /// code, call it on a blocking thread.
    ///
    /// Fails with [`Error::TooLong`] or [`Error::TooLarge`] if it does not fit into one request,
    /// with [`Error::Damaged`] if less than half of it is present, and with
    /// [`Error::Undecodable`] or [`Error::FfmpegFailed`] if it has to be converted and cannot be
    /// decoded.
    pub fn prepare(&self, upload: &UploadOptions) -> Result<Self, Error> {
        prepare(self, upload).map(|prepared| prepared.clip)
    }
}

/// Prepares a whole clip for the upload. Decodes: in async code, call it on a blocking thread.
///
/// Fails like [`Clip::prepare`].
pub(crate) fn prepare(clip: &Clip, upload: &UploadOptions) -> Result<Prepared, Error> {
    guarded(|| pass_through_or_convert(clip, upload))
}

/// True if the preparation of a clip is done at once: nothing is read or decoded.
pub(crate) fn is_prepared_at_once(clip: &Clip, upload: &UploadOptions) -> bool {
    let is_pcm = clip.format().is_pcm() && upload.passes_through(clip);
    is_pcm && !upload.measures && clip.content().is_some()
}

fn pass_through_or_convert(clip: &Clip, upload: &UploadOptions) -> Result<Prepared, Error> {
    upload.check_decodable(clip)?;
    // The service judges what is damaged if nothing may be converted.
    if upload.convert != Convert::Never {
        clip.probed.check_length(None)?;
    }
    if upload.passes_through(clip) {
        return pass_through(clip, upload);
    }
    match convert(clip, upload) {
        // The service may be able to decode it.
        Err(error) if error.is_undecodable() && upload.takes_undecoded(clip) => {
            pass_through(clip, upload)
        }
        result => result,
    }
}

/// Fails where the preparation of a clip, or of its windows, would fail. Decodes: in async code,
/// call it on a blocking thread.
pub(crate) fn check_upload(clip: &Clip, upload: &UploadOptions) -> Result<(), Error> {
    upload.check_decodable(clip)?;
    let is_whole = upload.window.is_none();
    let is_pcm = clip.format().is_pcm() && upload.passes_through(clip);
    if !clip.is_decodable() || (is_whole && (upload.convert == Convert::Never || is_pcm)) {
        return Ok(());
    }
    let is_optional =
        is_whole && upload.convert == Convert::Auto && clip.format().is_named_by_service();
    guarded(|| match decode_all(clip, false) {
        Err(Error::Undecodable { .. }) if is_optional => Ok(()),
        decoded => clip.present_seconds(decoded?.counted).map(drop),
    })
}

/// Measures a clip. Decodes: in async code, call it on a blocking thread.
///
/// Fails with [`Error::Damaged`] if less than half of it can be decoded. Audio that cannot be
/// decoded at all has no levels.
pub fn measure(clip: &Clip) -> Result<Sound, Error> {
    let mut format = clip.format().clone();
    let levels = match guarded(|| decode_all(clip, true)) {
        Err(error) if error.is_undecodable() => None,
        decoded => {
            let decoded = decoded?;
            format.seconds = decoded.seconds;
            decoded.levels
        }
    };
    Ok(Sound { format, levels })
}

fn pass_through(clip: &Clip, upload: &UploadOptions) -> Result<Prepared, Error> {
    let is_lenient = upload.convert == Convert::Never;
    // PCM that is present needs no decoder to be known as intact.
    let is_decoded = upload.measures || !(is_lenient || clip.format().is_pcm());
    let decoded = match is_decoded.then(|| decode_all(clip, upload.measures)) {
        None => Decoded::default(),
        Some(Err(error)) if is_lenient || error.is_undecodable() => Decoded::default(),
        Some(decoded) => decoded?,
    };
    let seconds = match clip.present_seconds(decoded.counted) {
        Err(_) if is_lenient => None,
        Ok(present) if is_lenient => present,
        present => decoded.seconds.or(present?),
    };
    // Nobody decodes this clip any more.
    clip.take_opened();
    upload.check(clip, seconds)?;
    let Decoded { counted, damaged_packets, levels, .. } = decoded;
    let (truncation, clip) = (clip.truncation(counted), clip.clone());
    Ok(Prepared { clip, seconds, is_converted: false, damaged_packets, truncation, levels })
}

fn convert(clip: &Clip, upload: &UploadOptions) -> Result<Prepared, Error> {
    let limit = upload.max_seconds();
    // Counted before decoding only if that is likely to be in vain.
    if clip.probed.present.or(clip.format().seconds).is_some_and(|seconds| seconds > limit)
        && let Some(seconds) = clip.present_seconds(None)?.filter(|seconds| *seconds > limit)
    {
        return Err(upload.too_long(Some(seconds)));
    }
    let mut converter = Converter::open(clip, upload.measures)?;
    let mut file = WavFile::new()?;
    let (mut samples, mut has_more) = (Vec::new(), true);
    while has_more {
        has_more = converter.next(&mut samples)?;
        file.push(samples.drain(..))?;
        // A file may hold more than its header declares.
        if file.seconds() > limit {
            let counted = converter.source.count_rest()?;
            return Err(upload.too_long(counted.filter(|seconds| *seconds > limit)));
        }
    }
    let Decoded { counted, damaged_packets, levels, .. } = converter.source.finish();
    clip.present_seconds(counted)?;
    let truncation = clip.truncation(counted);
    let clip = file.into_clip(clip)?;
    let seconds = clip.format().seconds;
    Ok(Prepared { clip, seconds, is_converted: true, damaged_packets, truncation, levels })
}
