//! Request for a caption: its JSON, and the body, which is encoded while it is sent.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use reqwest::Url;
use serde_json::{Value, json};

use super::block::{Block, ChangedWhileSending, encode};
use super::dialect::Dialect;
use super::options::ClientOptions;
use crate::audio::{Clip, encoded_len};
use crate::error::BoxError;
use crate::progress::{Event, Observer};

/// Bytes read and encoded at a time; a multiple of three, so that no block needs padding.
const BLOCK_LEN: usize = 384 * 1024;

/// Placeholder for the base64 text.
const BASE64_PLACEHOLDER: &str = "(sound)";

/// Audio of a caption request.
#[derive(Debug, Clone)]
pub enum Audio {
    /// Clip whose bytes are sent.
    Clip(Clip),
    /// URL that the service fetches: at most 1 GB and 40 minutes. Source: as for
    /// [`MAX_UPLOAD`](crate::audio::MAX_UPLOAD).
    Url(Url),
}

/// Request body of exact length and constant memory: the next block is read and encoded while the
/// last one is sent.
pub(super) struct RequestBody {
    stage: Stage,
    sent: u64,
    total: u64,
    observer: Observer,
}

enum Stage {
    Head {
        head: Bytes,
        clip: Clip,
        tail: Bytes,
    },
    Blocks {
        clip: Clip,
        offset: u64,
        block: Block,
        tail: Bytes,
    },
    /// Last bytes, which follow the base64 of the clip if there is one.
    Tail {
        clip: Option<Clip>,
        tail: Bytes,
    },
    Done,
}

impl RequestBody {
    pub(super) fn new(
        options: &ClientOptions,
        dialect: Dialect,
        audio: &Audio,
        observer: &Observer,
    ) -> Self {
        let head = Bytes::from(request(options, dialect, audio).to_string());
        let (stage, total) = match audio {
            Audio::Url(_) => {
                let total = head.len() as u64;
                (Stage::Tail { clip: None, tail: head }, total)
            }
            Audio::Clip(clip) => {
                let (head, tail) = split_at_placeholder(head);
                let total = (head.len() + tail.len()) as u64 + encoded_len(clip.len());
                (Stage::Head { head, clip: clip.clone(), tail }, total)
            }
        };
        Self { stage, sent: 0, total, observer: observer.clone() }
    }
}

/// Request for one caption. The messages come before the model, whose name may hold anything.
///
/// Optional keys are omitted: the service responds to a `null` with 400.
fn request(options: &ClientOptions, dialect: Dialect, audio: &Audio) -> Value {
    let content = [content_part(dialect, audio)];
    let mut request = json!({
        "messages": [{ "role": "user", "content": content }],
        "model": options.model,
    });
    if let Some(max_tokens) = options.max_tokens {
        request["max_tokens"] = max_tokens.into();
    }
    if options.stream {
        request["stream"] = true.into();
        request["stream_options"] = json!({ "include_usage": true });
    }
    request
}

fn content_part(dialect: Dialect, audio: &Audio) -> Value {
    let (value, container) = match audio {
        Audio::Url(url) => (url.to_string(), None),
        Audio::Clip(clip) => {
            let container = clip.format().container.as_str();
            (dialect.data_prefix(container) + BASE64_PLACEHOLDER, Some(container))
        }
    };
    match (dialect, container) {
        (Dialect::OpenAi, Some(format)) => {
            json!({ "type": "input_audio", "input_audio": { "data": value, "format": format } })
        }
        (Dialect::Aimlapi | Dialect::OpenAi, _) => {
            json!({ "type": "input_audio", "input_audio": { "data": value } })
        }
        (Dialect::Vllm, _) => json!({ "type": "audio_url", "audio_url": { "url": value } }),
    }
}

/// Splits the JSON at the placeholder.
fn split_at_placeholder(mut head: Bytes) -> (Bytes, Bytes) {
    let placeholder = BASE64_PLACEHOLDER.as_bytes();
    // Only the name of the model may hold the same text, and it comes after the messages.
    let at = head.windows(placeholder.len()).position(|window| window == placeholder);
    let mut tail = head.split_off(at.expect("the request has a placeholder"));
    (head, tail.split_off(placeholder.len()))
}

impl http_body::Body for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = match &mut self.stage {
            Stage::Blocks { block, .. } => ready!(Pin::new(block).poll(context))?.map(Some),
            _ => Ok(None),
        };
        let this = self.get_mut();
        let (bytes, next) = match (std::mem::replace(&mut this.stage, Stage::Done), frame?) {
            (Stage::Head { head, clip, tail }, _) => (head, next_block(clip, 0, tail)),
            (Stage::Blocks { clip, offset, tail, .. }, Some(bytes)) if offset < clip.len() => {
                (bytes, next_block(clip, offset, tail))
            }
            (Stage::Blocks { clip, tail, .. }, Some(bytes)) => {
                (bytes, Stage::Tail { clip: Some(clip), tail })
            }
            // A request without its last bytes is incomplete and cannot be served.
            (Stage::Tail { clip: Some(clip), .. }, _) if !clip.is_unchanged() => {
                return Poll::Ready(Some(Err(ChangedWhileSending.into())));
            }
            (Stage::Tail { tail, .. }, _) => (tail, Stage::Done),
            _ => return Poll::Ready(None),
        };
        this.stage = next;
        this.sent += bytes.len() as u64;
        this.observer.emit(Event::Sent { bytes: this.sent, total: this.total });
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.stage, Stage::Done)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.total - self.sent)
    }
}

/// Starts to read and encode the block at `offset`.
fn next_block(clip: Clip, offset: u64, tail: Bytes) -> Stage {
    let len = usize::try_from(clip.len() - offset).unwrap_or(BLOCK_LEN).min(BLOCK_LEN);
    let block = encode(&clip, offset, len);
    Stage::Blocks { clip, offset: offset + len as u64, block, tail }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use http_body::Body;
    use support::random::{cases, soup};

    use super::*;

    #[test]
    fn a_random_body_is_the_expected_json_and_of_exact_length() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        cases(|random| {
            // Around the ends of blocks, and anywhere.
            let near = BLOCK_LEN * random.usize(..3) + random.usize(..8);
            let len =
                if random.bool() { near.saturating_sub(4).max(1) } else { random.usize(1..5_000) };
            let audio: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(len).collect();
            let model = soup(random, 5, &[BASE64_PLACEHOLDER, "\"", "m"]);
            let options = ClientOptions {
                model: String::from_utf8_lossy(&model).into_owned(),
                max_tokens: random.bool().then(|| random.u32(1..)),
                stream: random.bool(),
                ..ClientOptions::default()
            };
            let dialect = Dialect::ALL[random.usize(..3)];
            let progress = Arc::new(Mutex::new((0, 0)));
            let observer = Observer::new({
                let progress = progress.clone();
                move |event| {
                    if let Event::Sent { bytes, total } = event {
                        *progress.lock().unwrap() = (bytes, total);
                    }
                }
            });
            let body = RequestBody::new(&options, dialect, &Audio::Clip(clip(&audio)), &observer);
            let length = body.size_hint().exact().unwrap();
            let bytes = runtime.block_on(collect(body));
            let expected = expected_json(&options, dialect, &STANDARD.encode(&audio));
            assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), expected, "{len} bytes");
            assert_eq!((bytes.len() as u64, *progress.lock().unwrap()), (length, (length, length)));
        });
    }

    fn expected_json(options: &ClientOptions, dialect: Dialect, data: &str) -> Value {
        let part = match dialect {
            Dialect::Aimlapi => {
                json!({ "type": "input_audio", "input_audio": { "data": format!("data:;base64,{data}") } })
            }
            Dialect::OpenAi => {
                json!({ "type": "input_audio", "input_audio": { "data": data, "format": "wav" } })
            }
            Dialect::Vllm => {
                json!({ "type": "audio_url", "audio_url": { "url": format!("data:audio/wav;base64,{data}") } })
            }
        };
        let mut expected = json!({
            "model": options.model, "messages": [{ "role": "user", "content": [part] }],
        });
        if let Some(tokens) = options.max_tokens {
            expected["max_tokens"] = tokens.into();
        }
        if options.stream {
            expected["stream"] = true.into();
            expected["stream_options"] = json!({ "include_usage": true });
        }
        expected
    }

    /// Collects all frames and checks the remaining length before each.
    async fn collect(mut body: RequestBody) -> Vec<u8> {
        let mut bytes = Vec::new();
        let length = body.size_hint().exact().unwrap();
        while let Some(frame) =
            std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await
        {
            bytes.extend(frame.unwrap().into_data().unwrap());
            assert_eq!(body.size_hint().exact(), Some(length - bytes.len() as u64));
        }
        assert!(body.is_end_stream());
        bytes
    }

    fn clip(content: &[u8]) -> Clip {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        Clip::of_any_content(file)
    }
}
