//! From the bytes of a file to a [`Clip`] that can be uploaded. No network, no terminal.

pub use self::audio_format::AudioFormat;
pub use self::clip::Clip;
pub use self::convert::SAMPLE_RATE;
pub use self::ffmpeg::Ffmpeg;
pub use self::guard::is_decoding;
pub use self::measure::{Levels, Sound};
pub use self::prepare::measure;
pub use self::track::AudioTrack;
pub use self::truncation::Truncation;
pub(crate) use self::upload_options::MAX_SECONDS;
pub use self::upload_options::{Convert, MAX_UPLOAD, UploadOptions};

pub(crate) use self::clip::{OpenFile, encoded_len};
pub(crate) use self::prepare::{Prepared, check_upload, is_prepared_at_once, prepare};
pub(crate) use self::split::{Splitter, WindowClip};
pub(crate) use self::spool::Spool;

mod audio_format;
mod clip;
mod codec;
mod container;
mod convert;
mod decode;
mod decoding;
mod delay;
mod ffmpeg;
mod guard;
mod length;
mod lfs;
mod measure;
mod named;
mod prepare;
mod probe;
mod probed;
mod sample_source;
mod source_file;
mod split;
mod spool;
mod track;
mod truncation;
mod upload_options;
mod wav;
