//! Manual page and shell completions, generated from the clap structs.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;

use super::Cli;
use super::notes::{
    ENVIRONMENT, EXAMPLES, EXIT_CODES, FILES, MODEL, RULES, RULES_INTRODUCTION, Section,
};

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

/// Manual page with a one-line synopsis, and the notes as sections.
fn manual() -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let manual = clap_mangen::Man::new(Cli::command());
    manual.render_title(&mut page)?;
    manual.render_name_section(&mut page)?;
    writeln!(page, ".SH SYNOPSIS\n\\fB{NAME}\\fR [\\fIOPTIONS\\fR] [\\fIINPUT\\fR]...")?;
    manual.render_description_section(&mut page)?;
    manual.render_options_section(&mut page)?;
    section(&mut page, "RULES OF CAPTION.TOML", Some(RULES_INTRODUCTION), &RULES)?;
    section(&mut page, "ENVIRONMENT", None, &ENVIRONMENT)?;
    section(&mut page, "FILES", None, &FILES)?;
    section(&mut page, "EXIT STATUS", None, &EXIT_CODES)?;
    section(&mut page, "EXAMPLES", None, &EXAMPLES)?;
    writeln!(page, ".SH NOTES\n{}", escaped(MODEL))?;
    manual.render_version_section(&mut page)?;
    Ok(page)
}

/// Writes a section with one paragraph for each of its entries.
fn section(
    page: &mut Vec<u8>,
    heading: &str,
    introduction: Option<&str>,
    section: &Section,
) -> io::Result<()> {
    writeln!(page, ".SH \"{}\"", escaped(heading))?;
    if let Some(introduction) = introduction {
        writeln!(page, "{}", escaped(introduction))?;
    }
    for (name, meaning) in section.entries {
        let (name, meaning) = (escaped(name), escaped(&meaning.replace('\n', " ")));
        if section.is_code {
            writeln!(page, ".PP\n{meaning}:\n.RS 4\n.nf\n{name}\n.fi\n.RE")?;
        } else {
            writeln!(page, ".TP\n\\fB{name}\\fR\n{meaning}")?;
        }
    }
    Ok(())
}

/// Text without characters that roff interprets.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq").replace('~', "\\(ti")
}
