// Keys: j/k move, Enter opens, / searches, g then t, d, u goes, t changes the theme, ? helps.
import { toggleTheme } from "./theme.js";

const PLACES = { t: "/", d: "/devices", u: "/unclaimed" };
let selected = "";
let gone = -Infinity; // when g was pressed

const list = () => document.querySelector("[data-rows]");
const rows = () => [...(list()?.querySelectorAll("[data-key]") ?? [])].filter((row) => !row.hidden && row.querySelector("a.cover"));

// The selection is a key and not an element, so that it survives an update of the list.
export function showSelection() {
  for (const row of rows()) {
    const mine = row.dataset.key === selected;
    row.classList.toggle("selected", mine);
    if (mine) row.setAttribute("aria-current", "true"); else row.removeAttribute("aria-current");
  }
}

function select(row) {
  if (!row) return;
  selected = row.dataset.key;
  showSelection();
  row.querySelector("a.cover").focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function move(step) {
  const all = rows();
  const index = all.findIndex((row) => row.dataset.key === selected);
  select(all[index < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, index + step))]);
}

function help() {
  const dialog = document.getElementById("help");
  if (dialog) dialog.open ? dialog.close() : dialog.showModal();
}

export function filterRows() {
  const field = document.querySelector("[data-search][data-filter]");
  if (!field) return;
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  let all = 0;
  for (const row of document.querySelectorAll(`#${field.dataset.filter} > [data-text]`)) {
    all += 1;
    const text = row.dataset.text.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
    if (!row.hidden) shown += 1;
  }
  const none = document.querySelector("[data-no-match]");
  if (none) none.hidden = shown > 0 || all === 0;
}

function onKey(event) {
  if (event.metaKey || event.ctrlKey || event.altKey || event.isComposing) return;
  const typing = event.target.closest("input, textarea, select");
  if (event.key === "Escape" && typing) { typing.blur(); return; }
  if (typing || document.querySelector("dialog[open]")) {
    if (event.key === "?" && !typing) { event.preventDefault(); help(); }
    return;
  }
  if (event.timeStamp - gone < 1200 && PLACES[event.key]) {
    event.preventDefault();
    location.assign(PLACES[event.key]);
    return;
  }
  gone = -Infinity;
  const act = {
    j: () => move(1), k: () => move(-1), ArrowDown: null, t: toggleTheme, "?": help,
    g: () => { gone = event.timeStamp; },
    "/": () => document.querySelector("[data-search]")?.focus(),
    Enter: () => {
      const row = rows().find((candidate) => candidate.dataset.key === selected);
      if (row && (event.target === document.body || row.contains(event.target))) row.querySelector("a.cover").click();
      else return false;
    },
  }[event.key];
  if (act && act() !== false) event.preventDefault();
}

export function startKeys() {
  document.addEventListener("keydown", onKey);
  document.addEventListener("focusin", (event) => {
    const row = event.target.closest?.("[data-rows] [data-key]");
    if (row) { selected = row.dataset.key; showSelection(); }
  });
  for (const button of document.querySelectorAll('[data-do="help"]')) button.addEventListener("click", help);
  document.getElementById("help")?.addEventListener("click", (event) => {
    if (event.target === event.currentTarget) event.currentTarget.close();
  });
  document.querySelector("[data-search][data-filter]")?.addEventListener("input", filterRows);
}
