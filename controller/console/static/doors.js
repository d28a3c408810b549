// Tiles of doors and gates, by building. A tile says state, lock, link, list and last event.

import { openDialog } from "./open.js";
import { eventText } from "./events.js";
import { byId, h } from "./dom.js";
import { t, when } from "./words.js";

const COMPACT_FROM = 25; // more tiles than fit beside each other across a room: smaller ones
const DULL = new Set(["door-opened", "door-closed", "list-installed", "clock-set", "boot"]);

const UPDATE_UNTOLD = new Set(["", "waiting", "confirmed", "already", "unreachable", "not-tried"]);

const doors = new Map();
const lastEvents = new Map();

/** All doors anew. */
export function setDoors(views) {
  doors.clear();
  for (const view of views) doors.set(view.id, view);
  drawDoors();
}

/** One door changed. */
export function setDoor(view) {
  const before = doors.get(view.id);
  doors.set(view.id, view);
  if (before && hasProblem(before) === hasProblem(view)) {
    document.querySelector(`[data-door="${CSS.escape(view.id)}"]`)?.replaceWith(tile(view));
    drawCount();
  } else drawDoors();
}

/** The newest event of a door, as its tile tells it. */
export function noteDoorEvent(event) {
  if (!event.door || DULL.has(event.kind)) return;
  const before = lastEvents.get(event.door);
  if (before && before.id > event.id) return;
  lastEvents.set(event.door, event);
  const line = document.querySelector(`[data-door="${CSS.escape(event.door)}"] .last`);
  if (line) line.replaceWith(lastLine(event.door));
}

export function drawDoors() {
  const body = byId("doors");
  const onlyProblems = byId("attention").checked;
  const shown = [...doors.values()].filter((view) => !onlyProblems || hasProblem(view));
  body.classList.toggle("compact", doors.size >= COMPACT_FROM);
  drawCount();
  if (!shown.length) {
    body.replaceChildren(h("p", { class: "empty" }, t(doors.size ? "doors.all_well" : "doors.none")));
    return;
  }
  if (doors.size < COMPACT_FROM) {
    body.replaceChildren(h("div", { class: "tiles" }, shown.map(tile)));
    return;
  }
  const groups = new Map();
  const problems = shown.filter(hasProblem);
  for (const view of shown) {
    if (hasProblem(view)) continue;
    const name = view.gate ? t("doors.gates") : view.path_names[1];
    groups.set(name, [...(groups.get(name) ?? []), view]);
  }
  body.replaceChildren(
    ...(problems.length ? [group("group attention", t("doors.attention_group"), problems)] : []),
    ...[...groups].map(([name, views]) => group("group", name, views)),
  );
}

function group(look, name, views) {
  return h("div", { class: look }, h("h3", {}, name), h("div", { class: "tiles" }, views.map(tile)));
}

function drawCount() {
  const online = [...doors.values()].filter((view) => view.online).length;
  byId("online-count").textContent = `${online}/${doors.size}`;
  byId("online-count").parentElement.classList.toggle("bad", online < doors.size);
}

function hasProblem(view) {
  return !view.online || view.alarms.length > 0 || ["Fault", "Propped", "Ajar"].includes(view.door);
}

function toneOf(view) {
  if (!view.online) return "lost";
  if (view.alarms.length || view.door === "Fault" || view.lock === "Fault") return "alarm";
  if (["Open", "Ajar", "Propped"].includes(view.door) || view.lock === "Unlocked") return "open";
  return "shut";
}

function tile(view) {
  const mode = view.gate ? (view.gate_mode === "auto" ? "" : t(`gate.${view.gate_mode}`)) : view.mode && view.mode !== "Locked" && view.mode !== "Accessed" ? t(`mode.${view.mode}`) : "";
  return h(
    "article",
    { class: `tile ${toneOf(view)}`, "data-door": view.id, "data-online": String(view.online), title: [view.path_names.join(" › "), view.firmware].filter(Boolean).join(" · ") },
    h("header", {}, h("h4", {}, view.name), h("span", { class: "link-state" }, t(view.online ? "door.online" : "door.lost"))),
    h("p", { class: "state" }, stateWords(view), mode ? h("em", {}, mode) : null),
    lastLine(view.id),
    h(
      "footer",
      {},
      UPDATE_UNTOLD.has(view.update)
        ? h("span", { class: view.list_current ? "dim" : "warn" }, listWords(view))
        : h("span", { class: "warn", "data-update": view.update }, t(`update.${view.update}`)),
      h("button", { type: "button", "data-open": view.id, onclick: () => openDialog(view) }, t(view.gate ? "door.raise" : "door.open")),
    ),
  );
}

function stateWords(view) {
  if (!view.online) return view.seen_unix ? t("door.seen", { time: when(view.seen_unix) }) : t("door.never");
  if (view.alarms.length) return view.alarms.map((alarm) => t(`alarm.${alarm}`)).join(" · ");
  const parts = [];
  if (view.door !== "Unknown") parts.push(t(`physical.${view.door}`));
  parts.push(t(`lock.${view.lock}`));
  return parts.join(" · ");
}

function listWords(view) {
  if (!view.reported_version && !view.desired_version) return t("door.list_none");
  const values = { version: view.reported_version, desired: view.desired_version };
  return t(view.list_current ? "door.list" : "door.list_behind", values);
}

function lastLine(door) {
  const event = lastEvents.get(door);
  if (!event) return h("p", { class: "last dim" }, t("door.no_event"));
  return h("p", { class: `last ${event.kind}` }, h("time", {}, when(event.at_unix)), " ", eventText(event));
}
