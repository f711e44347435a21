
// List of files, with search and filters.

function row(asset, index) {
  const [sign, meaning] = SIGNS[asset.verdict];
  const mark = make("span", `sign ${asset.verdict}`, sign);
  mark.title = meaning;
  mark.role = "img";
  mark.ariaLabel = meaning;
  const about = asset.findings?.[0]?.message ?? asset.error?.message ?? asset.caption ?? "";
  const excerpt = make("span", "excerpt", about.slice(0, 200));
  excerpt.dir = "auto";
  const seconds = make("span", "length", asset.seconds === undefined ? "" : format_length(asset.seconds));
  const item = make("li", "", mark, make("span", "name", asset.input), seconds, excerpt);
  item.role = "option";
  item.id = `asset-${index}`;
  item.ariaSelected = "false";
  item.addEventListener("click", () => select(asset));
  return item;
}

function apply_filters() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = (asset) =>
    (filter === "all" || asset.verdict === filter) &&
    words.every((word) => asset.search_text.includes(word));
  shown = assets.filter(matches);
  const visible = new Set(shown);
  for (const asset of assets) asset.row.hidden = !visible.has(asset);
  if (!visible.has(selected)) select(shown[0] ?? null);
  show_counts();
}

function show_counts() {
  const parts = [`${assets.length} ${assets.length === 1 ? "sound" : "sounds"}`];
  for (const verdict of Object.keys(SIGNS)) {
    const count = assets.filter((asset) => asset.verdict === verdict).length;
    if (count) parts.push(`${count} ${verdict}`);
  }
  if (shown.length < assets.length) parts.push(`${shown.length} shown`);
  $("verdict").textContent = parts.join(" · ");
}

function add_filter_buttons() {
  const present = Object.keys(SIGNS).filter((verdict) => assets.some((a) => a.verdict === verdict));
  for (const name of ["all", ...present]) {
    const button = make("button", "", name === "all" ? name : `${SIGNS[name][0]} ${name}`);
    button.type = "button";
    button.dataset.filter = name;
    button.ariaPressed = String(name === filter);
    button.addEventListener("click", () => {
      filter = name;
      for (const other of $("filters").children) other.ariaPressed = String(other === button);
      apply_filters();
    });
    $("filters").append(button);
  }
}
