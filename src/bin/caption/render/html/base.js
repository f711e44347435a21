
"use strict";

const SIGNS = {
  broken: ["✕", "breaks a rule"],
  failed: ["!", "has no caption"],
  warning: ["△", "has a warning"],
  fine: ["✓", "keeps every rule"],
  skipped: ["–", "was skipped"],
};
const NEEDS_REVIEW = ["broken", "failed", "warning"];
const $ = (id) => document.getElementById(id);
const [list, detail, search] = ["list", "detail", "search"].map($);

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

let shown = assets;
let selected = null;
let filter = "all";
const player = make("audio");
player.controls = true;
player.preload = "metadata";

function decode(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

function clock(seconds) {
  const total = Math.floor(seconds);
  const [hours, minutes] = [Math.floor(total / 3600), Math.floor(total / 60) % 60];
  const two = (number) => String(number).padStart(2, "0");
  return `${hours ? `${hours}:${two(minutes)}` : minutes}:${two(total % 60)}`;
}

const format_length = (seconds) => (seconds < 60 ? `${seconds.toFixed(2)} s` : clock(seconds));
