// Elements out of values. Text is only ever set as text, so nothing that a resident is called can become markup.

/** An element: `h("p", {class: "dim", "data-door": id, onclick: f}, "text", child, null)`. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** A number plate in its colour where that was seen; else eight characters are a new-energy vehicle's, and green. */
export const plate = (text, colour) => h("b", { class: `plate ${colour ?? ([...text].length === 8 ? "green" : "blue")}` }, text);

/** A short notice at the foot of the page. `tone`: "good" or "bad". */
export function toast(text, tone) {
  const note = h("p", { class: `toast ${tone}` }, text);
  byId("toasts").append(note);
  setTimeout(() => note.remove(), 7000);
}
