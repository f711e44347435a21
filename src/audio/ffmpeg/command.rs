//! Command line and environment of a process.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::path::Path;
use std::process::{Command, Stdio};

/// Variables that a program may need to start: for its libraries, and for a script around it. Others
/// are hidden, among them keys, proxies and those that make ffmpeg write files.
const VARIABLES: [&str; 8] =
    ["PATH", "LD_LIBRARY_PATH", "HOME", "TMPDIR", "TEMP", "SystemRoot", "SystemDrive", "windir"];

/// Formats with sound that are read. Left out are those that lead to other files or addresses: hls,
/// dash, concat, sdp, image2, imf, mlv, vobsub, scripts.
const FORMATS: &str = "3dostr,4xm,aa,aac,aax,ac3,ac4,ace,acm,act,adp,ads,adx,aea,afc,aiff,aix,alp,\
amr,amrnb,amrwb,anm,apc,ape,apm,aptx,aptx_hd,argo_asf,argo_brp,argo_cvg,asf,asf_o,ast,au,avi,avr,\
bethsoftvid,bfi,bfstm,bink,binka,bmv,boa,brstm,c93,caf,cdxl,codec2,dcstr,derf,dfpwm,dhav,dsf,\
dsicin,dss,dts,dtshd,dv,dxa,ea,ea_cdata,eac3,epaf,film_cpk,flac,flv,fsb,fwse,g722,g723_1,g726,\
g726le,g729,gdv,genh,gsm,gxf,hca,hcom,iamf,idcin,iff,ifv,ilbc,ipmovie,ircam,iss,jv,kux,kvag,laf,\
libgme,libmodplug,libopenmpt,live_flv,lmlm4,loas,lxf,matroska,mca,mgsts,mlp,mm,mmf,mods,moflex,\
mov,mp3,mpc,mpc8,mpeg,mpegts,msf,msnwctcp,mtaf,mtv,musx,mv,mvi,mxf,nc,nistsphere,nsp,nsv,nut,nuv,\
ogg,oma,osq,paf,pmp,pp_bnk,psxstr,pva,pvf,qcp,qoa,redspark,rka,rl2,rm,roq,rpl,rsd,rso,s337m,sbc,\
scd,sdns,sdr2,sds,sdx,shn,siff,simbiosis_imx,sln,smjpeg,smk,smush,sol,sox,spdif,svag,svs,swf,tak,\
thp,tiertexseq,truehd,tta,ty,usm,vag,vividas,vivo,vmd,voc,vpk,vqf,w64,wady,wav,wavarc,wc3movie,\
webm,wsaud,wsd,wsvqa,wtv,wv,wve,xa,xmd,xmv,xvag,xwma,yop";

/// Largest block of memory that ffmpeg takes at once, in bytes.
const MAX_ALLOC: &str = "536870912";

/// Name of the open file in the process. Where it can be opened anew it can be searched; a pipe is
/// read from the start only.
const INPUT: &str = if cfg!(unix) { "file:/dev/fd/0" } else { "pipe:0" };

/// Flag of a process that Ctrl-C does not reach.
#[cfg(windows)]
const NEW_PROCESS_GROUP: u32 = 0x200;

/// Amount of sound to decode.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    OneFrame,
    Whole,
    /// All, with silence where packets between two others are missing.
    WholeInTime,
}

/// Containers whose packets may be lost on the way, and have exact times.
const BROADCAST: [&str; 2] = ["mpegts", "mpeg"];

/// Filter that puts silence into gaps of the times: without stretching, and from the length of the
/// shortest usual frame on.
const FILL_GAPS: &str = "aresample=async=1:min_hard_comp=0.02";

impl Extent {
    /// The whole sound of a container, in the words of ffmpeg.
    pub(super) fn whole(container: &str) -> Self {
        if BROADCAST.contains(&container) { Self::WholeInTime } else { Self::Whole }
    }
}

/// Command that decodes the sound track at a position of an open file to WAV on standard output.
pub(super) fn command(
    program: &Path,
    file: &File,
    extent: Extent,
    track: usize,
) -> io::Result<Command> {
    let mut command = Command::new(program);
    command.args(["-nostdin", "-nostats", "-loglevel", "repeat+level+info"]);
    command.args(["-max_alloc", MAX_ALLOC, "-filter_threads", "1"]);
    command.args(["-protocol_whitelist", "file,pipe,fd", "-format_whitelist", FORMATS]);
    command.args(["-threads", "1", "-vn", "-sn", "-dn", "-i", INPUT]);
    command.args(["-map", &format!("0:a:{track}"), "-map_metadata", "-1", "-map_chapters", "-1"]);
    match extent {
        Extent::OneFrame => command.args(["-frames:a", "1"]),
        Extent::Whole => &mut command,
        Extent::WholeInTime => command.args(["-af", FILL_GAPS]),
    };
    command.args(["-c:a", "pcm_f32le", "-bitexact", "-f", "wav", "pipe:1"]);
    command.env_clear().env("AV_LOG_FORCE_NOCOLOR", "1");
    let kept = VARIABLES.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
    command.envs(kept);
    // Some systems do not open the file anew, but share its position.
    let mut file = file.try_clone()?;
    file.seek(SeekFrom::Start(0))?;
    command.stdin(Stdio::from(file));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    // Ctrl-C is for this program, which ends the others.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command.current_dir("/"), 0);
    #[cfg(windows)]
    std::os::windows::process::CommandExt::creation_flags(&mut command, NEW_PROCESS_GROUP);
    Ok(command)
}
