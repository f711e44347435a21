//! Messages on standard error, one line each.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::io::{self, Write};

use anstream::AutoStream;
use caption::{Error, Finding, Severity, Truncation, sanitize};
use clap::builder::styling::{AnsiColor, Style};

use crate::config::api_key::NoKey;
use crate::config::environment::{DisplayConfig, ProgressDisplay, is_ci_log};
use crate::config::input::InputConfig;
use crate::exit_code::Exit;
use crate::inputs::InputCount;
use crate::platform::KEY_COMMANDS;
use crate::ui::escape::CommandEscaper;
use crate::ui::failures::{Failures, describe};
use crate::ui::hints::hint;
use crate::ui::progress::Progress;
use crate::ui::summary::count;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const NOTE: Style = AnsiColor::Yellow.on_default().bold();
pub(super) const PLAIN: Style = Style::new();

const REFRESH_SIDECARS: &str = "delete it and run again to request a new caption";

const KEY_INSTRUCTIONS: &str = "  create one at https://aimlapi.com/app/keys, then run\n  ";

/// Writes messages to standard error, above the progress display.
pub(crate) struct Diagnostics {
    pub(crate) progress: Progress,
    pub(super) config: DisplayConfig,
    is_ci_log: bool,
    /// True once a note says that another program decodes.
    pub(super) has_noted_decoder: Cell<bool>,
    /// Number of inputs with several audio tracks of which none was asked for.
    pub(super) noted_tracks: Cell<u64>,
    /// Faults of files outside of their sound that were noted.
    pub(super) noted_faults: RefCell<BTreeSet<&'static str>>,
    /// Failures of a batch, printed at its end.
    failures: RefCell<Failures>,
    /// Sidecars that are kept although they may be outdated.
    kept: Cell<KeptSidecars>,
}

/// Numbers of inputs whose sidecars are kept because no caption of them is cached.
#[derive(Debug, Clone, Copy, Default)]
struct KeptSidecars {
    /// Those older than their audio.
    stale: usize,
    /// Those that were to be written anew.
    uncached: usize,
}

/// Further sidecars that are older than their audio are counted, not listed.
const MAX_STALE: usize = 10;

impl Diagnostics {
    pub(crate) fn new(config: DisplayConfig) -> Self {
        let progress = Progress::new(config.progress == ProgressDisplay::Bar);
        Self {
            progress,
            config,
            is_ci_log: is_ci_log(),
            has_noted_decoder: Cell::default(),
            noted_tracks: Cell::default(),
            noted_faults: RefCell::default(),
            failures: RefCell::default(),
            kept: Cell::default(),
        }
    }

    /// Reports an error that ends the run, and returns the exit code.
    pub(crate) fn fatal(&self, error: &anyhow::Error) -> Exit {
        self.progress.clear();
        match error.downcast_ref::<Error>() {
            Some(error) => self.message("error", ERROR, &format!("{error}; {}", hint(error))),
            None if self.config.verbose => self.message("error", ERROR, &error.to_string()),
            None => self.message("error", ERROR, &format!("{error:#}")),
        }
        if error.is::<NoKey>() {
            self.print(&[KEY_INSTRUCTIONS, KEY_COMMANDS].concat());
        }
        self.print(&self.causes(error.as_ref()));
        Exit::of_run(error)
    }

    /// Reports a violation of a rule: like a failure if it fails the audit, else as a warning.
    pub(crate) fn finding(&self, name: &str, finding: &Finding, is_batch: bool) {
        let Finding { rule, message, .. } = finding;
        let text = format!("{message} ({rule}): {name}{}", finding.details());
        if finding.severity == Severity::Error {
            self.print_or_defer(line("violation", ERROR, &text), is_batch);
        } else {
            self.warn(&text);
        }
    }

    /// Reports the error of an input: the error, the input, and a hint. In a batch, at the end of
    /// the run, and once for all inputs that fail in the same way.
    pub(crate) fn failure(&self, name: &str, error: &Error, is_batch: bool) {
        if is_batch && !self.config.verbose {
            return self.failures.borrow_mut().add(name, error);
        }
        let text = line("error", ERROR, &describe(name, error)) + &self.causes(error.root());
        self.print_or_defer(text, is_batch);
    }

    /// Prints a failure; in a batch, at the end of the run.
    fn print_or_defer(&self, text: String, is_batch: bool) {
        if is_batch {
            self.failures.borrow_mut().push(text, !self.config.verbose);
        } else {
            self.print(&text);
        }
    }

    /// Prints the failures of a batch, and how many inputs were not tried because of one.
    pub(crate) fn failures(&self, not_tried: u64) {
        let text = self.failures.take().text(not_tried, |text| line("error", ERROR, text));
        self.print(&text);
    }

    /// Reports an error beside those of the inputs.
    pub(crate) fn problem(&self, text: &str) {
        self.message("error", ERROR, text);
    }

    /// Writes commands for a CI system, unescaped.
    pub(crate) fn commands(&self, text: &[u8]) {
        // Nothing can report that standard error is closed.
        self.progress.suspend(|| {
            let _ = io::stderr().lock().write_all(text);
        });
    }

    pub(crate) fn progress_display(&self) -> ProgressDisplay {
        self.config.progress
    }

    /// Prints the state of the run.
    pub(crate) fn status(&self, text: &str) {
        self.message("progress", PLAIN, text);
    }

    /// Prints a result of the run.
    pub(crate) fn result(&self, text: &str) {
        if !self.config.quiet {
            self.print(&format!("{}\n", sanitize(text)));
        }
    }

    /// Prints a note with `--verbose` only.
    pub(crate) fn detail(&self, text: &str) {
        if self.config.verbose {
            self.message("note", NOTE, text);
        }
    }

    /// Prints a note even if a project's file says quiet.
    pub(crate) fn notice(&self, text: &str) {
        self.message("note", NOTE, text);
    }

    /// Prints a note: nothing failed.
    pub(crate) fn note(&self, text: &str) {
        if !self.config.quiet {
            self.message("note", NOTE, text);
        }
    }

    /// Warns of a recording that is cut, unless a finding says so.
    pub(crate) fn truncated(&self, name: &str, truncation: Truncation, findings: &[Finding]) {
        let text = truncation.to_string();
        if findings.iter().all(|finding| finding.message != text) {
            self.warn(&format!("cut short, {text}: {name}"));
        }
    }

    /// Counts an input whose sidecars are kept, and warns of those that are older than their audio.
    pub(crate) fn kept_sidecar(&self, name: &str, is_stale: bool) {
        let mut kept = self.kept.get();
        if is_stale {
            kept.stale += 1;
        } else {
            kept.uncached += 1;
        }
        self.kept.set(kept);
        if is_stale && kept.stale <= MAX_STALE {
            self.warn(&format!("a sidecar is older than its audio: {name}; {REFRESH_SIDECARS}"));
        }
    }

    /// Warns of sidecars that are kept, as far as that was not said of each.
    pub(crate) fn kept_sidecars(&self) {
        let KeptSidecars { stale, uncached } = self.kept.get();
        if stale > MAX_STALE {
            let more = stale - MAX_STALE;
            self.warn(&format!("{more} more sidecars are older than their audio"));
        }
        if uncached > 0 {
            self.warn(&format!(
                "kept the sidecars of {}: the manifest has no captions for them; --force requests \
                 new ones",
                count(uncached as u64, "input")
            ));
        }
    }

    /// Prints notes about audio that the search left out.
    pub(crate) fn omitted(&self, config: &InputConfig, is_complete: bool) {
        for note in config.search.omitted() {
            self.note(&note);
        }
        for glob in config.unmatched_excludes().filter(|_| is_complete) {
            self.note(&format!("--exclude {glob} matches nothing"));
        }
    }

    /// Prints warnings about rules that met no input of a search that is complete.
    pub(crate) fn unmet_rules(&self, count: &InputCount) {
        if count.total().is_some() && !count.is_zero() {
            count.rules.warnings().for_each(|warning: String| self.warn(&warning));
        }
    }

    /// Prints a warning: nothing failed, but something should be corrected.
    pub(crate) fn warn(&self, text: &str) {
        if !self.config.quiet {
            self.message("warning", NOTE, text);
        }
    }

    fn causes(&self, error: &dyn std::error::Error) -> String {
        let first = error.source().filter(|_| self.config.verbose);
        std::iter::successors(first, |error| error.source())
            .map(|cause| ["  caused by: ", &one_line(&cause.to_string()), "\n"].concat())
            .collect()
    }

    pub(super) fn message(&self, label: &str, style: Style, text: &str) {
        self.print(&line(label, style, text));
    }

    fn print(&self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.progress.suspend(|| {
            // Nothing can report that standard error is closed.
            // Written at once, so that captions on the same pipe stay whole.
            let mut bytes = AutoStream::new(Vec::new(), self.config.color);
            let _ = if self.is_ci_log {
                bytes.write_all(&CommandEscaper::default().escape(text.as_bytes()))
            } else {
                bytes.write_all(text.as_bytes())
            };
            let _ = io::stderr().lock().write_all(&bytes.into_inner());
        });
    }
}

fn line(label: &str, style: Style, text: &str) -> String {
    format!("caption: {style}{label}:{style:#} {}\n", one_line(text))
}

/// Text on one line, without the numbers of errors of the system.
fn one_line(text: &str) -> String {
    let text = sanitize(text).replace('\n', " ");
    let mut parts = text.split(" (os error ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| match part.split_once(')') {
        Some((number, rest)) if number.bytes().all(|digit| digit.is_ascii_digit()) => text + rest,
        _ => text + " (os error " + part,
    })
}
