
// The sound: its outline and its player.

const length_of = (asset) => player.duration || asset?.seconds || 0;

// A sound is loaded when somebody stays with it: not each that is passed on the way.
let to_load = null;
let timer = 0;

function load_soon(asset) {
  load(null);
  to_load = asset;
  clearTimeout(timer);
  timer = setTimeout(has_sound, 60);
}

function has_sound() {
  if (to_load) load(to_load);
  return player.hasAttribute("src");
}

// What is played is what is shown, or nothing.
function load(asset) {
  to_load = null;
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

function sound(asset) {
  const parts = [];
  if (asset.waveform) parts.push(make("canvas"));
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

// A style knows colours by name, a canvas does not.
function color(canvas, name) {
  canvas.style.color = `var(${name})`;
  return getComputedStyle(canvas).color;
}

let colors = null;
let is_to_draw = false;

function draw() {
  if (is_to_draw) return;
  is_to_draw = true;
  requestAnimationFrame(() => {
    is_to_draw = false;
    const canvas = detail.querySelector("canvas");
    if (canvas) paint(canvas, selected);
  });
}

function paint(canvas, asset) {
  const scale = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((size) => Math.round(size * scale));
  if (canvas.width !== width) [canvas.width, canvas.height] = [width, height];
  colors ??= ["--accent", "--faint", "--line"].map((name) => color(canvas, name));
  const [before, after, line] = colors;
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, width, height);
  const whole = length_of(asset) || 1;
  const played = (player.currentTime / whole) * width;
  asset.peaks ??= decode(asset.waveform);
  const step = width / asset.peaks.length;
  asset.peaks.forEach((peak, at) => {
    // By its root, so that quiet sound is seen too.
    const tall = Math.max(scale, Math.sqrt(peak / 255) * (height - 4 * scale));
    pen.fillStyle = at * step < played ? before : after;
    pen.fillRect(at * step, (height - tall) / 2, Math.max(step - scale / 2, scale / 2), tall);
  });
  pen.fillStyle = line;
  for (const part of (asset.windows ?? []).slice(1)) {
    pen.fillRect((part.start / whole) * width - scale, 0, 2 * scale, height);
  }
}

function moved() {
  draw();
  const now = player.currentTime;
  for (const item of detail.querySelectorAll(".windows li")) {
    const is_now = now >= Number(item.dataset.start) && now < Number(item.dataset.end);
    item.classList.toggle("now", is_now && (now > 0 || !player.paused));
  }
}

function follow() {
  moved();
  if (!player.paused) requestAnimationFrame(follow);
}

function seek(seconds) {
  if (!has_sound()) return;
  player.currentTime = Math.min(Math.max(seconds, 0), length_of(selected));
  moved();
}

function toggle() {
  if (!has_sound()) return;
  if (player.paused) player.play().catch(() => {});
  else player.pause();
}
