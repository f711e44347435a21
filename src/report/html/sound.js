
// The sound: its outline and its player.

function source(asset) {
  if (player.src.startsWith("blob:")) URL.revokeObjectURL(player.src);
  player.removeAttribute("src");
  if (asset.embedded) {
    const bytes = decode(asset.embedded.textContent);
    player.src = URL.createObjectURL(new Blob([bytes], { type: asset.media.here }));
  } else if (asset.media && !/^https?:/.test(asset.media.there)) {
    player.src = asset.media.there;
  }
}

function sound(asset) {
  const parts = [];
  if (asset.waveform) parts.push(make("canvas"));
  if (player.hasAttribute("src")) parts.push(player);
  if (asset.media?.there) {
    const link = make("a", "", asset.media.there);
    link.href = asset.media.there;
    link.rel = "noreferrer";
    parts.push(make("p", "note", "The sound is not in this page but at ", link));
  }
  return parts;
}

function draw() {
  const canvas = detail.querySelector("canvas");
  if (!canvas) return;
  const scale = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth * scale, canvas.clientHeight * scale];
  if (canvas.width !== width) [canvas.width, canvas.height] = [width, height];
  const pen = canvas.getContext("2d");
  const color = (name) => {
    canvas.style.color = `var(${name})`;
    return getComputedStyle(canvas).color;
  };
  pen.clearRect(0, 0, width, height);
  const whole = selected.seconds || player.duration || 1;
  const played = (player.currentTime / whole) * width;
  const [before, after, line] = [color("--accent"), color("--faint"), color("--line")];
  selected.peaks ??= decode(selected.waveform);
  const step = width / selected.peaks.length;
  selected.peaks.forEach((peak, at) => {
    // By its root, so that quiet sound is seen too.
    const tall = Math.max(scale, Math.sqrt(peak / 255) * (height - 4 * scale));
    pen.fillStyle = at * step < played ? before : after;
    pen.fillRect(at * step, (height - tall) / 2, Math.max(step - scale / 2, scale / 2), tall);
  });
  pen.fillStyle = line;
  for (const part of (selected.windows ?? []).slice(1)) {
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
  if (!player.hasAttribute("src")) return;
  const whole = player.duration || selected.seconds || 0;
  player.currentTime = Math.min(Math.max(seconds, 0), whole);
  moved();
}

const toggle = () => (player.paused ? player.play().catch(() => {}) : player.pause());
