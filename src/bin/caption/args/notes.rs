//! Notes behind the options of `--help`, which are sections of the manual page.

/// Section of notes: its heading, and entries with a name and a meaning.
pub(crate) struct Section {
    pub(super) heading: &'static str,
    pub(crate) entries: &'static [(&'static str, &'static str)],
    /// True for commands that are shown as they are typed.
    pub(super) is_code: bool,
}

pub(super) const MODEL: &str =
    "The model takes no prompt: it describes speech, music and sounds, in English.";

pub(super) const EXAMPLES: Section = Section {
    heading: "Examples",
    is_code: true,
    entries: &[
        ("caption song.mp3", "caption one file"),
        ("caption https://example.com/a.wav", "the service downloads the URL"),
        ("sox in.flac -t wav - | caption -", "audio on standard input"),
        ("caption --json song.mp3 | jq .usage", "raw response"),
        ("caption --manifest m.jsonl sfx/", "a folder; rerun to resume"),
        ("caption --sidecar --dry-run sfx/", "estimate the cost"),
        ("caption --window 30s -f srt talk.mp4", "subtitles"),
        ("caption --deny 'speech|voice' ambience/", "audit: no voices allowed"),
    ],
};

pub(super) const ENVIRONMENT: Section = Section {
    heading: "Environment",
    is_code: false,
    entries: &[
        (
            "AIMLAPI_KEY",
            "API key; else AIMLAPI_API_KEY, else AIML_API_KEY. Create one\n\
             at https://aimlapi.com/app/keys. No option takes the key\n\
             itself, because process lists would show it.",
        ),
        ("AIMLAPI_BASE_URL", "URL of the service"),
        ("CAPTION_MODEL", "model"),
        ("CAPTION_FFMPEG", "path of ffmpeg, or never"),
        ("HTTPS_PROXY", "proxy; NO_PROXY lists exceptions"),
        ("SSL_CERT_FILE", "CA certificates in place of the system's (Linux)"),
        ("NO_COLOR", "no color"),
    ],
};

pub(super) const FILES: Section = Section {
    heading: "Files",
    is_code: false,
    entries: &[
        (
            "caption.toml",
            "options and rules of a project: the nearest file from the\n\
             working folder up to the root of its repository",
        ),
        (
            "~/.config/caption/caption.toml",
            "options and rules of the user; on macOS in\n\
             ~/Library/Application Support, on Windows in %APPDATA%",
        ),
    ],
};

pub(super) const EXIT_CODES: Section = Section {
    heading: "Exit codes",
    is_code: false,
    entries: &[
        ("0", "every input was captioned or cached"),
        ("1", "a rule was violated; no input failed"),
        ("2", "wrong usage or configuration; nothing was sent"),
        ("3", "at least one input failed; the others were delivered"),
        ("4", "no key, key refused, account unverified, out of credits or quota"),
        ("5", "--max-spend reached"),
        ("130, 143, 129", "ended by Ctrl-C, TERM or HUP"),
    ],
};

/// Keys of a `[[rule]]` table, for the manual page.
pub(crate) const RULES: Section = Section {
    heading: "Rules of caption.toml",
    is_code: false,
    entries: &[
        ("deny, require", "regular expression that no caption, or every caption, matches"),
        ("silence", "largest part of the audio that may be silent, from 0 to 1"),
        ("clipping", "most clipped samples"),
        ("duration", "seconds: min, max or both, as in duration = { max = 10.0 }"),
        ("channels", "list of numbers of channels"),
        ("rate", "Hz: min, max or both"),
        ("loudness", "LUFS: min, max or both"),
        ("decodes", "true: the whole file must decode"),
        ("name", "name in reports"),
        ("paths", "list of globs of the inputs that the rule applies to; all without it"),
        ("severity", "error, or warning, which does not change the exit code"),
        ("reason", "text shown with each violation"),
    ],
};

/// Introduction of [`RULES`].
pub(super) const RULES_INTRODUCTION: &str = "A [[rule]] table has exactly one of the keys deny, \
    require, silence, clipping, duration, channels, rate, loudness and decodes. It may also have \
    name, paths, severity and reason.";

/// Text behind the options of `--help`.
pub(super) fn text() -> String {
    let sections = [EXAMPLES, ENVIRONMENT, FILES, EXIT_CODES].map(|section| section.text());
    format!("{MODEL}\n\n{}", sections.join("\n\n"))
}

impl Section {
    /// The section in columns.
    fn text(&self) -> String {
        let width = self.entries.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let lines = self.entries.iter().map(|(name, meaning)| {
            let indented = meaning.replace('\n', &format!("\n{:width$}", "", width = width + 4));
            format!("  {name:width$}  {indented}")
        });
        format!("{}:\n{}", self.heading, lines.collect::<Vec<_>>().join("\n"))
    }
}
