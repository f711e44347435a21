
// List of files, with search and filters.

function row(asset, index) {
  const [sign, meaning] = SIGNS[asset.verdict];
  const about = asset.findings?.[0]?.message ?? asset.error?.message ?? asset.caption ?? "";
  const excerpt = make("span", "excerpt", about.slice(0, 200));
  excerpt.dir = "auto";
  const mark = make("span", `sign ${asset.verdict}`, sign);
  mark.title = meaning;
  mark.ariaLabel = meaning;
  const name = make("span", "about", make("span", "name", asset.input), excerpt);
  const seconds = make("span", "length", asset.seconds === undefined ? "" : format_length(asset.seconds));
  const cells = [mark, name, seconds];
  for (const cell of cells) cell.role = "gridcell";
  const item = make("div", "", ...cells);
  item.role = "row";
  item.id = `asset-${index}`;
  item.ariaSelected = "false";
  item.addEventListener("click", () => select(asset));
  return item;
}

let filter = "all";
let rule = "";

// A file with errors may have warnings too.
const FILTERS = {
  all: () => true,
  warning: (asset) => has_severity(asset, "warning"),
};

function has_severity(asset, severity) {
  return (asset.findings ?? []).some((finding) => finding.severity === severity);
}

function passes(asset, name) {
  return FILTERS[name] ? FILTERS[name](asset) : asset.verdict === name;
}

const breaks = (asset, name) => (asset.findings ?? []).some((finding) => finding.rule === name);

function apply_filters() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = (asset) =>
    passes(asset, filter) &&
    (!rule || breaks(asset, rule)) &&
    words.every((word) => asset.search_text.includes(word));
  shown = ordered.filter(matches);
  const visible = new Set(shown);
  for (const asset of assets) asset.row.hidden = !visible.has(asset);
  if (!visible.has(selected)) select(shown[0] ?? null);
  show_counts();
}

function show_counts() {
  const parts = [plural(assets.length, "file")];
  for (const [verdict, [, , , phrase]] of Object.entries(SIGNS)) {
    const count = assets.filter((asset) => passes(asset, verdict)).length;
    if (count) parts.push(`${count} ${phrase}`);
  }
  const left_out = shown.length < assets.length ? ` · ${shown.length} shown` : "";
  $("verdict").textContent = parts.join(", ") + left_out;
}

function add_filter_buttons() {
  const present = Object.keys(SIGNS).filter((verdict) => assets.some((asset) => passes(asset, verdict)));
  for (const name of ["all", ...present]) {
    const button = make("button", "", name === "all" ? name : `${SIGNS[name][0]} ${SIGNS[name][2]}`);
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

const SEVERITIES = Object.keys(SIGNS);
const ORDERS = {
  severity: (one, other) => SEVERITIES.indexOf(other.verdict) - SEVERITIES.indexOf(one.verdict),
  name: (one, other) => (one.input < other.input ? -1 : Number(one.input > other.input)),
  length: (one, other) => (one.seconds ?? -1) - (other.seconds ?? -1),
};
let ordered = assets;

// Sorts the list; files that are equal keep their order in the run.
function sort_by(key, direction) {
  const sign = direction === "ascending" ? 1 : -1;
  ordered = assets.toSorted((one, other) => sign * ORDERS[key](one, other));
  for (const button of list.querySelectorAll("[data-sort]")) {
    const is_key = button.dataset.sort === key;
    button.parentElement.ariaSort = is_key ? direction : "none";
  }
  rows.append(...ordered.map((asset) => asset.row));
  apply_filters();
  selected?.row.scrollIntoView({ block: "nearest" });
}

function add_sort_buttons() {
  for (const button of list.querySelectorAll("[data-sort]")) {
    button.addEventListener("click", () => {
      const key = button.dataset.sort;
      const first = key === "severity" ? "descending" : "ascending";
      const second = key === "severity" ? "ascending" : "descending";
      sort_by(key, button.parentElement.ariaSort === first ? second : first);
    });
  }
}
