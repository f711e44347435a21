
// Details of the selected file.

function highlighted(text, words) {
  const parts = [];
  let rest = text;
  for (;;) {
    const found = words.map((word) => [rest.indexOf(word), word]).filter(([at]) => at >= 0);
    if (!found.length) return [...parts, rest];
    const [at, word] = found.reduce((one, other) => (other[0] < one[0] ? other : one));
    parts.push(rest.slice(0, at), make("mark", "", word));
    rest = rest.slice(at + word.length);
  }
}

function text(content, words = []) {
  const paragraph = make("p", "text", ...highlighted(content, words));
  paragraph.dir = "auto";
  return paragraph;
}

function finding({ rule, severity, message, sentence, matched, reason }) {
  const parts = [make("p", "", `${rule}: ${message}`)];
  if (sentence) parts.push(make("p", "", "“", ...highlighted(sentence, matched ? [matched] : []), "”"));
  if (reason) parts.push(make("p", "", reason));
  return make("div", `finding ${severity}`, ...parts);
}

// Paper has times in place of buttons.
function timeline(asset, words, is_on_paper) {
  const items = asset.windows.map((part) => {
    if (is_on_paper) {
      const time = make("span", "note", format_span(part.start, part.end));
      return make("li", "", time, text(part.caption, words));
    }
    const button = make("button", "", format_span(part.start, part.end));
    button.type = "button";
    button.addEventListener("click", () => {
      seek(part.start);
      if (player.paused) toggle();
    });
    const item = make("li", "", button, text(part.caption, words));
    [item.dataset.start, item.dataset.end] = [part.start, part.end];
    return item;
  });
  return make("ol", "windows", ...items);
}

function facts(asset) {
  const { sound = {}, usage } = asset;
  const unit = (value, name) => (value === undefined ? undefined : `${value} ${name}`);
  const format = [sound.container, sound.codec, unit(sound.sample_rate, "Hz"), sound.channels && `${sound.channels} ch`];
  const silence = sound.silence !== undefined &&
    `${format_length(sound.silence)} (${format_length(sound.leading_silence)} at the start, ${format_length(sound.trailing_silence)} at the end)`;
  const rows = [
    ["Length", asset.seconds === undefined ? undefined : format_length(asset.seconds)],
    ["Format", format.filter(Boolean).join(", ")],
    ["Loudness", unit(sound.loudness_lufs, "LUFS")],
    ["Peak", unit(sound.peak_dbfs, "dBFS")],
    ["RMS", unit(sound.rms_dbfs, "dBFS")],
    ["Silence", silence],
    ["Clipped", unit(sound.clipped_samples, "samples")],
    ["Damaged", sound.damaged_packets ? unit(sound.damaged_packets, "packets") : undefined],
    ["Model", asset.model],
    ["Tokens", usage && `${usage.prompt_tokens ?? "?"} + ${usage.completion_tokens ?? "?"}`],
    ["Cost", asset.usd === undefined ? undefined : `$${asset.usd}`],
    ["SHA-256", asset.sha256],
  ];
  const known = rows.filter(([, value]) => value);
  if (!known.length) return [];
  const items = known.flatMap(([name, value]) => [make("dt", "", name), make("dd", "", value)]);
  return [make("h3", "", "Measured"), make("dl", "facts", ...items)];
}

function title(asset) {
  const [sign, meaning] = SIGNS[asset.verdict];
  return [make("h2", "", asset.input), make("p", `note verdict ${asset.verdict}`, `${sign} ${meaning}`)];
}

function sections(asset, is_on_paper) {
  const words = (asset.findings ?? []).map((found) => found.matched).filter(Boolean);
  const parts = [];
  if (asset.findings?.length) {
    parts.push(make("h3", "", "Findings"), ...asset.findings.map(finding));
  }
  if (asset.error) {
    const { kind, message, hint } = asset.error;
    parts.push(make("h3", "", "No caption"), text(`${message} (${kind}); ${hint}`));
  }
  if (asset.windows?.length) {
    parts.push(make("h3", "", "Timeline"), timeline(asset, words, is_on_paper));
  } else if (asset.caption) {
    parts.push(make("h3", "", "Caption"), text(asset.caption, words));
  }
  return [...parts, ...facts(asset)];
}

function show_details(asset) {
  detail.replaceChildren(...title(asset), ...player_elements(asset), ...sections(asset, false));
  detail.scrollTop = 0;
  draw();
}

function select(asset) {
  if (selected) selected.row.ariaSelected = "false";
  player.pause();
  selected = asset;
  schedule_load(asset);
  if (!asset) {
    detail.replaceChildren(make("p", "note", "Nothing to show."));
    list.removeAttribute("aria-activedescendant");
    return;
  }
  asset.row.ariaSelected = "true";
  asset.row.scrollIntoView({ block: "nearest" });
  list.setAttribute("aria-activedescendant", asset.row.id);
  history.replaceState(null, "", `#${encodeURIComponent(asset.input)}`);
  show_details(asset);
}

function step(by, is_target = () => true) {
  for (let at = shown.indexOf(selected) + by; at >= 0 && at < shown.length; at += by) {
    if (is_target(shown[at])) return select(shown[at]);
  }
}
