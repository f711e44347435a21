//! Formats that are named and not decoded: none of them is opened as anything else.
//!
//! Sources: the magic files of `file` 5.45 and the probes of `libavformat`, unless said otherwise.

use self::bytes::Bytes;
use super::container::SoundTrack;
use super::source_file::SourceFile;

mod bytes;
mod elementary;
mod frame;
mod program_stream;
mod riff;
mod streaming;
mod transport_stream;

/// Bytes from the start of the file that may have a signature; that of a tracker module is late.
const DEPTH: usize = 2048;

/// Bytes at an offset that tell a format, by the usual extension of its files.
const SIGNATURES: [(usize, &[u8], &str); 66] = [
    (0, b"MAC ", "ape"),
    (0, b"tBaK", "tak"),
    (0, b"OFR ", "ofr"),
    (0, b"TTA2", "tta"),
    (0, b"ajkg", "shn"),
    (0, b"MP+", "mpc"),
    (0, b"MPCK", "mpc"),
    (0, b"DSD ", "dsf"),
    (0, b"FRM8", "dff"),
    (0, b".RMF", "rm"),
    (0, b".ra\xfd", "ra"),
    (0, b"Creative Voice File", "voc"),
    (0, b"NIST_1A", "sph"),
    (0, b"FLV\x01", "flv"),
    (8, b"AVI ", "avi"),
    (8, b"QLCM", "qcp"),
    (8, b"RMID", "mid"),
    (8, b"8SVX", "8svx"),
    (0, b"MThd", "mid"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "wmv"),
    (0, b"\x0b\x77", "ac3"),
    (0, b"\x77\x0b", "ac3"),
    (0, b"\x7f\xfe\x80\x01", "dts"),
    (0, b"\xfe\x7f\x01\x80", "dts"),
    (0, b"\x1f\xff\xe8\x00", "dts"),
    (0, b"\xff\x1f\x00\xe8", "dts"),
    (0, b"DTSHDHDR", "dts"),
    (4, b"\xf8\x72\x6f\xba", "thd"),
    (4, b"\xf8\x72\x6f\xbb", "mlp"),
    (0, b"\xac\x40", "ac4"),
    (0, b"#!SILK_V3", "silk"),
    (1, b"#!SILK_V3", "silk"),
    (0, b"ea3\x03", "oma"),
    (0, b"EA3\x01", "oma"),
    (0, b".SoX", "sox"),
    (0, b"XoS.", "sox"),
    (0, b"STRM", "ast"),
    (0, b"VAGp", "vag"),
    (0, b"TWIN9", "vqf"),
    (0, b"HCA\0", "hca"),
    (0, b"AFS2", "awb"),
    (0, b"RSTM", "brstm"),
    (0, b"FSB5", "fsb"),
    (0, b"\x64\xa3\x01\0", "sf"),
    (0, b"\x64\xa3\x02\0", "sf"),
    (0, b"\0\x01\xa3\x64", "sf"),
    (0, b"\0\x02\xa3\x64", "sf"),
    (0, b" paf", "paf"),
    (0, b"fap ", "paf"),
    (0, b"2BIT", "avr"),
    (0, b"dns.", "au"),
    (0, b"\x06\x0e\x2b\x34\x02\x05\x01\x01", "mxf"),
    (0, b"nut/multimedia container", "nut"),
    (0, b"\0\0\x01\xba", "mpg"),
    (0, b"\0\0\x01\xb3", "m2v"),
    (0, b"Extended Module: ", "xm"),
    (0, b"IMPM", "it"),
    (44, b"SCRM", "s3m"),
    (1080, b"M.K.", "mod"),
    (1080, b"M!K!", "mod"),
    (1080, b"FLT4", "mod"),
    (1080, b"4CHN", "mod"),
    (1080, b"6CHN", "mod"),
    (1080, b"8CHN", "mod"),
    (0, b"NESM\x1a", "nsf"),
    (0, b"SNES-SPC700 Sound File Data", "spc"),
];

/// Names of formats whose extension says little.
const LABELS: [(&str, &str); 35] = [
    ("8svx", "8SVX (Amiga)"),
    ("ac3", "AC-3"),
    ("ac4", "AC-4"),
    ("adx", "CRI ADX"),
    ("ape", "Monkey's Audio"),
    ("awb", "CRI AFS2"),
    ("dff", "DSD (DFF)"),
    ("dsf", "DSD (DSF)"),
    ("eac3", "E-AC-3"),
    ("it", "a tracker module (IT)"),
    ("latm", "AAC in LATM"),
    ("mlp", "Meridian Lossless Packing"),
    ("mod", "a tracker module (MOD)"),
    ("mpc", "Musepack"),
    ("mpg", "an MPEG program stream"),
    ("nsf", "NES music"),
    ("ofr", "OptimFROG"),
    ("oma", "Sony OpenMG"),
    ("paf", "Ensoniq PARIS"),
    ("qcp", "Qualcomm PureVoice"),
    ("ra", "RealAudio"),
    ("rm", "RealMedia"),
    ("s3m", "a tracker module (S3M)"),
    ("sf", "IRCAM"),
    ("shn", "Shorten"),
    ("silk", "SILK"),
    ("spc", "SNES music"),
    ("sph", "NIST SPHERE"),
    ("tak", "TAK"),
    ("thd", "TrueHD"),
    ("ts", "an MPEG transport stream"),
    ("voc", "Creative Voice"),
    ("wmv", "Windows Media"),
    ("wv", "WavPack"),
    ("xm", "a tracker module (XM)"),
];

/// Named formats with one of several codecs in them.
const SEVERAL_CODECS: [&str; 9] = ["au", "avi", "flv", "mpg", "mxf", "qcp", "sph", "voc", "wmv"];

/// Formats that are decoded, unless they have a codec of a special kind, and that have no other.
const OWN_CODEC: [&str; 3] = ["amr", "gsm", "wv"];

/// What a named format holds.
#[derive(Debug)]
pub(super) enum Content {
    /// Sound, as far as it is known.
    Sound(SoundTrack),
    /// No sound; the text says what instead, with its article.
    NoSound(&'static str),
}

/// The format that a file is, by what is at an offset, if it is one of those that are only named.
pub(super) fn identify(file: &SourceFile, start: u64) -> Option<&'static str> {
    let bytes = Bytes::new(file, start);
    let depth = bytes.start(DEPTH);
    let known = SIGNATURES.iter().find(|(offset, signature, container)| {
        depth.get(*offset..).is_some_and(|rest| rest.starts_with(signature))
            && is_meant(container, &bytes)
    });
    let known = known.map(|(.., container)| match *container {
        "ac3" if elementary::is_enhanced(&bytes) => "eac3",
        container => container,
    });
    known
        .or_else(|| transport_stream::is_stream(&bytes).then_some("ts"))
        .or_else(|| elementary::is_latm(&bytes).then_some("latm"))
        .or_else(|| elementary::is_adx(&bytes).then_some("adx"))
}

/// False for the short signatures where the rest of the file is something else.
fn is_meant(container: &str, bytes: &Bytes<'_>) -> bool {
    match container {
        "ac3" => elementary::is_ac3(bytes),
        "ac4" => bytes.short(2).is_some_and(|len| len > 4 && bytes.has_sync(len + 4, b"\xac\x40")),
        "avi" => bytes.has(0, b"RIFF"),
        _ => true,
    }
}

/// Reads what the head of a named format tells.
pub(super) fn describe(file: &SourceFile, start: u64, container: &str) -> Content {
    let bytes = Bytes::new(file, start);
    match container {
        "mid" => Content::NoSound("MIDI, which is notes without sound"),
        "m2v" => Content::NoSound("a video without a sound track"),
        "avi" => riff::avi(&bytes),
        "flv" => streaming::flv(&bytes),
        "wmv" => streaming::asf(&bytes),
        "ts" => transport_stream::describe(&bytes),
        "mpg" => program_stream::describe(&bytes),
        container => Content::Sound(elementary::describe(&bytes, container)),
    }
}

/// True if the name of a format is also that of its codec.
pub(super) fn has_one_codec(container: &str) -> bool {
    let mut named = SIGNATURES.iter().map(|(.., known)| known);
    OWN_CODEC.contains(&container)
        || (!SEVERAL_CODECS.contains(&container) && named.any(|known| *known == container))
}

/// Name of a format for people.
pub(super) fn label(container: &str) -> String {
    let known = LABELS.iter().find(|(known, _)| *known == container);
    known.map_or_else(|| container.to_uppercase(), |(_, label)| (*label).to_owned())
}
