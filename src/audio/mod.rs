//! From the bytes of a file to a [`Clip`] that can be uploaded. No network, no terminal.

pub use self::audio_format::AudioFormat;
pub use self::clip::Clip;
pub use self::convert::SAMPLE_RATE;
pub use self::ffmpeg::Ffmpeg;
pub use self::measure::{Levels, Sound};
pub use self::prepare::measure;
pub use self::truncation::Truncation;
pub use self::upload_options::{Convert, MAX_UPLOAD, UploadOptions};

pub(crate) use self::clip::{OpenFile, Spool, encoded_len};
pub(crate) use self::prepare::{Prepared, prepare};
pub(crate) use self::split::{Splitter, WindowClip};

mod audio_format;
mod clip;
mod codec;
mod container;
mod convert;
mod decode;
mod decoding;
mod ffmpeg;
mod guard;
mod length;
mod lfs;
mod measure;
mod prepare;
mod probe;
mod sample_source;
mod source_file;
mod split;
mod truncation;
mod upload_options;
mod vorbis;
mod wav;
