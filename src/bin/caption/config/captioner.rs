//! Captioner of a run: client, key, rules, cache and budget.

use std::path::Path;

use anyhow::{Context, bail};
use caption::{
    Captioner, CaptionerOptions, Client, ClientOptions, Convert, Error, Ffmpeg, Manifest, Rule,
    Shutdown, UploadOptions, path_name,
};

use super::rule_tables::PatternSize;
use super::{Config, api_key, shows_waveform, unique};
use crate::args::Cli;
use crate::args::options::AuditArgs;
use crate::args::values::FfmpegChoice;
use crate::render::FormatKind;
use crate::ui::diagnostics::Diagnostics;
use crate::ui::summary::count;

impl Config {
    /// Creates the captioner. A dry run and an offline run need no key.
    pub(crate) fn captioner(
        &self,
        diagnostics: &Diagnostics,
        shutdown: &Shutdown,
    ) -> anyhow::Result<Captioner> {
        let mut captioner =
            Captioner::new(self.captioner_options()).with_shutdown(shutdown.clone());
        captioner = if self.is_offline || self.is_dry_run {
            captioner.without_client(self.options.clone())
        } else {
            let key = api_key::find(self.cli.service.api_key_file.as_deref(), diagnostics)?;
            captioner.with_client(Client::new(key, self.options.clone())?)
        };
        captioner = captioner.with_rules(self.rules.clone());
        if let Some(manifest) = self.cache(diagnostics)? {
            captioner = captioner.with_cache(manifest);
        }
        if let Some(usd) = self.cli.spend.max_spend {
            captioner = captioner.with_budget(usd);
        }
        Ok(captioner)
    }

    fn captioner_options(&self) -> CaptionerOptions {
        let mut options = CaptionerOptions::default();
        options.track = self.cli.audio.track;
        options.inline = self.cli.audio.inline;
        options.upload = self.upload.clone();
        options.ffmpeg.clone_from(&self.ffmpeg);
        options.needs_length = self.formats.iter().any(|format| format.is_subtitles());
        options.needs_waveform = shows_waveform(&self.reports);
        options.remeasure = self.cli.audit.remeasure;
        options.jobs = self.jobs;
        options
    }

    /// Manifest of cached captions, or one that ends with the run where captions may repeat. The
    /// service's own response is not kept, so `json` has no cache.
    fn cache(&self, diagnostics: &Diagnostics) -> anyhow::Result<Option<Manifest>> {
        let is_json = self.formats.contains(&FormatKind::Json);
        let writes_records =
            self.formats.contains(&FormatKind::Jsonl) || self.formats.contains(&FormatKind::Csv);
        let manifest = match &self.cli.cache.manifest {
            Some(_) if is_json => {
                bail!(
                    "a manifest has no responses of the service: use --format jsonl with --manifest"
                )
            }
            Some(path) => self.open_manifest(path, diagnostics)?,
            None if !is_json && (self.is_batch || writes_records) => {
                Manifest::temporary().map_err(Error::TempFile)?
            }
            None => return Ok(None),
        };
        Ok(Some(if self.cli.cache.refreshes() { manifest.without_existing() } else { manifest }))
    }

    fn open_manifest(&self, path: &Path, diagnostics: &Diagnostics) -> anyhow::Result<Manifest> {
        let manifest = if self.is_dry_run && !path.exists() {
            // A dry run creates no file.
            Manifest::temporary()
        } else if self.is_dry_run || self.is_offline {
            Manifest::open_read_only(path)
        } else {
            Manifest::open(path)
        };
        let manifest =
            manifest.with_context(|| format!("could not open the manifest {}", path_name(path)))?;
        let lines = manifest.unreadable_lines();
        if lines > 0 {
            let path = path_name(path);
            let lines = count(lines as u64, "invalid line");
            diagnostics.note(&format!("{lines} ignored in {path}"));
        }
        Ok(manifest)
    }
}

/// Rules of the audit options.
pub(super) fn audit_rules(audit: &AuditArgs) -> anyhow::Result<Vec<Rule>> {
    let checks: Vec<_> = audit.check.iter().flatten().cloned().collect();
    let mut rules = pattern_rules(&audit.deny, &audit.require, &[])?;
    rules.extend(unique(&checks).into_iter().map(Rule::audio));
    Ok(rules)
}

/// Rules on captions. Fails if their patterns and those of other rules take too much memory.
pub(super) fn pattern_rules(
    deny: &[String],
    require: &[String],
    others: &[Rule],
) -> anyhow::Result<Vec<Rule>> {
    let deny = deny.iter().map(|pattern| Rule::deny(pattern));
    let mut size = PatternSize::default();
    others.iter().try_for_each(|rule| size.add(rule))?;
    let rules = deny.chain(require.iter().map(|pattern| Rule::require(pattern)));
    rules
        .map(|rule| rule.map_err(Into::into).and_then(|rule| size.add(&rule).map(|()| rule)))
        .collect()
}

/// Options of the client.
pub(super) fn client_options(cli: &Cli, streams: bool) -> ClientOptions {
    let mut options = ClientOptions::default();
    options.base_url.clone_from(&cli.service.base_url);
    options.model.clone_from(&cli.service.model);
    options.dialect = cli.service.dialect;
    options.max_tokens = cli.service.max_tokens;
    options.stream = streams;
    options.max_retries = cli.network.max_retries;
    options.timeout = cli.network.timeout;
    options.connect_timeout = cli.network.connect_timeout;
    options.min_interval = cli.network.rate.unwrap_or_default();
    options.max_outage = cli.network.outage;
    options.proxy.clone_from(&cli.network.proxy);
    options.ca_file.clone_from(&cli.network.cacert);
    options.allow_http = cli.service.allow_http;
    options
}

/// Decoder of what cannot be decoded here, if there is one.
pub(super) fn ffmpeg(choice: &FfmpegChoice) -> anyhow::Result<Option<Ffmpeg>> {
    match choice {
        FfmpegChoice::Auto => Ok(Ffmpeg::find()),
        FfmpegChoice::Never => Ok(None),
        FfmpegChoice::Program(path) => Ffmpeg::at(path).map(Some).with_context(|| {
            format!(
                "--ffmpeg names no program: {}; use the path of ffmpeg, or auto",
                path_name(path)
            )
        }),
    }
}

/// Options of uploads, with a window that a request can hold.
pub(super) fn upload_options(cli: &Cli) -> anyhow::Result<UploadOptions> {
    let mut upload = UploadOptions::default();
    upload.convert = cli.audio.convert;
    upload.window = cli.audio.window;
    upload.max_upload = cli.audio.max_upload;
    upload.measures = cli.general.verbose || shows_waveform(&cli.audit.report);
    if cli.audio.track.is_some() && upload.convert == Convert::Never {
        bail!("--track needs conversion: remove --convert never");
    }
    let Some(window) = upload.window else { return Ok(upload) };
    if upload.convert == Convert::Never {
        bail!("--window needs conversion: remove --convert never");
    }
    let longest = upload.longest_window();
    if window > longest {
        let longest = humantime::format_duration(longest);
        bail!("--window is too long: at most {longest}, since a cut may come 2 s late");
    }
    Ok(upload)
}
