//! Everything that is said on standard error, one line a thing.

use std::io::{self, Write};

use anstream::{AutoStream, ColorChoice};
use caption::caption::{Answer, Outcome};
use caption::error::Error;
use clap::builder::styling::{AnsiColor, Style};

use super::cli::Cli;
use super::config::{Environment, NoKey};
use super::hints::{Exit, hint};
use super::progress::Progress;
use super::terminal::harmless;

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
}

impl Diagnostics {
    pub(crate) fn new(cli: &Cli, environment: &Environment) -> Self {
        let may_color = environment.stderr_is_terminal && environment.get("NO_COLOR").is_none();
        let color = cli.color.holds(may_color);
        let progress = cli.progress.holds(environment.stderr_is_terminal && !cli.quiet);
        Self {
            progress: Progress::new(progress),
            color: if color { ColorChoice::Always } else { ColorChoice::Never },
            quiet: cli.quiet,
            verbose: cli.verbose,
        }
    }

    /// An error that ends the run.
    pub(crate) fn fatal(&self, error: &anyhow::Error) -> Exit {
        match error.downcast_ref::<Error>() {
            Some(known) => self.say("error", ERROR, &format!("{known}; {}", hint(known))),
            None => self.say("error", ERROR, &format!("{error:#}")),
        }
        if error.is::<NoKey>() {
            self.raw(HOW_TO_GET_A_KEY);
        }
        self.causes(error.as_ref());
        Exit::of_run(error)
    }

    /// Why an input has no caption: what happened, to which input, what to do next.
    pub(crate) fn failure(&self, outcome: &Outcome, error: &Error) {
        let id = error.request_id().map(|id| format!(" [request {id}]")).unwrap_or_default();
        self.say("error", ERROR, &format!("{error}: {}; {}{id}", outcome.input, hint(error)));
        self.causes(error);
    }

    /// Something the user should know though nothing failed.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.say("note", NOTE, text);
        }
    }

    /// What an answer took, for those who ask.
    pub(crate) fn answered(&self, input: &str, answer: &Answer) {
        if !self.verbose {
            return;
        }
        let mut facts = vec![format!("{:.1} s", answer.elapsed.as_secs_f64())];
        if answer.attempts > 1 {
            facts.push(format!("{} tries", answer.attempts));
        }
        if let Some(usage) = answer.usage {
            facts.push(format!("{} + {} tokens", usage.prompt_tokens, usage.completion_tokens));
        }
        facts.extend(answer.usd.map(|usd| format!("${usd:.6}")));
        facts.extend(answer.model.clone());
        facts.extend(answer.request_id.as_ref().map(|id| format!("request {id}")));
        self.say("done", PLAIN, &format!("{input}: {}", facts.join(", ")));
    }

    fn causes(&self, error: &dyn std::error::Error) {
        if self.verbose {
            let mut cause = error.source();
            while let Some(error) = cause {
                self.raw(&format!("  caused by: {}\n", harmless(&error.to_string())));
                cause = error.source();
            }
        }
    }

    fn say(&self, label: &str, style: Style, text: &str) {
        let text = harmless(text).replace('\n', " ");
        self.raw(&format!("caption: {style}{label}:{style:#} {text}\n"));
    }

    fn raw(&self, text: &str) {
        self.progress.suspend(|| {
            // With standard error gone there is nobody left to tell.
            let mut stderr = AutoStream::new(io::stderr().lock(), self.color);
            let _ = stderr.write_all(text.as_bytes());
        });
    }
}
