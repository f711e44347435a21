//! Hints for errors: the next step for the user.

use std::borrow::Cow;
use std::io;

use caption::{Advice, ApiError, ApiErrorKind, Error, Setting, Shortfall};

const CREATE_KEY: &str =
    "make a key at https://aimlapi.com/app/keys and set AIMLAPI_KEY or --api-key-file to it";
const SHRINK: &str = "shorten it, shrink it (ffmpeg -i IN -ac 1 -ar 16000 -b:a 64k OUT.mp3), \
                      or give a public URL in its place";

const REFUSED: &str = "leave it out, or try another --model";

/// Hint of what to do next.
pub(crate) fn hint(error: &Error) -> Cow<'static, str> {
    Cow::Borrowed(match error {
        error if error.is_out_of_descriptors() => {
            "lower --jobs, or raise the limit of open files (ulimit -n)"
        }
        Error::InWindow { source, .. } => {
            return format!("{}; with a manifest, what was captioned is kept", hint(source)).into();
        }
        Error::Billed { source, .. } | Error::Unserved { source, .. } => return hint(source),
        Error::TooLarge { advice, .. } | Error::TooLong { advice, .. } => {
            return hint_of_advice(*advice);
        }
        Error::NothingFound { omitted } if !omitted.is_empty() => return omitted.join("; ").into(),
        Error::Invalid { setting, .. } => hint_of_setting(*setting),
        Error::Unreadable(error) => hint_of_unreadable(error),
        Error::Api(api_error) => return hint_of_api_error(api_error),
        error => hint_of_input(error)
            .or_else(|| hint_of_network(error))
            .unwrap_or_else(|| hint_of_run(error)),
    })
}

/// Hint for an input that cannot be used.
fn hint_of_input(error: &Error) -> Option<&'static str> {
    Some(match error {
        Error::NotAFile { what: "a folder" } => "name the audio files in it",
        Error::NotAFile { .. } => "to caption what comes out of it, say caption - < NAME",
        Error::NothingFound { .. } => "check the name, or say --allow-empty",
        Error::LfsPointer { .. } => "run git lfs pull",
        Error::WrongSeparator { is_nul_separated: true } => "try it without --null",
        Error::WrongSeparator { .. } => {
            "say --null if NUL bytes end its names, else save it as UTF-8"
        }
        Error::Empty => "check how it was made",
        Error::NotAudio { .. } => "name a file with sound in it",
        Error::Damaged { .. } => "check whether it plays",
        Error::Undecodable { .. } => {
            "install ffmpeg and leave --ffmpeg never out, or convert it first: ffmpeg -i FILE -ac 1 -ar 16000 FILE.wav"
        }
        Error::FfmpegFailed { .. } => "check whether it plays, or convert it to WAV or FLAC first",
        Error::StreamTooLarge { .. } => "save it to a file and name that",
        Error::UnknownLength => "use -f text, or convert the sound first (ffmpeg -i IN OUT.wav)",
        Error::ModifiedDuringUpload => "wait until nothing writes to it, then try again",
        Error::Download { status: 401 | 403 | 404 | 410, .. } => "check that the URL still works",
        Error::Download { .. } => "try again later",
        _ => return None,
    })
}

/// Hint for a request that has no response with a caption.
fn hint_of_network(error: &Error) -> Option<&'static str> {
    Some(match error {
        Error::InsecureUrl { .. } => "use https://, or say --allow-http",
        Error::Setup(_) => "check the proxy settings and the system's certificates",
        Error::InvalidCertificate { .. } => {
            "check the address; an authority of your own is named by --cacert, SSL_CERT_FILE or the system's trust"
        }
        Error::ProxyRefused { .. } => {
            "put them into HTTPS_PROXY, as http://NAME:PASSWORD@HOST:PORT"
        }
        Error::Unreachable { .. } => "check the address, the network and the proxy settings",
        Error::TimedOut { .. } => "raise --timeout, or send less at a time with --window 30s",
        Error::Disconnected(_) => "try again",
        Error::UnexpectedResponse { .. } => {
            "check --base-url: something else may be answering there"
        }
        Error::NotHeard { .. } => {
            "try again, or --convert always for what was sent as it is; then check --model and --base-url"
        }
        Error::Incomplete { cause, .. } => hint_of_shortfall(*cause),
        _ => return None,
    })
}

/// Hint for what ends the run or belongs to it.
fn hint_of_run(error: &Error) -> &'static str {
    match error {
        Error::BadKey => "copy the key once more from https://aimlapi.com/app/keys",
        Error::TempFile(_) => "set TMPDIR to a folder with room",
        Error::Offline => "run once without --offline, with the same manifest, model and --window",
        Error::BudgetExceeded(over) if over.is_blind => "leave --max-spend out",
        Error::BudgetExceeded(over) if !over.is_length_known => {
            "raise --max-spend, or convert the sound first, or --inline a URL, so that its length is known"
        }
        Error::BudgetExceeded(_) => {
            "raise --max-spend; with a manifest, a new run goes on from here"
        }
        Error::Unwritable { .. } => "check the folder, its permissions and the disk",
        _ => "run again; with a manifest, nothing is asked twice",
    }
}

fn hint_of_unreadable(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "check the name",
        // An ignore file.
        io::ErrorKind::FileTooLarge => "shorten it, or say --no-ignore",
        _ => "check its permissions and the disk",
    }
}

fn hint_of_shortfall(cause: Shortfall) -> &'static str {
    match cause {
        Shortfall::TimedOut => "raise --timeout",
        Shortfall::Limit => {
            "send less at a time with --window 30s, or set --max-tokens to keep the beginning"
        }
        Shortfall::Refused => REFUSED,
        Shortfall::Cut | Shortfall::Failed => "try again",
    }
}

fn hint_of_advice(advice: Advice) -> Cow<'static, str> {
    match advice {
        Advice::Cut { window } => {
            let window = humantime::format_duration(window).to_string().replace(' ', "");
            format!("caption it in windows: add --window {window}").into()
        }
        Advice::Convert => {
            "leave --convert never out; where that is not enough, add --window 30s".into()
        }
        Advice::Shrink => SHRINK.into(),
    }
}

fn hint_of_setting(setting: Setting) -> &'static str {
    match setting {
        Setting::Url => "give an http:// or https:// URL, a file, or - for standard input",
        Setting::BaseUrl => {
            "set --base-url or AIMLAPI_BASE_URL to something like https://api.aimlapi.com/v1"
        }
        Setting::Glob => "see --help for what a glob is for",
        Setting::Regex => "see https://docs.rs/regex for what it may hold",
        Setting::Proxy => "a proxy is such as http://proxy.example.com:3128",
        Setting::CaFile => "name a PEM file, with -----BEGIN CERTIFICATE----- in it",
    }
}

fn hint_of_api_error(error: &ApiError) -> Cow<'static, str> {
    Cow::Borrowed(match error.kind {
        ApiErrorKind::Key => CREATE_KEY,
        ApiErrorKind::Unverified => "verify the account at https://aimlapi.com/app/verification",
        ApiErrorKind::Credits => "top up at https://aimlapi.com/app/billing/",
        ApiErrorKind::RateLimited if error.per_minute.is_some() => {
            let limit = error.per_minute.unwrap_or_default();
            return format!("keep to its limit from the start: --rate {limit}/m").into();
        }
        ApiErrorKind::RateLimited => "wait a while; fewer --jobs or more --max-retries help",
        ApiErrorKind::Quota => {
            "wait that long and run again; with a manifest, nothing is asked twice"
        }
        ApiErrorKind::NotFound if error.status == 405 => "check --base-url",
        ApiErrorKind::Filtered => REFUSED,
        ApiErrorKind::NotFound => "check --base-url and --model",
        ApiErrorKind::AllowanceUsed => {
            "wait for the next hour, or top up at https://aimlapi.com/app/billing/"
        }
        ApiErrorKind::TooLarge => SHRINK,
        ApiErrorKind::Redirected => "set --base-url to where the service is",
        ApiErrorKind::WrongForm | ApiErrorKind::NoDialect => {
            "check the sound, --model and --dialect"
        }
        ApiErrorKind::Rejected => match error.status {
            403 | 407 => "check the proxy or firewall in between, and what the key may do",
            _ => "check the sound and --model",
        },
        ApiErrorKind::Failed => "try again later",
    })
}
