
"use strict";

// Sign, meaning, name of the filter, and phrase after a count. The order is that of severity.
const SIGNS = {
  broken: ["✕", "breaks a rule", "violations", "with violations"],
  failed: ["!", "has no caption", "no caption", "without a caption"],
  warning: ["△", "has a warning", "warnings", "with warnings"],
  skipped: ["–", "was skipped", "skipped", "skipped"],
  fine: ["✓", "keeps every rule", "fine", "fine"],
};
const NEEDS_REVIEW = ["broken", "failed", "warning"];
const $ = (id) => document.getElementById(id);
const [list, rows, detail, search] = ["list", "rows", "detail", "search"].map($);

// Adds text from outside as text nodes, never as markup.
function make(name, className, ...children) {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

const assets = [...document.querySelectorAll("script.asset")].map((script) => {
  const asset = JSON.parse(script.textContent);
  const next = script.nextElementSibling;
  asset.embedded = next.className === "sound" ? next : null;
  const findings = (asset.findings ?? []).map((finding) => `${finding.rule} ${finding.message}`);
  const texts = [asset.input, asset.caption, asset.error?.message, ...findings];
  asset.search_text = texts.filter(Boolean).join("\n").toLowerCase();
  return asset;
});

const run = JSON.parse($("run").textContent);

let shown = assets;
let selected = null;
const player = make("audio");
player.controls = true;
player.preload = "metadata";
player.ariaLabel = "Player";

function decode(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

// Time by its two largest units, as on the terminal: "12.5 s", "3 min 54 s", "2 h 1 min".
function format_length(exact) {
  if (exact < 59.95) {
    const digits = exact > 0 && exact < 0.1 ? 2 : 1;
    return `${Number.isInteger(exact) ? exact : exact.toFixed(digits)} s`;
  }
  const seconds = Math.round(exact);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const units = hours >= 48 ? [[Math.floor(hours / 24), "d"], [hours % 24, "h"]]
    : hours ? [[hours, "h"], [minutes, "min"]]
    : [[minutes, "min"], [seconds % 60, "s"]];
  return units.filter(([count]) => count).map(([count, unit]) => `${count} ${unit}`).join(" ");
}

function format_span(start, end) {
  const has_hours = end >= 3599.5;
  const two = (number) => String(number).padStart(2, "0");
  const clock = (exact) => {
    const seconds = Math.round(exact);
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
    return `${has_hours ? `${hours}:` : ""}${two(minutes)}:${two(seconds % 60)}`;
  };
  return `${clock(start)} – ${clock(end)}`;
}
