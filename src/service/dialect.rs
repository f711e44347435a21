//! How sound is written into a request: the one place to change should the service want it
//! otherwise.

/// What stands before the base64 text.
///
/// The model's provider documents exactly this form, with no media type, and refuses base64
/// without it (Alibaba Model Studio, "Qwen3-Omni-Captioner"). AI/ML API documents only the URL
/// form; that it hands the value on unchanged is inferred from its answers. Should it be refused,
/// `data:audio/mpeg;base64,` is the next to try and bare base64 the third.
pub(super) const DATA_URL_PREFIX: &str = "data:;base64,";
