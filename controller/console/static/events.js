// The stream of door events, newest first.

import { byId, h } from "./dom.js";
import { t, when } from "./words.js";

const KEPT = 300;
const TONES = {
  granted: "good", "command-done": "good", "request-to-exit": "plain", denied: "bad", "command-refused": "bad",
  DoorForcedOpen: "alarm", DoorOpenTooLong: "alarm", Tamper: "alarm", fire: "alarm", fault: "alarm", "list-refused": "bad",
  "reader-error": "bad", Duress: "alarm", Ajar: "bad", "locked-out": "bad", "reader-lost": "alarm", overwritten: "bad",
  "update-undone": "bad", "safe-mode": "alarm",
};

let events = [];

/** All events anew, newest first. */
export function setEvents(views) {
  events = views.slice(0, KEPT);
  drawEvents();
}

/** One more. Told twice, it stands there once. */
export function addEvent(event) {
  if (events.some((other) => other.id === event.id)) return;
  const before = events.findIndex((other) => other.id < event.id);
  events.splice(before < 0 ? events.length : before, 0, event);
  events.length = Math.min(events.length, KEPT);
  if (events.length === 1) return drawEvents();
  const list = byId("events");
  const next = list.children[events.indexOf(event)] ?? null;
  list.insertBefore(row(event, true), next);
  while (list.children.length > KEPT) list.lastElementChild.remove();
}

export function drawEvents() {
  const rows = events.map((event) => row(event, false));
  byId("events").replaceChildren(...(rows.length ? rows : [h("li", { class: "empty" }, t("events.none"))]));
}

/** What happened, in a few words: "刷卡 通过 · 在名单内". */
export function eventText(event) {
  const how = t(`credential.${event.credential_kind}`);
  const why = event.reason === "listed" ? "" : t(`reason.${event.reason}`);
  const what = [how, t(`event.${event.kind}`)].filter(Boolean).join(" ");
  return [what[0].toUpperCase() + what.slice(1), why].filter(Boolean).join(" · ");
}

/** Whose it was. */
export function personText(row) {
  if (row.person_name) return row.person_name;
  return row.person ? t("event.person", { id: row.person }) : "";
}

function row(event, isNew) {
  const unsure = event.clock_known ? null : h("span", { class: "warn", title: t("event.clock_unknown") }, "≈");
  return h(
    "li",
    { class: `${TONES[event.kind] ?? "plain"}${isNew ? " new" : ""}`, "data-event": `${event.device}-${event.epoch}-${event.seq}` },
    h("time", {}, unsure, when(event.at_unix)),
    h("span", { class: "where" }, event.door_name),
    h("span", { class: "what" }, eventText(event)),
    h("span", { class: "person dim" }, personText(event)),
  );
}
