//! Audio that is lost within a stream: its place and length, by the timestamps around it.

use std::collections::VecDeque;

use symphonia::core::packet::Packet;
use symphonia::core::units::Timestamp;

use super::Layout;
use super::family::Family;

/// Seconds of lost audio in a file that are replaced by silence; a header may declare any length.
const MAX_SILENCE: f64 = 600.0;

/// Lost pages in a row of an Ogg file, with the page behind them.
#[derive(Debug, Clone, Copy)]
pub(super) struct LostPages {
    /// Number of the logical stream.
    pub(super) stream: u32,
    /// Position at the end of the page before.
    pub(super) start: u64,
    /// Position at the end of the page behind.
    pub(super) end: u64,
    /// Packets that end on the page behind, and that are whole.
    pub(super) packets: usize,
}

/// Finds what is lost before a packet.
#[derive(Default)]
pub(super) struct Losses {
    pages: VecDeque<LostPages>,
    /// True if the timestamps of packets are exact and without gaps in a whole file.
    is_exact: bool,
    /// Timestamp that the next packet should have.
    expected: Option<Timestamp>,
    /// Seconds of silence that are left.
    silence: f64,
}

impl Losses {
    pub(super) fn of(layout: &Layout) -> Self {
        let is_whole_flac = layout.family == Family::Flac && !layout.begins_later;
        Self {
            pages: layout.lost_pages.clone().into(),
            is_exact: [Family::Flac, Family::Frames].contains(&layout.family),
            expected: is_whole_flac.then_some(Timestamp::ZERO),
            silence: MAX_SILENCE,
        }
    }

    /// Ticks that are lost before a packet. `packets_on` returns the ticks of the packet and those
    /// behind it, so many in all.
    pub(super) fn before(
        &mut self,
        packet: &Packet,
        packets_on: impl FnOnce(usize) -> u64,
    ) -> Option<u64> {
        let gap = if self.is_exact {
            let expected = self.expected.replace(packet.pts.saturating_add(packet.block_dur()))?;
            packet.pts.duration_from(expected)?.get()
        } else {
            let is_here = |lost: &LostPages| {
                lost.stream == packet.track_id
                    && u64::try_from(packet.pts.get()).is_ok_and(|start| start >= lost.start)
            };
            let at = self.pages.iter().position(is_here)?;
            let lost = self.pages.remove(at)?;
            lost.end.saturating_sub(lost.start).saturating_sub(packets_on(lost.packets)).max(1)
        };
        (gap > 0).then_some(gap)
    }

    /// Seconds of silence that take the place of lost ones.
    pub(super) fn replace(&mut self, seconds: f64) -> f64 {
        let replaced = seconds.min(self.silence);
        self.silence -= replaced;
        replaced
    }
}
