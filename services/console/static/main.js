// The console works without this file but for live updates, keys, plots under the pointer and the theme.
import { startClock } from "./time.js";
import { startKeys } from "./keys.js";
import { startLive } from "./live.js";
import { startPlots } from "./plot.js";
import { setCookie, startTheme } from "./theme.js";
import { markUnread } from "./unread.js";

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) setCookie("zd_zone", zone);

startTheme();
startClock();
startKeys();
startPlots();
startLive();
markUnread();

for (const element of document.querySelectorAll("[data-needs-script]")) element.hidden = false;

// A form is sent once; coming back with the browser's button makes it usable again.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  const button = event.target.querySelector("button:not([type=button])");
  if (event.target.method === "post" && button) setTimeout(() => { button.disabled = true; }, 0);
  document.querySelector(".loading")?.classList.add("on");
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  if (link.target || link.origin !== location.origin || link.hash) return;
  document.querySelector(".loading")?.classList.add("on");
});
addEventListener("pageshow", () => {
  document.querySelector(".loading")?.classList.remove("on");
  for (const button of document.querySelectorAll("button[disabled]")) button.disabled = false;
});
