// What the cameras see now. A camera that is down, or a page that is cut off, shows no picture rather than an old one.

import { byId, h } from "./dom.js";
import { t } from "./words.js";

const EVERY_MS = 1500;
const cameras = new Map();
let running = false;
let timer = 0;

/** All cameras anew. */
export function setCameras(views) {
  cameras.clear();
  for (const view of views) cameras.set(view.id, view);
  drawCameras();
}

/** One camera changed. */
export function setCamera(view) {
  cameras.set(view.id, view);
  const figure = find(view.id);
  if (figure) figure.replaceWith(withPicture(draw(view), view));
  else drawCameras();
}

export function drawCameras() {
  const figures = [...cameras.values()].map((view) => withPicture(draw(view), view));
  byId("cameras").replaceChildren(...(figures.length ? figures : [h("p", { class: "empty" }, t("cameras.none"))]));
}

/** Pictures only while the page is connected. */
export function runCameras(on) {
  if (on === running) return;
  running = on;
  clearTimeout(timer);
  if (on) refresh();
  else drawCameras();
}

async function refresh() {
  if (!document.hidden) await Promise.all([...cameras.values()].filter((view) => view.up).map(next));
  if (running) timer = setTimeout(refresh, EVERY_MS);
}

async function next(view) {
  const figure = find(view.id);
  if (!figure || !isSeen(figure)) return;
  const picture = h("img", { alt: view.name });
  picture.src = `/api/cameras/${encodeURIComponent(view.id)}.jpg?${Date.now()}`;
  try {
    await picture.decode();
    if (running) figure.querySelector(".picture").replaceChildren(picture);
  } catch {
    figure.querySelector(".picture").replaceChildren(none(view));
  }
}

function isSeen(figure) {
  const box = figure.getBoundingClientRect();
  return box.bottom > 0 && box.top < innerHeight && box.width > 0;
}

function find(id) {
  return document.querySelector(`[data-camera="${CSS.escape(id)}"]`);
}

function draw(view) {
  return h(
    "figure",
    { class: `camera ${view.up ? "up" : "down"}`, "data-camera": view.id },
    h("div", { class: "picture" }, none(view)),
    h("figcaption", {}, h("b", {}, view.name), h("span", { class: "dim" }, t(`task.${view.task}`))),
  );
}

/** `figure` with the picture that the figure before it shows, if that may still be shown. */
function withPicture(figure, view) {
  const picture = running && view.up ? find(view.id)?.querySelector("img") : null;
  if (picture) figure.querySelector(".picture").replaceChildren(picture);
  return figure;
}

function none(view) {
  return h("p", { class: "no-picture", title: view.why }, t("camera.down"));
}
