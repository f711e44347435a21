
// Key bindings and start-up.

// Keys that a focused element takes for itself.
const SCROLLING = ["ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight", "Home", "End"];
const OWN_KEYS = [
  ["select", () => true],
  ["audio", (key) => key === " " || key === "Enter" || SCROLLING.includes(key)],
  ["button, a, summary", (key) => key === " " || key === "Enter"],
  ["#detail, #rules", (key) => SCROLLING.includes(key) && key !== "ArrowLeft" && key !== "ArrowRight"],
];
const needs_review = (asset) => NEEDS_REVIEW.includes(asset.verdict);
const seek_step = () => Math.min(5, (selected?.seconds || 50) / 10);
const [next, previous] = [() => step(1), () => step(-1)];
const KEYS = {
  j: next,
  k: previous,
  ArrowDown: next,
  ArrowUp: previous,
  Home: () => select(shown[0] ?? null),
  End: () => select(shown.at(-1) ?? null),
  n: () => step(1, needs_review),
  p: () => step(-1, needs_review),
  " ": toggle,
  ArrowRight: () => seek(player.currentTime + seek_step()),
  ArrowLeft: () => seek(player.currentTime - seek_step()),
  "/": () => search.focus(),
  "?": () => $("help").showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
  if (event.target === search) {
    if (event.key === "Escape") search.value = "";
    if (event.key === "Escape" || event.key === "Enter") {
      apply_filters();
      list.focus();
    }
    return;
  }
  const is_handled = OWN_KEYS.some(([name, has]) => event.target.closest(name) && has(event.key));
  const number = /^[1-9]$/.test(event.key) && $("filters").children[event.key - 1];
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const action = number ? () => number.click() : KEYS[key];
  if (!action || is_handled) return;
  event.preventDefault();
  action();
});

search.addEventListener("input", apply_filters);
$("help-button").addEventListener("click", () => $("help").showModal());
player.addEventListener("play", follow_playback);
for (const event of ["seeked", "pause", "loadedmetadata"]) {
  player.addEventListener(event, update_position);
}
detail.addEventListener("click", (event) => {
  if (event.target.tagName !== "CANVAS") return;
  const part = event.offsetX / event.target.clientWidth;
  seek(part * duration_of(selected));
});
new ResizeObserver(draw).observe(detail);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  colors = null;
  draw();
});
player.addEventListener("error", () => {
  if (player.hasAttribute("src")) $("silent").hidden = false;
});

for (const [index, asset] of assets.entries()) asset.row = row(asset, index);
show_summary();
show_rules();
add_filter_buttons();
add_sort_buttons();
const linked = () => assets.find((asset) => `#${encodeURIComponent(asset.input)}` === location.hash);
window.addEventListener("hashchange", () => select(linked() ?? selected));
selected = linked() ?? null;
sort_by("severity", "descending");
select(linked() ?? shown[0] ?? null);
list.focus();
