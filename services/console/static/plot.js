import { locale } from "./words.js";

// Under the pointer a plot says its reading: the points are read back from the drawing itself.
const NS = "http://www.w3.org/2000/svg";

function make(name, attributes) {
  const element = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function points(svg, selector) {
  const all = [];
  for (const line of svg.querySelectorAll(selector)) {
    for (const pair of (line.getAttribute("points") ?? "").trim().split(" ")) {
      const [x, y] = pair.split(",").map(Number);
      if (Number.isFinite(y)) all.push([x, y]);
    }
  }
  return all;
}

function nearest(all, x) {
  let best = null;
  for (const point of all) if (!best || Math.abs(point[0] - x) < Math.abs(best[0] - x)) best = point;
  return best;
}

function clear(holder) {
  for (const element of holder.querySelectorAll(".readout, .chart-cross, .chart-cross-dot")) element.remove();
}

function show(holder, event) {
  const svg = holder.querySelector("svg[data-plane]");
  if (!svg) return;
  const [t0, t1, v0, v1, x0, x1, y0, y1] = svg.dataset.plane.split(" ").map(Number);
  const box = svg.getBoundingClientRect();
  const scale = box.width / svg.viewBox.baseVal.width;
  const x = (event.clientX - box.left) / scale;
  const point = nearest(points(svg, ".chart-observed"), x);
  clear(holder);
  if (!point || x < x0 - 8 || x > x1 + 8) return;
  const valueAt = (y) => v0 + (y1 - y) / (y1 - y0) * (v1 - v0);
  const time = new Date((t0 + (point[0] - x0) / (x1 - x0) * (t1 - t0)) * 1000);
  const places = v1 - v0 > 50 ? 0 : v1 - v0 > 2 ? 1 : 2;
  svg.append(make("line", { class: "chart-cross", x1: point[0], x2: point[0], y1: y0, y2: y1 }));
  svg.append(make("circle", { class: "chart-cross-dot", cx: point[0], cy: point[1], r: 4 }));
  const readout = document.createElement("div");
  readout.className = "readout";
  const value = document.createElement("b");
  const unit = svg.dataset.unit ? ` ${svg.dataset.unit}` : "";
  value.textContent = `${valueAt(point[1]).toFixed(places).replace("-", "−")}${unit}`;
  readout.append(value, new Intl.DateTimeFormat(locale, {
    timeZone: document.body.dataset.zone, day: "numeric", month: "short", hour: "2-digit", minute: "2-digit",
  }).format(time));
  holder.closest(".plot").append(readout);
  const outer = holder.closest(".plot").getBoundingClientRect();
  const left = box.left - outer.left + point[0] * scale;
  const right = left + readout.offsetWidth + 24 > outer.width;
  readout.style.setProperty("left", `${right ? left - readout.offsetWidth - 12 : left + 12}px`);
  readout.style.setProperty("top", `${box.top - outer.top + y0 * scale}px`);
}

export function startPlots() {
  const holderOf = (event) => event.target.closest?.("[data-plot]");
  const wipe = () => document.querySelectorAll(".plot").forEach(clear);
  document.addEventListener("pointermove", (event) => {
    const holder = holderOf(event);
    wipe();
    if (holder) show(holder, event);
  });
  document.addEventListener("pointerdown", (event) => {
    const holder = holderOf(event);
    if (holder) { wipe(); show(holder, event); }
  });
}
