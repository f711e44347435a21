//! The HTML report in a real browser.

use serde_json::json;

use crate::harness::{Caption, answer, caption, finish};
use crate::webdriver::{Browser, DOWN, ESCAPE, RIGHT};
use support::audio::{samples, sine, wav};
use support::stand_in::StandIn;

/// Opens the report of a run on clips with these captions.
fn page(captions: &[&str], arguments: &[&str]) -> Option<(Browser, Caption)> {
    let stand_in = StandIn::scripted(captions.iter().map(|caption| answer(caption)));
    let mut run = caption(&stand_in);
    for (number, _) in captions.iter().enumerate() {
        let pitch = 100.0 * (number + 1) as f64;
        let audio = wav(16_000, 1, 16, &samples(16_000, 2.0, sine(pitch)));
        run = run.file(&format!("sfx/{number}.wav"), audio);
    }
    let run = run.args(["-q", "-j", "1", "sfx", "--report", "html"]);
    let mut run = run.args(arguments);
    let code = finish(run.spawn()).code;
    assert!(code < 2, "{code}");
    let browser = Browser::open(&run.folder().join("caption-report.html"))?;
    Some((browser, run))
}

/// Names in the list.
const LISTED: &str = "[...document.querySelectorAll('#rows > :not([hidden]) .name')]\
                      .map((name) => name.textContent)";

/// Name of the selected file.
pub(crate) const SELECTED: &str = "document.querySelector('#detail h2').textContent";

#[test]
fn the_page_shows_player_waveform_timeline_measurements_and_findings() {
    let stand_in = StandIn::scripted(["Rain.", "A voice is heard.", "Wind."].map(answer));
    let audio = wav(16_000, 1, 16, &samples(16_000, 6.0, sine(440.0)));
    let run = caption(&stand_in).file("a.wav", audio).args(["-j", "1", "--window", "2s", "a.wav"]);
    let mut run = run.args(["--deny", "voice", "--report", "html"]);
    assert_eq!(finish(run.spawn()).code, 1);
    let Some(page) = Browser::open(&run.folder().join("caption-report.html")) else { return };
    let text = page.value("document.querySelector('#detail').innerText");
    for words in ["a.wav", "breaks a rule", "deny voice: says \"voice\"", "dBFS", "6 s"] {
        assert!(text.as_str().unwrap().contains(words), "{words} is not in {text}");
    }
    let times = "[...document.querySelectorAll('.windows button')].map((time) => time.textContent)";
    assert_eq!(page.value(times), json!(["00:00 – 00:02", "00:02 – 00:04", "00:04 – 00:06"]));
    let marked = "[...document.querySelectorAll('#detail mark')].map((mark) => mark.textContent)";
    assert_eq!(page.value(marked), json!(["voice", "voice"]));
    // A full-scale sine fills the canvas from top to bottom.
    let drawn = "(() => { const canvas = document.querySelector('canvas'); \
                 const pen = canvas.getContext('2d'); \
                 const at = (part) => pen.getImageData(canvas.width / 2 | 0, canvas.height * part | 0, 4, 1) \
                 .data.some((byte) => byte > 0); return [at(0.1), at(0.5), at(0.9)]; })()";
    assert_eq!(page.value(drawn), json!([true, true, true]));
    let windows =
        "[...document.querySelectorAll('.windows .text')].map((text) => text.textContent)";
    assert_eq!(page.value(windows), json!(["Rain.", "A voice is heard.", "Wind."]));
    page.wait_for("Math.abs(document.querySelector('#detail audio').duration - 6) < 0.01");
    page.click(".windows li:nth-child(2) button");
    page.wait_for("document.querySelector('#detail audio').currentTime >= 1.9");
    page.wait_for("document.querySelector('.windows li:nth-child(2)').classList.contains('now')");
    let background = |scheme: &str| {
        page.emulate_color_scheme(scheme);
        page.value("getComputedStyle(document.body).backgroundColor")
    };
    assert_eq!(background("light"), "rgb(255, 255, 255)");
    assert_eq!(background("dark"), "rgb(23, 23, 26)");
}

/// Rules with every severity, a reason and a glob that matches nothing.
const RULES: &str = "[[rule]]\nname = 'no-voice'\ndeny = 'voice'\nreason = 'Loops <b>only</b>.'\n\
                     [[rule]]\nduration = { max = 2.5 }\nseverity = 'warning'\n\
                     [[rule]]\nname = 'unused'\nrequire = 'x'\npaths = ['music/**']\n";

/// Opens the report of a run on sounds of several lengths and verdicts, one of them missing.
pub(crate) fn audited() -> Option<(Browser, Caption)> {
    let stand_in = StandIn::scripted(["Rain.", "A voice.", "Wind."].map(answer));
    let mut run = caption(&stand_in).file("caption.toml", RULES);
    for (name, seconds) in [("a", 1.0), ("b", 4.0), ("c", 3.0)] {
        let audio = wav(16_000, 1, 16, &samples(16_000, seconds, sine(440.0)));
        run = run.file(&format!("sfx/{name}.wav"), audio);
    }
    let run = run.env("SOURCE_DATE_EPOCH", "1764028800");
    let mut run = run.args(["-q", "-j", "1", "sfx", "gone.wav", "--report", "html"]);
    assert_eq!(finish(run.spawn()).code, 3);
    let browser = Browser::open(&run.folder().join("caption-report.html"))?;
    Some((browser, run))
}

#[test]
fn the_head_names_project_date_model_totals_and_rules() {
    let Some((page, run)) = audited() else { return };
    let text = |selector: &str| {
        let text = page.value(&format!("document.querySelector('{selector}').textContent"));
        text.as_str().unwrap().to_owned()
    };
    assert_eq!(text("h1"), run.folder().file_name().unwrap().to_str().unwrap());
    let about = text("#about");
    let parts: Vec<_> = about.split(" · ").collect();
    assert_eq!((parts[1], parts[3]), ("2025-11-25", "8 s of audio"), "{about}");
    assert!(parts[2].ends_with("captioner"), "{about}");
    // The one with a violation has a warning too.
    let verdict = "4 files, 1 with violations, 1 without a caption, 2 with warnings, 1 fine";
    assert_eq!(text("#verdict"), verdict);
    assert_eq!(text("#rules summary"), "4 rules checked, 2 violated");
    page.click("#rules summary");
    let rules = "[...document.querySelectorAll('#rules tbody tr')].map((row) => \
                 [...row.children].map((cell) => cell.innerText.replaceAll('\\n', ' ')).join('|'))";
    let expected = [
        "looping|warning|0",
        "no-voice Loops <b>only</b>.|error|1",
        "duration|warning|2",
        "unused Only music/**|error|0",
    ];
    let told = page.value(rules).to_string().replace("  ", " ");
    assert_eq!(told, json!(expected).to_string());
}

#[test]
fn the_list_is_sorted_by_severity_name_or_length() {
    let Some((page, _run)) = audited() else { return };
    let assert_order = |sorted: [Option<&str>; 3], names: [&str; 4]| {
        let orders =
            "[...document.querySelectorAll('[role=columnheader]')].map((head) => head.ariaSort)";
        let sorted = sorted.map(|order| order.unwrap_or("none"));
        assert_eq!(page.value(orders), json!(sorted));
        assert_eq!(page.value(LISTED), json!(names));
    };
    let [a, b, c, gone] = ["sfx/a.wav", "sfx/b.wav", "sfx/c.wav", "gone.wav"];
    assert_order([Some("descending"), None, None], [b, gone, c, a]);
    page.click("[data-sort=severity]");
    assert_order([Some("ascending"), None, None], [a, c, gone, b]);
    page.click("[data-sort=name]");
    assert_order([None, Some("ascending"), None], [gone, a, b, c]);
    page.click("[data-sort=length]");
    assert_order([None, None, Some("ascending")], [gone, a, c, b]);
    page.click("[data-sort=length]");
    assert_order([None, None, Some("descending")], [b, c, a, gone]);
    // The selected one stays, and the keys follow the new order.
    assert_eq!(page.value(SELECTED), b);
    page.press("j");
    assert_eq!(page.value(SELECTED), c);
    let measured = "document.querySelector('#detail').innerText.includes('Measured')";
    assert_eq!(page.value(measured), true);
    page.press("jj");
    assert_eq!((page.value(SELECTED), page.value(measured)), (json!(gone), json!(false)));
    page.click("#filters [data-filter=warning]");
    assert_eq!(page.value(LISTED), json!([b, c]));
    page.click("#rule option[value=no-voice]");
    assert_eq!(page.value(LISTED), json!([b]));
}

#[test]
fn search_and_filter_show_only_matches() {
    let captions = ["Rain on a roof.", "A voice in the rain.", "Wind."];
    let Some((page, _run)) = page(&captions, &["--deny", "voice"]) else { return };
    page.press("/rain");
    assert_eq!(page.value(LISTED), json!(["sfx/1.wav", "sfx/0.wav"]));
    page.press(" ROOF");
    assert_eq!(page.value(LISTED), json!(["sfx/0.wav"]));
    assert_eq!(page.value(SELECTED), "sfx/0.wav");
    page.press("x");
    assert_eq!(page.value(LISTED), json!([]));
    page.value("document.querySelector('#search').value = ''");
    page.press("\u{e003} \u{e003}");
    assert_eq!(page.value(LISTED), json!(["sfx/1.wav", "sfx/0.wav", "sfx/2.wav"]));
    page.click("#filters [data-filter=broken]");
    assert_eq!(page.value(LISTED), json!(["sfx/1.wav"]));
    page.click("#filters [data-filter=fine]");
    assert_eq!(page.value(LISTED), json!(["sfx/0.wav", "sfx/2.wav"]));
}

#[test]
fn the_page_can_be_used_with_the_keyboard() {
    let captions = ["Rain.", "A voice.", "Wind.", "Another voice."];
    let Some((page, _run)) = page(&captions, &["--deny", "voice"]) else { return };
    // Those with a violation are first.
    assert_eq!(page.value(SELECTED), "sfx/1.wav");
    for (key, expected) in
        [("j", "3"), (DOWN, "0"), ("j", "2"), ("j", "2"), ("p", "3"), ("k", "1"), ("n", "3")]
    {
        page.press(key);
        assert_eq!(page.value(SELECTED), format!("sfx/{expected}.wav"), "after {key}");
    }
    page.press("3");
    assert_eq!(page.value(LISTED), json!(["sfx/0.wav", "sfx/2.wav"]));
    page.press("1");
    page.press("/j");
    assert_eq!(page.value("document.querySelector('#search').value"), "j");
    assert_eq!(page.value(LISTED), json!([]));
    page.press(ESCAPE);
    assert_eq!(page.value(SELECTED), "sfx/1.wav");
    page.press("?");
    assert_eq!(page.value("document.querySelector('#help').open"), true);
    page.press(ESCAPE);
    assert_eq!(page.value("document.querySelector('#help').open"), false);
    let audio = "document.querySelector('#detail audio')";
    assert_eq!(page.value(&format!("{audio}.paused")), true);
    page.press(" ");
    page.wait_for(&format!("{audio}.currentTime > 0.1 && !{audio}.paused"));
    page.press(" ");
    page.wait_for(&format!("{audio}.paused"));
    page.value(&format!("{audio}.currentTime = 1"));
    page.press(RIGHT);
    page.wait_for(&format!("Math.abs({audio}.currentTime - 1.2) < 0.01"));
    page.click("canvas");
    page.wait_for(&format!("Math.abs({audio}.currentTime - 1) < 0.05"));
    page.press(" ");
    page.wait_for(&format!("!{audio}.paused"));
    // The next clip is at its start, and paused.
    page.press("n");
    assert_eq!(page.value(&format!("[{audio}.currentTime, {audio}.paused]")), json!([0, true]));
    page.press("/zzz\u{e007} ");
    assert_eq!(page.value("player.paused && !player.hasAttribute('src')"), true);
}

#[test]
fn a_hostile_caption_cannot_run_scripts_or_load_files() {
    let long = "x ".repeat(500_000);
    let hostile = format!(
        "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">\
         <!-- ]]> ::error::x \u{1b}[31m\u{202e} {{{{constructor}}}} javascript:alert(1) {long}"
    );
    let Some((page, run)) = page(&[&hostile, "Wind."], &["--deny", "owned"]) else { return };
    let title = page.value("document.title");
    assert!(title.as_str().unwrap().ends_with(" – caption report"), "{title}");
    assert_eq!(page.value("document.images.length"), 0);
    assert_eq!(page.value(LISTED), json!(["sfx/0.wav", "sfx/1.wav"]));
    let text = page.value("document.querySelector('#detail .text').textContent");
    let text = text.as_str().unwrap();
    assert!(text.starts_with("</script><script>document.title='owned'</script><img src=x"));
    assert!(!text.contains(['\u{1b}', '\u{202e}']) && text.len() < 100_000);
    let html = std::fs::read_to_string(run.folder().join("caption-report.html")).unwrap();
    // Two clips with two blocks of data each, the facts of the run, and the script of the page.
    assert_eq!(html.matches("</script>").count(), 2 * 2 + 2);
    let loaded = "performance.getEntriesByType('resource').map((entry) => entry.name) \
                  .filter((name) => !name.startsWith('blob:'))";
    assert_eq!(page.value(loaded), json!([]));
    let inject = "(() => { const script = document.createElement('script'); \
                  script.textContent = 'document.title = \"owned\"'; document.body.append(script); \
                  return document.title; })()";
    assert_eq!(page.value(inject), title);
}
