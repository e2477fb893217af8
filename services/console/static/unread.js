// Unread: a ticket whose version this browser has not seen on its page. Kept here and nowhere else.
const KEY = "zd_seen";
const MOST = 2000;

function seen() {
  try { return JSON.parse(localStorage.getItem(KEY) ?? "null"); } catch { return null; }
}

function keep(map) {
  const entries = Object.entries(map).slice(-MOST);
  try { localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(entries))); } catch { /* full or forbidden */ }
}

export function markUnread() {
  const rows = [...document.querySelectorAll("#tickets > [data-version]")];
  let known = seen();
  if (known === null && document.getElementById("tickets")) {
    // The first visit: what is there now is no news.
    known = Object.fromEntries(rows.map((row) => [row.dataset.key, Number(row.dataset.version)]));
    keep(known);
  }
  for (const row of rows) {
    const news = !((known ?? {})[row.dataset.key] >= Number(row.dataset.version));
    row.classList.toggle("unread", news);
    const said = row.querySelector("[data-unread-text]");
    if (said) said.hidden = !news;
  }
  const open = document.querySelector("[data-ticket][data-version]");
  if (open) {
    const map = known ?? {};
    delete map[open.dataset.ticket];
    map[open.dataset.ticket] = Number(open.dataset.version);
    keep(map);
  }
}
