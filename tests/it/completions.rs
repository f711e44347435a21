//! The manual page and completions, tested in the programs that use them.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::harness::{assert_says, unconfigured};
use crate::skipped_tests::skip;

fn generated(what: &str) -> String {
    unconfigured().args(["--generate", what]).run().captioned()
}

/// Returns the output of a program for this script; skips the test if the program is missing.
fn output_of(program: &str, args: &[&str], script: &str) -> Option<String> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        skip(&format!("{program} is not installed"));
        return None;
    };
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {stderr}");
    Some(String::from_utf8_lossy(&output.stdout).into_owned() + &stderr)
}

#[test]
fn the_manual_page_has_every_option_and_renders_without_warnings() {
    let page = generated("man");
    let help = unconfigured().arg("--help").run().captioned();
    let options = help.lines().filter_map(|line| line.trim_start().split_once("--"));
    let options = options.filter(|(before, _)| before.is_empty() || before.ends_with(", "));
    for (_, rest) in options {
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '-').collect();
        assert!(page.contains(&name.replace('-', "\\-")), "--{name} is missing");
    }
    assert_says(
        &page,
        &[
            ".SH \"RULES OF CAPTION.TOML\"",
            "loudness",
            ".SH \"ENVIRONMENT\"",
            "AIMLAPI_KEY",
            ".SH \"FILES\"",
            "caption.toml",
            ".SH \"EXIT STATUS\"",
            ".SH \"EXAMPLES\"",
            "caption song.mp3",
        ],
    );
    if let Some(output) = output_of("groff", &["-man", "-Tutf8", "-ww", "-z"], &page) {
        assert_eq!(output, "");
    }
}

#[test]
fn bash_completes_options_and_their_values() {
    let completed = |words: &str, current: usize| {
        let script = format!(
            "{}\nCOMP_WORDS=({words}); COMP_CWORD={current}\n_caption caption \"${{COMP_WORDS[{current}]}}\" \"${{COMP_WORDS[{}]}}\"\necho \"${{COMPREPLY[@]}}\"\n",
            generated("complete-bash"),
            current - 1,
        );
        output_of("bash", &["--norc"], &script)
    };
    let Some(options) = completed("caption --max-", 1) else { return };
    assert_says(&options, &["--max-spend", "--max-tokens", "--max-upload"]);
    assert_says(&completed("caption --dialect v", 2).unwrap(), &["vllm"]);
    assert_says(&completed("caption song.mp3 --max-", 2).unwrap(), &["--max-spend"]);
    // No completion of ours: bash completes file names.
    for (words, current) in [
        ("caption ''", 1),
        ("caption a", 1),
        ("caption song.mp3 ''", 2),
        ("caption --cacert my", 2),
    ] {
        assert_eq!(completed(words, current).unwrap().trim(), "", "{words}");
    }
    assert_says(&completed("caption --check s", 2).unwrap(), &["silence"]);
    assert_says(&completed("caption --report ''", 2).unwrap(), &["junit", "sarif", "html"]);
    assert_says(&completed("caption --format s", 2).unwrap(), &["srt"]);
    let script = generated("complete-bash");
    let (_, folders) = script.split_once("--output-dir)").unwrap();
    assert!(folders.split(";;").next().unwrap().contains("plusdirs"), "{folders}");
    assert_says(&completed("caption --convert ''", 2).unwrap(), &["auto", "always", "never"]);
}

#[test]
fn zsh_completes_options() {
    // Completing needs a terminal.
    let script = format!(
        "autoload -Uz compinit && compinit -u -D\n{}\nwhence -w _caption\n",
        generated("complete-zsh")
    );
    if let Some(output) = output_of("zsh", &["-f"], &script) {
        assert_says(&output, &["_caption: function"]);
    }
    for values in ["(silence clipping duration", "(junit sarif github html)", "_files -/"] {
        assert!(generated("complete-zsh").contains(values), "{values}");
    }
    // Options may follow operands.
    assert!(!generated("complete-zsh").contains("'*::"));
    if let Some(offered) = zsh_completions("caption song.mp3 --max-") {
        assert_says(&offered, &["--max-retries", "--max-spend"]);
    }
}

/// Returns the completions that zsh offers on a pseudoterminal.
fn zsh_completions(typed: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("_caption"), generated("complete-zsh")).unwrap();
    let script = format!(
        "zmodload zsh/zpty && zpty z zsh -f -i\n\
         zpty -w z \"PS1=; fpath=({} \\$fpath); autoload -Uz compinit; compinit -u -D; bindkey '^I' list-choices; print READY\"\n\
         until [[ $line == *READY* ]]; do zpty -r z line; done\n\
         zpty -w -n z \"{typed}\"$'\\t'\n\
         all=; repeat 60 {{ zpty -r -t z line && all+=$line; [[ $all == *upload* ]] && break; sleep 0.05 }}\n\
         print -r -- $all\n",
        folder.path().display(),
    );
    output_of("zsh", &["-f"], &script)
}

#[test]
fn fish_completes_options_and_their_values() {
    let script = format!(
        "{}\ncomplete -C 'caption --max-'\ncomplete -C 'caption --dialect '\n\
         complete -C 'caption --check '\ncomplete -C 'caption --report '\n",
        generated("complete-fish")
    );
    if let Some(output) = output_of("fish", &["--no-config"], &script) {
        assert_says(&output, &["--max-spend", "--max-tokens"]);
        assert_says(&output, &["aimlapi", "openai", "vllm"]);
        assert!(output.contains("silence") && output.contains("sarif"), "{output}");
    }
}

#[test]
fn elvish_completes_options() {
    // The editor module exists only on a terminal.
    let editor = "var edit: = (ns [&completion:=(ns [&arg-completer=[&]]) \
                  &complex-candidate~={|stem &display=''| put [&stem=$stem]}])";
    let ask = "each {|one| echo $one[stem]} [($edit:completion:arg-completer[caption] caption --)]";
    let script = tempfile::NamedTempFile::new().unwrap();
    let content = format!("{editor}\n{}\n{ask}\n", generated("complete-elvish"));
    std::fs::write(script.path(), content).unwrap();
    let output = output_of("elvish", &["-norc", script.path().to_str().unwrap()], "");
    if let Some(output) = output {
        assert_says(&output, &["--max-spend", "--max-tokens"]);
    }
}

#[test]
fn powershell_completes_options() {
    let script = format!(
        "{}\n(TabExpansion2 'caption --max-' 14).CompletionMatches.CompletionText\n",
        generated("complete-powershell")
    );
    if let Some(output) = output_of("pwsh", &["-NoProfile", "-Command", "-"], &script) {
        assert_says(&output, &["--max-spend"]);
    }
}

#[test]
fn generate_accepts_a_closed_pipe() {
    let mut run = unconfigured().args(["--generate", "complete-bash"]);
    let mut child = run.spawn();
    drop(child.stdout.take());
    assert_eq!(crate::harness::finish(child).stderr, "");
}

#[test]
fn generate_needs_no_key() {
    let run = unconfigured().args(["--generate", "complete-bash"]).run();
    assert_says(&run.captioned(), &["_caption"]);
    assert_says(
        &unconfigured().args(["--generate", "rpm"]).run().failed(2),
        &["invalid value 'rpm'", "man"],
    );
}

#[test]
fn wrong_settings_do_not_affect_generate() {
    let run = unconfigured().file("caption.toml", "nonsense = 1").args(["--generate", "man"]).run();
    assert_says(&run.captioned(), &[".TH caption"]);
}
