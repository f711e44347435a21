//! GSM 06.10 in a file of its own: frames without a head, of which each begins with a mark of four
//! bits.
//!
//! Source: RFC 3551, section 4.5.8.1.

use super::super::layout::Walker;
use super::super::samples::{Samples, channels, parameters};
use crate::audio::codec::{GSM, GSM_FRAME};

/// Value of the mark.
const MARK: u8 = 0xd;

/// Frames that are looked at: no other data has all of their marks.
const MIN_FRAMES: usize = 8;

/// Samples a second, and those of a frame.
const RATE: u32 = 8_000;
const FRAMES: u64 = 160;

/// True for the start of a file of frames.
pub(in crate::audio::container) fn is_gsm(start: &[u8]) -> bool {
    let frames = start.chunks_exact(GSM_FRAME).take(MIN_FRAMES);
    frames.len() == MIN_FRAMES && frames.into_iter().all(|frame| frame[0] >> 4 == MARK)
}

/// Describes the frames.
pub(super) fn walk(walker: &mut Walker) {
    let start = walker.layout.start;
    let parameters = parameters(GSM, RATE, channels(1), 0);
    let declared = Some(walker.len() - start);
    let block = GSM_FRAME as u64;
    walker.layout.samples = Samples::of_blocks(parameters, block, FRAMES, start, declared);
}
