//! Manual page and shell completions, generated from the clap structs.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;

use super::{AFTER_HELP, Cli};

const NAME: &str = "caption";

/// Document that `--generate` prints.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Document {
    Manual,
    Completions(Shell),
}

/// Prints a document to standard output; a closed pipe is no error.
pub(crate) fn print(document: Document) -> io::Result<()> {
    let text = match document {
        Document::Manual => manual()?,
        Document::Completions(shell) => completions(shell).into_bytes(),
    };
    match io::stdout().lock().write_all(&text) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Completion script, adapted to a command with operands: `clap_complete` expects subcommands.
fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), NAME, &mut script);
    let script = String::from_utf8_lossy(&script);
    match shell {
        // A word without a leading dash is a file, and bash itself completes files better: names
        // with spaces, and folders without a space after them.
        Shell::Bash => script
            .replace("if [[ ${cur} == -* || ${COMP_CWORD} -eq 1 ]]", "if [[ ${cur} == -* ]]")
            .replace("COMPREPLY=($(compgen -f \"${cur}\"))", "COMPREPLY=()")
            .replace(
                "            esac\n            COMPREPLY=( $(compgen -W",
                "            esac\n            [[ ${cur} == -* ]] && COMPREPLY=( $(compgen -W",
            ),
        // Options may also follow operands.
        Shell::Zsh => script.replace("'*::inputs", "'*:inputs"),
        _ => script.into_owned(),
    }
}

/// Manual page with a one-line synopsis and the notes in their own layout.
fn manual() -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let manual = clap_mangen::Man::new(Cli::command());
    manual.render_title(&mut page)?;
    manual.render_name_section(&mut page)?;
    writeln!(page, ".SH SYNOPSIS\n\\fB{NAME}\\fR [\\fIOPTIONS\\fR] [\\fIINPUT\\fR]...")?;
    manual.render_description_section(&mut page)?;
    manual.render_options_section(&mut page)?;
    let notes = AFTER_HELP.replace('\\', "\\e").replace('-', "\\-");
    writeln!(page, ".SH NOTES\n.nf\n{notes}\n.fi")?;
    manual.render_version_section(&mut page)?;
    Ok(page)
}
