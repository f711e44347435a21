//! What a run would send and what that would cost, without sending it.

use std::collections::HashSet;
use std::io::{self, Write};

use bytesize::ByteSize;
use caption::captioner::{Captioner, Estimate};
use caption::client::Price;
use caption::input::InputResult;
use caption::rules::finding::Severity;
use futures_util::stream::{Stream, StreamExt};
use indicatif::HumanCount;

use crate::config::Config;
use crate::render::sidecar::Sidecars;
use crate::ui::diagnostics::Diagnostics;
use crate::ui::hints::Exit;
use crate::ui::summary::dollars;

/// What a caption is taken to be long, in tokens. The provider's own sample has 387.
const USUAL_CAPTION: f64 = 400.0;

/// What all inputs come to.
struct Total {
    inputs: u64,
    requests: u64,
    bytes: u64,
    tokens: f64,
    of_unknown_length: u64,
    /// SHA-256 of what would be sent: all else is the same for every input of a run.
    asked: HashSet<String>,
    exit: Exit,
}

/// Lists every input on `out` and tells the sum on standard error.
pub(crate) async fn list(
    captioner: &Captioner,
    config: &Config<'_>,
    sidecars: Option<&Sidecars>,
    inputs: impl Stream<Item = InputResult>,
    diagnostics: &Diagnostics,
    out: &mut impl Write,
) -> io::Result<Exit> {
    let plans = inputs.map(async |found| match found {
        Ok(input) if sidecars.is_some_and(|sidecars| sidecars.exist(&input)) => (input.name, None),
        Ok(input) => {
            let plan = captioner.plan(&input).await;
            (input.name, Some(plan))
        }
        Err(lost) => (lost.name, Some(Err(lost.error))),
    });
    let mut plans = std::pin::pin!(plans.buffered(config.jobs));
    let mut total = Total::new();
    while let Some((name, plan)) = plans.next().await {
        total.inputs += 1;
        match plan {
            None => row(out, &name, None, "skipped")?,
            Some(Ok(plan)) => {
                let state = total.add(&plan, config.is_offline);
                row(out, &name, Some(&plan), state)?;
                total.judge(&name, &plan, diagnostics);
            }
            Some(Err(error)) => {
                total.exit = Exit::Failed;
                diagnostics.failure(&name, &error, false);
            }
        }
    }
    out.flush()?;
    total.tell(config, diagnostics).await;
    Ok(total.exit)
}

impl Total {
    fn new() -> Self {
        Self {
            inputs: 0,
            requests: 0,
            bytes: 0,
            tokens: 0.0,
            of_unknown_length: 0,
            asked: HashSet::new(),
            exit: Exit::Success,
        }
    }

    /// Tells the rules that an input breaks by now.
    fn judge(&mut self, name: &str, plan: &Estimate, diagnostics: &Diagnostics) {
        for finding in &plan.findings {
            diagnostics.finding(name, finding, false);
            if finding.severity == Severity::Error {
                self.exit = self.exit.max(Exit::Broken);
            }
        }
    }

    /// Counts what would be sent; what is asked once is not asked twice.
    fn add(&mut self, plan: &Estimate, is_offline: bool) -> &'static str {
        if !plan.is_fit {
            return "unfit";
        }
        if plan.is_known {
            return "known";
        }
        if is_offline {
            return "unknown";
        }
        if let Some(sha256) = &plan.cache_key.sha256
            && !self.asked.insert(sha256.clone())
        {
            return "same";
        }
        self.requests += plan.requests;
        self.bytes += plan.bytes;
        match plan.tokens {
            Some(tokens) => self.tokens += tokens,
            None => self.of_unknown_length += 1,
        }
        "new"
    }

    async fn tell(&self, config: &Config<'_>, diagnostics: &Diagnostics) {
        let count = |number: u64, noun: &str| {
            format!("{} {noun}{}", HumanCount(number), if number == 1 { "" } else { "s" })
        };
        diagnostics.result(&format!(
            "{} · {} · {} to send · {} tokens of sound",
            count(self.inputs, "input"),
            count(self.requests, "request"),
            ByteSize(self.bytes).display().si(),
            whole(self.tokens),
        ));
        if self.of_unknown_length > 0 {
            let inputs = count(self.of_unknown_length, "input");
            diagnostics.result(&format!("{inputs} of unknown length left out of the tokens"));
        }
        if self.requests == 0 {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let captions = self.requests as f64 * USUAL_CAPTION;
        match Price::look_up(&config.options).await {
            Some(price) => diagnostics.result(&format!(
                "{} {}: {} for the sound and {} for captions of some {USUAL_CAPTION} tokens",
                if self.of_unknown_length > 0 { "at least" } else { "about" },
                dollars(self.tokens * price.prompt_token + captions * price.completion_token),
                dollars(self.tokens * price.prompt_token),
                dollars(captions * price.completion_token),
            )),
            None => diagnostics.result(&format!(
                "the service tells no price of {}: tokens only",
                config.options.model
            )),
        }
    }
}

fn row(out: &mut impl Write, name: &str, plan: Option<&Estimate>, state: &str) -> io::Result<()> {
    let unknown = || "-".to_owned();
    let seconds = plan.and_then(|plan| plan.seconds);
    let seconds = seconds.map_or_else(unknown, |seconds| format!("{seconds:.2} s"));
    let bytes = plan.map_or_else(unknown, |plan| ByteSize(plan.bytes).display().si().to_string());
    let tokens = plan.and_then(|plan| plan.tokens).map_or_else(unknown, whole);
    let name = name.replace('\n', " ");
    writeln!(out, "{seconds:>10}  {bytes:>9}  {tokens:>7} tokens  {state:<7}  {name}")
}

fn whole(tokens: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few million")]
    HumanCount(tokens as u64).to_string()
}
