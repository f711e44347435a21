//! Decodes audio and measures it, so that a response shows if the audio arrived complete.

use std::fmt;
use std::io::Cursor;

use realfft::RealFftPlanner;
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;

/// Level below which audio counts as silence, in dBFS.
const SILENCE_LEVEL: f64 = -60.0;
/// Shorter gaps are not reported, in seconds.
const MIN_SILENCE: f64 = 0.1;
/// Blocks per second in the search for silence.
const BLOCKS_PER_SECOND: usize = 100;
/// Samples of one spectrum.
const SPECTRUM_LEN: usize = 8192;

/// Measurements of a clip.
pub(super) struct Analysis {
    pub(super) seconds: f64,
    channels: usize,
    rate: u32,
    /// Strongest frequency in Hz.
    frequency: f64,
    /// Levels in dBFS.
    rms: f64,
    peak: f64,
    /// Start and end in seconds.
    silences: Vec<(f64, f64)>,
}

impl fmt::Display for Analysis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let channels = match self.channels {
            1 => "mono".to_owned(),
            2 => "stereo".to_owned(),
            n => format!("{n}-channel"),
        };
        write!(f, "{:.2} s of {channels} sound at {} Hz. ", self.seconds, self.rate)?;
        write!(f, "The strongest frequency is near {:.0} Hz; ", self.frequency)?;
        write!(f, "the level is {:.1} dBFS, the peak {:.1} dBFS. ", self.rms, self.peak)?;
        match self.silences.as_slice() {
            [] => f.write_str("It is never silent."),
            silences => {
                let spans = silences.iter().map(|(from, to)| format!("{from:.1}-{to:.1} s"));
                write!(f, "Silent at {}.", spans.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// Decodes and measures a file, or returns the reason why that is impossible.
pub(super) fn analyze(bytes: Vec<u8>) -> Result<Analysis, String> {
    let (samples, rate, channels) = decode(bytes)
        .map_err(|e| format!("the stand-in cannot decode this, the real service may: {e}"))?;
    if samples.is_empty() {
        return Err("no sound: not a single sample".to_owned());
    }
    Ok(Analysis {
        seconds: ratio(samples.len(), rate as usize),
        channels,
        rate,
        frequency: strongest_frequency(&samples, rate),
        rms: decibels(mean_square(&samples).sqrt()),
        peak: decibels(samples.iter().fold(0.0, |peak: f64, s| peak.max(f64::from(s.abs())))),
        silences: silences(&samples, rate as usize),
    })
}

/// Returns the mean of all channels, the sample rate, and the number of channels.
fn decode(bytes: Vec<u8>) -> Result<(Vec<f32>, u32, usize), Error> {
    let (mut format, mut decoder, id) = open(bytes)?;
    let (mut mono, mut rate, mut channels) = (Vec::new(), 0, 0);
    let mut interleaved: Vec<f32> = Vec::new();
    while let Ok(Some(packet)) = format.next_packet() {
        if packet.track_id != id {
            continue;
        }
        let buffer = match decoder.decode(&packet) {
            Ok(buffer) => buffer,
            Err(Error::DecodeError(_)) => continue,
            Err(error) => return Err(error),
        };
        rate = buffer.spec().rate();
        channels = buffer.spec().channels().count().max(1);
        interleaved.resize(buffer.samples_interleaved(), 0.0);
        buffer.copy_to_slice_interleaved(&mut interleaved);
        let scale = 1.0 / channels as f32;
        mono.extend(interleaved.chunks(channels).map(|frame| frame.iter().sum::<f32>() * scale));
    }
    Ok((mono, rate, channels))
}

/// Container, decoder and id of a track.
type Track = (Box<dyn FormatReader>, Box<dyn AudioDecoder>, u32);

/// Opens the first audio track.
fn open(bytes: Vec<u8>) -> Result<Track, Error> {
    let stream =
        MediaSourceStream::new(Box::new(Cursor::new(bytes)), MediaSourceStreamOptions::default());
    let format = symphonia::default::get_probe().probe(
        &Hint::new(),
        stream,
        FormatOptions::default(),
        MetadataOptions::default(),
    )?;
    let track = format.first_track(TrackType::Audio).ok_or(Error::Unsupported("no track"))?;
    let id = track.id;
    let parameters = track.codec_params.as_ref().and_then(|parameters| parameters.audio());
    let decoder = symphonia::default::get_codecs().make_audio_decoder(
        parameters.ok_or(Error::Unsupported("no codec"))?,
        &AudioDecoderOptions::default(),
    )?;
    Ok((format, decoder, id))
}

/// Returns the middle of the strongest bin of the averaged power spectrum.
fn strongest_frequency(samples: &[f32], rate: u32) -> f64 {
    let fft = RealFftPlanner::<f32>::new().plan_fft_forward(SPECTRUM_LEN);
    let mut power = vec![0.0f32; SPECTRUM_LEN / 2 + 1];
    for block in samples.chunks(SPECTRUM_LEN) {
        let mut input = fft.make_input_vec();
        input[..block.len()].copy_from_slice(block);
        let mut output = fft.make_output_vec();
        fft.process(&mut input, &mut output).expect("sizes fit");
        for (sum, bin) in power.iter_mut().zip(&output) {
            *sum += bin.norm_sqr();
        }
    }
    // The first bin is the mean, which is inaudible.
    let loudest = (1..power.len()).max_by(|a, b| power[*a].total_cmp(&power[*b])).unwrap_or(0);
    ratio(loudest, SPECTRUM_LEN) * f64::from(rate)
}

fn silences(samples: &[f32], rate: usize) -> Vec<(f64, f64)> {
    let len = (rate / BLOCKS_PER_SECOND).max(1);
    let mut spans: Vec<(f64, f64)> = Vec::new();
    for (number, block) in samples.chunks(len).enumerate() {
        if decibels(mean_square(block).sqrt()) > SILENCE_LEVEL {
            continue;
        }
        let (from, to) = (ratio(number * len, rate), ratio((number + 1) * len, rate));
        match spans.last_mut() {
            Some((_, end)) if (from - *end).abs() < 1e-9 => *end = to,
            _ => spans.push((from, to)),
        }
    }
    spans.retain(|(from, to)| to - from >= MIN_SILENCE);
    spans
}

fn mean_square(samples: &[f32]) -> f64 {
    let sum: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    sum / samples.len() as f64
}

fn decibels(level: f64) -> f64 {
    20.0 * level.max(1e-6).log10()
}

fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}
