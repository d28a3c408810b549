// The last passages at cameras. A picture goes after a minute, here as on the controller; what is left is the line.

import { post } from "./api.js";
import { byId, h, plate } from "./dom.js";
import { personText } from "./events.js";
import { t, when } from "./words.js";

const KEPT = 24;
const PICTURE_MS = 60_000; // controller/events/captures.py KEEP_S
const GOOD = new Set(["opened", "known", "listed"]);

let captures = [];

/** All captures anew, newest first. */
export function setCaptures(views) {
  const fresh = views.map((view) => ({ ...view, until: performance.now() + PICTURE_MS }));
  const kept = captures.filter((old) => !fresh.some((view) => view.id === old.id));
  captures = [...fresh, ...kept].sort((a, b) => b.at_unix - a.at_unix).slice(0, KEPT);
  drawCaptures();
}

/** One more. */
export function addCapture(view) {
  if (captures.some((other) => other.id === view.id)) return;
  captures = [{ ...view, until: performance.now() + PICTURE_MS }, ...captures].slice(0, KEPT);
  const body = byId("captures");
  if (captures.length === 1) return drawCaptures();
  body.prepend(card(captures[0]));
  while (body.children.length > KEPT) body.lastElementChild.remove();
}

/** Take away the pictures whose time is over. */
export function forgetPictures() {
  for (const capture of captures) {
    if (performance.now() < capture.until) continue;
    const picture = document.querySelector(`[data-capture="${CSS.escape(capture.id)}"] img`);
    picture?.replaceWith(gone());
    document.querySelector(`[data-capture="${CSS.escape(capture.id)}"] .not-me`)?.remove();
  }
}

export function drawCaptures() {
  const cards = captures.map(card);
  byId("captures").replaceChildren(...(cards.length ? cards : [h("p", { class: "empty" }, t("captures.none"))]));
}

function card(capture) {
  const tone = GOOD.has(capture.outcome) ? "good" : capture.outcome === "watchlist" ? "alarm" : "plain";
  const outcome = t(`outcome.${capture.outcome}`) === capture.outcome ? t(`reason.${capture.outcome}`) : t(`outcome.${capture.outcome}`);
  const title = capture.plate ? plate(capture.plate, capture.vehicle?.plate_colour) : h("b", {}, personText(capture) || t(`capture.${capture.kind}`));
  return h(
    "figure",
    { class: `capture ${tone}`, "data-capture-kind": capture.kind, "data-capture": capture.id },
    performance.now() < capture.until ? picture(capture) : gone(),
    h("figcaption", {}, title, h("span", { class: "outcome" }, outcome), ...vehicle(capture.vehicle), h("span", { class: "dim" }, `${when(capture.at_unix)} ${capture.camera_name}`)),
    capture.kind === "resident" && performance.now() < capture.until ? notMe(capture) : null,
  );
}

/** What was seen of a vehicle, and where that is not what is registered: a hint to look, no more. */
function vehicle(seen) {
  if (!seen) return [];
  const words = [["body", seen.body_colour], ["plate_type", seen.plate_type], ["class", seen.vehicle_class], ["direction", seen.direction]];
  const told = words.filter(([, word]) => word).map(([kind, word]) => t(`${kind}.${word}`));
  if (seen.body_colour) told[0] += ` ${Math.round(100 * seen.body_confidence)}%`;
  const kinds = { body_colour: "body", vehicle_class: "class" };
  return [
    h("span", { class: "dim", "data-vehicle": seen.body_colour || "unknown" }, told.join(" · ")),
    ...Object.entries(seen.differs).map(([field, word]) =>
      h("span", { class: "warn", "data-differs": field }, t("capture.differs", { what: t(`${kinds[field]}.${word}`) })),
    ),
  ];
}

/** Somebody else was taken for this person: the guard says so, and it takes a nearer face from now on. */
function notMe(capture) {
  const button = h("button", { type: "button", class: "link not-me" }, t("captures.not_me"));
  button.addEventListener("click", async () => {
    button.disabled = true;
    const said = await post(`/api/captures/${encodeURIComponent(capture.id)}/not-me`).then(() => t("captures.noted"), (error) => error.message);
    button.replaceWith(h("span", { class: "dim", role: "status" }, said));
  });
  return button;
}

function picture(capture) {
  return h("img", { src: `/api/captures/${encodeURIComponent(capture.id)}.jpg`, alt: t(`capture.${capture.kind}`), onerror: (event) => event.target.replaceWith(gone()) });
}

function gone() {
  return h("p", { class: "no-picture" }, t("captures.gone"));
}
