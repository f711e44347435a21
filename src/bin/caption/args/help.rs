//! How help looks, and what stands below the options.

use clap::builder::styling::{AnsiColor, Styles};

pub(crate) const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

pub(crate) const AFTER_HELP: &str = "\
The caption comes from AI/ML API's captioning model. It takes no prompt: it
describes speech, music and noises, in English.

Examples:
  caption song.mp3                        what does it sound like?
  caption https://example.com/a.wav       the service fetches the URL
  sox in.flac -t wav - | caption -        sound on standard input
  caption --json song.mp3 | jq .usage     the service's whole answer
  caption --manifest m.jsonl sfx/         a folder; never asked or paid twice
  caption --sidecar --dry-run sfx/        what would it take?
  caption --window 30s -f srt talk.mp4    subtitles of what is to be heard
  caption --deny 'speech|voice' ambience/ no voices in the ambience?

The key is read from AIMLAPI_KEY, AIMLAPI_API_KEY or AIML_API_KEY; make one at
https://aimlapi.com/app/keys. There is no option that takes the key itself: it
would show in the process list.

Exit codes: 0 captioned, 1 a rule was broken, 2 wrong usage, 3 some inputs
failed, 4 no key, key refused, account unverified or out of credits, 5
--max-spend reached, 130 interrupted.";
