//! From bytes to a [`Clip`] that can be sent. No network, no terminal.

pub use self::clip::Clip;
pub use self::file::ClipReader;
pub use self::format::Format;
pub use self::measure::{Levels, Sound};
pub use self::prepare::{Prepared, measure, prepare};
pub use self::recipe::{Convert, MAX_UPLOAD, Recipe};
pub use self::resample::SAMPLE_RATE;
pub use self::window::{Cutter, WindowClip};

pub(crate) use self::clip::encoded_len;
pub(crate) use self::spool::Spool;

mod bulk;
mod clip;
mod codecs;
mod container;
mod convert;
mod decode;
mod edits;
mod envelope;
mod file;
mod format;
mod measure;
mod mend;
mod mended;
mod opus;
mod packets;
mod prepare;
mod probe;
mod recipe;
mod resample;
mod spool;
mod wav;
mod whole;
mod window;
