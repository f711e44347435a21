//! Audio that a folder search left out, counted so that nothing is left out in silence.

use std::collections::{BTreeMap, BTreeSet};

/// Paths in place of ignore files that are named in notes.
const MAX_NOT_FILES: usize = 10;

/// Extensions that are named in a note.
const MAX_EXTENSIONS: usize = 5;

/// Audio that a search of folders left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Omitted {
    /// Number of audio files that ignore files leave out, by the name of the ignore file.
    ignored: BTreeMap<&'static str, usize>,
    /// Number of links to audio outside of the folder.
    links: usize,
    /// Number of audio files whose extension is not searched for.
    others: usize,
    /// Some of their extensions.
    extensions: BTreeSet<String>,
    /// Globs of `exclude` that matched something.
    excluding: BTreeSet<String>,
    /// Some paths with the name of an ignore file that are no files.
    not_files: BTreeSet<String>,
    /// True if there are more of them.
    has_more_not_files: bool,
}

impl Omitted {
    /// Counts an audio file that a line of an ignore file matches.
    pub(super) fn count_ignored(&mut self, ignore_file: &'static str) {
        *self.ignored.entry(ignore_file).or_default() += 1;
    }

    /// Notes that a glob of `exclude` left something out.
    pub(super) fn count_excluded(&mut self, glob: &str) {
        if !self.excluding.contains(glob) {
            self.excluding.insert(glob.to_owned());
        }
    }

    /// True if a glob of `exclude` left something out.
    pub(super) fn is_excluding(&self, glob: &str) -> bool {
        self.excluding.contains(glob)
    }

    /// Counts a link that leads out of the folder.
    pub(super) fn count_link(&mut self) {
        self.links += 1;
    }

    /// Counts audio with an extension that is not searched for.
    pub(super) fn count_other(&mut self, extension: Option<&str>) {
        self.others += 1;
        if self.extensions.len() < MAX_EXTENSIONS {
            self.extensions.insert(extension.unwrap_or("none").to_owned());
        }
    }

    /// Keeps the description of something that has the name of an ignore file and is no file.
    pub(super) fn count_not_file(&mut self, description: &str) {
        if self.not_files.len() < MAX_NOT_FILES {
            self.not_files.insert(description.to_owned());
        } else {
            self.has_more_not_files |= !self.not_files.contains(description);
        }
    }

    /// Adds what another search left out.
    pub(super) fn merge(&mut self, other: &Self) {
        for (name, count) in &other.ignored {
            *self.ignored.entry(name).or_default() += count;
        }
        for description in &other.not_files {
            self.count_not_file(description);
        }
        self.has_more_not_files |= other.has_more_not_files;
        self.excluding.extend(other.excluding.iter().cloned());
        self.links += other.links;
        self.others += other.others;
        self.extensions.extend(other.extensions.iter().cloned());
        while self.extensions.len() > MAX_EXTENSIONS {
            self.extensions.pop_last();
        }
    }

    /// One line for each reason, with the option that includes the files.
    pub(super) fn notes(&self) -> Vec<String> {
        let ignored = self.ignored.iter().map(|(name, count)| {
            let files = counted(*count, "audio file");
            format!("{files} ignored by {name}; --no-ignore includes them")
        });
        let links = (self.links > 0).then(|| {
            let (links, verb) = match self.links {
                1 => ("1 link".to_owned(), "leads"),
                count => (format!("{count} links"), "lead"),
            };
            format!("{links} to audio {verb} out of the folder; --follow follows them")
        });
        let others = (self.others > 0).then(|| {
            let extensions = self.extensions.iter().map(String::as_str).collect::<Vec<_>>();
            format!(
                "{} with an extension that is not searched for ({}); name them, or use a glob",
                counted(self.others, "audio file"),
                extensions.join(", ")
            )
        });
        let not_files = self.not_files.iter().map(|path| format!("{path}; it is passed over"));
        let more = self.has_more_not_files.then(|| {
            "more ignore files are pipes, devices or folders; they are passed over".to_owned()
        });
        ignored.chain(links).chain(others).chain(not_files).chain(more).collect()
    }
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
