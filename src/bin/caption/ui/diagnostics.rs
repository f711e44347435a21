//! Everything that is said on standard error, one line a thing.

use std::cell::RefCell;
use std::io::{self, Write};

use anstream::{AutoStream, ColorChoice};
use caption::{Error, Finding, Outcome, Severity, Status, Usage, sanitize};
use clap::builder::styling::{AnsiColor, Style};

use crate::args::Cli;
use crate::config::api_key::NoKey;
use crate::config::environment::Environment;
use crate::ui::command_escaper::{CommandEscaper, is_log};
use crate::ui::hints::{Exit, hint};
use crate::ui::progress::Progress;
use crate::ui::summary::{Summary, windows};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const NOTE: Style = AnsiColor::Yellow.on_default().bold();
const PLAIN: Style = Style::new();

const HOW_TO_GET_A_KEY: &str = "  make one at https://aimlapi.com/app/keys, then say\n  \
                                export AIMLAPI_KEY=...     or --api-key-file FILE\n";

/// Speaks as loudly as was asked for, and never into the progress display.
pub(crate) struct Diagnostics {
    pub(crate) progress: Progress,
    color: ColorChoice,
    quiet: bool,
    verbose: bool,
    /// Whether a CI system reads it.
    is_log: bool,
    /// What failed in a run of several inputs, told at its end.
    failures: RefCell<Failures>,
}

/// The first failures in their words, and how many more there were.
#[derive(Default)]
struct Failures {
    told: Vec<String>,
    more: usize,
}

/// More failures than these are counted and not listed.
const MOST_FAILURES: usize = 1000;

impl Diagnostics {
    pub(crate) fn new(cli: &Cli, environment: &Environment) -> Self {
        let may_color = environment.stderr_is_terminal && environment.get("NO_COLOR").is_none();
        let color = cli.general.color.holds(may_color);
        let progress =
            cli.general.progress.holds(environment.stderr_is_terminal && !cli.general.quiet);
        Self {
            progress: Progress::new(progress),
            color: if color { ColorChoice::Always } else { ColorChoice::Never },
            quiet: cli.general.quiet,
            verbose: cli.general.verbose,
            is_log: is_log(environment),
            failures: RefCell::default(),
        }
    }

    /// Before it is known what was asked for.
    pub(crate) fn plain(environment: &Environment) -> Self {
        let may_color = environment.stderr_is_terminal && environment.get("NO_COLOR").is_none();
        Self {
            progress: Progress::new(false),
            color: if may_color { ColorChoice::Always } else { ColorChoice::Never },
            quiet: false,
            verbose: false,
            is_log: is_log(environment),
            failures: RefCell::default(),
        }
    }

    /// An error that ends the run.
    pub(crate) fn fatal(&self, error: &anyhow::Error) -> Exit {
        match error.downcast_ref::<Error>() {
            Some(known) => self.say("error", ERROR, &format!("{known}; {}", hint(known))),
            None if self.verbose => self.say("error", ERROR, &error.to_string()),
            None => self.say("error", ERROR, &format!("{error:#}")),
        }
        if error.is::<NoKey>() {
            self.raw(HOW_TO_GET_A_KEY);
        }
        self.raw(&self.causes(error.as_ref()));
        Exit::of_run(error)
    }

    /// A rule that an input breaks; kept like a failure where it fails the audit.
    pub(crate) fn finding(&self, name: &str, finding: &Finding, is_batch: bool) {
        let Finding { rule, message, .. } = finding;
        let text = format!("{message} ({rule}): {name}{}", finding.details());
        if finding.severity == Severity::Error {
            self.keep(line("broken", ERROR, &text), is_batch);
        } else {
            self.warn(&text);
        }
    }

    /// Why an input has no caption: what happened, to which input, what to do next. Kept for the
    /// end of the run where there are several inputs.
    pub(crate) fn failure(&self, name: &str, error: &Error, is_batch: bool) {
        let id = error.request_id().map(|id| format!(" [request {id}]")).unwrap_or_default();
        let text = format!("{error}: {name}; {}{id}", hint(error));
        let text = line("error", ERROR, &text) + &self.causes(error.root());
        self.keep(text, is_batch);
    }

    /// Tells it now, or at the end of the run where there are several inputs.
    fn keep(&self, text: String, is_batch: bool) {
        let mut failures = self.failures.borrow_mut();
        if !is_batch {
            self.raw(&text);
        } else if failures.told.len() < MOST_FAILURES {
            failures.told.push(text);
        } else {
            failures.more += 1;
        }
    }

    /// Tells the failures that were kept.
    pub(crate) fn failures(&self) {
        let failures = self.failures.take();
        self.raw(&failures.told.concat());
        if failures.more > 0 {
            self.say("error", ERROR, &format!("{} more failures", failures.more));
        }
    }

    /// A caption that is delivered but could not be kept.
    pub(crate) fn manifest_error(&self, outcome: &Outcome, error: &io::Error) {
        let name = &outcome.name;
        let text = format!("could not write the manifest ({error}): {name}; nothing more is asked");
        self.say("error", ERROR, &text);
    }

    /// The last line of a run of several inputs.
    pub(crate) fn summary(
        &self,
        summary: &Summary,
        usage: Usage,
        usd: Option<f64>,
        total: Option<usize>,
    ) {
        self.result(&summary.line(usage, usd, total));
    }

    /// Something that went wrong with no one input.
    pub(crate) fn problem(&self, text: &str) {
        self.say("error", ERROR, text);
    }

    /// Commands for what reads standard error, as they are.
    pub(crate) fn commands(&self, text: &[u8]) {
        // With standard error gone there is nobody left to tell.
        self.progress.suspend(|| {
            let _ = io::stderr().lock().write_all(text);
        });
    }

    /// What a run comes to.
    pub(crate) fn result(&self, text: &str) {
        if !self.quiet {
            self.raw(&format!("{}\n", sanitize(text)));
        }
    }

    /// Something for those who want to know more.
    pub(crate) fn detail(&self, text: &str) {
        if self.verbose {
            self.say("note", NOTE, text);
        }
    }

    /// Something the user should know though nothing failed.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.say("note", NOTE, text);
        }
    }

    /// Something that should be mended though nothing failed.
    pub(crate) fn warn(&self, text: &str) {
        if !self.quiet {
            self.say("warning", NOTE, text);
        }
    }

    /// What an answer took, for those who ask.
    pub(crate) fn answered(&self, outcome: &Outcome) {
        let Some(answer) = outcome.answer().filter(|_| self.verbose) else { return };
        if matches!(outcome.status, Status::Cached(_)) {
            return self.say("known", PLAIN, &outcome.name);
        }
        let mut facts = vec![format!("{:.1} s", answer.elapsed.as_secs_f64())];
        if !answer.windows.is_empty() {
            facts.push(windows(answer.windows.len() as u64));
        } else if answer.attempts > 1 {
            facts.push(format!("{} tries", answer.attempts));
        }
        if let Some(usage) = answer.usage {
            facts.push(format!("{} + {} tokens", usage.prompt_tokens, usage.completion_tokens));
        }
        facts.extend(answer.usd.map(|usd| format!("${usd:.6}")));
        facts.extend(answer.model.clone());
        facts.extend(answer.request_id.as_ref().map(|id| format!("request {id}")));
        self.say("done", PLAIN, &format!("{}: {}", outcome.name, facts.join(", ")));
    }

    fn causes(&self, error: &dyn std::error::Error) -> String {
        let first = error.source().filter(|_| self.verbose);
        std::iter::successors(first, |error| error.source())
            .map(|cause| ["  caused by: ", &on_one_line(&cause.to_string()), "\n"].concat())
            .collect()
    }

    fn say(&self, label: &str, style: Style, text: &str) {
        self.raw(&line(label, style, text));
    }

    fn raw(&self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.progress.suspend(|| {
            // With standard error gone there is nobody left to tell.
            let mut stderr = AutoStream::new(io::stderr().lock(), self.color);
            let _ = if self.is_log {
                CommandEscaper::new(stderr).write_all(text.as_bytes())
            } else {
                stderr.write_all(text.as_bytes())
            };
        });
    }
}

fn line(label: &str, style: Style, text: &str) -> String {
    format!("caption: {style}{label}:{style:#} {}\n", on_one_line(text))
}

fn on_one_line(text: &str) -> String {
    sanitize(text).replace('\n', " ")
}
