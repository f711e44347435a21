//! Tables of the samples of a track in ISO base media files.
//!
//! Sources: ISO/IEC 14496-12, sections 8.6.1, 8.7.3 to 8.7.5; for samples that are counted as frames,
//! Apple "`QuickTime` File Format", "Sound sample descriptions", and `libavformat/mov.c`.

use super::layout::Walker;
use super::sound_track::Block;

/// Runs of chunks that are looked at.
const MAX_CHUNK_RUNS: u32 = 100_000;

/// Runs of chunks that are corrected: a file of `QuickTime` has one or two.
const MAX_CORRECTED_RUNS: u32 = 1000;

/// Offsets of the tables, and what they tell.
#[derive(Default)]
pub(super) struct SampleTables {
    sizes: Option<u64>,
    times: Option<u64>,
    runs: Option<u64>,
    /// Number of samples, and the offset of the first chunk of them.
    samples: Option<u32>,
    first_chunk: Option<u64>,
    /// True if all samples have the first description.
    pub(super) have_one_description: bool,
}

impl SampleTables {
    /// Reads the box of a table.
    pub(super) fn visit(&mut self, walker: &mut Walker, name: [u8; 4], content: u64) {
        match &name {
            b"stsz" | b"stz2" => {
                self.sizes = (name == *b"stsz").then_some(content);
                self.samples = number(walker, content + 8);
            }
            b"stts" => self.times = Some(content),
            b"stco" => self.first_chunk = number(walker, content + 8).map(u64::from),
            b"co64" => self.first_chunk = walker.array_at(content + 8).map(u64::from_be_bytes),
            b"stsc" => {
                self.runs = Some(content);
                self.have_one_description = has_one_description(walker, content);
            }
            _ => {}
        }
    }

    /// True if the file has no sample of the track.
    pub(super) fn are_empty(&self, end: u64) -> bool {
        self.samples == Some(0) || self.first_chunk.is_some_and(|chunk| chunk >= end)
    }

    /// Corrects tables that count frames, each of a constant size that is not that of a block: they
    /// count blocks then, of which symphonia reads each as a packet.
    pub(super) fn count_blocks(&self, walker: &mut Walker, block: Block) {
        let (Some(sizes), Some(times), Some(runs)) = (self.sizes, self.times, self.runs) else {
            return;
        };
        let size = number(walker, sizes + 4).unwrap_or_default();
        let one_frame_each = [number(walker, times + 4), number(walker, times + 12)];
        let is_whole = size == block.len && block.frames == 1;
        if size == 0 || one_frame_each != [Some(1); 2] || is_whole {
            return;
        }
        let hide = |walker: &mut Walker, at, value: u32| walker.hide(at, &value.to_be_bytes());
        let blocks = self.samples.unwrap_or_default().div_ceil(block.frames);
        hide(walker, sizes + 4, block.len);
        hide(walker, sizes + 8, blocks);
        hide(walker, times + 8, blocks);
        hide(walker, times + 12, block.frames);
        let count = number(walker, runs + 4).unwrap_or_default().min(MAX_CORRECTED_RUNS);
        for run in (0..u64::from(count)).map(|run| runs + 12 + 12 * run) {
            let frames = number(walker, run).unwrap_or_default();
            hide(walker, run, frames.div_ceil(block.frames));
        }
    }
}

fn number(walker: &mut Walker, at: u64) -> Option<u32> {
    walker.array_at(at).map(u32::from_be_bytes)
}

/// True if no chunk has another description than the first one.
fn has_one_description(walker: &mut Walker, table: u64) -> bool {
    let count = number(walker, table + 4).unwrap_or_default().min(MAX_CHUNK_RUNS);
    (0..u64::from(count))
        .all(|run| number(walker, table + 16 + 12 * run).is_none_or(|description| description == 1))
}
