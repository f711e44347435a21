//! The manual page and the completions of shells, made of the command line itself.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;
use crate::args::help::AFTER_HELP;
use crate::args::values::Generated;

const NAME: &str = "caption";

/// Prints it; whoever reads it may leave early.
pub(crate) fn print(what: Generated) -> io::Result<()> {
    let mut text = Vec::new();
    match what.shell() {
        Some(shell) => text = completions(shell).into_bytes(),
        None => manual(&mut text)?,
    }
    match io::stdout().lock().write_all(&text) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Made to fit a command of operands, where `clap_complete` thinks of subcommands.
fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), NAME, &mut script);
    let script = String::from_utf8_lossy(&script);
    match shell {
        // What starts with no dash is a file, for which bash has words of its own: with spaces in
        // it, and folders that go on.
        Shell::Bash => script
            .replace("if [[ ${cur} == -* || ${COMP_CWORD} -eq 1 ]]", "if [[ ${cur} == -* ]]")
            .replace("COMPREPLY=($(compgen -f \"${cur}\"))", "COMPREPLY=()")
            .replace(
                "            esac\n            COMPREPLY=( $(compgen -W",
                "            esac\n            [[ ${cur} == -* ]] && COMPREPLY=( $(compgen -W",
            ),
        // Options may follow operands.
        Shell::Zsh => script.replace("'*::inputs", "'*:inputs"),
        _ => script.into_owned(),
    }
}

/// With a synopsis of one line, and the notes as they are laid out.
fn manual(page: &mut Vec<u8>) -> io::Result<()> {
    let manual = clap_mangen::Man::new(Cli::command());
    manual.render_title(page)?;
    manual.render_name_section(page)?;
    writeln!(page, ".SH SYNOPSIS\n\\fB{NAME}\\fR [\\fIOPTIONS\\fR] [\\fIINPUT\\fR]...")?;
    manual.render_description_section(page)?;
    manual.render_options_section(page)?;
    let notes = AFTER_HELP.replace('\\', "\\e").replace('-', "\\-");
    writeln!(page, ".SH NOTES\n.nf\n{notes}\n.fi")?;
    manual.render_version_section(page)
}
