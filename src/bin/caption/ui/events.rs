//! What happened on the way to a caption, in words.

use std::time::Duration;

use bytesize::ByteSize;
use caption::{AudioFormat, Event};

use crate::ui::diagnostics::Diagnostics;
use crate::ui::summary::windows;

/// A wait that people wonder about.
const LONG_WAIT: Duration = Duration::from_secs(5);

/// Tells what people should know of an event, and the rest to those who ask.
pub(crate) fn tell(diagnostics: &Diagnostics, is_batch: bool, name: &str, event: &Event) {
    match event {
        Event::Inlining { url } => diagnostics
            .note(&format!("only this machine can reach {url}: downloading it to send its bytes")),
        Event::Prepared { format, is_converted, bytes, sent } => {
            let si = |bytes: u64| ByteSize(bytes).display().si();
            let what = if *is_converted {
                format!("sent as 16 kHz mono WAV, {} in place of {}", si(*sent), si(*bytes))
            } else {
                format!("sent as it is, {}", si(*sent))
            };
            diagnostics.detail(&format!("{}: {what}: {name}", in_words(format)));
        }
        Event::Cutting { format, total } => {
            let windows = total.map_or_else(|| "windows".to_owned(), windows);
            let what = format!("sent as {windows} of 16 kHz mono WAV");
            diagnostics.detail(&format!("{}: {what}: {name}", in_words(format)));
        }
        Event::Damaged { packets } => {
            let s = if *packets == 1 { "" } else { "s" };
            let text = format!("{packets} damaged packet{s}, silence in place of them: {name}");
            diagnostics.note(&text);
        }
        Event::Retrying { reason, wait, attempt } => {
            let text = format!("{reason}: {name}; try {attempt} in {:.1} s", wait.as_secs_f64());
            // In a batch there are too many of them, unless the run would seem to hang.
            if is_batch && *wait < LONG_WAIT {
                diagnostics.detail(&text);
            } else {
                diagnostics.note(&text);
            }
        }
        Event::Understood { dialect } => diagnostics.detail(&format!(
            "the server takes sound as {dialect} does: --dialect {dialect} says so from the start"
        )),
        _ => {}
    }
}

fn in_words(format: &AudioFormat) -> String {
    let track = if format.tracks > 1 { ", its first track of sound" } else { "" };
    format!("{format}{track}")
}
