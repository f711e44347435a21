//! Dry run: lists the requests of a run and their cost, without sending any.

use std::collections::HashSet;
use std::io::{self, Write};

use bytesize::ByteSize;
use caption::{Captioner, Estimate, Prices, Severity};
use futures_util::stream::{Stream, StreamExt};
use indicatif::HumanCount;

use crate::config::Config;
use crate::exit_code::Exit;
use crate::inputs::{InputCount, InputResult};
use crate::render::queue::OutputQueue;
use crate::render::sidecar::SidecarPlan;
use crate::ui::diagnostics::Diagnostics;
use crate::ui::summary::{count, dollars};

/// Assumed length of a caption in tokens. The provider's own sample has 387.
const CAPTION_TOKENS: f64 = 400.0;

/// Files read at a time, unless the user set the number of requests.
const FILES_AT_A_TIME: usize = 4;

/// Sums over all inputs.
#[derive(Default)]
struct Totals {
    inputs: u64,
    requests: u64,
    bytes: u64,
    tokens: f64,
    of_unknown_length: u64,
    /// SHA-256 of the files to send: the rest of the cache key is the same for all inputs of a run.
    hashes: HashSet<String>,
}

/// Lists the inputs on `out`, and prints the totals on standard error.
pub(crate) async fn list(
    captioner: &Captioner,
    config: &Config,
    inputs: impl Stream<Item = InputResult>,
    count: &InputCount,
    diagnostics: &Diagnostics,
    out: &mut OutputQueue,
) -> io::Result<Exit> {
    let sidecars = config.sidecars.as_ref();
    let estimates = inputs.map(async |input| match input {
        Ok(input) => {
            let plan = sidecars.map_or(SidecarPlan::Caption, |sidecars| sidecars.plan(&input));
            if plan == SidecarPlan::Skip {
                return (input.name, None);
            }
            let estimate = captioner.estimate(&input).await;
            // Sidecars are written anew from the manifest, and nothing is sent for them.
            let is_kept = |estimate: &Estimate| plan != SidecarPlan::Caption && !estimate.is_known;
            let is_kept = estimate.as_ref().is_ok_and(is_kept);
            (input.name, (!is_kept).then_some(estimate))
        }
        Err(failed) => (failed.name, Some(Err(failed.error))),
    });
    let mut estimates = std::pin::pin!(estimates.buffered(config.jobs.unwrap_or(FILES_AT_A_TIME)));
    let (mut totals, mut exit) = (Totals::default(), Exit::Success);
    while let Some((name, estimate)) = estimates.next().await {
        totals.inputs += 1;
        out.ready().await?;
        match estimate {
            None => row(out, &name, None, "skipped")?,
            Some(Ok(estimate)) => {
                let state = totals.add(&estimate, config.is_offline);
                row(out, &name, Some(&estimate), state)?;
                if let Some(track) = &estimate.track {
                    diagnostics.track(&name, track);
                }
                exit = exit.max(report_findings(&name, &estimate, diagnostics));
            }
            Some(Err(error)) => {
                exit = Exit::Failed;
                diagnostics.failure(&name, &error, config.is_batch);
            }
        }
        out.flush()?;
    }
    out.complete();
    out.ended().await?;
    diagnostics.more_tracks();
    diagnostics.failures(0);
    diagnostics.omitted(&config.input, true);
    diagnostics.unmet_rules(count);
    totals.print(config, diagnostics).await;
    Ok(exit)
}

/// Reports the violations that are known before a request.
fn report_findings(name: &str, estimate: &Estimate, diagnostics: &Diagnostics) -> Exit {
    if let Some(format) = &estimate.headless {
        diagnostics.headless(name, format);
    }
    for finding in &estimate.findings {
        diagnostics.finding(name, finding, false);
    }
    if let Some(truncation) = estimate.truncation {
        diagnostics.truncated(name, truncation, &estimate.findings);
    }
    let is_broken = estimate.findings.iter().any(|finding| finding.severity == Severity::Error);
    if is_broken { Exit::Broken } else { Exit::Success }
}

impl Totals {
    /// Adds an input, and returns its state. A file that occurs twice is sent once.
    fn add(&mut self, estimate: &Estimate, is_offline: bool) -> &'static str {
        if !estimate.is_fit {
            return "blocked";
        }
        if estimate.is_known {
            return "cached";
        }
        if is_offline {
            return "not cached";
        }
        if let Some(sha256) = &estimate.cache_key.sha256
            && !self.hashes.insert(sha256.clone())
        {
            return "duplicate";
        }
        self.requests += estimate.requests;
        self.bytes += estimate.bytes;
        match estimate.tokens {
            Some(tokens) => self.tokens += tokens,
            None => self.of_unknown_length += 1,
        }
        "new"
    }

    async fn print(&self, config: &Config, diagnostics: &Diagnostics) {
        diagnostics.result(&format!(
            "{} · {} · {} to send · {} tokens of audio",
            count(self.inputs, "input"),
            count(self.requests, "request"),
            ByteSize(self.bytes).display().si(),
            whole(self.tokens),
        ));
        if self.of_unknown_length > 0 {
            let inputs = count(self.of_unknown_length, "input");
            diagnostics.result(&format!("{inputs} of unknown length left out of the tokens"));
        }
        if self.requests > 0 {
            let prices = config.options.look_up_prices().await;
            diagnostics.result(&self.cost(prices.as_ref(), &config.options.model));
            if let Some(limit) = config.max_spend() {
                diagnostics.result(&self.limit(prices.as_ref(), limit));
            }
        }
    }

    /// Cost of the audio and of the captions, in US dollars.
    fn usd(&self, prices: &Prices) -> (f64, f64) {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let caption_tokens = self.requests as f64 * CAPTION_TOKENS;
        (self.tokens * prices.input, caption_tokens * prices.output)
    }

    /// Effect of a spending limit on the run.
    fn limit(&self, prices: Option<&Prices>, limit: f64) -> String {
        let shown = dollars(limit);
        let Some((audio, captions)) = prices.map(|prices| self.usd(prices)) else {
            return format!(
                "--max-spend {shown} is learned from the first response: no price is known"
            );
        };
        let part = limit / (audio + captions);
        if part >= 1.0 {
            return format!("--max-spend {shown} is enough for the estimated cost");
        }
        format!("--max-spend {shown} would stop the run after about {:.0} % of it", part * 100.0)
    }

    fn cost(&self, prices: Option<&Prices>, model: &str) -> String {
        let Some(prices) = prices else {
            return format!("no price known for {model}: tokens only");
        };
        let (audio, captions) = self.usd(prices);
        format!(
            "{} {}: {} for the audio and {} for captions of some {CAPTION_TOKENS} tokens",
            if self.of_unknown_length > 0 { "at least" } else { "about" },
            dollars(audio + captions),
            dollars(audio),
            dollars(captions),
        )
    }
}

fn row(
    out: &mut impl Write,
    name: &str,
    estimate: Option<&Estimate>,
    state: &str,
) -> io::Result<()> {
    let unknown = || "-".to_owned();
    let seconds = estimate.and_then(|estimate| estimate.seconds);
    let seconds = seconds.map_or_else(unknown, |seconds| format!("{seconds:.2} s"));
    let bytes = estimate.map(|estimate| ByteSize(estimate.bytes).display().si().to_string());
    let bytes = bytes.unwrap_or_else(unknown);
    let tokens = estimate.and_then(|estimate| estimate.tokens).map_or_else(unknown, whole);
    let name = name.replace('\n', " ");
    writeln!(out, "{seconds:>10}  {bytes:>9}  {tokens:>7} tokens  {state:<10}  {name}")
}

fn whole(tokens: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few million")]
    HumanCount(tokens as u64).to_string()
}
