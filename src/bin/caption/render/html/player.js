
// Waveform and player.

const duration_of = (asset) => player.duration || asset?.seconds || 0;

// Audio is loaded after a short delay, so that stepping through the list loads nothing.
let pending = null;
let timer = 0;

function schedule_load(asset) {
  load(null);
  pending = asset;
  clearTimeout(timer);
  timer = setTimeout(ensure_loaded, 60);
}

function ensure_loaded() {
  if (pending) load(pending);
  return player.hasAttribute("src");
}

// Loads the audio of a file; without any, the player is emptied.
function load(asset) {
  pending = null;
  if (player.src.startsWith("blob:")) URL.revokeObjectURL(player.src);
  player.removeAttribute("src");
  if (asset?.embedded) {
    const bytes = decode(asset.embedded.textContent);
    player.src = URL.createObjectURL(new Blob([bytes], { type: asset.media.here }));
  } else if (asset?.media) {
    player.src = asset.media.there;
  } else {
    player.load();
  }
}

function player_elements(asset) {
  const parts = [];
  if (asset.waveform) {
    const canvas = make("canvas");
    [canvas.role, canvas.ariaLabel] = ["img", "Waveform"];
    parts.push(canvas);
  }
  if (asset.media) parts.push(player);
  if (asset.media?.there) {
    const link = make("a", "", asset.media.there);
    link.href = asset.media.there;
    parts.push(make("p", "note", "The sound is not in this page but at ", link));
  }
  const silent = make("p", "note failed", "The browser cannot play it, or it is not there.");
  silent.id = "silent";
  silent.hidden = true;
  return [...parts, silent];
}

// Resolves a CSS variable, which a canvas does not.
function color(canvas, name) {
  canvas.style.color = `var(${name})`;
  return getComputedStyle(canvas).color;
}

let colors = null;
let is_draw_scheduled = false;

function draw() {
  if (is_draw_scheduled) return;
  is_draw_scheduled = true;
  requestAnimationFrame(() => {
    is_draw_scheduled = false;
    const canvas = detail.querySelector("canvas");
    if (canvas) paint(canvas, selected);
  });
}

function paint(canvas, asset) {
  const scale = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((size) => Math.round(size * scale));
  if (canvas.width !== width) [canvas.width, canvas.height] = [width, height];
  colors ??= ["--accent", "--faint", "--text", "--panel"].map((name) => color(canvas, name));
  const [before, after, line, gap] = colors;
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, width, height);
  const duration = duration_of(asset) || 1;
  const played = (player.currentTime / duration) * width;
  asset.peaks ??= decode(asset.waveform);
  const step = width / asset.peaks.length;
  asset.peaks.forEach((peak, at) => {
    // The square root makes quiet audio visible.
    const bar = Math.max(scale, Math.sqrt(peak / 255) * (height - 4 * scale));
    pen.fillStyle = at * step < played ? before : after;
    // Whole pixels: parts of them would be too faint.
    const [left, right] = [at, at + 1].map((number) => Math.floor(number * step));
    pen.fillRect(left, Math.round((height - bar) / 2), Math.max(right - left - (step >= 2 ? 1 : 0), 1), bar);
  });
  for (const part of (asset.windows ?? []).slice(1)) {
    const at = (part.start / duration) * width;
    // The gap sets a mark apart from the bars beside it.
    for (const [color, half] of [[gap, 3], [line, 1]]) {
      pen.fillStyle = color;
      pen.fillRect(at - half * scale, 0, 2 * half * scale, height);
    }
  }
}

function update_position() {
  draw();
  const now = player.currentTime;
  for (const item of detail.querySelectorAll(".windows li")) {
    const is_now = now >= Number(item.dataset.start) && now < Number(item.dataset.end);
    item.classList.toggle("now", is_now && (now > 0 || !player.paused));
  }
}

function follow_playback() {
  update_position();
  if (!player.paused) requestAnimationFrame(follow_playback);
}

function seek(seconds) {
  if (!ensure_loaded()) return;
  player.currentTime = Math.min(Math.max(seconds, 0), duration_of(selected));
  update_position();
}

function toggle() {
  if (!ensure_loaded()) return;
  if (player.paused) player.play().catch(() => {});
  else player.pause();
}
