//! Resolved settings of a run: owned values that no longer depend on their source.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::bail;
use caption::{ClientOptions, Rule, UploadOptions};

use self::captioner::{audit_rules, client_options, upload_options};
use self::file::is_within;
use self::input::InputConfig;
use self::settings::Settings;
use crate::args::Cli;
use crate::args::report::ReportOption;
use crate::render::overwrite::OverwriteCheck;
use crate::render::sidecar::Sidecars;
use crate::render::{FormatKind, RenderOptions, ReportKind};
use crate::ui::diagnostics::Diagnostics;

pub(crate) mod api_key;
mod captioner;
pub(crate) mod display;
pub(crate) mod environment;
mod file;
pub(crate) mod ineffective;
pub(crate) mod input;
mod overwrite;
mod rules;
pub(crate) mod settings;

/// Resolved settings of a run.
#[expect(clippy::struct_excessive_bools, reason = "independent switches")]
pub(crate) struct Config {
    pub(crate) input: InputConfig,
    pub(crate) formats: Vec<FormatKind>,
    /// True if more than one input is expected.
    pub(crate) is_batch: bool,
    /// True if captions are requested as streams.
    pub(crate) streams: bool,
    pub(crate) is_dry_run: bool,
    pub(crate) is_offline: bool,
    /// Maximum of requests at a time.
    pub(crate) jobs: usize,
    /// Options of the client.
    pub(crate) options: ClientOptions,
    /// All files that options name.
    pub(crate) overwrite_check: OverwriteCheck,
    inline: bool,
    upload: UploadOptions,
    api_key_file: Option<PathBuf>,
    manifest: Option<PathBuf>,
    /// Ignores the cache and overwrites sidecars.
    force: bool,
    max_spend: Option<f64>,
    /// Rules of flags and files.
    rules: Vec<Rule>,
    output: Option<PathBuf>,
    sidecars: Option<SidecarConfig>,
    prepend: String,
    append: String,
    reports: Vec<ReportOption>,
}

struct SidecarConfig {
    pattern: String,
    folder: Option<PathBuf>,
    /// True if a project asks for them, which must not write outside its folder.
    is_confined: bool,
}

impl Config {
    pub(crate) fn new(settings: Settings) -> anyhow::Result<Self> {
        let Settings { cli, mut rules, confines_sidecars, .. } = settings;
        let input = InputConfig::new(&cli)?;
        let is_batch = input.is_batch();
        let formats = formats(&cli, is_batch)?;
        let streams = streams(&cli, &formats, is_batch)?;
        let overwrite_check = overwrite::check(&cli)?;
        rules.extend(audit_rules(&cli.audit)?);
        Ok(Self {
            is_batch,
            streams,
            is_dry_run: cli.spend.dry_run,
            is_offline: cli.cache.offline,
            jobs: usize::from(cli.network.jobs),
            options: client_options(&cli, streams),
            overwrite_check,
            inline: cli.audio.inline,
            upload: upload_options(&cli)?,
            force: cli.cache.force,
            max_spend: cli.spend.max_spend,
            reports: overwrite::reports(&cli),
            sidecars: writes_sidecars(&cli).then(|| SidecarConfig {
                pattern: cli.output.sidecar.unwrap_or(Sidecars::DEFAULT_PATTERN.to_owned()),
                folder: cli.output.output_dir,
                is_confined: confines_sidecars,
            }),
            input,
            formats,
            rules,
            api_key_file: cli.service.api_key_file,
            manifest: cli.cache.manifest,
            output: cli.output.output,
            prepend: cli.output.prepend,
            append: cli.output.append,
        })
    }

    /// True if the user or the project has rules.
    pub(crate) fn is_audit(&self) -> bool {
        !self.rules.is_empty()
    }

    pub(crate) fn reports(&self, diagnostics: &Diagnostics) -> &[ReportOption] {
        if self.is_dry_run && !self.reports.is_empty() {
            diagnostics.note("a dry run writes no report");
            return &[];
        }
        &self.reports
    }

    pub(crate) fn sidecars(&self) -> anyhow::Result<Option<Sidecars>> {
        let Some(SidecarConfig { pattern, folder, .. }) = &self.sidecars else { return Ok(None) };
        let options =
            RenderOptions { is_batch: false, is_terminal: false, ..self.render_options() };
        Sidecars::new(pattern, folder.clone(), self.formats.clone(), options, self.force).map(Some)
    }

    /// Refuses sidecars outside the folder of the project that asks for them.
    pub(crate) fn check_confined(
        &self,
        mut paths: impl Iterator<Item = PathBuf>,
    ) -> anyhow::Result<()> {
        let is_confined = self.sidecars.as_ref().is_some_and(|sidecars| sidecars.is_confined);
        match paths.find(|path| is_confined && !is_within(path, Path::new(""))) {
            Some(path) => bail!("caption.toml: {} leads out of the project", path.display()),
            None => Ok(()),
        }
    }

    /// Options for captions on standard output or in `--output`.
    pub(crate) fn render_options(&self) -> RenderOptions {
        RenderOptions {
            is_batch: self.is_batch,
            is_terminal: io::stdout().is_terminal() && self.output_file().is_none(),
            prepend: self.prepend.clone(),
            append: self.append.clone(),
            ..RenderOptions::default()
        }
    }

    /// File for the output. A dry run leaves the captions of the last run alone.
    pub(crate) fn output_file(&self) -> Option<&Path> {
        self.output.as_deref().filter(|path| !self.is_dry_run && path.as_os_str() != "-")
    }
}

fn formats(cli: &Cli, is_batch: bool) -> anyhow::Result<Vec<FormatKind>> {
    let mut formats = Vec::new();
    for format in if cli.output.json { &[FormatKind::Json] } else { cli.output.formats.as_slice() }
    {
        if !formats.contains(format) {
            formats.push(*format);
        }
    }
    if writes_sidecars(cli) {
        return Ok(formats);
    }
    if formats.len() > 1 {
        bail!("several formats need a file each: add --sidecar or --output-dir");
    }
    if is_batch && formats.iter().any(|format| format.is_subtitles()) {
        bail!("subtitles are of one sound: add --sidecar or --output-dir for several inputs");
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
        && io::stdout().is_terminal();
    let streams = cli.service.stream || (is_automatic && !cli.service.no_stream);
    if streams && formats.contains(&FormatKind::Json) {
        bail!("--stream gives no single JSON document: leave it out, or print text");
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
