//! The HTML report for every eye and hand: contrast, names, keys, narrow windows and paper.

use serde_json::json;

use crate::html_report::{SELECTED, audited};
use crate::webdriver::{DOWN, TAB};

/// Text below a contrast of 4.5:1, and borders and marks below 3:1, by WCAG 2.2.
const TOO_FAINT: &str = r##"(() => {
  const channels = (color) => color.match(/[\d.]+/g).map(Number);
  const light = (color) => channels(color).slice(0, 3).map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, at) => sum + value * [0.2126, 0.7152, 0.0722][at], 0);
  const contrast = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const ground = (element) => {
    const color = getComputedStyle(element).backgroundColor;
    return channels(color)[3] === 0 ? ground(element.parentElement) : color;
  };
  const faint = [];
  const check = (element, kind, color, minimum) => {
    const value = contrast(color, ground(kind === "border" ? element.parentElement : element));
    if (value < minimum) faint.push(`${kind} of ${element.outerHTML.slice(0, 80)}: ${value}`);
  };
  for (const element of document.body.querySelectorAll("*")) {
    if (!element.checkVisibility() || element.closest("script, option")) continue;
    const style = getComputedStyle(element);
    const has_text = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (has_text) check(element, "text", style.color, 4.5);
    if (element.matches("button, input, select, kbd")) check(element, "border", style.borderTopColor, 3);
    if (element.matches(".finding")) check(element, "border", style.borderLeftColor, 3);
    if (element.matches("#detail")) check(element, "border", style.borderLeftColor, 3);
    if (element.matches("#search")) check(element, "text", getComputedStyle(element, "::placeholder").color, 4.5);
    if (!element.matches("canvas")) continue;
    for (const name of ["--accent", "--faint", "--text"]) check(element, "mark", color(element, name), 3);
  }
  return faint;
})()"##;

/// Controls without a name, headings that skip a level, and missing landmarks.
const UNNAMED: &str = r#"(() => {
  const name = (element) => element.ariaLabel || element.textContent.trim();
  const controls = "button, input, select, audio, canvas, dialog, a, summary, [tabindex], [role=gridcell]:first-child";
  const faults = [...document.querySelectorAll(controls)].filter((element) => !name(element))
    .map((element) => element.outerHTML.slice(0, 80));
  const levels = [...document.querySelectorAll("h1, h2, h3, h4")].map((heading) => Number(heading.tagName[1]));
  levels.forEach((level, at) => { if (level > (levels[at - 1] ?? 0) + 1) faults.push(`a heading ${level}`); });
  if (levels.filter((level) => level === 1).length !== 1) faults.push("not one title");
  for (const landmark of ["html[lang]", "header", "main", "title"]) {
    if (!document.querySelector(landmark)) faults.push(landmark);
  }
  return faults;
})()"#;

#[test]
fn the_page_is_legible_and_named_in_light_and_dark_and_in_a_narrow_window() {
    let Some((page, _run)) = audited() else { return };
    page.click("#rules summary");
    for scheme in ["light", "dark"] {
        page.emulate_color_scheme(scheme);
        assert_eq!(page.value(TOO_FAINT), json!([]), "{scheme}");
    }
    assert_eq!(page.value(UNNAMED), json!([]));
    for width in [320, 500, 1200] {
        page.resize(width, 800);
        let is_wide = "document.documentElement.scrollWidth > innerWidth";
        assert_eq!(page.value(is_wide), false, "{width}");
    }
}

#[test]
fn arrow_keys_scroll_the_focused_details() {
    let Some((page, _run)) = audited() else { return };
    page.resize(900, 400);
    page.press(DOWN);
    assert_eq!(page.value(SELECTED), "gone.wav");
    page.press("k");
    // From the list over the buttons of its head to the details.
    page.press(&TAB.repeat(4));
    assert_eq!(page.value("document.activeElement.id"), "detail");
    page.press(DOWN);
    page.wait_for("document.querySelector('#detail').scrollTop > 0");
    assert_eq!(page.value(SELECTED), "sfx/b.wav");
    // Keys of other controls are their own, too.
    page.value("document.querySelector('#rule').focus()");
    page.press("n");
    assert_eq!(page.value(SELECTED), "sfx/b.wav");
}

#[test]
fn the_page_is_printed_as_a_whole() {
    let Some((page, _run)) = audited() else { return };
    page.click("[data-sort=name]");
    page.emulate_color_scheme("dark");
    page.emulate_paper(true);
    page.wait_for("document.querySelectorAll('#paper .entry').length === 4");
    let names = "[...document.querySelectorAll('.entry h2')].map((name) => name.innerText)";
    assert_eq!(page.value(names), json!(["gone.wav", "sfx/a.wav", "sfx/b.wav", "sfx/c.wav"]));
    let text = page.value("document.body.innerText");
    for words in ["4 files, 1 with", "no-voice", "A voice.", "Wind.", "says \"voice\"", "dBFS"] {
        assert!(text.as_str().unwrap().contains(words), "{words} is not in {text}");
    }
    let controls = "[...document.querySelectorAll('button, input, select, audio, #list')]\
                    .filter((control) => control.checkVisibility()).length";
    assert_eq!(page.value(controls), 0);
    let cut = "[...document.querySelectorAll('body, #paper, .entry, #rules table')]\
               .filter((part) => part.scrollHeight > part.clientHeight + 1).length";
    assert_eq!(page.value(cut), 0);
    let breaks = "getComputedStyle(document.querySelector('.entry')).breakInside";
    assert_eq!(page.value(breaks), "avoid");
    assert_eq!(page.value("document.querySelectorAll('.entry path').length"), 3);
    page.emulate_paper(false);
    page.wait_for("!document.querySelector('#paper')");
    assert_eq!(page.value("document.querySelector('#rules').open"), false);
}
