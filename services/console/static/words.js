// The words that scripts say, in the language of the page: they come with it.
const words = JSON.parse(document.body.dataset.words ?? "{}");

export const locale = document.body.dataset.locale ?? "en-GB";

export function say(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
