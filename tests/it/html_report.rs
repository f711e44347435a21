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
const LISTED: &str = "[...document.querySelectorAll('#list li:not([hidden]) .name')]\
                      .map((name) => name.textContent)";

const SELECTED: &str = "document.querySelector('#detail h2').textContent";

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

#[test]
fn search_and_filter_show_only_matches() {
    let captions = ["Rain on a roof.", "A voice in the rain.", "Wind."];
    let Some((page, _run)) = page(&captions, &["--deny", "voice"]) else { return };
    page.press("/rain");
    assert_eq!(page.value(LISTED), json!(["sfx/0.wav", "sfx/1.wav"]));
    page.press(" ROOF");
    assert_eq!(page.value(LISTED), json!(["sfx/0.wav"]));
    assert_eq!(page.value(SELECTED), "sfx/0.wav");
    page.press("x");
    assert_eq!(page.value(LISTED), json!([]));
    page.value("document.querySelector('#search').value = ''");
    page.press("\u{e003} \u{e003}");
    assert_eq!(page.value(LISTED), json!(["sfx/0.wav", "sfx/1.wav", "sfx/2.wav"]));
    page.click("#filters [data-filter=broken]");
    assert_eq!(page.value(LISTED), json!(["sfx/1.wav"]));
    page.click("#filters [data-filter=fine]");
    assert_eq!(page.value(LISTED), json!(["sfx/0.wav", "sfx/2.wav"]));
}

#[test]
fn the_page_can_be_used_with_the_keyboard() {
    let captions = ["Rain.", "A voice.", "Wind.", "Another voice."];
    let Some((page, _run)) = page(&captions, &["--deny", "voice"]) else { return };
    // The first one with a finding.
    assert_eq!(page.value(SELECTED), "sfx/1.wav");
    for (key, expected) in
        [("j", "2"), (DOWN, "3"), ("j", "3"), ("p", "1"), ("k", "0"), ("n", "1"), ("n", "3")]
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
    assert_eq!(page.value(SELECTED), "sfx/0.wav");
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
    assert_eq!(page.value("document.title"), "caption report");
    assert_eq!(page.value("document.images.length"), 0);
    assert_eq!(page.value(LISTED), json!(["sfx/0.wav", "sfx/1.wav"]));
    let text = page.value("document.querySelector('#detail .text').textContent");
    let text = text.as_str().unwrap();
    assert!(text.starts_with("</script><script>document.title='owned'</script><img src=x"));
    assert!(!text.contains(['\u{1b}', '\u{202e}']) && text.len() < 100_000);
    let html = std::fs::read_to_string(run.folder().join("caption-report.html")).unwrap();
    // Two clips with two blocks of data each, and the script of the page.
    assert_eq!(html.matches("</script>").count(), 2 * 2 + 1);
    let loaded = "performance.getEntriesByType('resource').map((entry) => entry.name) \
                  .filter((name) => !name.startsWith('blob:'))";
    assert_eq!(page.value(loaded), json!([]));
    let inject = "(() => { const script = document.createElement('script'); \
                  script.textContent = 'document.title = \"owned\"'; document.body.append(script); \
                  return document.title; })()";
    assert_eq!(page.value(inject), "caption report");
}
