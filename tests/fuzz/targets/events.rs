//! A response in pieces: an event stream, a document or an error.

#![no_main]

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::{FutureExt, stream};
use http_body_util::StreamBody;
use http_body_util::combinators::BoxBody;

libfuzzer_sys::fuzz_target!(|content: &[u8]| fuzz::run(receive, content));

/// Receives a response whose first byte is the length of its pieces, and its second the status.
fn receive(content: &[u8]) {
    let Some(([piece_len, status], body)) = content.split_first_chunk() else { return };
    let pieces = body.chunks(usize::from(*piece_len).max(1)).map(Bytes::copy_from_slice);
    let frames = pieces.map(|piece| Ok::<_, Infallible>(http_body::Frame::data(piece)));
    let body = StreamBody::new(stream::iter(frames.collect::<Vec<_>>()));
    let status = [200, 200, 400, 429][usize::from(status % 4)];
    let response = http::Response::builder().status(status);
    let response = response.body(reqwest::Body::wrap(BoxBody::new(body))).expect("a response");
    let received = caption::receive(response.into()).now_or_never().expect("the body is there");
    if let Ok(answer) = received {
        assert!(!answer.caption.trim().is_empty());
    }
}
