//! Messages for the events of a request.

use std::time::Duration;

use bytesize::ByteSize;
use caption::{AudioFormat, Event};

use crate::ui::diagnostics::Diagnostics;
use crate::ui::summary::windows;

/// A longer wait is reported in a batch too: the run would seem to hang.
const NOTED_WAIT: Duration = Duration::from_secs(5);

/// Prints an event: a note if the user should know, else a detail for `--verbose`.
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
            diagnostics.detail(&format!("{}: {what}: {name}", describe(format)));
        }
        Event::Cutting { format, total } => {
            let windows = total.map_or_else(|| "windows".to_owned(), windows);
            let what = format!("sent as {windows} of 16 kHz mono WAV");
            diagnostics.detail(&format!("{}: {what}: {name}", describe(format)));
        }
        Event::Damaged { packets } => {
            let s = if *packets == 1 { "" } else { "s" };
            let text = format!("{packets} damaged packet{s}, silence in place of them: {name}");
            diagnostics.note(&text);
        }
        Event::Retrying { reason, wait, attempt } => {
            let text = format!("{reason}: {name}; try {attempt} in {:.1} s", wait.as_secs_f64());
            // A batch has too many short waits.
            if is_batch && *wait < NOTED_WAIT {
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

fn describe(format: &AudioFormat) -> String {
    let track = if format.tracks > 1 { ", its first track of sound" } else { "" };
    format!("{format}{track}")
}
