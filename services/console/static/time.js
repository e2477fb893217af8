import { locale, say } from "./words.js";

// Platform time: what the server said when the page was made, carried on at the platform's rate.
let base = null;

export function readClock(body) {
  if (!body.dataset.now) return;
  base = { platform: Date.parse(body.dataset.now), real: performance.now(), rate: Number(body.dataset.rate) || 1 };
}

export function platformNow() {
  return base ? base.platform + (performance.now() - base.real) * base.rate : Date.now();
}

export function saySpan(milliseconds) {
  let minutes = Math.floor(Math.abs(milliseconds) / 60000);
  if (minutes < 1) return say("under_minute");
  if (minutes < 60) return say("minutes", { n: minutes });
  let hours = Math.floor(minutes / 60);
  minutes %= 60;
  if (hours < 24) return minutes ? say("hours_minutes", { n: hours, m: minutes }) : say("hours", { n: hours });
  const days = Math.floor(hours / 24);
  hours %= 24;
  return hours && days < 7 ? say("days_hours", { n: days, h: hours }) : say("days", { n: days });
}

export function sayAgo(span) {
  if (Math.abs(span) < 60000) return say("now");
  return say(span > 0 ? "ago" : "ahead", { span: saySpan(span) });
}

function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function tick() {
  const now = platformNow();
  for (const element of document.querySelectorAll("[data-ago]")) {
    set(element, sayAgo(now - Date.parse(element.closest("time").dateTime)));
  }
  for (const element of document.querySelectorAll("[data-due]")) {
    const left = Date.parse(element.dateTime) - now;
    set(element, say(left > 0 ? "left" : "over", { span: saySpan(left) }));
    element.classList.toggle("tone-critical", left <= 0);
    element.classList.toggle("tone-warn", left > 0 && left <= 1800000);
    element.classList.toggle("tone-neutral", left > 1800000);
  }
  const clock = document.querySelector("[data-clock]");
  if (clock && base) {
    const options = { timeZone: document.body.dataset.zone, weekday: "short", day: "numeric", month: "short",
                      hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    set(clock, new Intl.DateTimeFormat(locale, options).format(now));
  }
}

export function startClock() {
  readClock(document.body);
  if (!base) return;
  tick();
  setInterval(tick, base.rate > 5 ? 500 : 5000);
}
