//! Messages about the progress of one input.

use bytesize::ByteSize;
use caption::{AudioFormat, AudioTrack, Event, Outcome, Status, duration};

use super::diagnostics::{Diagnostics, PLAIN};
use super::summary::{count, tokens};

/// Further inputs with several audio tracks are counted, not listed.
const MAX_TRACK_NOTES: u64 = 5;

impl Diagnostics {
    /// Prints an event: a note if the user should know, else a detail for `--verbose`. A retry is a
    /// note if `notes_retries` is true.
    pub(crate) fn event(&self, name: &str, event: &Event, notes_retries: bool) {
        match event {
            Event::Inlining { url } => {
                self.note(&format!("downloading {url}: only this machine can reach it"));
            }
            Event::Prepared { format, is_converted, bytes, sent } => {
                let si = |bytes: u64| ByteSize(bytes).display().si();
                let what = if *is_converted {
                    format!("sent as 16 kHz mono WAV, {} in place of {}", si(*sent), si(*bytes))
                } else {
                    format!("sent unchanged, {}", si(*sent))
                };
                self.detail(&format!("{}: {what}: {name}", describe(format)));
            }
            Event::Cutting { format, total } => {
                let windows =
                    total.map_or_else(|| "windows".to_owned(), |total| count(total, "window"));
                let what = format!("sent as {windows} of 16 kHz mono WAV");
                self.detail(&format!("{}: {what}: {name}", describe(format)));
            }
            Event::Track(track) => self.track(name, track),
            Event::Decoder { program } => self.decoder(name, program),
            Event::Headless { format } => self.headless(name, format),
            Event::Fault { fault } => self.fault(name, fault),
            Event::Damaged { packets, is_silenced } => {
                let s = if *packets == 1 { "" } else { "s" };
                let effect = match is_silenced {
                    true => "silence in place of them",
                    false => "which may be wrong or missing",
                };
                let text = format!("{packets} damaged packet{s}, {effect}: {name}");
                self.note(&text);
            }
            Event::ManifestChanged { reason } => self.warn(reason),
            Event::Retrying { reason, wait, attempt } => {
                let text = format!("{reason}: {name}; attempt {attempt} in {}", duration(*wait));
                if notes_retries {
                    self.note(&text);
                } else {
                    self.detail(&text);
                }
            }
            Event::Waiting { reason } => {
                self.note(&format!("{reason}; all inputs wait until it is over, up to --outage"));
            }
            Event::Resumed { after } => self.note(&format!(
                "the service responds again after {}; the inputs go on",
                duration(*after)
            )),
            Event::Understood { dialect } => self.detail(&format!(
                "the server uses the {dialect} format; --dialect {dialect} sets it from the start"
            )),
            _ => {}
        }
    }

    /// Notes that nothing but its name tells the format of a file.
    pub(crate) fn headless(&self, name: &str, format: &AudioFormat) {
        self.note(&format!("taken for {format} because of its extension alone: {name}"));
    }

    /// Notes which audio track of several is taken: for each of the first inputs, and then their
    /// number.
    pub(crate) fn track(&self, name: &str, track: &AudioTrack) {
        let noted = self.noted_tracks.get() + 1;
        self.noted_tracks.set(noted);
        if noted > MAX_TRACK_NOTES {
            return;
        }
        let AudioTrack { number, count, default, language, .. } = track;
        let language = language.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
        let others: Vec<_> = (1..=*count).filter(|other| other != number).collect();
        let hint = match others[..] {
            [other] => format!("--track {other} for the other"),
            _ => "--track N for another".to_owned(),
        };
        let reason = if number == default {
            String::new()
        } else {
            format!(", since the default track {default} cannot be decoded here")
        };
        self.note(&format!("{name}: track {number} of {count}{language}{reason}; {hint}"));
    }

    /// Notes how many more inputs have several audio tracks.
    pub(crate) fn more_tracks(&self) {
        let more = self.noted_tracks.get().saturating_sub(MAX_TRACK_NOTES);
        if more > 0 {
            let inputs = count(more, "more input");
            self.note(&format!(
                "the default audio track was taken of {inputs} with several; see --track"
            ));
        }
    }

    /// Notes once in a run that another program decodes.
    fn decoder(&self, name: &str, program: &str) {
        if !self.has_noted_decoder.replace(true) {
            self.note(&format!("decoded by {program}: {name}"));
        }
    }

    /// Notes a fault of a file; the same one of further files is a detail.
    fn fault(&self, name: &str, fault: &'static str) {
        let text = format!("{fault}: {name}");
        if self.noted_faults.borrow_mut().insert(fault) {
            self.note(&text);
        } else {
            self.detail(&text);
        }
    }

    /// Prints the findings of an outcome, and notes about its caption, whose written text may be cut.
    pub(crate) fn outcome(&self, outcome: &Outcome, is_cut: bool, is_batch: bool) {
        for finding in &outcome.findings {
            self.finding(&outcome.name, finding, is_batch);
        }
        if let Some(truncation) = outcome.truncation {
            self.truncated(&outcome.name, truncation, &outcome.findings);
        }
        if is_cut {
            self.note(&format!("cut at --max-tokens: {}", outcome.name));
        }
        if matches!(outcome.status, Status::Skipped) && !is_batch {
            let name = &outcome.name;
            self.note(&format!("its sidecar exists and is kept: {name}; --force writes it again"));
        }
        self.answered(outcome);
    }

    /// Tells how an interrupted run goes on.
    pub(crate) fn interrupted(&self, is_caption_cut: bool, keeps_captions: bool) {
        self.note(match (is_caption_cut, keeps_captions) {
            (true, _) => "interrupted: the caption is not complete; run the same command again",
            (false, true) => "run the same command again to resume",
            (false, false) => {
                "add --manifest FILE: then the same command resumes and pays nothing twice"
            }
        });
    }

    /// Prints time, cost and tokens of a caption with `--verbose` only.
    fn answered(&self, outcome: &Outcome) {
        let Some(answer) = outcome.answer().filter(|_| self.config.verbose) else { return };
        if matches!(outcome.status, Status::Cached(_)) {
            let label = if outcome.is_duplicate { "duplicate" } else { "cached" };
            return self.message(label, PLAIN, &outcome.name);
        }
        let mut facts = vec![format!("{:.1} s", answer.elapsed.as_secs_f64())];
        if !answer.windows.is_empty() {
            facts.push(count(answer.windows.len() as u64, "window"));
        } else if answer.attempts > 1 {
            facts.push(format!("{} attempts", answer.attempts));
        }
        if let Some(usage) = answer.usage {
            facts.push(tokens(usage));
        }
        facts.extend(answer.usd.map(|usd| format!("${usd:.6}")));
        facts.extend(answer.model.clone());
        facts.extend(answer.request_id.as_ref().map(|id| format!("request {id}")));
        self.message("done", PLAIN, &format!("{}: {}", outcome.name, facts.join(", ")));
    }
}

fn describe(format: &AudioFormat) -> String {
    let track = if format.tracks > 1 { ", its audio track" } else { "" };
    format!("{format}{track}")
}
