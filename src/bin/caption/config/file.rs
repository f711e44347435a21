//! `caption.toml`: options and rules in a file. A key is the long name of an option.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail, ensure};
use caption::{Rule, TextFile, decode_text, path_name};
use clap::{Arg, Command, ValueHint};
use toml::{Table, Value};

use super::project::{Policy, policy};
use super::{rule_tables, value_names};
use crate::args::similarity::suggest;
use crate::args::values::split_report;
use crate::render::overwrite::is_same_file;
use crate::render::project_folder::{is_within, leads_inside};

/// Name of the file, in the working folder and in the user's configuration folder.
pub(crate) const FILE: &str = "caption.toml";

/// Longer files are not read, in bytes.
const MAX_FILE_LEN: u64 = 256 * 1024;

/// Options that a file cannot set.
pub(super) const FLAG_ONLY: [&str; 4] = ["config", "generate", "help", "version"];

/// Key of the rule tables.
const RULE: &str = "rule";

/// One file of options and rules.
pub(crate) struct ConfigFile {
    path: PathBuf,
    table: Table,
    owner: Owner,
}

/// Origin of a file of options and rules.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// The file is in the user's configuration folder.
    User,
    /// The user named the file with `--config`.
    Named,
    /// Somebody else may have written the file.
    Project,
}

/// Reads the project's file and the user's, strongest first, or the named one that replaces both.
pub(crate) fn find(named: Option<&PathBuf>) -> anyhow::Result<Vec<ConfigFile>> {
    if let Some(path) = named {
        let file = ConfigFile::read(path, Owner::Named)?;
        let file = file.with_context(|| format!("{}: no such file", path_name(path)))?;
        return Ok(vec![file]);
    }
    let user = user_file();
    // In the user's configuration folder, the project's file is the user's.
    let project = project_file();
    let is_user = user.as_deref().is_some_and(|user| is_same_file(user, &project));
    let project = if is_user { None } else { ConfigFile::read(&project, Owner::Project)? };
    let user =
        user.and_then(|path| ConfigFile::read(&path, Owner::User).transpose()).transpose()?;
    Ok(project.into_iter().chain(user).collect())
}

/// Path of the project's file, which need not exist: the nearest on the way from the working folder
/// to the root of its repository.
pub(super) fn project_file() -> PathBuf {
    let folder = env::current_dir().unwrap_or_default();
    let root = folder.ancestors().position(|folder| folder.join(".git").exists()).unwrap_or(0);
    let mut candidates =
        (0..=root).map(|level| [".."].repeat(level).into_iter().collect::<PathBuf>().join(FILE));
    candidates.find(|path| path.exists()).unwrap_or_else(|| FILE.into())
}

/// Path of the user's file, which need not exist.
pub(super) fn user_file() -> Option<PathBuf> {
    dirs::config_dir().map(|folder| folder.join("caption").join(FILE))
}

impl ConfigFile {
    /// Reads a file, or returns `None` if it does not exist.
    fn read(path: &Path, owner: Owner) -> anyhow::Result<Option<Self>> {
        let name = || path_name(path);
        let text = match TextFile::open(path).and_then(|file| file.read(MAX_FILE_LEN)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => decode_text(&text.with_context(name)?).with_context(name)?,
        };
        let table = text.parse().map_err(|e: toml::de::Error| {
            let line = e.span().map_or(1, |span| text[..span.start].lines().count().max(1));
            anyhow!("{}, line {line}: {}", name(), e.message())
        })?;
        Ok(Some(Self { path: path.to_owned(), table, owner }))
    }

    /// Folder of the file; empty for the working folder.
    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    pub(crate) fn name(&self) -> String {
        path_name(&self.path)
    }

    /// All keys but the rules.
    pub(crate) fn settings(&self) -> impl Iterator<Item = (&str, &Value)> {
        let settings = self.table.iter().map(|(key, value)| (key.as_str(), value));
        settings.filter(|(key, _)| *key != RULE)
    }

    pub(crate) fn rules(&self) -> anyhow::Result<Vec<Rule>> {
        let Some(rules) = self.table.get(RULE) else { return Ok(Vec::new()) };
        let rules = rule_tables::rules(rules).with_context(|| self.name())?;
        let folder = Path::new(".").join(self.folder()).canonicalize();
        match folder.ok().filter(|_| self.owner != Owner::User) {
            Some(folder) => Ok(rules.into_iter().map(|rule| rule.with_folder(&folder)).collect()),
            None => Ok(rules),
        }
    }

    /// True if the file is the user's own or was named with `--config`.
    pub(crate) fn is_trusted(&self) -> bool {
        self.owner != Owner::Project
    }

    /// Option that a key sets.
    pub(crate) fn option<'a>(&self, key: &str, command: &'a Command) -> anyhow::Result<&'a Arg> {
        let is_allowed = |name: &&str| !FLAG_ONLY.contains(name);
        let option = |option: &&Arg| option.get_long().filter(is_allowed) == Some(key);
        let Some(option) = command.get_arguments().find(option) else {
            let valid = command.get_arguments().filter_map(Arg::get_long).filter(is_allowed);
            let suggestion = suggest(key, valid.chain([RULE]));
            bail!("{}: unknown key `{key}`{suggestion}", self.name());
        };
        ensure!(
            self.is_trusted() || policy(key) != Policy::Refused,
            "{}: a project's file cannot set {key}, for safety; use the option, your own file, or \
             --config",
            self.name()
        );
        Ok(option)
    }

    /// Arguments of the command line that set an option to a value.
    pub(crate) fn arguments(
        &self,
        option: &Arg,
        key: &str,
        value: &Value,
    ) -> anyhow::Result<Vec<OsString>> {
        let takes_value = option.get_action().takes_values();
        let may_be_bare = option.get_num_args().is_some_and(|count| count.min_values() == 0);
        let values = match value {
            Value::Boolean(is_on) if !takes_value || may_be_bare => {
                return Ok(is_on.then(|| format!("--{key}").into()).into_iter().collect());
            }
            Value::Array(values) if takes_value => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        values.iter().map(|value| self.argument(option, key, value)).collect()
    }

    fn argument(&self, option: &Arg, key: &str, value: &Value) -> anyhow::Result<OsString> {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Integer(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            _ => bail!("{}: {key} cannot be {}", self.name(), value_names::kind(value)),
        };
        let is_path = matches!(option.get_value_hint(), ValueHint::AnyPath | ValueHint::DirPath)
            && text != "-";
        let is_allowed = self.is_trusted() || key != "sidecar" || leads_inside(Path::new(&text));
        ensure!(is_allowed, "{}: {key} leads out of the project", self.name());
        let mut argument = OsString::from(format!("--{key}="));
        match split_report(OsStr::new(&text)) {
            (kind, Some(file)) if key == "report" => {
                argument.push(kind);
                argument.push("=");
                argument.push(self.resolve(key, Path::new(file))?);
            }
            _ if is_path => argument.push(self.resolve(key, Path::new(&text))?),
            _ => argument.push(text),
        }
        Ok(argument)
    }

    /// Path of a value, which is relative to the file; a project's path must stay in its folder.
    fn resolve(&self, key: &str, path: &Path) -> anyhow::Result<PathBuf> {
        let resolved = self.folder().join(path);
        let is_inside = || leads_inside(path) && is_within(&resolved, self.folder());
        let is_allowed = self.is_trusted() || is_inside();
        ensure!(is_allowed, "{}: {key} leads out of the project", self.name());
        Ok(resolved)
    }
}
