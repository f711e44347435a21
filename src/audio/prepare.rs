//! Sound made ready to be sent: as it is, or as little changed as it takes.

use super::clip::Clip;
use super::convert::Converter;
use super::decode::Decoder;
use super::measure::{Levels, Meter, Sound};
use super::upload::{Convert, UploadOptions};
use super::wav::{self, WavFile};
use super::whole::whole_seconds;
use crate::error::Error;

/// Sound that is ready to be sent.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Prepared {
    /// What is to be sent.
    pub clip: Clip,
    /// Length in seconds, counted; `None` where that cannot be done here.
    pub seconds: Option<f64>,
    /// Whether it was converted.
    pub is_converted: bool,
    /// How many packets could not be decoded.
    pub damaged_packets: u64,
    /// What was measured, where it was asked for and the sound can be decoded.
    pub levels: Option<Levels>,
}

/// Makes the whole of a clip ready to be sent. Decodes: within async code, on a thread of its own.
///
/// Fails with [`Error::TooLong`] or [`Error::TooLarge`] where it cannot be sent in one piece, with
/// [`Error::Damaged`] where less than half of it is there, and with [`Error::Undecodable`] where
/// it would have to be converted.
pub fn prepare(clip: &Clip, upload: &UploadOptions) -> Result<Prepared, Error> {
    if upload.passes_through(clip) {
        return as_it_is(clip, upload);
    }
    match converted(clip, upload) {
        Err(Error::Undecodable { .. }) if upload.convert == Convert::Auto => as_it_is(clip, upload),
        result => result,
    }
}

fn as_it_is(clip: &Clip, upload: &UploadOptions) -> Result<Prepared, Error> {
    let there = whole_seconds(clip.file(), clip.format());
    let (seconds, heard) = if upload.convert == Convert::Never {
        // What is damaged is for the service to judge.
        let heard = if upload.measures { listen(clip, true).ok() } else { None };
        (there.ok().flatten(), heard.unwrap_or_default())
    } else {
        let there = there?;
        let heard = match there {
            // Samples as they are hold nothing that could not be decoded.
            Some(seconds) if clip.format().is_pcm() && !upload.measures => {
                Ok(Heard { seconds, ..Heard::default() })
            }
            _ => listen(clip, upload.measures),
        };
        match heard {
            // It is for the service to judge what nobody here can.
            Err(error)
                if matches!(error, Error::Undecodable { .. }) || clip.format().codec.is_none() =>
            {
                (there, Heard::default())
            }
            heard => heard.map(|heard| (Some(heard.seconds), heard))?,
        }
    };
    upload.check(clip, seconds)?;
    let Heard { damaged_packets, levels, .. } = heard;
    Ok(Prepared { clip: clip.clone(), seconds, is_converted: false, damaged_packets, levels })
}

/// Measures a clip without sending it. Decodes: within async code, on a thread of its own.
///
/// Fails with [`Error::Damaged`] where less than half of it can be decoded; what cannot be decoded
/// here at all has no levels.
pub fn measure(clip: &Clip) -> Result<Sound, Error> {
    let mut format = clip.format().clone();
    let levels = match listen(clip, true) {
        Err(Error::Undecodable { .. }) => None,
        heard => {
            let heard = heard?;
            format.seconds = Some(heard.seconds);
            heard.levels
        }
    };
    Ok(Sound { format, levels })
}

/// What comes of decoding a clip.
#[derive(Default)]
struct Heard {
    seconds: f64,
    damaged_packets: u64,
    levels: Option<Levels>,
}

fn listen(clip: &Clip, measures: bool) -> Result<Heard, Error> {
    let mut decoder = Decoder::open(clip)?;
    let mut meter = measures.then(Meter::default);
    let (mut seconds, mut frames, mut rate) = (0.0, 0_u64, 1);
    while let Some(block) = decoder.next()? {
        if rate != block.rate {
            seconds += duration(frames, rate);
            (frames, rate) = (0, block.rate);
        }
        frames += (block.samples.len() / block.channels) as u64;
        if let Some(meter) = &mut meter {
            meter.push(&block);
        }
    }
    let (seconds, damaged_packets) = (seconds + duration(frames, rate), decoder.damaged_packets());
    let levels = meter.map(|meter| meter.finish(damaged_packets));
    Ok(Heard { seconds, damaged_packets, levels })
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn duration(frames: u64, rate: u32) -> f64 {
    frames as f64 / f64::from(rate)
}

fn converted(clip: &Clip, upload: &UploadOptions) -> Result<Prepared, Error> {
    let longest = upload.longest();
    let too_long =
        |seconds| Error::TooLong { seconds, limit: longest, advice: upload.advice_to_cut() };
    let there = whole_seconds(clip.file(), clip.format())?;
    if there.is_some_and(|there| there > longest) {
        return Err(too_long(there));
    }
    let mut converter = Converter::open(clip, upload.measures)?;
    let mut file = WavFile::new()?;
    let (mut block, mut samples) = (Vec::new(), Vec::new());
    let mut goes_on = true;
    while goes_on {
        block.clear();
        goes_on = converter.next(&mut block)?;
        samples.clear();
        samples.extend(block.iter().copied().map(wav::quantize));
        file.push(&samples)?;
        // A file may hold more than it tells.
        if file.seconds() > longest {
            return Err(too_long(None));
        }
    }
    let clip = file.into_clip(clip)?;
    Ok(Prepared {
        seconds: clip.format().seconds,
        clip,
        is_converted: true,
        damaged_packets: converter.damaged_packets(),
        levels: converter.levels(),
    })
}
