// The page: who is there, then the room; news from the feed to the panels.

import { addAlert, drawAlerts, setAlerts } from "./alerts.js";
import { get, post, whenSignedOut } from "./api.js";
import { drawCameras, runCameras, setCamera, setCameras } from "./cameras.js";
import { addCapture, drawCaptures, forgetPictures, setCaptures } from "./captures.js";
import { byId, h, toast } from "./dom.js";
import { drawDoors, noteDoorEvent, setDoor, setDoors } from "./doors.js";
import { enrolDialog } from "./enrol.js";
import { addEvent, drawEvents, setEvents } from "./events.js";
import { Feed } from "./feed.js";
import { flowDialog } from "./flow.js";
import { keptDialog } from "./kept.js";
import { drawSound, toggleSound } from "./sound.js";
import { clock, switchLanguage, t } from "./words.js";

let me = null;
let parts = {};
let waiting = null; // news that came while everything is loaded anew
let loadAgain = false; // news were lost while everything was loaded: what was loaded may be old already
let lastHeard = null;
let connection = "connecting";

const handlers = {
  door: setDoor,
  event: (event) => (addEvent(event), noteDoorEvent(event)),
  alert: addAlert,
  capture: addCapture,
  camera: setCamera,
  list: () => {},
  health: ({ part, ok, words }) => ((parts[part] = { ok, words }), drawParts()),
};

const feed = new Feed({
  onItem: (kind, data) => (waiting ? waiting.push([kind, data]) : handlers[kind](data)),
  onReset: loadAll,
  onState: setConnection,
  onBye: () => signedOut(t("login.ended")),
});

async function loadAll() {
  if (waiting) {
    loadAgain = true;
    return;
  }
  waiting = [];
  loadAgain = false;
  try {
    const [doors, events, alerts, captures, cameras, health] = await Promise.all(
      ["doors", "events?limit=200", "alerts?limit=100", "captures", "cameras", "health"].map((what) => get(`/api/${what}`)),
    );
    setDoors(doors);
    setEvents(events);
    for (const event of [...events].reverse()) noteDoorEvent(event);
    setAlerts(alerts);
    setCaptures(captures);
    setCameras(cameras);
    parts = health.parts;
    drawParts();
  } catch (error) {
    waiting = null;
    if (error.code !== "not-signed-in") setTimeout(loadAll, 1000);
    return;
  }
  const missed = waiting;
  waiting = null;
  for (const [kind, data] of missed) handlers[kind](data);
  if (loadAgain) await loadAll();
}

function setConnection(state) {
  if (state === "live") lastHeard = new Date();
  if (state === connection) return;
  connection = state;
  drawConnection();
}

function drawConnection() {
  document.body.dataset.connection = connection;
  byId("connection").textContent = t(`connection.${connection}`);
  const stale = byId("stale");
  stale.hidden = connection !== "lost" || !lastHeard;
  if (!stale.hidden) stale.textContent = t("connection.stale", { time: clock(lastHeard) });
  runCameras(connection === "live");
}

function drawParts() {
  const bad = Object.entries(parts).filter(([, part]) => !part.ok);
  byId("parts").replaceChildren(...bad.map(([name, part]) => h("span", { class: "part", title: part.words, "data-part": name }, t(`part.${name}`))));
}

function drawAll() {
  drawConnection();
  drawDoors();
  drawEvents();
  drawAlerts();
  drawCaptures();
  drawCameras();
  drawParts();
  drawSound();
  byId("logout").textContent = me ? `${me.name} · ${t("logout")}` : t("logout");
}

function show(view) {
  document.body.dataset.view = view;
}

function enter(user) {
  me = user;
  show("room");
  drawAll();
  feed.start();
}

function signedOut(words = "") {
  feed.stop();
  me = null;
  for (const set of [setDoors, setEvents, setAlerts, setCaptures, setCameras]) set([]);
  byId("dialog").close();
  byId("login-error").textContent = words;
  show("login");
}

async function logIn(event) {
  event.preventDefault();
  const form = event.target;
  byId("login-error").textContent = "";
  form.querySelector("[type=submit]").disabled = true;
  try {
    const user = await post("/api/login", { username: form.username.value, password: form.password.value });
    form.reset();
    enter(user);
  } catch (error) {
    byId("login-error").textContent = error.message;
    form.password.select();
  }
  form.querySelector("[type=submit]").disabled = false;
}

const actions = {
  language: () => (switchLanguage(), (byId("login-error").textContent = ""), drawAll()),
  sound: toggleSound,
  enrol: enrolDialog,
  kept: keptDialog,
  flow: flowDialog,
  logout: () => post("/api/logout").then(() => signedOut(), (error) => toast(error.message, "bad")),
};

whenSignedOut(() => me && signedOut(t("login.ended")));
byId("login-form").addEventListener("submit", logIn);
byId("attention").addEventListener("change", drawDoors);
document.addEventListener("click", (event) => actions[event.target.closest("[data-action]")?.dataset.action]?.());
setInterval(() => {
  byId("clock").textContent = clock(new Date());
  forgetPictures();
}, 1000);

get("/api/me").then(enter, () => show("login"));
