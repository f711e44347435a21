//! The order of channels in Vorbis and Opus.

use symphonia::core::audio::layouts::{
    CHANNEL_LAYOUT_OGG_1P0, CHANNEL_LAYOUT_OGG_2P0, CHANNEL_LAYOUT_OGG_3P0, CHANNEL_LAYOUT_OGG_4P0,
    CHANNEL_LAYOUT_OGG_5P0, CHANNEL_LAYOUT_OGG_5P1, CHANNEL_LAYOUT_OGG_6P1, CHANNEL_LAYOUT_OGG_7P1,
};
use symphonia::core::audio::{Audio, AudioBuffer, AudioMut, Channels};

/// For each number of channels, their positions, and the place that each decoded channel has among
/// them in a buffer, whose order is that of WAVE. Sources: "Vorbis I specification", section 4.3.9;
/// RFC 7845, section 5.1.1.2.
const LAYOUTS: [(Channels, &[usize]); 8] = [
    (CHANNEL_LAYOUT_OGG_1P0, &[0]),
    (CHANNEL_LAYOUT_OGG_2P0, &[0, 1]),
    (CHANNEL_LAYOUT_OGG_3P0, &[0, 2, 1]),
    (CHANNEL_LAYOUT_OGG_4P0, &[0, 1, 2, 3]),
    (CHANNEL_LAYOUT_OGG_5P0, &[0, 2, 1, 3, 4]),
    (CHANNEL_LAYOUT_OGG_5P1, &[0, 2, 1, 4, 5, 3]),
    (CHANNEL_LAYOUT_OGG_6P1, &[0, 2, 1, 5, 6, 4, 3]),
    (CHANNEL_LAYOUT_OGG_7P1, &[0, 2, 1, 6, 7, 4, 5, 3]),
];

/// Positions of so many channels.
pub(super) fn channels(count: u8) -> Channels {
    let layout = usize::from(count).checked_sub(1).and_then(|index| LAYOUTS.get(index));
    layout.map_or(Channels::Discrete(count.into()), |(channels, _)| channels.clone())
}

/// Number of channels from which on their usual positions are the only ones in use.
const MIN_USUAL: u16 = 5;

/// The channels with their usual positions, if a container has only their number and there are
/// enough of them. The order is that of WAVE.
pub(in crate::audio) fn usual(known: &Channels) -> Channels {
    match known {
        Channels::Discrete(count @ MIN_USUAL..) => {
            channels(u8::try_from(*count).unwrap_or(u8::MAX))
        }
        known => known.clone(),
    }
}

/// Fills the channels of a buffer that has room for `frames`; `samples` returns those of a decoded
/// channel.
pub(super) fn fill<I: IntoIterator<Item = f32>>(
    buffer: &mut AudioBuffer<f32>,
    frames: usize,
    samples: impl Fn(usize) -> I,
) {
    buffer.render_uninit(Some(frames));
    let count = buffer.num_planes();
    let places = count.checked_sub(1).and_then(|index| LAYOUTS.get(index)).map(|layout| layout.1);
    for channel in 0..count {
        let place = places.map_or(channel, |places| places[channel]);
        let Some(targets) = buffer.plane_mut(place) else { break };
        targets.iter_mut().zip(samples(channel)).for_each(|(target, sample)| *target = sample);
    }
}
