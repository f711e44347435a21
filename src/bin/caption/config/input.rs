//! Operands, list and search options of a run.

use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use caption::{FolderSearch, leads_to_several};
use clap::CommandFactory;

use crate::args::Cli;
use crate::inputs::Shard;

/// Limit of the number of names in an error.
const MAX_NAMED: usize = 5;

/// Operands, list and search options of a run.
pub(crate) struct InputConfig {
    pub(crate) operands: Vec<OsString>,
    /// File with one input an entry; `-` is standard input.
    pub(crate) list: Option<PathBuf>,
    pub(crate) is_nul_separated: bool,
    pub(crate) search: FolderSearch,
    pub(crate) shard: Option<Shard>,
    pub(crate) allow_empty: bool,
}

impl InputConfig {
    pub(crate) fn new(cli: &Cli, typed_exclude: Vec<String>) -> anyhow::Result<Self> {
        if cli.inputs.is_empty() && cli.search.files_from.is_none() {
            return no_input();
        }
        if cli.inputs.iter().any(|operand| operand == "-") {
            if io::stdin().is_terminal() {
                bail!("standard input is a terminal: pipe audio into it, or name a file");
            }
            if cli.search.files_from.as_ref().is_some_and(|list| list.as_os_str() == "-") {
                bail!(
                    "standard input cannot be both the list and the audio; name a file for one of them"
                );
            }
        }
        let mut search = FolderSearch::default();
        search.hidden = cli.search.hidden;
        search.follow = cli.search.follow;
        search.no_ignore = cli.search.no_ignore;
        search.exclude.clone_from(&cli.search.exclude);
        search.watched_exclude = typed_exclude;
        search.check()?;
        Ok(Self {
            operands: cli.inputs.clone(),
            list: cli.search.files_from.clone(),
            is_nul_separated: cli.search.null,
            search,
            shard: cli.search.shard,
            allow_empty: cli.search.allow_empty,
        })
    }

    /// Globs of `--exclude` on the command line that matched nothing.
    pub(crate) fn unmatched_excludes(&self) -> impl Iterator<Item = &String> {
        self.search.watched_exclude.iter().filter(|glob| !self.search.has_excluded(glob))
    }

    /// True if more than one input is expected: everything but one file, URL or standard input.
    pub(crate) fn is_batch(&self) -> bool {
        match self.operands.as_slice() {
            [operand] => self.list.is_some() || leads_to_several(operand),
            _ => true,
        }
    }

    /// Error for a run that found no input.
    pub(crate) fn nothing_found(&self) -> anyhow::Error {
        let operands = self.operands.iter().map(OsString::as_os_str);
        let searched = operands.chain(self.list.as_deref().map(Path::as_os_str));
        let mut searched: Vec<_> = searched.map(OsStr::to_string_lossy).collect();
        let more = searched.len().saturating_sub(MAX_NAMED);
        searched.truncate(MAX_NAMED);
        if more > 0 {
            searched.push(format!("and {more} more").into());
        }
        let searched = searched.join(", ");
        let omitted = self.search.omitted();
        let hint = match omitted.as_slice() {
            [] => "name a file, or use --allow-empty".to_owned(),
            reasons => reasons.join("; "),
        };
        anyhow!("nothing to caption: no audio in {searched}; {hint}")
    }
}

fn no_input<T>() -> anyhow::Result<T> {
    if io::stdin().is_terminal() {
        let usage = Cli::command().render_usage();
        bail!("no input: name a file, a URL, or - for standard input ({usage}; see --help)");
    }
    bail!("no input: name a file or a URL, or run caption - to read standard input");
}
