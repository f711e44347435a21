//! Reports for test viewers, code scanning, and CI logs.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Caption, Run, answer, assert_says, caption, data_path, finish};
use support::audio::wav;
use support::stand_in::{Reply, StandIn};

/// Runs the program on four inputs: a violation, a failure, a warning, and a
/// success.
fn mixed(arguments: &[&str]) -> (Run, Caption) {
    let looping = "A bell rings and rings and rings. ".repeat(30);
    let replies = [
        answer("Rain falls. A low voice is heard."),
        Reply::status(500),
        answer(&looping),
        answer("Wind in trees."),
    ];
    let stand_in = StandIn::scripted(replies);
    let run = caption(&stand_in).clips("sfx", 4).args(["-j", "1", "--max-retries", "0"]);
    let mut run = run.args(["-q", "sfx", "--deny", "voice"]).args(arguments);
    let ended = finish(run.spawn());
    assert_eq!(ended.code, 3);
    (ended, run)
}

/// Runs the program on an input with this caption and returns its report.
pub(crate) fn reported(text: &str, kind: &str, arguments: &[&str]) -> (Run, String) {
    let stand_in = StandIn::scripted([answer(text)]);
    let run = caption(&stand_in).data_file("tone.wav").args(["tone.wav", "--report"]);
    let mut run = run.arg(format!("{kind}=report")).args(arguments);
    let ended = finish(run.spawn());
    let report = read(&run, "report");
    (ended, report)
}

pub(crate) fn read(run: &Caption, name: &str) -> String {
    fs::read_to_string(run.folder().join(name)).unwrap()
}

/// Asserts that a text is `JUnit` XML as Jenkins defines it and returns its cases.
#[track_caller]
pub(crate) fn cases(xml: &str) -> Vec<Case> {
    let schema = fs::read_to_string(data_path("schemas/junit-10.xsd")).unwrap();
    let schema = uppsala::parse(&schema).unwrap();
    let document = uppsala::parse(xml).unwrap();
    let errors = uppsala::XsdValidator::from_schema(&schema).unwrap().validate(&document);
    assert!(errors.is_empty(), "{errors:?} in {xml}");
    let case = |node| {
        let element = document.element(node).unwrap();
        let children = document.children_iter(node).filter_map(|child| {
            let element = document.element(child)?;
            let message = element.get_attribute("message").unwrap_or_default().to_owned();
            Some((element.name.local_name.to_string(), message, document.text_content_deep(child)))
        });
        Case {
            name: element.get_attribute("name").unwrap().to_owned(),
            children: children.collect(),
        }
    };
    document.get_elements_by_tag_name("testcase").into_iter().map(case).collect()
}

pub(crate) struct Case {
    pub(crate) name: String,
    /// Name, message and text of each child element.
    pub(crate) children: Vec<(String, String, String)>,
}

/// Asserts that a text is SARIF 2.1.0 and returns its only run.
#[track_caller]
pub(crate) fn sarif_run(text: &str) -> Value {
    let schema = fs::read_to_string(data_path("schemas/sarif-2.1.0.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let log: Value = serde_json::from_str(text).unwrap();
    let config = jsonschema_valid::Config::from_schema(&schema, None).unwrap();
    let errors: Vec<_> =
        config.validate(&log).err().into_iter().flatten().map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?} in {text}");
    log["runs"][0].clone()
}

#[test]
fn junit_has_one_case_per_input() {
    let (_, run) = mixed(&["--report", "junit=out.xml"]);
    let xml = read(&run, "out.xml");
    let counts = "tests=\"4\" failures=\"1\" errors=\"1\"";
    assert_says(&xml, &["<testsuites name=\"caption\" ", counts, "<testsuite ", counts]);
    let cases = cases(&xml);
    let kinds = |case: &Case| -> Vec<String> {
        case.children.iter().map(|(name, ..)| name.clone()).collect()
    };
    let names: Vec<_> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names, ["sfx/000.wav", "sfx/001.wav", "sfx/002.wav", "sfx/003.wav"]);
    assert_eq!(kinds(&cases[0]), ["failure", "system-out"]);
    assert_eq!(cases[0].children[0].1, "says \"voice\"; \"A low voice is heard.\"");
    assert_eq!(kinds(&cases[1]), ["error"]);
    assert_says(&cases[1].children[0].1, &["500", "try again later"]);
    assert_eq!(kinds(&cases[2]), ["system-out"]);
    assert_says(&cases[2].children[0].2, &["warning: looping: repeats itself", "A bell rings"]);
    assert!(kinds(&cases[3]).is_empty());
}

#[test]
fn a_skipped_input_is_a_skipped_case() {
    let stand_in = StandIn::start();
    let run = caption(&stand_in).data_file("tone.wav").file("tone.txt", "Rain.");
    let mut run = run.args(["tone.wav", "--sidecar", "--report", "junit"]);
    finish(run.spawn()).ended(0);
    let cases = cases(&read(&run, "caption-report.xml"));
    assert_eq!(cases[0].children[0].0, "skipped");
}

#[test]
fn sarif_has_results_for_findings_and_notifications_for_failures() {
    let (_, run) = mixed(&["--report", "sarif"]);
    let sarif = sarif_run(&read(&run, "caption-report.sarif"));
    let results = sarif["results"].as_array().unwrap();
    let of = |result: &Value| {
        let place = &result["locations"][0]["physicalLocation"];
        json!([result["ruleId"], result["level"], place["artifactLocation"]["uri"]])
    };
    let found: Vec<_> = results.iter().map(of).collect();
    let expected = [
        json!(["deny voice", "error", "sfx/000.wav"]),
        json!(["looping", "warning", "sfx/002.wav"]),
    ];
    assert_eq!(found, expected);
    for result in results {
        let rule =
            &sarif["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(rule["id"], result["ruleId"]);
    }
    assert_eq!(sarif["invocations"][0]["executionSuccessful"], false);
    let notification = &sarif["invocations"][0]["toolExecutionNotifications"][0];
    assert_says(notification["message"]["text"].as_str().unwrap(), &["500"]);
}

#[test]
fn sarif_obeys_the_limits_of_github_and_keeps_errors() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let rule = |number: usize| {
        let severity = if number < 200 { "warning" } else { "error" };
        let name = format!("{number} {}", "x".repeat(300));
        format!("[[rule]]\nname = '{name}'\ndeny = 'rain'\nseverity = '{severity}'\n")
    };
    let rules = (0..300).map(rule).collect::<Vec<_>>().concat();
    // 27,000 findings, 9,000 of them errors.
    let run = caption(&stand_in).clips("sfx", 1).file("caption.toml", rules);
    let list = "sfx/000.wav\n".to_owned();
    let mut run = run.file("list", list).args(["-q", "--files-from", "list", "--report", "sarif"]);
    for copy in 1..90 {
        let folder = run.folder().join("sfx");
        fs::copy(folder.join("000.wav"), folder.join(format!("{copy:03}.wav"))).unwrap();
    }
    run = run.arg("sfx");
    assert_eq!(finish(run.spawn()).code, 1);
    let log: Value = serde_json::from_str(&read(&run, "caption-report.sarif")).unwrap();
    let sarif = &log["runs"][0];
    let results = sarif["results"].as_array().unwrap();
    assert_eq!(results.len(), 25_000);
    assert!(results[..9000].iter().all(|result| result["level"] == "error"));
    assert!(results[9000..].iter().all(|result| result["level"] == "warning"));
    let rules = sarif["tool"]["driver"]["rules"].as_array().unwrap();
    assert!(rules.iter().all(|rule| rule["id"].as_str().unwrap().chars().count() <= 255));
    let notifications = &sarif["invocations"][0]["toolExecutionNotifications"];
    assert_says(&notifications.to_string(), &["2000 more findings are left out"]);
}

#[test]
fn github_gets_annotations_and_a_summary_table() {
    let summary = tempfile::NamedTempFile::new().unwrap();
    fs::write(summary.path(), "Before.\n\n").unwrap();
    let stand_in = StandIn::always(|| answer("A low voice, 100 %: yes."));
    let run = caption(&stand_in).clips("sfx", 1).env("GITHUB_STEP_SUMMARY", summary.path());
    let run = run.args(["-q", "sfx", "--deny", "voice", "--report", "github"]).run();
    assert_eq!(run.code, 1);
    let quote = "says \"voice\"; \"A low voice, 100 %25: yes.\"";
    assert_says(&run.stderr, &["\n::error file=sfx/000.wav,title=deny voice::", quote, "\n"]);
    let table = fs::read_to_string(summary.path()).unwrap();
    let words = ["Before.\n\n### caption: 1 sound, 1 broken, 0 failed", "| broken | <code>sfx"];
    assert_says(&table, &words);
}

#[test]
fn the_last_annotation_counts_hidden_ones() {
    let stand_in = StandIn::always(|| answer("A low voice."));
    let run = caption(&stand_in).clips("sfx", 25);
    let run = run.args(["-q", "sfx", "--deny", "voice", "--report", "github"]).run();
    assert_eq!(run.stderr.matches("\n::error file=").count(), 9);
    assert_says(&run.stderr, &["\n::error title=caption::and 16 more like these\n"]);
}

#[test]
fn reports_from_a_manifest_are_reproducible_without_a_key() {
    let stand_in = StandIn::always(|| answer("A low voice."));
    let kinds = ["junit=out.xml", "sarif=out.sarif", "html=out.html", "github=out.log"];
    let reports = kinds.iter().flat_map(|kind| ["--report", kind]);
    let audit = ["--manifest", "m.jsonl", "--deny", "voice", "--check", "all", "assets"];
    let mut run = caption(&stand_in).clips("assets", 5).args(audit).args(["-f", "jsonl"]);
    assert_eq!(finish(run.spawn()).code, 1);
    let manifest = read(&run, "m.jsonl");
    let offline = || {
        let run = crate::harness::unconfigured().clips("assets", 5).file("m.jsonl", &manifest);
        let mut run = run.args(audit).arg("--offline").args(reports.clone());
        let ended = finish(run.spawn());
        assert_eq!(ended.code, 1, "{}", ended.stderr);
        let files = ["out.xml", "out.sarif", "out.html", "out.log"].map(|name| read(&run, name));
        // The page names the project, whose folder is another one in each run.
        let project = run.folder().file_name().unwrap().to_str().unwrap();
        (ended.stdout, files.map(|file| file.replace(project, "project")))
    };
    let requests = stand_in.requests().len();
    assert_eq!(offline(), offline());
    assert_eq!(stand_in.requests().len(), requests);
}

#[test]
fn reports_of_a_project_are_relative_to_its_config_file() {
    let stand_in = StandIn::scripted([answer("Rain.")]);
    let run = |report: &str| {
        let toml = format!("report = ['{report}']\n");
        caption(&stand_in).file("caption.toml", toml).data_file("tone.wav").arg("tone.wav")
    };
    let mut inside = run("junit=out.xml");
    finish(inside.spawn()).ended(0);
    assert_eq!(cases(&read(&inside, "out.xml")).len(), 1);
    assert_says(&run("junit=../out.xml").run().failed(2), &["leads out of the project"]);
}

#[test]
fn blocked_audio_is_in_the_report() {
    let stand_in = StandIn::start();
    let silent = wav(16_000, 1, 16, &vec![0.0; 16_000]);
    let run = caption(&stand_in).file("a.wav", silent).args(["a.wav", "--check", "silence"]);
    let mut run = run.args(["--report", "junit"]);
    assert_eq!(finish(run.spawn()).code, 1);
    let cases = cases(&read(&run, "caption-report.xml"));
    assert_says(&cases[0].children[0].1, &["100 % is silence"]);
    assert!(stand_in.requests().is_empty());
}

#[test]
fn reports_show_that_a_run_ended_early() {
    let summary = tempfile::NamedTempFile::new().unwrap();
    let stand_in = StandIn::scripted([answer("Rain."), Reply::status(401)]);
    let run = caption(&stand_in).clips("sfx", 4).args(["-q", "-j", "1", "sfx"]);
    let run = run.env("GITHUB_STEP_SUMMARY", summary.path());
    let mut run = run.args(["--report", "junit", "--report", "sarif", "--report", "github"]);
    let ended = finish(run.spawn());
    assert_eq!(ended.code, 4);
    let early = "the run ended before all inputs were checked";
    assert_says(&ended.stderr, &["::error title=caption::", early]);
    assert_says(&fs::read_to_string(summary.path()).unwrap(), &["1 failed", early]);
    let cases = cases(&read(&run, "caption-report.xml"));
    let last = cases.last().unwrap();
    assert_eq!(
        (cases.len(), last.name.as_str(), last.children[0].1.as_str()),
        (5, "the run", early)
    );
    let sarif = sarif_run(&read(&run, "caption-report.sarif"));
    assert_eq!(sarif["invocations"][0]["executionSuccessful"], false);
    assert_says(&sarif["invocations"].to_string(), &["401", early]);
}

#[test]
fn findings_have_stable_fingerprints_and_paths() {
    let toml = "[[rule]]\nname = 'n'\ndeny = 'rain'\npaths = ['sfx/*']\n\
                [[rule]]\nname = 'n'\ndeny = 'roof'\n";
    let run = |name: &str| {
        let stand_in = StandIn::scripted([answer("Rain on a roof {0}.")]);
        let run = caption(&stand_in).file("caption.toml", toml).clips("sfx", 1);
        let mut run = run.args([name, "--report", "sarif"]);
        assert_eq!(finish(run.spawn()).code, 1);
        sarif_run(&read(&run, "caption-report.sarif"))["results"].clone()
    };
    let results = run("sfx/000.wav");
    let prints = |number: usize| results[number]["partialFingerprints"]["ruleAndInput/v1"].clone();
    assert_ne!(prints(0), prints(1));
    assert_says(results[0]["message"]["text"].as_str().unwrap(), &["a roof {{0}}."]);
    for name in ["./sfx/000.wav", ".//sfx/../sfx//./000.wav"] {
        assert_eq!(run(name), results, "{name}");
    }
}

/// Returns the audio of a page: the source of each clip, and its bytes in the page.
pub(crate) fn media(html: &str) -> Vec<(Value, usize)> {
    let element = |line: &str, class: &str| -> Option<String> {
        let (_, rest) = line.split_once(&format!("class=\"{class}\">"))?;
        Some(rest.strip_suffix("</script>")?.to_owned())
    };
    let mut media: Vec<(Value, usize)> = Vec::new();
    for line in html.lines() {
        if let Some(asset) = element(line, "asset") {
            let asset: Value = serde_json::from_str(&asset).unwrap();
            media.push((asset["media"].clone(), 0));
        } else if let Some(audio) = element(line, "sound") {
            media.last_mut().unwrap().1 = audio.len() / 4 * 3;
        }
    }
    media
}

#[test]
fn small_audio_is_embedded_and_large_audio_linked() {
    let stand_in = StandIn::always(|| answer("Wind."));
    let long = |seconds: f64| wav(16_000, 2, 16, &vec![0.1; (16_000.0 * seconds) as usize]);
    let run = caption(&stand_in)
        .data_file("tone.wav")
        .data_file("multichannel.amr")
        .data_file("tone.mp3");
    let run = run.file("a b/20 s.wav", long(20.0)).file("a b/40 s.wav", long(40.0));
    let aiff = fs::read(data_path("tones/pcm.aiff")).unwrap();
    let run = run.file("x.aiff", &aiff).file("out/.keep", "");
    let inputs =
        ["tone.wav", "tone.mp3", "x.aiff", "a b/20 s.wav", "a b/40 s.wav", "multichannel.amr"];
    let mut run = run.args(inputs).args(["-q", "-j", "1", "--report", "html=out/page.html"]);
    finish(run.spawn()).ended(0);
    let media = media(&read(&run, "out/page.html"));
    let size = |name: &str| fs::metadata(run.folder().join(name)).unwrap().len() as usize;
    let near = |bytes: usize, expected: usize| bytes.abs_diff(expected) < 4;
    assert!(media[0].0 == json!({ "here": "audio/wav" }) && near(media[0].1, size("tone.wav")));
    assert!(media[1].0 == json!({ "here": "audio/mpeg" }) && near(media[1].1, size("tone.mp3")));
    // The converted audio: 16 kHz, one channel, 16 bits.
    assert!(media[2].0 == json!({ "here": "audio/wav" }) && media[2].1 > 44);
    assert!(media[3].0 == json!({ "here": "audio/wav" }) && near(media[3].1, 44 + 640_000));
    assert_eq!(media[4], (json!({ "there": "../a%20b/40%20s.wav" }), 0));
    assert_eq!(media[5], (json!({ "there": "../multichannel.amr" }), 0));
}

#[test]
fn a_duplicate_report_is_written_once() {
    let stand_in = StandIn::scripted([answer("A low voice.")]);
    let run = caption(&stand_in).data_file("tone.wav").args(["-q", "tone.wav", "--deny", "voice"]);
    let run = run.args(["--report", "github", "--report", "github"]).run();
    assert_eq!(run.stderr.matches("::error ").count(), 1);
}

#[test]
fn an_early_end_is_one_of_ten_annotations() {
    let voices = (0..13).map(|_| answer("A low voice."));
    let stand_in = StandIn::scripted(voices.chain([Reply::status(401)]));
    let run = caption(&stand_in).clips("sfx", 20).args(["-q", "-j", "1", "sfx"]);
    let run = run.args(["--deny", "voice", "--report", "github"]).run();
    assert_eq!(run.code, 4);
    let lines: Vec<_> = run.stderr.lines().filter(|line| line.starts_with("::error ")).collect();
    assert_eq!((lines.len(), lines[9]), (10, "::error title=caption::and 6 more like these"));
}

#[test]
fn a_dry_run_writes_no_report() {
    let stand_in = StandIn::start();
    let run = caption(&stand_in).data_file("tone.wav").args([
        "tone.wav",
        "--dry-run",
        "--report",
        "html",
    ]);
    let mut run = run.file("caption-report.html", "before");
    assert_says(&finish(run.spawn()).stderr, &["a dry run writes no report"]);
    assert_eq!(read(&run, "caption-report.html"), "before");
}

#[test]
fn audio_without_a_caption_is_measured_and_drawn() {
    let run = crate::harness::unconfigured().data_file("tone.wav").file("m.jsonl", "");
    let run = run.args(["--offline", "--manifest", "m.jsonl", "tone.wav"]);
    let mut run = run.args(["--report", "html"]);
    assert_eq!(finish(run.spawn()).code, 3);
    let html = read(&run, "caption-report.html");
    let line = html.lines().find(|line| line.contains("class=\"asset\"")).unwrap();
    let (start, end) = (line.find('{').unwrap(), line.rfind('}').unwrap());
    let asset: Value = serde_json::from_str(&line[start..=end]).unwrap();
    assert_eq!((&asset["verdict"], &asset["seconds"]), (&json!("failed"), &json!(0.25)));
    assert_eq!(asset["sound"]["sample_rate"], 8000);
    assert!(asset["waveform"].as_str().unwrap().len() > 40, "{asset}");
}
