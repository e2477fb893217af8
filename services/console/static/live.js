// Live: the feed says that something changed, and the page fetches itself and takes over the regions
// that differ. Lists are matched by key, so that selection, focus and scroll stay where they are.
import { showSelection } from "./keys.js";
import { readClock, tick } from "./time.js";
import { markUnread } from "./unread.js";
import { say } from "./words.js";

const SETTLE_MS = 250;
let timer = 0;
let busy = false;
let again = false;
let address = location.href;

// What the script itself keeps changing is no difference.
function essence(node) {
  const copy = node.cloneNode(true);
  for (const element of copy.querySelectorAll("[data-ago], [data-due]")) element.textContent = "";
  for (const element of copy.querySelectorAll("[data-due]")) element.removeAttribute("class");
  for (const element of copy.querySelectorAll(".selected, .fresh, .unread, [aria-current=true]")) {
    element.classList.remove("selected", "fresh", "unread");
    element.removeAttribute("aria-current");
  }
  for (const element of copy.querySelectorAll("details")) element.removeAttribute("open");
  for (const element of copy.querySelectorAll("[hidden]")) element.removeAttribute("hidden");
  for (const element of copy.querySelectorAll(".readout, .chart-cross, .chart-cross-dot")) element.remove();
  return copy.innerHTML.replace(/\s+/g, " ").replace(/ class=""/g, "");
}

function matchKeys(region, fresh) {
  const old = new Map([...region.children].filter((e) => e.dataset.key).map((e) => [e.dataset.key, e]));
  const wanted = [...fresh.children].filter((e) => e.dataset.key);
  let place = region.firstElementChild;
  for (const row of wanted) {
    let mine = old.get(row.dataset.key);
    old.delete(row.dataset.key);
    if (!mine) {
      mine = document.importNode(row, true);
      mine.classList.add("fresh");
      region.insertBefore(mine, place);
    } else {
      if (essence(mine) !== essence(row) || mine.dataset.version !== row.dataset.version) {
        const focused = mine.contains(document.activeElement);
        mine.innerHTML = row.innerHTML;
        for (const { name, value } of row.attributes) if (name !== "class") mine.setAttribute(name, value);
        mine.classList.remove("fresh");
        void mine.offsetWidth; // starts the highlight anew
        mine.classList.add("fresh");
        if (focused) mine.querySelector("a.cover")?.focus({ preventScroll: true });
      }
      if (mine === place) place = place.nextElementSibling;
      else {
        const focused = mine.contains(document.activeElement) ? document.activeElement : null;
        region.insertBefore(mine, place);
        focused?.focus({ preventScroll: true });
      }
    }
  }
  for (const row of old.values()) row.remove();
}

// A form that somebody has begun is never taken away.
function begun(region) {
  const open = region.querySelector("details[open] form");
  if (!open) return false;
  return [...open.elements].some((e) => e === document.activeElement
    || (e.type === "checkbox" || e.type === "radio" ? e.checked !== e.defaultChecked
      : e.tagName === "SELECT" ? [...e.options].some((o) => o.selected !== o.defaultSelected)
        : "defaultValue" in e && e.value !== e.defaultValue));
}

function take(fresh) {
  for (const region of document.querySelectorAll("[data-region]")) {
    const other = fresh.querySelector(`[data-region="${region.dataset.region}"]`);
    if (!other) continue;
    if (region.hasAttribute("data-keyed")) { matchKeys(region, other); continue; }
    if (essence(region) === essence(other)) continue;
    if (begun(region)) {
      const stale = document.querySelector("[data-stale]");
      if (stale) stale.hidden = false;
      continue;
    }
    const named = (e) => e.dataset.move ?? e.dataset.command ?? e.dataset.keep;
    const open = [...region.querySelectorAll("details[open]")].map(named);
    region.innerHTML = other.innerHTML;
    for (const details of region.querySelectorAll("details")) {
      if (open.includes(named(details))) details.open = true;
    }
  }
  readClock(fresh.body);
  document.body.dataset.mark = fresh.body.dataset.mark;
  markUnread();
  showSelection();
  tick();
}

export async function refresh(target = address) {
  if (busy) { again = true; address = target; return; }
  busy = true;
  try {
    do {
      again = false;
      address = target = again ? address : target;
      const answer = await fetch(address, { headers: { Accept: "text/html" }, cache: "no-store" });
      if (answer.redirected && new URL(answer.url).pathname === "/login") { location.assign(answer.url); return; }
      if (answer.ok) take(new DOMParser().parseFromString(await answer.text(), "text/html"));
      target = address;
    } while (again);
  } catch {
    // The network is away: the feed notices too, says so, and asks again when it is back.
  } finally {
    busy = false;
  }
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(() => refresh(), SETTLE_MS);
}

function show(state, text) {
  const element = document.querySelector("[data-live-state]");
  if (!element) return;
  element.dataset.state = state;
  if (element.textContent !== text) element.textContent = text;
}

function listen() {
  let source = null;
  let silent = 0;
  const alive = () => { clearTimeout(silent); silent = setTimeout(reopen, 45000); };
  function reopen() { source?.close(); open(); }
  function open() {
    const about = document.body.dataset.about;
    source = new EventSource(about ? `/live?about=${encodeURIComponent(about)}` : "/live");
    alive();
    source.addEventListener("upstream", (event) => {
      alive();
      const { connected, mark } = JSON.parse(event.data);
      if (connected) show("on", say("live")); else show("off", say("waiting"));
      // Something changed between the making of this page and now.
      if (mark !== document.body.dataset.mark) soon();
    });
    // It is not said what: the page asks for itself, and sees what its reader may see.
    source.addEventListener("change", () => { alive(); soon(); });
    source.addEventListener("beat", alive);
    source.onerror = () => {
      show("off", say("reconnecting"));
      // Closed for good (signed out, or the console restarts with an error): ask slowly.
      if (source.readyState === EventSource.CLOSED) { clearTimeout(silent); silent = setTimeout(reopen, 8000); }
    };
  }
  open();
  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", (event) => { if (event.persisted) { reopen(); soon(); } });
}

// Search that answers while one types.
function searchForms() {
  for (const form of document.querySelectorAll("[data-live-form]")) {
    form.classList.add("scripted");
    let wait = 0;
    const search = () => {
      const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
      const target = `${form.action.split("?")[0]}${query.size ? `?${query}` : ""}`;
      history.replaceState(null, "", target);
      refresh(target);
    };
    form.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(search, 200); });
    form.addEventListener("submit", (event) => { event.preventDefault(); search(); });
  }
}

export function startLive() {
  if (!document.body.dataset.now) return;
  searchForms();
  listen();
  const pauses = [...document.querySelectorAll("[data-refresh]")].map((e) => Number(e.dataset.refresh));
  if (pauses.length) setInterval(() => { if (!document.hidden) refresh(); }, Math.min(...pauses) * 1000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) soon(); });
}
