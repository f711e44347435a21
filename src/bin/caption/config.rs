//! From what was typed and what the environment says to what is meant.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use anyhow::{Context, bail};
use caption::captioner::{Captioner, Preparation};
use caption::service::{ApiKey, Client, Downloader, Options};

use super::cli::{Cli, OutputFormat};

/// Where a key is looked for, the first one that is set and not empty wins.
const KEY_VARIABLES: [&str; 3] = ["AIMLAPI_KEY", "AIMLAPI_API_KEY", "AIML_API_KEY"];

/// No key is longer; a file that is was named by mistake.
const LONGEST_KEY: u64 = 16 * 1024;

/// From the name of a variable to its value.
type Variables = dyn Fn(&str) -> Option<OsString>;

/// What the program can see of the process around it.
pub(crate) struct Environment {
    variable: Box<Variables>,
    pub(crate) stdin_is_terminal: bool,
    pub(crate) stdout_is_terminal: bool,
    pub(crate) stderr_is_terminal: bool,
}

impl Environment {
    pub(crate) fn of_process() -> Self {
        Self::with_variables(|name| std::env::var_os(name))
    }

    /// The process's own terminals with other variables.
    pub(crate) fn with_variables(variable: impl Fn(&str) -> Option<OsString> + 'static) -> Self {
        Self {
            variable: Box::new(variable),
            stdin_is_terminal: io::stdin().is_terminal(),
            stdout_is_terminal: io::stdout().is_terminal(),
            stderr_is_terminal: io::stderr().is_terminal(),
        }
    }

    /// A variable that is set to something.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let value = (self.variable)(name)?.into_string().ok()?;
        Some(value).filter(|value| !value.trim().is_empty())
    }
}

/// There is no key to ask with.
#[derive(Debug, thiserror::Error)]
#[error("no key: {} is not set", KEY_VARIABLES[0])]
pub(crate) struct NoKey;

/// The captioner as the command line and the environment want it; the key comes first.
pub(crate) fn captioner(
    cli: &Cli,
    environment: &Environment,
    stream: bool,
) -> anyhow::Result<Captioner> {
    if cli.stream && format(cli) == OutputFormat::Json {
        bail!("--stream gives no single JSON document: leave it out, or print text");
    }
    let key = find_key(cli.api_key_file.as_deref(), environment)?;
    let options = options(cli, environment, stream);
    let downloader = Downloader::new(&options);
    let client = Client::new(key, options)?;
    let mut preparation = Preparation::default();
    preparation.inline = cli.inline;
    preparation.max_upload = cli.max_upload.0;
    Ok(Captioner::new(client, downloader, preparation))
}

/// The caption is shown while it arrives where one goes to a terminal as text.
pub(crate) fn streams(cli: &Cli, environment: &Environment) -> bool {
    let by_itself = format(cli) == OutputFormat::Text
        && cli.inputs.len() == 1
        && environment.stdout_is_terminal;
    cli.stream || (by_itself && !cli.no_stream)
}

pub(crate) fn format(cli: &Cli) -> OutputFormat {
    if cli.json { OutputFormat::Json } else { cli.format }
}

fn options(cli: &Cli, environment: &Environment, stream: bool) -> Options {
    let mut options = Options::default();
    if let Some(url) = cli.base_url.clone().or_else(|| environment.get("AIMLAPI_BASE_URL")) {
        options.base_url = url;
    }
    if let Some(model) = cli.model.clone().or_else(|| environment.get("CAPTION_MODEL")) {
        options.model = model;
    }
    options.max_tokens = cli.max_tokens;
    options.stream = stream;
    options.max_retries = cli.max_retries;
    options.timeout = cli.timeout;
    options.connect_timeout = cli.connect_timeout;
    options.allow_http = cli.allow_http;
    options
}

fn find_key(file: Option<&Path>, environment: &Environment) -> anyhow::Result<ApiKey> {
    let key = match file {
        Some(path) => read_key(path)
            .with_context(|| format!("could not read the key from {}", path.display()))?,
        None => KEY_VARIABLES.iter().find_map(|name| environment.get(name)).ok_or(NoKey)?,
    };
    Ok(ApiKey::new(&key)?)
}

fn read_key(path: &Path) -> io::Result<String> {
    let mut key = String::new();
    File::open(path)?.take(LONGEST_KEY).read_to_string(&mut key)?;
    Ok(key)
}
