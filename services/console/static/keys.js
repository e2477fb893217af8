// Keys: j/k move, Enter opens, a acts, / searches, g and a letter goes, t changes the theme, ? helps.
import { toggleTheme } from "./theme.js";

// Where g and a letter go stands in the navigation: nowhere that the person may not see.
const place = (letter) => document.querySelector(`.nav a[data-go="${CSS.escape(letter)}"]`);
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

// Acts on the selected row, or on the page: opens the form that is expected next.
function act() {
  const row = rows().find((candidate) => candidate.dataset.key === selected);
  if (row) { location.assign(`${row.querySelector("a.cover").href}#moves`); return; }
  openFirst();
}

function openFirst() {
  const details = document.querySelector("#moves details, #commands details, main form .button.primary");
  if (!details) return;
  if (details.tagName === "DETAILS") {
    details.open = true;
    (details.querySelector("form :is(input:not([type=hidden]), select, textarea)") ?? details.querySelector("summary")).focus();
    details.scrollIntoView({ block: "nearest" });
  } else details.focus();
}

function onKey(event) {
  if (event.metaKey || event.ctrlKey || event.altKey || event.isComposing) return;
  const typing = event.target.closest("input, textarea, select");
  if (event.key === "Escape" && typing) { typing.blur(); return; }
  if (typing || document.querySelector("dialog[open]")) {
    if (event.key === "?" && !typing) { event.preventDefault(); help(); }
    return;
  }
  if (event.timeStamp - gone < 1200 && place(event.key)) {
    event.preventDefault();
    location.assign(place(event.key).href);
    return;
  }
  gone = -Infinity;
  const deed = {
    j: () => move(1), k: () => move(-1), a: act, t: toggleTheme, "?": help,
    g: () => { gone = event.timeStamp; },
    "/": () => document.querySelector("[data-search]")?.focus(),
    Enter: () => {
      const row = rows().find((candidate) => candidate.dataset.key === selected);
      if (row && (event.target === document.body || row.contains(event.target))) row.querySelector("a.cover").click();
      else return false;
    },
  }[event.key];
  if (deed && deed() !== false) event.preventDefault();
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
  // Coming to a fragment takes the focus away once more when all is loaded: open the form after that.
  if (location.hash === "#moves") addEventListener("load", () => setTimeout(openFirst, 0));
}
