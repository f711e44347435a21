
// On paper, all files that are shown follow each other, with all that is known about them.

const paper = make("main");
paper.id = "paper";

// Vectors are sharp on paper, and smaller than a canvas for each of thousands of files.
function printed_waveform(asset) {
  const [svg, path] = ["svg", "path"].map((name) => document.createElementNS("http://www.w3.org/2000/svg", name));
  asset.peaks ??= decode(asset.waveform);
  const bars = [...asset.peaks].map((peak, at) => {
    const half = Math.max(0.5, Math.sqrt(peak / 255) * 30);
    return `M${at} ${(32 - half).toFixed(1)}V${(32 + half).toFixed(1)}`;
  });
  const attributes = { viewBox: `-1 0 ${asset.peaks.length + 1} 64`, preserveAspectRatio: "none" };
  for (const [name, value] of Object.entries(attributes)) svg.setAttribute(name, value);
  path.setAttribute("d", bars.join(""));
  svg.append(path);
  return svg;
}

function expand() {
  if (paper.isConnected) return;
  const entries = shown.map((asset) => {
    const waveform = asset.waveform ? [printed_waveform(asset)] : [];
    return make("article", "entry", ...title(asset), ...waveform, ...sections(asset, true));
  });
  paper.replaceChildren(...entries);
  $("rules").dataset.wasOpen = $("rules").open;
  $("rules").open = true;
  document.body.append(paper);
}

function collapse() {
  if (!paper.isConnected) return;
  paper.remove();
  paper.replaceChildren();
  $("rules").open = $("rules").dataset.wasOpen === "true";
}

window.addEventListener("beforeprint", expand);
window.addEventListener("afterprint", collapse);
matchMedia("print").addEventListener("change", (event) => (event.matches ? expand() : collapse()));
