
// The list and what of it is shown.

function row(asset, index) {
  const [sign, meaning] = SIGNS[asset.verdict];
  const mark = make("span", `sign ${asset.verdict}`, sign);
  mark.title = meaning;
  mark.role = "img";
  mark.ariaLabel = meaning;
  const about = asset.findings?.[0]?.message ?? asset.error?.message ?? asset.caption ?? "";
  const excerpt = make("span", "excerpt", about.slice(0, 200));
  excerpt.dir = "auto";
  const seconds = make("span", "length", asset.seconds === undefined ? "" : length(asset.seconds));
  const item = make("li", "", mark, make("span", "name", asset.input), seconds, excerpt);
  item.role = "option";
  item.id = `asset-${index}`;
  item.ariaSelected = "false";
  item.addEventListener("click", () => select(asset));
  return item;
}

function narrow() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (asset) =>
    (filter === "all" || asset.verdict === filter) &&
    words.every((word) => asset.haystack.includes(word));
  shown = assets.filter(fits);
  const visible = new Set(shown);
  for (const asset of assets) asset.row.hidden = !visible.has(asset);
  if (!visible.has(selected)) select(shown[0] ?? null);
  tell();
}

function tell() {
  const parts = [`${assets.length} ${assets.length === 1 ? "sound" : "sounds"}`];
  for (const verdict of Object.keys(SIGNS)) {
    const count = assets.filter((asset) => asset.verdict === verdict).length;
    if (count) parts.push(`${count} ${verdict}`);
  }
  if (shown.length < assets.length) parts.push(`${shown.length} shown`);
  $("verdict").textContent = parts.join(" · ");
}

function filters() {
  const there = Object.keys(SIGNS).filter((verdict) => assets.some((a) => a.verdict === verdict));
  for (const name of ["all", ...there]) {
    const button = make("button", "", name === "all" ? name : `${SIGNS[name][0]} ${name}`);
    button.type = "button";
    button.dataset.filter = name;
    button.ariaPressed = String(name === filter);
    button.addEventListener("click", () => {
      filter = name;
      for (const other of $("filters").children) other.ariaPressed = String(other === button);
      narrow();
    });
    $("filters").append(button);
  }
}
