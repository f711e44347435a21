
// Keys, and the start.

const needs_a_look = (asset) => NEEDS_A_LOOK.includes(asset.verdict);
const leap = () => Math.min(5, (selected?.seconds || 50) / 10);
const [next, previous] = [() => step(1), () => step(-1)];
const KEYS = {
  j: next,
  k: previous,
  ArrowDown: next,
  ArrowUp: previous,
  Home: () => select(shown[0] ?? null),
  End: () => select(shown.at(-1) ?? null),
  n: () => step(1, needs_a_look),
  p: () => step(-1, needs_a_look),
  " ": toggle,
  ArrowRight: () => seek(player.currentTime + leap()),
  ArrowLeft: () => seek(player.currentTime - leap()),
  "/": () => search.focus(),
  "?": () => $("help").showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
  if (event.target === search) {
    if (event.key === "Escape") search.value = "";
    if (event.key === "Escape" || event.key === "Enter") {
      narrow();
      list.focus();
    }
    return;
  }
  const acts_itself = event.target.closest("button, a, audio") && [" ", "Enter"].includes(event.key);
  const number = /^[1-9]$/.test(event.key) && $("filters").children[event.key - 1];
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const action = number ? () => number.click() : KEYS[key];
  if (!action || acts_itself) return;
  event.preventDefault();
  action();
});

search.addEventListener("input", narrow);
$("help-button").addEventListener("click", () => $("help").showModal());
player.addEventListener("play", follow);
for (const event of ["seeked", "pause", "loadedmetadata"]) {
  player.addEventListener(event, moved);
}
detail.addEventListener("click", (event) => {
  if (event.target.tagName !== "CANVAS") return;
  const part = event.offsetX / event.target.clientWidth;
  seek(part * length_of(selected));
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
list.append(...assets.map((asset) => asset.row));
filters();
tell();
const wanted = () => assets.find((asset) => `#${encodeURIComponent(asset.input)}` === location.hash);
window.addEventListener("hashchange", () => select(wanted() ?? selected));
select(wanted() ?? assets.find(needs_a_look) ?? assets[0] ?? null);
list.focus();
