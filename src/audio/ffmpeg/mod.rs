//! Decoding by ffmpeg, where it is installed, of what cannot be decoded here.
//!
//! Every file is opened twice by a process of its own: for one frame, to know what it is, and to be
//! decoded. The process reads the open file, and writes WAV with float samples to a pipe.

use std::env;
use std::fmt;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use self::process::Processes;
use crate::platform::is_program;

pub(super) use self::decoder::FfmpegDecoder;
pub(super) use self::examination::{Examined, Refusal};

mod command;
mod decoder;
mod examination;
mod log;
mod process;
mod wav_header;

/// Time without a byte of output after which a process is ended.
const PATIENCE: Duration = Duration::from_mins(1);

/// The program ffmpeg, which decodes what cannot be decoded here.
///
/// It receives the open file, never a name. It may not use the network, opens no playlist, and has
/// an empty environment but for the variables that start it.
#[derive(Clone)]
pub struct Ffmpeg {
    program: Arc<Path>,
    processes: Arc<Processes>,
    patience: Duration,
}

impl Ffmpeg {
    /// Finds `ffmpeg` in the folders of the variable `PATH`.
    pub fn find() -> Option<Self> {
        on_path(Path::new("ffmpeg")).map(Self::new)
    }

    /// Uses a program by its path, or by a name without a folder that is looked up in `PATH`.
    pub fn at(program: impl AsRef<Path>) -> io::Result<Self> {
        let program = program.as_ref();
        let mut components = program.components();
        let is_name =
            matches!(components.next(), Some(Component::Normal(_))) && components.next().is_none();
        let program = if is_name { on_path(program) } else { Some(std::path::absolute(program)?) };
        let program = program.filter(|program| is_program(program));
        program.map(Self::new).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Path of the program.
    pub fn program(&self) -> &Path {
        &self.program
    }

    fn new(program: PathBuf) -> Self {
        Self { program: program.into(), processes: Arc::default(), patience: PATIENCE }
    }

    /// The same program, whose processes are ended apart from those of `self`.
    pub(crate) fn with_own_processes(&self) -> Self {
        Self { processes: Arc::default(), ..self.clone() }
    }

    /// Ends all processes of this program, and starts no more.
    pub(crate) fn stop(&self) {
        self.processes.stop();
    }
}

impl fmt::Debug for Ffmpeg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ffmpeg").field(&self.program).finish()
    }
}

/// Looks a program up in the folders of `PATH`. An entry that is relative would mean the working
/// folder, where anybody may have put a program.
fn on_path(name: &Path) -> Option<PathBuf> {
    let name = if name.extension().is_none() && !env::consts::EXE_EXTENSION.is_empty() {
        name.with_extension(env::consts::EXE_EXTENSION)
    } else {
        name.to_owned()
    };
    let folders = env::var_os("PATH")?;
    let folders = env::split_paths(&folders).filter(|folder| folder.is_absolute());
    folders.map(|folder| folder.join(&name)).find(|program| is_program(program))
}
