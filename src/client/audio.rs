//! What is sent.

use reqwest::Url;

use crate::audio::Clip;

/// What to send as sound.
#[derive(Debug, Clone)]
pub enum Audio {
    /// The bytes of a clip.
    Clip(Clip),
    /// An address that the service fetches by itself: at most 1 GB and 40 minutes. Source: as
    /// for [`MAX_UPLOAD`](crate::audio::MAX_UPLOAD).
    Url(Url),
}
