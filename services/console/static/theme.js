// Light or dark: the system's choice until the person chooses; the choice is a cookie, so that the
// server renders it and no page flashes.
export function setCookie(name, value) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=${value}; path=/; max-age=31536000; SameSite=Strict${secure}`;
}

export function toggleTheme() {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const now = root.dataset.theme === "auto" ? system : root.dataset.theme;
  root.dataset.theme = now === "dark" ? "light" : "dark";
  setCookie("zd_theme", root.dataset.theme);
}

export function startTheme() {
  for (const button of document.querySelectorAll('[data-do="theme"]')) button.addEventListener("click", toggleTheme);
}
