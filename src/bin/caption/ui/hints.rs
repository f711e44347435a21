//! Hints for errors: the next step for the user.

use std::borrow::Cow;
use std::io;

use caption::{Advice, ApiError, ApiErrorKind, Error, Setting, Shortfall};

use crate::platform;

const CREATE_KEY: &str =
    "create a key at https://aimlapi.com/app/keys and set AIMLAPI_KEY or --api-key-file to it";
const SHRINK: &str = "shorten it, shrink it (ffmpeg -i IN -ac 1 -ar 16000 -b:a 64k OUT.mp3), \
                      or pass a public URL instead";

const REFUSED: &str = "leave it out, or try another --model";

/// Hint of what to do next.
pub(crate) fn hint(error: &Error) -> Cow<'static, str> {
    Cow::Borrowed(match error {
        error if error.is_out_of_descriptors() => platform::OPEN_FILES_HINT,
        Error::InWindow { source, .. } => {
            return format!("{}; with --manifest, finished captions are kept", hint(source)).into();
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
        Error::NotAFile { .. } => "to caption its content, run caption - < NAME",
        Error::NothingFound { .. } => "check the name, or use --allow-empty",
        Error::LfsPointer { .. } => "run git lfs pull",
        Error::WrongSeparator { is_nul_separated: true } => "try it without --null",
        Error::WrongSeparator { .. } => {
            "use --null if NUL bytes end its names, else save it as UTF-8"
        }
        Error::Empty => "check how it was made",
        Error::NotAudio { .. } => "name an audio or video file",
        Error::NoTrack { count: 1, .. } => "leave --track out for this file",
        Error::NoTrack { .. } => "choose a lower --track",
        Error::Damaged { .. } => "check whether it plays",
        Error::Undecodable { .. } => {
            "install ffmpeg or remove --ffmpeg never, or convert it first: ffmpeg -i FILE -ac 1 -ar 16000 FILE.wav"
        }
        Error::FfmpegFailed { .. } => "check whether it plays, or convert it to WAV or FLAC first",
        Error::StreamTooLarge { .. } => "save it to a file and name that",
        Error::UnknownLength => "use -f text, or convert the audio first (ffmpeg -i IN OUT.wav)",
        Error::ModifiedDuringUpload => "wait until nothing writes to it, then try again",
        Error::Download { status: 401 | 403 | 404 | 410, .. } => "check that the URL still works",
        Error::Download { .. } => "try again later",
        _ => return None,
    })
}

/// Hint for a request that has no response with a caption.
fn hint_of_network(error: &Error) -> Option<&'static str> {
    Some(match error {
        Error::InsecureUrl { .. } => "use https://, or --allow-http",
        Error::Setup(_) => "check the proxy settings and the system's certificates",
        Error::InvalidCertificate { .. } => platform::CERTIFICATE_HINT,
        Error::ProxyRefused { .. } => "set HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT",
        Error::Unreachable { .. } => "check the address, the network and the proxy settings",
        Error::TimedOut { .. } => "raise --timeout, or split the audio with --window 30s",
        Error::Disconnected(_) => "try again",
        Error::UnexpectedResponse { .. } => "check --base-url: another server may have answered",
        Error::NotHeard { .. } => {
            "try again, or use --convert always; then check --model and --base-url"
        }
        Error::Incomplete { cause, .. } => hint_of_shortfall(*cause),
        _ => return None,
    })
}

/// Hint for what ends the run or belongs to it.
fn hint_of_run(error: &Error) -> &'static str {
    match error {
        Error::BadKey => "copy the key again from https://aimlapi.com/app/keys",
        Error::TempFile(_) => platform::TEMP_HINT,
        Error::Offline => "run once without --offline, with the same manifest, model and --window",
        Error::BudgetExceeded(over) if over.is_blind => "remove --max-spend",
        Error::BudgetExceeded(over) if !over.is_length_known => {
            "raise --max-spend; or make its length known: convert it first, or use --inline for a URL"
        }
        Error::BudgetExceeded(_) => {
            "raise --max-spend and run again; with --manifest, the run resumes"
        }
        Error::Unwritable { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
            "free space on the disk, or choose another one"
        }
        Error::Unwritable { .. } => "check the folder and its permissions",
        _ => "run again; with --manifest, nothing is requested twice",
    }
}

fn hint_of_unreadable(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "check the name",
        // An ignore file.
        io::ErrorKind::FileTooLarge => "shorten it, or use --no-ignore",
        _ => "check its permissions and the disk",
    }
}

fn hint_of_shortfall(cause: Shortfall) -> &'static str {
    match cause {
        Shortfall::TimedOut => "raise --timeout",
        Shortfall::Limit => {
            "split the audio with --window 30s, or set --max-tokens to keep the beginning"
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
        Advice::Convert => "remove --convert never; if that is not enough, add --window 30s".into(),
        Advice::Shrink => SHRINK.into(),
    }
}

fn hint_of_setting(setting: Setting) -> &'static str {
    match setting {
        Setting::Url => "pass an http:// or https:// URL, a file, or - for standard input",
        Setting::BaseUrl => {
            "set --base-url or AIMLAPI_BASE_URL to a URL such as https://api.aimlapi.com/v1"
        }
        Setting::Glob => "see --help",
        Setting::Regex => "see https://docs.rs/regex for the syntax",
        Setting::Proxy => "use a URL such as http://proxy.example.com:3128",
        Setting::CaFile => "name a PEM file that contains -----BEGIN CERTIFICATE-----",
    }
}

fn hint_of_api_error(error: &ApiError) -> Cow<'static, str> {
    Cow::Borrowed(match error.kind {
        ApiErrorKind::Key => CREATE_KEY,
        ApiErrorKind::Unverified => "verify the account at https://aimlapi.com/app/verification",
        ApiErrorKind::Credits => "top up at https://aimlapi.com/app/billing/",
        ApiErrorKind::RateLimited if error.per_minute.is_some() => {
            let limit = error.per_minute.unwrap_or_default();
            return format!("use --rate {limit}/m").into();
        }
        ApiErrorKind::RateLimited => "try again later, or lower --jobs",
        ApiErrorKind::Quota => {
            "wait that long and run again; with --manifest, nothing is requested twice"
        }
        ApiErrorKind::NotFound if error.status == 405 => "check --base-url",
        ApiErrorKind::Filtered => REFUSED,
        ApiErrorKind::NotFound => "check --base-url and --model",
        ApiErrorKind::AllowanceUsed => {
            "wait for the next hour, or top up at https://aimlapi.com/app/billing/"
        }
        ApiErrorKind::TooLarge => SHRINK,
        ApiErrorKind::Redirected => "set --base-url to the URL of the service",
        ApiErrorKind::WrongForm | ApiErrorKind::NoDialect => {
            "check the audio, --model and --dialect"
        }
        ApiErrorKind::Rejected => match error.status {
            403 | 407 => "check proxies and firewalls, and the permissions of the key",
            _ => "check the audio and --model",
        },
        ApiErrorKind::Failed => "try again later",
    })
}
