//! Reports with hostile captions and names, protected files, and outputs that fail.

use std::fs;

use crate::harness::{answer, assert_says, caption, data_path, finish};
use crate::reports::{cases, media, read, reported, sarif_run};
use support::stand_in::{Gate, KEY, Reply, StandIn};

/// A caption that attacks every report format.
const HOSTILE: &str = "</script><script>document.title='owned'</script> ]]> --> <!-- <b onclick=x> \
    \u{1b}[31mred\u{1b}]0;title\u{7} \u{202e}gnitirw\u{2066} \u{ffff} \u{85} &amp; &#60; {0} \
    ![x](https://example.com/x.png) [link](https://example.com) www.example.com @everyone | a | b \
    `code` $(id) %0A::error::x ##[error]x ##vso[task.setvariable]x";

/// The same with lines that look like commands and 1 MB of text.
fn hostile() -> String {
    let long = "word </script> ]]> ".repeat(55_000);
    format!("{HOSTILE}\n::error::x\n  ::set-output name=a::b\r::stop-commands::x\n{long}")
}

/// Asserts that a text contains no control characters.
#[track_caller]
fn assert_harmless(text: &str) {
    let is_harmful = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{ffff}')
    };
    assert_eq!(text.find(is_harmful), None);
}

#[test]
fn a_hostile_caption_is_text_in_junit() {
    let (run, xml) = reported(&hostile(), "junit", &["-q", "--deny", "owned"]);
    assert_eq!(run.code, 1);
    assert_harmless(&xml);
    let cases = cases(&xml);
    let (name, message, text) = &cases[0].children[0];
    assert_eq!((name.as_str(), cases.len()), ("failure", 1));
    assert_says(message, &["says \"owned\"", "</script><script>", "]]>"]);
    assert_says(text, &["</script><script>", "]]>"]);
    assert!(xml.len() < 50_000, "{}", xml.len());
}

#[test]
fn a_hostile_caption_is_text_in_sarif() {
    let (_, text) = reported(&hostile(), "sarif", &["-q", "--deny", "owned"]);
    assert_harmless(&text);
    let sarif = sarif_run(&text);
    let message = sarif["results"][0]["message"]["text"].as_str().unwrap();
    assert_says(message, &["</script>", "\\[x\\]("]);
    assert!(text.len() < 50_000, "{}", text.len());
}

#[test]
fn a_hostile_caption_is_text_in_github_logs_and_summaries() {
    let summary = tempfile::NamedTempFile::new().unwrap();
    let stand_in = StandIn::scripted([answer(&hostile())]);
    let run = caption(&stand_in).data_file("tone.wav").env("GITHUB_STEP_SUMMARY", summary.path());
    let run = run.env("GITHUB_ACTIONS", "true").args(["tone.wav", "--report", "github"]);
    let run = run.args(["--deny", "owned", "--deny", "(?s)%0A.*"]).run();
    assert_eq!(run.code, 1);
    let commands = |text: &str| {
        let lines = text.split(['\n', '\r']).map(str::trim_start);
        let hashes = text.matches("##[").count() + text.matches("##vso[").count();
        lines.filter(|line| line.starts_with("::")).count() + hashes
    };
    assert_eq!(commands(&run.stdout), 0);
    // Three findings: two violations and a repetition.
    assert_eq!(commands(&run.stderr), 3);
    assert_eq!(run.stderr.matches("\n::error file=tone.wav,title=deny ").count(), 2);
    assert_eq!(run.stderr.matches("\n::warning file=tone.wav,title=looping").count(), 1);
    assert_harmless(&run.stderr);
    let table = fs::read_to_string(summary.path()).unwrap();
    assert_harmless(&table);
    let rows: Vec<_> = table.lines().filter(|line| line.starts_with("| broken")).collect();
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!(row.matches('|').count() - row.matches("\\|").count(), 5, "{row}");
        for markup in ["<script", "](", "www.example", "https:", "@everyone", "<b "] {
            assert!(!row.contains(markup), "{markup} in {row}");
        }
    }
}

#[test]
fn captions_in_files_are_unchanged() {
    let text = "::error::x\n##[error]y";
    let run = |arguments: &[&str], is_log: bool| {
        let stand_in = StandIn::scripted([answer(text)]);
        let run = caption(&stand_in).data_file("tone.wav").arg("tone.wav").args(arguments);
        let mut run = if is_log { run.env("GITHUB_ACTIONS", "true") } else { run };
        let ended = finish(run.spawn());
        (ended.captioned(), fs::read_to_string(run.folder().join("out.txt")).unwrap_or_default())
    };
    let line = format!("{text}\n");
    assert_eq!(run(&[], false), (line.clone(), String::new()));
    assert_eq!(run(&["-o", "out.txt"], true), (String::new(), line));
    assert_eq!(run(&[], true).0, ":\u{200b}:error::x\n##\u{200b}[error]y\n");
}

#[test]
fn a_report_that_cannot_be_written_stops_the_run_before_anything_is_sent() {
    let stand_in = StandIn::start();
    let run = |report: &str| {
        caption(&stand_in)
            .data_file("tone.wav")
            .args(["tone.wav", "--report", report])
            .run()
            .failed(2)
    };
    assert_says(&run("junit=no/such/folder.xml"), &["could not write", "no/such/folder.xml"]);
    assert_says(&run("junit=tone.wav"), &["would overwrite audio"]);
    assert_says(&run("pdf"), &["one of junit, sarif, github, html"]);
    assert_says(&run("junit="), &["names no file"]);
    assert_says(&run("html=-"), &["captions go to standard output"]);
    let twice = ["tone.wav", "--report", "junit=x", "--report", "sarif=./x"];
    let twice = caption(&stand_in).data_file("tone.wav").args(twice).run();
    assert_says(&twice.failed(2), &["would both be written to"]);
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn a_report_is_written_completely_or_not_at_all() {
    let stand_in = StandIn::start();
    let run = caption(&stand_in).file("empty/x.txt", "").file("caption-report.xml", "before");
    let mut run = run.args(["empty", "--report", "junit"]);
    assert_eq!(finish(run.spawn()).code, 2);
    assert_eq!(read(&run, "caption-report.xml"), "before");
    run = run.arg("--allow-empty");
    assert_eq!(finish(run.spawn()).code, 0);
    assert!(cases(&read(&run, "caption-report.xml")).is_empty());
}

#[test]
fn a_closed_pipe_does_not_affect_reports_or_exit_code() {
    let stand_in = StandIn::always(|| answer("A low voice."));
    let run = caption(&stand_in).clips("sfx", 20).args(["-q", "-j", "1", "sfx"]);
    let mut run = run.args(["--deny", "voice", "--report", "junit"]);
    let mut child = run.spawn();
    drop(child.stdout.take());
    assert_eq!(finish(child).code, 1);
    assert_eq!(cases(&read(&run, "caption-report.xml")).len(), 20);
}

#[cfg(target_os = "linux")]
#[test]
fn an_unwritable_sidecar_is_a_failure_in_the_report() {
    let gate = Gate::closed();
    let stand_in = StandIn::scripted([answer("Rain.").held_by(&gate)]);
    let run = caption(&stand_in).data_file("tone.wav").args(["tone.wav", "--sidecar"]);
    let mut run = run.args(["--report", "junit", "--report", "sarif=/dev/full"]);
    let child = run.spawn();
    stand_in.wait_for_requests(1);
    fs::create_dir(run.folder().join("tone.txt")).unwrap();
    gate.open();
    let ended = finish(child);
    assert_eq!(ended.code, 3);
    assert_says(&ended.stderr, &["could not write the report", "/dev/full"]);
    let cases = cases(&read(&run, "caption-report.xml"));
    assert_eq!((cases[0].children[0].0.as_str(), cases.len()), ("error", 1));
}

#[cfg(unix)]
#[test]
fn a_report_is_not_written_through_links_or_over_audio() {
    let stand_in = StandIn::start();
    let elsewhere = tempfile::NamedTempFile::new().unwrap();
    let run = caption(&stand_in).file("caption.toml", "report = ['junit']\n").data_file("tone.wav");
    std::os::unix::fs::symlink(elsewhere.path(), run.folder().join("caption-report.xml")).unwrap();
    assert_says(&run.arg("tone.wav").run().failed(2), &["leads out of the project"]);
    let run = caption(&stand_in).data_file("tone.wav").data_file("tone.mp3").args(["tone.mp3"]);
    std::os::unix::fs::symlink("tone.wav", run.folder().join("x")).unwrap();
    assert_says(&run.args(["--report", "junit=x"]).run().failed(2), &["would overwrite audio"]);
}

#[cfg(target_os = "linux")]
#[test]
fn an_unwritable_output_is_in_the_reports() {
    let run = |reply: fn() -> Reply| {
        let stand_in = StandIn::always(reply);
        let run = caption(&stand_in).clips("sfx", 3).args(["-j", "1", "sfx", "-o", "/dev/full"]);
        let mut run = run.args(["-f", "jsonl", "--deny", "voice", "--report", "junit"]);
        let ended = finish(run.spawn());
        (ended, read(&run, "caption-report.xml"))
    };
    let (ended, xml) = run(|| answer("A low voice."));
    assert_eq!(ended.code, 3);
    assert_says(&ended.stderr, &["violation: says \"voice\"", "could not write the output"]);
    let cases = cases(&xml);
    assert_eq!(cases[0].children[0].0, "failure");
    assert_eq!(run(|| Reply::status(401)).0.code, 4);
}

#[test]
fn reports_never_overwrite_files_that_are_read() {
    let stand_in = StandIn::start();
    let run = |arguments: &[&str]| {
        let run = caption(&stand_in).data_file("tone.wav").file("key.txt", KEY);
        let run = run.file("film.mp4", fs::read(data_path("tones/video.mp4")).unwrap());
        let run = run.file("list.txt", "film.mp4\ntone.wav\n").file("caption.toml", "");
        run.args(["--files-from", "list.txt", "--api-key-file", "key.txt"]).args(arguments).run()
    };
    for file in ["list.txt", "key.txt", "caption.toml"] {
        let stderr = run(&["--report", &format!("junit={file}")]).failed(2);
        assert_says(&stderr, &[file, "would be overwritten"]);
    }
    for arguments in [["--report", "html=film.mp4"], ["-o", "film.mp4"]] {
        assert_says(&run(&arguments).failed(2), &["would overwrite audio"]);
    }
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn url_credentials_are_in_no_report() {
    let stand_in = StandIn::always(|| answer("A low voice."));
    let list =
        "https://user:pw4711@example.com/a.wav?key=s3cr3t\nftp://user:pw4711@h/b.wav?key=s3cr3t\n";
    let run = caption(&stand_in).file("list", list).args(["-q", "--files-from", "list"]);
    let mut run = run.args(["--deny", "voice", "--report", "junit", "--report", "sarif"]);
    run = run.args(["--report", "html", "--report", "github=out.log"]);
    assert_eq!(finish(run.spawn()).code, 3);
    let names = ["caption-report.xml", "caption-report.sarif", "caption-report.html", "out.log"];
    for name in names {
        let report = read(&run, name);
        assert_says(&report, &["example.com/a.wav"]);
        assert!(!report.contains("pw4711") && !report.contains("s3cr3t"), "{name}: {report}");
    }
    assert_eq!(cases(&read(&run, names[0])).len(), 2);
}

#[cfg(unix)]
#[test]
fn a_hostile_file_name_is_text_in_reports() {
    let summary = tempfile::NamedTempFile::new().unwrap();
    let stand_in = StandIn::always(|| answer("A low voice."));
    let name = "a\n::error::x,y%0A|<b>\u{1b}[31m]]>.wav";
    let run = caption(&stand_in).file(name, fs::read(data_path("tone.wav")).unwrap());
    let run = run.env("GITHUB_STEP_SUMMARY", summary.path()).args(["-q", "--deny", "voice", "."]);
    let mut run = run.args(["--report", "github", "--report", "junit", "--report", "sarif"]);
    let ended = finish(run.spawn());
    assert_eq!(ended.code, 1);
    let file =
        "::error file=a%0A%3A%3Aerror%3A%3Ax%2Cy%250A|<b>\u{fffd}[31m]]>.wav,title=deny voice::";
    let lines: Vec<_> = ended.stderr.lines().filter(|line| line.starts_with("::")).collect();
    assert_eq!((lines.len(), lines[0].starts_with(file)), (1, true), "{lines:?}");
    let table = fs::read_to_string(summary.path()).unwrap();
    assert_eq!(table.lines().filter(|line| line.contains("voice")).count(), 1);
    assert!(!table.contains("<b>"), "{table}");
    assert_eq!(cases(&read(&run, "caption-report.xml")).len(), 1);
    let sarif = sarif_run(&read(&run, "caption-report.sarif"));
    let uri = &sarif["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(uri, "a%0A%3A%3Aerror%3A%3Ax%2Cy%250A%7C%3Cb%3E%1B%5B31m%5D%5D%3E.wav");
}

#[cfg(unix)]
#[test]
fn dev_stdout_is_standard_output() {
    let stand_in = StandIn::always(|| answer("Wind."));
    let all = tempfile::NamedTempFile::new().unwrap();
    let mut run = caption(&stand_in).clips("sfx", 3);
    run.command().args(["-q", "sfx", "--report", "html=/dev/stdout"]);
    run.command().stdout(all.reopen().unwrap()).stderr(std::process::Stdio::null());
    assert!(run.command().status().unwrap().success());
    let text = fs::read_to_string(all.path()).unwrap();
    assert_eq!(text.matches("==> sfx/").count(), 3);
    assert_eq!(media(&text).len(), 3);
    assert_says(&text, &["<!doctype html>", "</html>"]);
}

#[test]
fn a_dash_is_standard_output_for_reports() {
    let stand_in = StandIn::always(|| answer("Wind."));
    let tone = fs::read(data_path("tone.wav")).unwrap();
    let run = caption(&stand_in).args(["-", "-o", "-"]).stdin(tone);
    assert_eq!(run.run().captioned(), "Wind.\n");
    let run = caption(&stand_in).data_file("tone.wav").args(["-q", "--files-from", "-", "-o", "-"]);
    assert_eq!(run.stdin("tone.wav\n").run().ended(0), "==> tone.wav <==\nWind.\n");
}
