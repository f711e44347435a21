
// Head of the page: project, date, model, totals and rules.

const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

// Equal sounds share one caption, which was paid once.
function total_cost() {
  const captioned = assets.filter((asset) => asset.usd !== undefined);
  const costs = new Map(captioned.map((asset) => [asset.sha256 ?? asset.input, asset.usd]));
  return [...costs.values()].reduce((sum, usd) => sum + usd, 0);
}

function show_summary() {
  if (run.project) {
    $("title").querySelector("h1").textContent = run.project;
    document.title = `${run.project} – caption report`;
  }
  const models = new Set(assets.map((asset) => asset.model).filter(Boolean));
  const length = assets.reduce((sum, asset) => sum + (asset.seconds ?? 0), 0);
  const cost = total_cost();
  const facts = [
    "caption report",
    run.date,
    ...models,
    length && `${format_length(length)} of audio`,
    cost && `$${cost.toFixed(cost < 0.01 ? 4 : 2)} for captions`,
  ];
  $("about").textContent = facts.filter(Boolean).join(" · ");
}

function show_rules() {
  const counted = run.rules.map((rule) => ({
    ...rule,
    count: assets.filter((asset) => breaks(asset, rule.name)).length,
  }));
  const violated = counted.filter(({ count }) => count);
  $("rules").querySelector("summary").textContent =
    `${plural(counted.length, "rule")} checked, ${violated.length} violated`;
  const table = counted.map(({ name, severity, reason, paths, count }) => {
    const about = [reason, paths && `Only ${paths.join(", ")}`].filter(Boolean).join(" ");
    const title = make("th", "", name, about ? make("p", "note", about) : null);
    title.scope = "row";
    return make("tr", "", title, make("td", count ? severity : "", severity), make("td", "", String(count)));
  });
  $("rules").querySelector("tbody").append(...table);
  const options = violated.map(({ name, count }) => new Option(`${name} (${count})`, name));
  $("rule").append(new Option("all rules", ""), ...options);
  $("rule").hidden = !options.length;
  $("rule").addEventListener("change", (event) => {
    rule = event.target.value;
    apply_filters();
  });
}
