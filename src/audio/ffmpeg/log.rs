//! Messages of ffmpeg on standard error.

use std::fmt::Display;
use std::io::{BufRead, BufReader, Read};

use crate::text;

/// Length of a line in bytes; a longer one counts as several.
const MAX_LINE: u64 = 4096;

/// Length limit of a reason, in characters.
const MAX_REASON: usize = 200;

/// Levels of messages about what went wrong.
const ERRORS: [&str; 3] = ["error", "fatal", "panic"];

/// Starts of errors that only repeat others.
const REPEATED: [&str; 5] = [
    "Conversion failed",
    "Error opening input file",
    "Error opening output file",
    "Nothing was written",
    "Terminating thread",
];

/// Starts of errors of a packet that could not be decoded: until version 6, and since.
const FAILED_PACKET: [&str; 2] = ["Error while decoding stream", "Error submitting packet"];

/// Facts of the messages.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// Version of the program.
    pub(super) version: Option<String>,
    /// Container of the input, the first of its names.
    pub(super) container: Option<String>,
    /// Length of the longest track, as the container declares it.
    pub(super) seconds: Option<f64>,
    /// True if that length is a guess by the size.
    pub(super) is_guessed: bool,
    /// Tracks of the input.
    pub(super) tracks: usize,
    /// Languages of the tracks of the input that are sound.
    pub(super) languages: Vec<Option<String>>,
    /// Position of the first of them that is played by default.
    pub(super) default_track: Option<usize>,
    /// Codec of the track that is decoded.
    pub(super) codec: Option<String>,
    /// True if the content was guessed by a few bytes of it.
    pub(super) is_unsure: bool,
    decoder: Option<String>,
    track: Option<String>,
    failed_packets: u64,
    decoder_errors: u64,
    container_errors: u64,
    last_error: Option<String>,
    /// Reason why the content is not opened, which counts more than other errors.
    refused: Option<String>,
    /// True behind the description of the input.
    is_decoding: bool,
}

/// A message without its prefixes: the parts that it comes from, and its level.
struct Message<'a> {
    origins: Vec<&'a str>,
    level: &'a str,
    text: &'a str,
}

impl Log {
    /// Reads all messages.
    pub(super) fn read(stream: impl Read) -> Self {
        let (mut log, mut line) = (Self::default(), Vec::new());
        let mut stream = BufReader::new(stream);
        while let Ok(1..) = stream.by_ref().take(MAX_LINE).read_until(b'\n', &mut line) {
            log.push(&String::from_utf8_lossy(&line));
            line.clear();
        }
        log
    }

    /// Packets that were not decoded as they should.
    pub(super) fn damaged_packets(&self) -> u64 {
        self.failed_packets.max(self.decoder_errors) + self.container_errors
    }

    /// The last error that says something, on one line.
    pub(super) fn reason(&self) -> Option<String> {
        self.refused.clone().or_else(|| self.last_error.clone())
    }

    fn push(&mut self, line: &str) {
        let message = Message::parse(line.trim_end());
        let text = message.text;
        if ERRORS.contains(&message.level) {
            self.push_error(&message);
        } else if text.contains("only with low score") {
            self.is_unsure = true;
        } else if text.contains("Estimating duration from bitrate") {
            self.is_guessed = true;
        }
        if self.is_of_damaged_packet(text) {
            self.container_errors += 1;
        }
        if message.level == "info" {
            self.push_fact(text);
        }
    }

    fn push_error(&mut self, message: &Message<'_>) {
        let is_of =
            |name: &Option<String>| name.as_deref().is_some_and(|name| message.is_from(name));
        if FAILED_PACKET.iter().any(|start| message.text.starts_with(start)) {
            self.failed_packets += 1;
        } else if self.is_decoding && is_of(&self.decoder) {
            self.decoder_errors += 1;
        } else if self.is_decoding && is_of(&self.container) {
            self.container_errors += 1;
        }
        if message.text.starts_with("Format not on whitelist") {
            self.refused = Some("a kind of file that leads to others".to_owned());
        } else if !REPEATED.iter().any(|start| message.text.starts_with(start)) {
            let text = message.text.split("file:/dev/fd/0: ").last().unwrap_or_default();
            self.last_error = Some(one_line(text)).filter(|text| !text.is_empty());
        }
    }

    /// True for the message that a packet of the track that is decoded was damaged on the way.
    fn is_of_damaged_packet(&self, text: &str) -> bool {
        let track = text.split_once("corrupt input packet in stream ").map(|(_, track)| track);
        self.is_decoding && track.is_some() && track == self.track.as_deref()
    }

    fn push_fact(&mut self, text: &str) {
        let word = |text: &str| text.split_whitespace().next().map(str::to_owned);
        if let Some(version) = text.strip_prefix("ffmpeg version ") {
            self.version = word(version);
        } else if let Some(input) = text.strip_prefix("Input #0, ") {
            self.container = input.split(',').next().map(one_line);
        } else if self.is_decoding {
            if let Some(mapping) = text.strip_prefix("  Stream #0:") {
                self.push_mapping(mapping);
            }
        } else if let Some(duration) = text.strip_prefix("  Duration: ") {
            self.seconds = duration.split(',').next().and_then(seconds);
        } else if let Some(track) = text.strip_prefix("  Stream #0:") {
            self.push_track(track);
        } else if text == "Stream mapping:" {
            self.is_decoding = true;
        }
    }

    /// Reads `1[0x101](eng): Audio: mp2, 48000 Hz (default)`.
    fn push_track(&mut self, text: &str) {
        self.tracks += 1;
        let Some((name, facts)) = text.split_once(": Audio: ") else { return };
        if facts.contains("(default)") {
            self.default_track.get_or_insert(self.languages.len());
        }
        let language = name.rsplit_once('(').and_then(|(_, code)| code.strip_suffix(')'));
        self.languages.push(language.filter(|code| *code != "und").map(one_line));
    }

    /// Reads `1 -> #0:0 (mp2 (mp2float) -> pcm_f32le (native))`.
    fn push_mapping(&mut self, text: &str) {
        let Some((track, decoder)) = text.split_once(" -> #0:0 (") else { return };
        let mut words = decoder.split([' ', '(', ')']).filter(|word| !word.is_empty());
        let (codec, decoder) = (words.next(), words.next());
        self.track = Some(track.to_owned());
        self.codec = codec.map(one_line);
        self.decoder = decoder.filter(|name| *name != "native").or(codec).map(str::to_owned);
    }
}

impl<'a> Message<'a> {
    /// Splits `[mp2float @ 0x55] [error] text`.
    fn parse(line: &'a str) -> Self {
        let (mut origins, mut text) = (Vec::new(), line);
        while let Some((prefix, rest)) =
            text.strip_prefix('[').and_then(|rest| rest.split_once("] "))
        {
            text = rest;
            if ERRORS.contains(&prefix) || ["warning", "info"].contains(&prefix) {
                return Self { origins, level: prefix, text };
            }
            origins.push(prefix);
        }
        Self { origins, level: "", text: line }
    }

    /// True for a message of the decoder or demuxer of this name: `mp2float @ 0x55`,
    /// `dec:mp2float @ 0x55`, or `matroska,webm @ 0x55`.
    fn is_from(&self, name: &str) -> bool {
        let names = self.origins.iter().filter_map(|origin| origin.split_once(" @ "));
        let mut names = names.flat_map(|(names, _)| names.split([',', ':']));
        names.any(|origin| origin == name)
    }
}

/// Seconds of `00:01:02.50`.
fn seconds(text: &str) -> Option<f64> {
    let mut parts = text.trim().splitn(3, ':').map(str::parse::<f64>);
    let [hours, minutes, seconds] = [parts.next()?, parts.next()?, parts.next()?];
    Some(hours.ok()? * 3600.0 + minutes.ok()? * 60.0 + seconds.ok()?).filter(|s| *s > 0.0)
}

/// Text of another program on one line.
pub(super) fn one_line(text: impl Display) -> String {
    text::sanitize(&text::one_line(&text.to_string(), MAX_REASON)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = "[info] ffmpeg version 5.1.9-0 Copyright (c) 2000-2026\n\
        [mpegts @ 0x5] [error] before the start\n\
        [info] Input #0, matroska,webm, from 'file:/dev/fd/0':\n\
        [info]   Metadata:\n[info]     title           : [error] Stream mapping:\n\
        [info]   Duration: 01:00:02.50, start: 0.000000, bitrate: 195 kb/s\n\
        [info]   Stream #0:0: Video: h264\n[info]   Stream #0:1(eng): Audio: mp2, 48000 Hz\n\
        [info] Stream mapping:\n\
        [info]   Stream #0:1 -> #0:0 (mp2 (mp2float) -> pcm_f32le (native))\n\
        [info]   Stream #0:0: Audio: pcm_f32le, 48000 Hz, stereo, flt, 3072 kb/s\n";

    #[test]
    fn facts_are_read_from_the_messages() {
        let log = Log::read(START.as_bytes());
        assert_eq!(log.version.as_deref(), Some("5.1.9-0"));
        assert_eq!(log.container.as_deref(), Some("matroska"));
        assert_eq!((log.seconds, log.codec.as_deref()), (Some(3602.5), Some("mp2")));
        assert_eq!((log.tracks, log.damaged_packets()), (2, 0));
        assert_eq!((log.languages, log.default_track), (vec![Some("eng".to_owned())], None));
    }

    #[test]
    fn errors_count_if_they_are_of_the_track_that_is_decoded() {
        let errors = "[h264 @ 0x5] [error] no frame!\n[mp2float @ 0x5] [error] Header missing\n\
            [error] Error while decoding stream #0:1: Invalid data\n\
            [warning] file:/dev/fd/0: corrupt input packet in stream 0\n\
            [warning] file:/dev/fd/0: corrupt input packet in stream 1\n\
            [matroska,webm @ 0x5] [error] invalid as first byte\n\
            [error] Conversion failed!\n";
        let log = Log::read([START, errors].concat().as_bytes());
        assert_eq!(log.damaged_packets(), 3);
        assert_eq!(log.reason().as_deref(), Some("invalid as first byte"));
        let errors = "[aist#0:1/mp2 @ 0x5] [dec:mp2float @ 0x6] [error] Error submitting packet \
            to decoder: \u{1b}[31mInvalid\n";
        let log = Log::read([START, errors].concat().as_bytes());
        assert_eq!(log.damaged_packets(), 1);
        let reason = log.reason().unwrap();
        assert!(reason.starts_with("Error submitting") && !reason.contains('\u{1b}'), "{reason}");
    }
}
