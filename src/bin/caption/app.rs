//! Puts the parts together and lets them run.

use std::io::{self, Write};

use anyhow::bail;
use caption::batch;
use caption::caption::Outcome;
use caption::captioner::Captioner;
use caption::error::Error;
use caption::input::Input;
use caption::output::{Format, Json, Layout, Text};
use caption::watch::{Event, Watch};
use clap::CommandFactory;
use futures_util::StreamExt;
use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::cli::{Cli, OutputFormat};
use super::config::{self, Environment};
use super::diagnostics::Diagnostics;
use super::hints::{Exit, WriteFailed};
use super::terminal::Output;

/// From the command line to the exit code.
pub(crate) fn run(
    cli: &Cli,
    environment: &Environment,
    diagnostics: &Diagnostics,
) -> anyhow::Result<Exit> {
    if cli.inputs.is_empty() {
        return no_input(environment);
    }
    let inputs =
        cli.inputs.iter().map(|operand| Input::parse(operand)).collect::<Result<Vec<_>, _>>()?;
    let streams = config::streams(cli, environment);
    let captioner = config::captioner(cli, environment, streams)?;
    let output = Output::new(io::stdout().lock(), environment.stdout_is_terminal);
    let delivery = Delivery {
        format: format(cli, environment),
        output,
        diagnostics,
        shows_pieces: streams && inputs.len() == 1,
        total: inputs.len(),
        exit: Exit::Success,
    };
    // One thread does: it only ever waits for the network.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let exit = runtime.block_on(delivery.deliver(&captioner, inputs, usize::from(cli.jobs)));
    // A read of standard input may never return.
    runtime.shutdown_background();
    match exit {
        Err(WriteFailed(e)) if e.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Success),
        exit => Ok(exit?),
    }
}

fn no_input(environment: &Environment) -> anyhow::Result<Exit> {
    if environment.stdin_is_terminal {
        bail!("no input\n{}", Cli::command().render_usage());
    }
    bail!("no input; to read sound from standard input, say caption -");
}

fn format(cli: &Cli, environment: &Environment) -> Box<dyn Format> {
    let is_several = cli.inputs.len() > 1;
    match config::format(cli) {
        OutputFormat::Text => Box::new(Text::new(is_several)),
        OutputFormat::Json if is_several => Box::new(Json::new(Layout::OneLine)),
        OutputFormat::Json if environment.stdout_is_terminal => {
            Box::new(Json::new(Layout::Indented))
        }
        OutputFormat::Json => Box::new(Json::new(Layout::AsReceived)),
    }
}

/// Takes captions and news as they come to where they belong.
struct Delivery<'a, W> {
    format: Box<dyn Format>,
    output: W,
    diagnostics: &'a Diagnostics,
    shows_pieces: bool,
    total: usize,
    exit: Exit,
}

impl<W: Write> Delivery<'_, W> {
    async fn deliver(
        mut self,
        captioner: &Captioner,
        inputs: Vec<Input>,
        jobs: usize,
    ) -> Result<Exit, WriteFailed> {
        let (watch, mut news) = channel();
        let mut outcomes = std::pin::pin!(batch::run(captioner, inputs, jobs, &watch));
        let mut done = 0;
        loop {
            tokio::select! {
                Some(event) = news.recv() => self.event(event)?,
                outcome = outcomes.next() => {
                    // The last pieces of a caption are told together with its end.
                    while let Ok(event) = news.try_recv() {
                        self.event(event)?;
                    }
                    let Some(outcome) = outcome else { return Ok(self.exit) };
                    done += 1;
                    self.outcome(&outcome, done)?;
                    if self.exit == Exit::Account {
                        return Ok(self.exit);
                    }
                }
            }
        }
    }

    fn event(&mut self, event: Event) -> io::Result<()> {
        match event {
            Event::Sent { bytes, total } if self.total == 1 => {
                self.diagnostics.progress.sent(bytes, total);
            }
            Event::Text(text) if self.shows_pieces => {
                self.diagnostics.progress.clear();
                self.format.piece(&text, &mut self.output)?;
                self.output.flush()?;
            }
            Event::Inlining { url } => self.diagnostics.note(&format!(
                "only this machine can reach {url}: downloading it to send its bytes"
            )),
            Event::Retrying { reason, wait, attempt } => self
                .diagnostics
                .note(&format!("{reason}; try {attempt} in {:.1} s", wait.as_secs_f64())),
            _ => {}
        }
        Ok(())
    }

    fn outcome(&mut self, outcome: &Outcome, done: usize) -> io::Result<()> {
        self.diagnostics.progress.clear();
        self.format.outcome(outcome, &mut self.output)?;
        self.output.flush()?;
        match &outcome.result {
            Ok(answer) => {
                if answer.finish_reason.as_deref() == Some("length") {
                    self.diagnostics.note(&format!("cut at --max-tokens: {}", outcome.input));
                }
                self.diagnostics.answered(&outcome.input, answer);
            }
            Err(error) => self.failed(outcome, error),
        }
        if done < self.total {
            self.diagnostics.progress.done(done, self.total);
        }
        Ok(())
    }

    fn failed(&mut self, outcome: &Outcome, error: &Error) {
        self.exit = self.exit.max(Exit::of_input(error));
        self.diagnostics.failure(outcome, error);
    }
}

/// A watch, and the news that it was told.
fn channel() -> (Watch, UnboundedReceiver<Event>) {
    let (sender, news) = mpsc::unbounded_channel();
    // Nobody listens any more only once the run is over.
    let watch = Watch::new(move |event| {
        let _ = sender.send(event);
    });
    (watch, news)
}
