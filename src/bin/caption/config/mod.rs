//! From what was typed and what the environment says to what is meant.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use caption::{
    Captioner, CaptionerOptions, Client, ClientOptions, Convert, Error, Manifest, Rule, Shutdown,
    UploadOptions, leads_to_several,
};

use crate::args::Cli;
use crate::args::report::ReportOption;
use crate::config::environment::Environment;
use crate::config::paths::is_within;
use crate::render::overwrite::OverwriteCheck;
use crate::render::sidecar::Sidecars;
use crate::render::{FormatKind, RenderOptions, ReportKind};
use crate::ui::diagnostics::Diagnostics;

pub(crate) mod api_key;
pub(crate) mod environment;
pub(crate) mod file;
mod overwrite;
pub(crate) mod paths;
pub(crate) mod rules;

/// What the command line and the environment come to.
pub(crate) struct Config<'a> {
    cli: &'a Cli,
    environment: &'a Environment,
    pub(crate) formats: Vec<FormatKind>,
    /// Whether more than one input is to be expected.
    pub(crate) is_batch: bool,
    pub(crate) streams: bool,
    pub(crate) jobs: usize,
    pub(crate) is_offline: bool,
    pub(crate) options: ClientOptions,
    /// All files that options name.
    pub(crate) overwrite_check: OverwriteCheck,
}

impl<'a> Config<'a> {
    pub(crate) fn new(cli: &'a Cli, environment: &'a Environment) -> anyhow::Result<Self> {
        let formats = formats(cli)?;
        let is_batch = is_batch(cli);
        let writes_text = formats == [FormatKind::Text] && !writes_sidecars(cli);
        let by_itself = writes_text
            && !is_batch
            && cli.sound.window.is_none()
            && cli.output.output.is_none()
            && environment.stdout_is_terminal;
        let streams = cli.service.stream || (by_itself && !cli.service.no_stream);
        if streams && formats.contains(&FormatKind::Json) {
            bail!("--stream gives no single JSON document: leave it out, or print text");
        }
        let options = options(cli, environment, streams);
        let jobs = usize::from(cli.network.jobs);
        let is_offline = cli.known.offline;
        let overwrite_check = overwrite::check(cli)?;
        check_window(&upload(cli))?;
        if is_batch && !writes_sidecars(cli) && formats.iter().any(|format| format.is_subtitles()) {
            bail!("subtitles are of one sound: add --sidecar or --output-dir for several inputs");
        }
        Ok(Self {
            cli,
            environment,
            formats,
            is_batch,
            streams,
            jobs,
            is_offline,
            options,
            overwrite_check,
        })
    }

    /// The captioner; unless it is only to plan or remember, a key is looked for first of all.
    pub(crate) fn captioner(
        &self,
        diagnostics: &Diagnostics,
        shutdown: &Shutdown,
    ) -> anyhow::Result<Captioner> {
        let mut options = CaptionerOptions::default();
        options.inline = self.cli.sound.inline;
        options.upload = upload(self.cli);
        options.needs_length = self.formats.iter().any(|format| format.is_subtitles());
        options.needs_waveform = shows_sound(self.cli);
        options.jobs = self.jobs;
        let mut captioner = Captioner::new(options).with_shutdown(shutdown.clone());
        if !self.cli.known.offline && !self.cli.money.dry_run {
            let file = self.cli.service.api_key_file.as_deref();
            let api_key::FoundKey { key, is_open_to_others } =
                api_key::find(file, self.environment)?;
            if is_open_to_others {
                diagnostics.warn(
                    "others on this machine can read the file that --api-key-file names; chmod 600 it",
                );
            }
            let client = Client::new(key, self.options.clone())?;
            captioner = captioner.with_client(client);
        } else {
            captioner = captioner.without_client(self.options.clone());
        }
        captioner = captioner.with_rules(rules(self.cli)?);
        if let Some(manifest) = self.cache(diagnostics)? {
            captioner = captioner.with_cache(manifest);
        }
        if let Some(usd) = self.cli.money.max_spend {
            captioner = captioner.with_budget(usd);
        }
        Ok(captioner)
    }

    /// Where captions are looked up: a manifest, or for several inputs one that ends with the
    /// run. The service's own response is not kept in it, so for that there is none.
    fn cache(&self, diagnostics: &Diagnostics) -> anyhow::Result<Option<Manifest>> {
        let manifest = match &self.cli.known.manifest {
            Some(path) => self.manifest(path, diagnostics)?,
            None if self.formats.contains(&FormatKind::Json) => return Ok(None),
            None if self.is_batch || self.writes_records() => {
                Manifest::temporary().context("could not make a temporary file")?
            }
            None => return Ok(None),
        };
        let refreshes = self.cli.known.force;
        Ok(Some(if refreshes { manifest.without_existing() } else { manifest }))
    }

    fn manifest(&self, path: &Path, diagnostics: &Diagnostics) -> anyhow::Result<Manifest> {
        if self.formats.contains(&FormatKind::Json) {
            bail!("a manifest keeps records and not the service's responses: use --format jsonl");
        }
        let manifest = if self.cli.known.offline {
            Manifest::open_read_only(path)
        } else if !self.cli.money.dry_run {
            Manifest::open(path)
        } else if path.exists() {
            Manifest::open_read_only(path)
        } else {
            // A dry run makes no file.
            Manifest::temporary()
        };
        let manifest =
            manifest.with_context(|| format!("could not open the manifest {}", path.display()))?;
        if manifest.unreadable_lines() > 0 {
            let lines = manifest.unreadable_lines();
            let path = path.display();
            diagnostics.note(&format!("{lines} torn or foreign lines set aside in {path}"));
        }
        Ok(manifest)
    }

    pub(crate) fn is_dry_run(&self) -> bool {
        self.cli.money.dry_run
    }

    /// Whether there are rules that somebody made.
    pub(crate) fn is_audit(&self) -> bool {
        let audit = &self.cli.audit;
        let typed = audit.deny.len() + audit.require.len() + audit.check.len();
        typed + self.cli.rules.len() > 0
    }

    pub(crate) fn reports(&self, diagnostics: &Diagnostics) -> Vec<ReportOption> {
        let reports = overwrite::reports(self.cli);
        if !self.cli.money.dry_run || reports.is_empty() {
            return reports;
        }
        diagnostics.note("a dry run writes no report");
        Vec::new()
    }

    fn writes_records(&self) -> bool {
        self.formats.contains(&FormatKind::Jsonl) || self.formats.contains(&FormatKind::Csv)
    }

    pub(crate) fn sidecars(&self) -> anyhow::Result<Option<Sidecars>> {
        if !writes_sidecars(self.cli) {
            return Ok(None);
        }
        let output = &self.cli.output;
        let pattern = output.sidecar.as_deref().unwrap_or(Sidecars::DEFAULT_PATTERN);
        let options =
            RenderOptions { is_batch: false, is_terminal: false, ..self.render_options() };
        let (folder, formats) = (output.output_dir.clone(), self.formats.clone());
        Sidecars::new(pattern, folder, formats, options, self.cli.known.force).map(Some)
    }

    /// Refuses places that a project, which somebody else may have made, must not write to.
    pub(crate) fn keep_inside(
        &self,
        mut places: impl Iterator<Item = PathBuf>,
    ) -> anyhow::Result<()> {
        let Some(project) = &self.cli.project else { return Ok(()) };
        match places.find(|place| !is_within(place, project)) {
            Some(place) => bail!("caption.toml: {} leads out of the project", place.display()),
            None => Ok(()),
        }
    }

    /// Options for captions on standard output or in `--output`.
    pub(crate) fn render_options(&self) -> RenderOptions {
        RenderOptions {
            is_batch: self.is_batch,
            is_terminal: self.environment.stdout_is_terminal && self.output_file().is_none(),
            prepend: self.cli.output.prepend.clone(),
            append: self.cli.output.append.clone(),
            ..RenderOptions::default()
        }
    }

    pub(crate) fn output_file(&self) -> Option<&Path> {
        // A dry run leaves the captions of the last run alone.
        let file = self.cli.output.output.as_deref().filter(|_| !self.cli.money.dry_run);
        file.filter(|path| path.as_os_str() != "-")
    }
}

fn formats(cli: &Cli) -> anyhow::Result<Vec<FormatKind>> {
    if cli.output.json {
        return Ok(vec![FormatKind::Json]);
    }
    let mut formats = Vec::new();
    for format in &cli.output.formats {
        if !formats.contains(&format.kind()) {
            formats.push(format.kind());
        }
    }
    if formats.len() > 1 && !writes_sidecars(cli) {
        bail!("several formats need a file each: add --sidecar or --output-dir");
    }
    Ok(formats)
}

fn writes_sidecars(cli: &Cli) -> bool {
    cli.output.sidecar.is_some() || cli.output.output_dir.is_some()
}

/// The rules that were typed, and the one that everybody wants.
fn rules(cli: &Cli) -> Result<Vec<Rule>, Error> {
    let audit = &cli.audit;
    let mut rules = vec![Rule::looping()];
    rules.extend(cli.rules.iter().cloned());
    for pattern in &audit.deny {
        rules.push(Rule::deny(pattern)?);
    }
    for pattern in &audit.require {
        rules.push(Rule::require(pattern)?);
    }
    rules.extend(audit.check.iter().flat_map(|check| &check.0).cloned().map(Rule::audio));
    Ok(rules)
}

fn upload(cli: &Cli) -> UploadOptions {
    let mut upload = UploadOptions::default();
    upload.convert = cli.sound.convert.convert();
    upload.window = cli.sound.window;
    upload.max_upload = cli.sound.max_upload.0;
    upload.measures = cli.general.verbose || shows_sound(cli);
    upload
}

/// Whether there is a report in which sound is seen.
fn shows_sound(cli: &Cli) -> bool {
    cli.audit.report.iter().any(|report| report.kind == ReportKind::Html)
}

fn check_window(upload: &UploadOptions) -> anyhow::Result<()> {
    let Some(window) = upload.window else { return Ok(()) };
    if upload.convert == Convert::Never {
        bail!("--window cuts converted sound: leave --convert never out");
    }
    let longest = upload.longest_window();
    if window > longest {
        let longest = humantime::format_duration(longest);
        bail!("--window is too long: at most {longest}, since a cut may come 2 s late");
    }
    Ok(())
}

/// One file, URL or standard input is one; anything else may be several.
fn is_batch(cli: &Cli) -> bool {
    match cli.inputs.as_slice() {
        [operand] => cli.search.files_from.is_some() || leads_to_several(operand),
        _ => true,
    }
}

fn options(cli: &Cli, environment: &Environment, stream: bool) -> ClientOptions {
    let mut options = ClientOptions::default();
    if let Some(url) = cli.service.base_url.clone().or_else(|| environment.get("AIMLAPI_BASE_URL"))
    {
        options.base_url = url;
    }
    if let Some(model) = cli.service.model.clone().or_else(|| environment.get("CAPTION_MODEL")) {
        options.model = model;
    }
    options.dialect = cli.service.dialect.dialect();
    options.max_tokens = cli.service.max_tokens;
    options.stream = stream;
    options.max_retries = cli.network.max_retries;
    options.timeout = cli.network.timeout;
    options.connect_timeout = cli.network.connect_timeout;
    options.min_interval = cli.network.rate.unwrap_or_default();
    options.proxy.clone_from(&cli.network.proxy);
    options.ca_file.clone_from(&cli.network.cacert);
    options.allow_http = cli.service.allow_http;
    options
}
