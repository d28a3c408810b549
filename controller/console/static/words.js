// Every word of the page, in both languages, from one table. `t` is the entry.

const COOKIE = "menshen_language";
const table = await (await fetch("/static/words.json")).json();
let language = document.documentElement.lang.startsWith("en") ? "en" : "zh";

/** The words for `key`, with `{name}` replaced from `values`. A word of the wire that is newer than the page shows itself. */
export function t(key, values = {}) {
  const found = table[key];
  const text = found ? found[language] : key.slice(key.indexOf(".") + 1);
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** The word in both languages, for those who cannot choose one. */
export function both(key) {
  return table[key];
}

/** Whether the table has it. */
export function has(key) {
  return key in table;
}

export function languageNow() {
  return language;
}

/** Switch to the other language; the shell's own words change here, everything else is drawn anew by its panel. */
export function switchLanguage() {
  language = language === "zh" ? "en" : "zh";
  document.cookie = `${COOKIE}=${language}; path=/; max-age=31536000; samesite=strict`;
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = t(element.dataset.word);
}

const pad = (number) => String(number).padStart(2, "0");

/** 14:03:09 */
export function clock(date) {
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

/** 14:03:09 today, else 11-23 14:03. */
export function when(unix) {
  const date = new Date(unix * 1000);
  if (date.toDateString() === new Date().toDateString()) return clock(date);
  return `${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${pad(date.getHours())}:${pad(date.getMinutes())}`;
}
