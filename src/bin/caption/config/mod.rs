//! Resolved settings of a run: owned values that no longer depend on their source.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;
use caption::{ClientOptions, Ffmpeg, Rule, UploadOptions};

use self::captioner::{audit_rules, client_options, ffmpeg, upload_options};
use self::input::InputConfig;
use self::precedence::Settings;
use crate::args::Cli;
use crate::args::values::ReportOption;
use crate::render::overwrite::OverwriteCheck;
use crate::render::sidecar::Sidecars;
use crate::render::{FormatKind, RenderOptions, ReportKind};
use crate::ui::diagnostics::Diagnostics;

pub(crate) mod api_key;
mod captioner;
pub(crate) mod environment;
mod file;
pub(crate) mod ineffective;
pub(crate) mod input;
pub(crate) mod precedence;
mod project;
mod rule_tables;
mod value_names;

/// Resolved settings of a run.
pub(crate) struct Config {
    pub(crate) input: InputConfig,
    pub(crate) formats: Vec<FormatKind>,
    /// True if more than one input is expected.
    pub(crate) is_batch: bool,
    pub(crate) is_dry_run: bool,
    pub(crate) is_offline: bool,
    /// Maximum of requests at a time, if the user set one.
    pub(crate) jobs: Option<usize>,
    /// Options of the client.
    pub(crate) options: ClientOptions,
    /// All files that options name.
    pub(crate) overwrite_check: OverwriteCheck,
    pub(crate) sidecars: Option<Arc<Sidecars>>,
    upload: UploadOptions,
    ffmpeg: Option<Ffmpeg>,
    /// Rules of flags and files, and the one that is built in.
    pub(crate) rules: Vec<Rule>,
    reports: Vec<ReportOption>,
    /// Options that need no resolution.
    cli: Cli,
}

impl Config {
    pub(crate) fn new(settings: Settings) -> anyhow::Result<Self> {
        let typed_exclude = settings.typed("exclude");
        let Settings { cli, mut rules, sidecar_limit, .. } = settings;
        let input = InputConfig::new(&cli, typed_exclude)?;
        let is_batch = input.is_batch();
        let formats = formats(&cli, is_batch)?;
        let options = client_options(&cli, streams(&cli, &formats, is_batch)?);
        let reports = unique(&cli.audit.report);
        let overwrite_check = overwrite_check(&cli, &reports)?;
        rules.extend(audit_rules(&cli.audit)?);
        rules.insert(0, Rule::looping());
        Ok(Self {
            is_batch,
            is_dry_run: cli.spend.dry_run,
            is_offline: cli.cache.offline,
            jobs: cli.network.jobs.number(),
            options,
            overwrite_check,
            upload: upload_options(&cli)?,
            ffmpeg: ffmpeg(&cli.audio.ffmpeg)?,
            sidecars: sidecars(&cli, &formats, sidecar_limit)?.map(Arc::new),
            input,
            formats,
            rules,
            reports,
            cli,
        })
    }

    /// True if the user or the project has rules beside the one that is built in.
    pub(crate) fn is_audit(&self) -> bool {
        self.rules.len() > 1
    }

    pub(crate) fn reports(&self, diagnostics: &Diagnostics) -> &[ReportOption] {
        if self.is_dry_run && !self.reports.is_empty() {
            diagnostics.note("a dry run writes no report");
            return &[];
        }
        &self.reports
    }

    /// True if captions are kept in a manifest.
    pub(crate) fn has_manifest(&self) -> bool {
        self.cli.cache.manifest.is_some()
    }

    /// Spending limit in US dollars.
    pub(crate) fn max_spend(&self) -> Option<f64> {
        self.cli.spend.max_spend
    }

    /// True if a later run finds the captions of this one.
    pub(crate) fn keeps_captions(&self) -> bool {
        self.has_manifest() || self.sidecars.is_some()
    }

    /// True if nothing but standard output receives the results.
    pub(crate) fn prints(&self) -> bool {
        let is_stdout = |path: &Path| path == Path::new("/dev/stdout");
        let has_others = self.sidecars.is_some() || self.has_manifest() || !self.reports.is_empty();
        self.output_file().is_none_or(is_stdout) && (self.is_dry_run || !has_others)
    }

    /// Options for captions on standard output or in `--output`.
    pub(crate) fn render_options(&self) -> RenderOptions {
        RenderOptions {
            is_batch: self.is_batch,
            is_terminal: io::stdout().is_terminal() && self.output_file().is_none(),
            ..render_options(&self.cli)
        }
    }

    /// File for the output. A dry run leaves the captions of the last run alone.
    pub(crate) fn output_file(&self) -> Option<&Path> {
        self.cli.output.output.as_deref().filter(|path| !self.is_dry_run && is_file_name(path))
    }
}

/// Options for captions in a file of their own.
fn render_options(cli: &Cli) -> RenderOptions {
    let (prepend, append) = (cli.output.prepend.clone(), cli.output.append.clone());
    let sentences = cli.output.sentences;
    RenderOptions { sentences, prepend, append, ..RenderOptions::default() }
}

fn sidecars(
    cli: &Cli,
    formats: &[FormatKind],
    limit: Option<PathBuf>,
) -> anyhow::Result<Option<Sidecars>> {
    if !writes_sidecars(cli) {
        return Ok(None);
    }
    if cli.cache.overwrite && cli.cache.manifest.is_none() && !cli.cache.refreshes() {
        bail!(
            "--overwrite writes sidecars from the manifest: add --manifest FILE, or use --force to \
             request all captions again"
        );
    }
    let sidecars = Sidecars {
        pattern: cli.output.sidecar.clone().unwrap_or(Sidecars::DEFAULT_PATTERN.to_owned()),
        folder: cli.output.output_dir.clone(),
        formats: formats.to_vec(),
        options: render_options(cli),
        overwrites: cli.cache.overwrites(),
        refreshes: cli.cache.refreshes(),
        limit,
    };
    sidecars.check_pattern()?;
    Ok(Some(sidecars))
}

/// Fails if an option names an output that would overwrite another file of the run.
fn overwrite_check(cli: &Cli, reports: &[ReportOption]) -> anyhow::Result<OverwriteCheck> {
    let mut check = OverwriteCheck::default();
    for operand in &cli.inputs {
        check.add_input(Path::new(operand));
    }
    let list = cli.search.files_from.as_deref().filter(is_file_name);
    let certificates = environment::get("SSL_CERT_FILE").map(PathBuf::from);
    let (project, user) = (file::project_file(), file::user_file());
    let read = [
        (list, "the list (--files-from)"),
        (cli.service.api_key_file.as_deref(), "the key file (--api-key-file)"),
        (cli.general.config.as_deref(), "the settings (--config)"),
        (Some(&project), "the settings of the project"),
        (user.as_deref(), "your settings"),
        (cli.network.cacert.as_deref(), "the certificates (--cacert)"),
        (certificates.as_deref(), "the certificates (SSL_CERT_FILE)"),
    ];
    for (path, meaning) in read {
        if let Some(path) = path {
            check.add_read(path, meaning);
        }
    }
    let output = cli.output.output.as_deref().filter(is_file_name);
    let summary = reports.iter().any(|report| report.kind == ReportKind::Github);
    let summary = environment::step_summary().filter(|_| summary);
    let named = [
        (output, "the output (--output)"),
        (cli.cache.manifest.as_deref(), "the manifest (--manifest)"),
        (summary.as_deref(), "the summary of the job (GITHUB_STEP_SUMMARY)"),
    ];
    let reports = reports.iter().map(|report| (report.file.as_deref(), "a report (--report)"));
    for (path, option) in named.into_iter().chain(reports) {
        path.map_or(Ok(()), |path| check.add_output(path, option))?;
    }
    Ok(check)
}

/// True if a path is not a dash, which is a standard stream.
fn is_file_name(path: &&Path) -> bool {
    path.as_os_str() != "-"
}

/// Values without duplicates, in their order.
fn unique<T: Clone + PartialEq>(values: &[T]) -> Vec<T> {
    let mut unique = Vec::new();
    for value in values {
        if !unique.contains(value) {
            unique.push(value.clone());
        }
    }
    unique
}

fn formats(cli: &Cli, is_batch: bool) -> anyhow::Result<Vec<FormatKind>> {
    let given = if cli.output.json { &[FormatKind::Json] } else { cli.output.formats.as_slice() };
    let formats = unique(given);
    if writes_sidecars(cli) {
        return Ok(formats);
    }
    if formats.len() > 1 {
        bail!("several formats need a file each: add --sidecar or --output-dir");
    }
    if is_batch && formats.iter().any(|format| format.is_subtitles()) {
        bail!("subtitles of several inputs need a file each: add --sidecar or --output-dir");
    }
    Ok(formats)
}

/// True if `--stream` is given, or if one caption is printed on a terminal.
fn streams(cli: &Cli, formats: &[FormatKind], is_batch: bool) -> anyhow::Result<bool> {
    let is_automatic = formats == [FormatKind::Text]
        && !is_batch
        && !writes_sidecars(cli)
        && cli.audio.window.is_none()
        && cli.output.output.is_none()
        && cli.output.sentences.is_none()
        && io::stdout().is_terminal();
    let streams = cli.service.stream || (is_automatic && !cli.service.no_stream);
    if streams && formats.contains(&FormatKind::Json) {
        bail!("--stream gives no single JSON document: remove --stream, or use --format text");
    }
    Ok(streams)
}

fn writes_sidecars(cli: &Cli) -> bool {
    cli.output.sidecar.is_some() || cli.output.output_dir.is_some()
}

/// True if a report shows waveforms.
fn shows_waveform(reports: &[ReportOption]) -> bool {
    reports.iter().any(|report| report.kind == ReportKind::Html)
}
