//! From bytes to a [`Clip`] that can be sent. No network, no terminal.

pub use self::clip::Clip;
pub use self::file::ClipReader;
pub use self::format::AudioFormat;
pub use self::measure::{Levels, Sound};
pub use self::prepare::{Prepared, measure, prepare};
pub use self::resample::SAMPLE_RATE;
pub use self::split::{Splitter, WindowClip};
pub use self::upload::{Convert, MAX_UPLOAD, UploadOptions};

pub(crate) use self::clip::encoded_len;
pub(crate) use self::spool::Spool;

mod bulk;
mod clip;
mod codecs;
mod container;
mod convert;
mod decode;
mod edits;
mod file;
mod format;
mod measure;
mod mend;
mod mended;
mod opus;
mod packets;
mod prepare;
mod probe;
mod resample;
mod split;
mod spool;
mod upload;
mod wav;
mod waveform;
mod whole;
