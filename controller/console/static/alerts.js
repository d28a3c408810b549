// Alerts: those that wait for a guard stand first, urgent ones above all, with their picture; judged ones follow in one line each.

import { post } from "./api.js";
import { byId, h, plate, toast } from "./dom.js";
import { chime } from "./sound.js";
import { t, when } from "./words.js";

const JUDGED_SHOWN = 12;
const SAYS_ALL = new Set(["DoorForcedOpen", "DoorOpenTooLong", "fire", "Duress", "Ajar", "locked-out", "safe-mode"]); // their words only repeat the kind
const alerts = new Map();
const unstored = new Set(); // alerts that a full disk has not taken yet: id 0

/** All alerts anew. */
export function setAlerts(views) {
  alerts.clear();
  unstored.clear();
  for (const view of views) alerts.set(view.id, view);
  drawAlerts();
}

/** A new alert, or one that was judged. */
export function addAlert(alert) {
  if (alert.id === 0) unstored.add({ ...alert, outcome: "" });
  else {
    if (!alerts.has(alert.id)) chime();
    alerts.set(alert.id, alert);
  }
  drawAlerts();
}

export function drawAlerts() {
  const newestFirst = [...alerts.values()].sort((a, b) => b.id - a.id);
  const open = [...unstored, ...newestFirst.filter((alert) => !alert.outcome)];
  open.sort((a, b) => (b.level === "urgent") - (a.level === "urgent"));
  const judged = newestFirst.filter((alert) => alert.outcome).slice(0, JUDGED_SHOWN);
  byId("open-count").textContent = open.length;
  byId("open-alerts").classList.toggle("bad", open.length > 0);
  document.title = document.title.replace(/^(\(\d+\) )?/, open.length ? `(${open.length}) ` : "");
  byId("alerts").replaceChildren(
    ...(open.length ? open.map(card) : [h("p", { class: "empty" }, t("alerts.none"))]),
    ...(judged.length ? [h("h3", {}, t("alerts.judged"))] : []),
    ...judged.map(line),
  );
}

function card(alert) {
  const subject = alert.kind === "watchlist" ? plate(alert.subject_name) : h("b", {}, alert.subject_name);
  return h(
    "article",
    { class: `alert ${alert.kind} ${alert.level}`, "data-alert-kind": alert.kind, "data-alert": alert.id },
    picture(alert),
    h(
      "div",
      {},
      h("header", {}, h("h4", {}, t(`alert.${alert.kind}`)), h("span", { class: "level" }, t(`level.${alert.level}`))),
      h("p", { class: "subject" }, subject),
      h("p", { class: "where" }, [alert.place_name === alert.subject_name ? "" : alert.place_name, when(alert.at_unix)].filter(Boolean).join(" · ")),
      h("p", { class: "advice" }, t(`advice.${alert.kind}`)),
      SAYS_ALL.has(alert.kind) ? null : h("p", { class: "words" }, alert.words),
      alert.id ? h("footer", {}, judgeButton(alert, "confirmed", "primary"), judgeButton(alert, "dismissed", "")) : h("p", { class: "warn" }, t("alert.not_stored")),
    ),
  );
}

function picture(alert) {
  if (!alert.capture) return null;
  return h("img", { src: `/api/captures/${encodeURIComponent(alert.capture)}.jpg`, alt: t(`alert.${alert.kind}`), onerror: (event) => event.target.replaceWith(h("p", { class: "no-picture" }, t("alert.no_picture"))) });
}

function judgeButton(alert, outcome, look) {
  const button = h("button", { type: "button", class: look, "data-judge": outcome }, t(outcome === "confirmed" ? "alert.confirm" : "alert.dismiss"));
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      addAlert(await post(`/api/alerts/${alert.id}/confirm`, { outcome }));
    } catch (error) {
      button.disabled = false;
      toast(error.message, "bad");
    }
  });
  return button;
}

function line(alert) {
  return h(
    "p",
    { class: "judged", "data-alert-kind": alert.kind, "data-alert": alert.id, "data-outcome": alert.outcome },
    h("time", {}, when(alert.at_unix)),
    h("span", {}, t(`alert.${alert.kind}`), " ", h("b", {}, alert.subject_name)),
    h("span", { class: "dim" }, t(`alert.${alert.outcome}`, { who: alert.confirmed_by })),
  );
}
