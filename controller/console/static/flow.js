// Traffic by the hour: in, out and visits, beside the same weekday before; by type and lane; who is here now. Numbers only.

import { get, post } from "./api.js";
import { byId, h, toast } from "./dom.js";
import { t, when } from "./words.js";

const DAY_S = 86400;
const HOURS = 24;
const LOOK_MS = 30000;
const [WIDE, HIGH, FOOT, LEFT] = [760, 260, 34, 60]; // of the chart's own units
const ALL = "";
const chosen = { what: "vehicle", camera: ALL, daysAgo: 0 };
let timer = 0;

/** Open the dialog at today. */
export async function flowDialog() {
  Object.assign(chosen, { camera: ALL, daysAgo: 0 });
  const dialog = byId("dialog");
  dialog.classList.add("wide");
  dialog.addEventListener("close", () => (clearTimeout(timer), dialog.classList.remove("wide")), { once: true });
  await draw();
  dialog.showModal();
}

async function draw() {
  clearTimeout(timer);
  const cameras = await get("/api/cameras").catch(() => []);
  const today = await get("/api/flow").catch(() => null);
  if (!today) return show(h("p", { class: "empty" }, t("flow.unknown")));
  const day = today.today_unix - chosen.daysAgo * DAY_S;
  const view = await get(`/api/flow?from=${day - 7 * DAY_S}&to=${day + DAY_S}`).catch(() => null);
  if (!view) return show(h("p", { class: "empty" }, t("flow.unknown")));
  const rows = view.hours.filter((row) => row.what === chosen.what && counts(row, view));
  const now = rows.filter((row) => row.hour_unix >= day);
  const before = rows.filter((row) => row.hour_unix < day - 6 * DAY_S);
  show(
    choices(cameras, day, view),
    figures(view, cameras, now, before, day),
    chart(now, before, day),
    table(t("flow.by_type"), sums(view.hours.filter((row) => row.hour_unix >= day && row.what === "vehicle" && row.type && (!chosen.camera || row.camera === chosen.camera)), (row) => t(`plate_type.${row.type}`)), chosen.what === "vehicle"),
    table(t("flow.by_lane"), sums(now.filter((row) => row.lane), (row) => `${cameras.find((view) => view.id === row.camera)?.name ?? row.camera} · ${row.lane}`), true),
  );
  if (chosen.daysAgo === 0) timer = setTimeout(lookAgain, LOOK_MS);
}

function lookAgain() {
  if (!byId("dialog").open) return;
  if (document.activeElement?.name === "inside") timer = setTimeout(lookAgain, LOOK_MS); // not under a guard's hands
  else draw();
}

/** Vehicles of all gates are counted by one camera a gate, or they would count twice. */
function counts(row, view) {
  if (chosen.camera) return row.camera === chosen.camera;
  return row.what === "person" || view.gate_cameras.length === 0 || view.gate_cameras.includes(row.camera);
}

function show(...parts) {
  const close = h("button", { type: "button", class: "link", onclick: () => byId("dialog").close() }, t("close"));
  byId("dialog").replaceChildren(h("div", { class: "card flow" }, h("h2", {}, t("flow.title")), ...parts, h("div", { class: "inline" }, close)));
}

function choices(cameras, day, view) {
  const what = h("select", { name: "what" }, ["vehicle", "person"].map((one) => h("option", { value: one, selected: one === chosen.what }, t(`flow.${one}`))));
  const tasks = chosen.what === "vehicle" ? ["flow", "plate"] : ["people"];
  const mine = cameras.filter((view) => tasks.includes(view.task));
  const camera = h("select", { name: "camera" }, [{ id: ALL, name: t("flow.all") }, ...mine].map((view) => h("option", { value: view.id, selected: view.id === chosen.camera }, view.name)));
  what.addEventListener("change", () => (Object.assign(chosen, { what: what.value, camera: ALL }), draw()));
  camera.addEventListener("change", () => ((chosen.camera = camera.value), draw()));
  const step = (days) => () => ((chosen.daysAgo += days), draw());
  const link = `/api/flow.csv?from=${day}&to=${day + DAY_S}&camera=${encodeURIComponent(chosen.camera)}`;
  return h(
    "div",
    { class: "inline" },
    what,
    camera,
    h("button", { type: "button", "data-flow": "earlier", "aria-label": t("flow.earlier"), onclick: step(1) }, "‹"),
    h("time", { class: "day" }, dayText(day + view.offset_s)),
    h("button", { type: "button", "data-flow": "later", "aria-label": t("flow.later"), disabled: chosen.daysAgo === 0, onclick: step(-1) }, "›"),
    h("a", { class: "download", href: link, download: "" }, t("flow.csv")),
  );
}

function figures(view, cameras, now, before, day) {
  const total = (rows, ways) => rows.filter((row) => ways.includes(row.direction)).reduce((sum, row) => sum + row.count, 0);
  const untilNow = chosen.daysAgo ? Infinity : view.now_unix - 7 * DAY_S;
  const then = before.filter((row) => row.hour_unix + 3600 <= untilNow);
  const whole = (rows) => total(rows, ["in", "out", "visit", ""]);
  const sameHours = now.filter((row) => row.hour_unix - 7 * DAY_S + 3600 <= untilNow);
  const list = [
    [t("flow.in"), total(now, ["in"]), "in"],
    [t("flow.out"), total(now, ["out"]), "out"],
    [t("flow.change"), whole(then) ? `${change(whole(sameHours), whole(then))}` : "–", "change"],
  ];
  if (chosen.what === "vehicle") {
    list.push([t("flow.distinct"), view.days.find((one) => one.day_unix === day)?.vehicles ?? 0, "distinct"]);
    list.push([t("flow.inside"), view.vehicles_inside, "inside"]);
  } else {
    const visits = now.filter((row) => row.direction === "visit");
    const spent = visits.reduce((sum, row) => sum + row.count * row.mean_s, 0);
    if (visits.length) list.push([t("flow.visits"), total(now, ["visit"]), "visits"], [t("flow.stay"), `${Math.round(spent / total(now, ["visit"]))} s`, "stay"]);
    for (const [camera, people] of Object.entries(view.people_present)) list.push([t("flow.present", { camera: cameras.find((one) => one.id === camera)?.name ?? camera }), people, "present"]);
  }
  const boxes = list.map(([name, value, id]) => h("div", { class: "figure", "data-figure": id }, h("b", {}, String(value)), h("span", {}, name)));
  return h("div", { class: "figures" }, boxes, chosen.what === "vehicle" ? correction(view) : null);
}

function change(now, then) {
  const percent = Math.round((100 * (now - then)) / then);
  return `${percent > 0 ? "+" : ""}${percent} %`;
}

function correction(view) {
  const input = h("input", { type: "number", name: "inside", min: 0, max: 100000, value: view.vehicles_inside, "aria-label": t("flow.inside") });
  const form = h("form", { class: "inline" }, h("span", { class: "dim" }, view.counted_unix ? t("flow.counted", { time: when(view.counted_unix) }) : t("flow.never_counted")), input, h("button", { type: "submit" }, t("flow.correct")));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await post("/api/flow/inside", { vehicles: Number(input.value) });
      await draw();
    } catch (error) {
      toast(error.message, "bad");
    }
  });
  return form;
}

// -- the chart --------------------------------------------------------------------------------------------------------

function chart(now, before, day) {
  const hours = (rows, start, ways) => Array.from({ length: HOURS }, (_, hour) => rows.filter((row) => row.hour_unix === start + hour * 3600 && ways.includes(row.direction)).reduce((sum, row) => sum + row.count, 0));
  const [inward, outward] = [hours(now, day, ["in", "visit", ""]), hours(now, day, ["out"])];
  const [inBefore, outBefore] = [hours(before, day - 7 * DAY_S, ["in", "visit", ""]), hours(before, day - 7 * DAY_S, ["out"])];
  const top = niceTop(Math.max(1, ...inward, ...outward, ...inBefore, ...outBefore));
  const step = (WIDE - LEFT) / HOURS;
  const y = (count) => HIGH - FOOT - (count / top) * (HIGH - FOOT - 20);
  const parts = [0, top / 2, top].flatMap((value) => [svg("line", { x1: LEFT, x2: WIDE, y1: y(value), y2: y(value), class: "grid" }), svg("text", { x: LEFT - 6, y: y(value) + 5, class: "scale" }, String(value))]);
  for (let hour = 0; hour < HOURS; hour++) {
    const x = LEFT + hour * step;
    const title = svg("title", {}, `${pad(hour)}:00 · ${t("flow.in")} ${inward[hour]} (${inBefore[hour]}) · ${t("flow.out")} ${outward[hour]} (${outBefore[hour]})`);
    const bars = [bar("in", x + step * 0.1, inward[hour], inBefore[hour]), bar("out", x + step * 0.5, outward[hour], outBefore[hour])];
    parts.push(svg("g", { "data-hour": hour }, title, ...bars.flat(), hour % 3 ? "" : svg("text", { x: x + step / 2, y: HIGH - 6, class: "hour" }, pad(hour))));
  }
  function bar(way, x, count, then) {
    const wide = step * 0.36;
    const found = [svg("rect", { x, width: wide, y: y(count), height: y(0) - y(count), class: way })];
    if (then) found.push(svg("line", { x1: x - 1, x2: x + wide + 1, y1: y(then), y2: y(then), class: "before" }));
    return found;
  }
  const key = ["in", "out", "before"].map((one) => h("span", { class: `key ${one}` }, t(`flow.${one}`)));
  return h("figure", { class: "chart" }, svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": t("flow.title") }, ...parts), h("figcaption", { class: "inline dim" }, key));
}

/** The next of 2, 4, 10, 20, 40, 100, … */
function niceTop(most) {
  for (let ten = 1; ; ten *= 10) for (const top of [2, 4, 10]) if (top * ten >= most) return top * ten;
}

function svg(tag, properties, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(properties)) element.setAttribute(name, String(value));
  element.append(...children.filter((child) => child !== ""));
  return element;
}

// -- tables -----------------------------------------------------------------------------------------------------------

function sums(rows, nameOf) {
  const found = new Map();
  for (const row of rows) {
    const sum = found.get(nameOf(row)) ?? { in: 0, out: 0, count: 0, spent: 0 };
    if (row.direction in sum) sum[row.direction] += row.count;
    sum.count += row.count;
    sum.spent += row.count * row.mean_s;
    found.set(nameOf(row), sum);
  }
  return [...found].sort((a, b) => b[1].count - a[1].count);
}

function table(title, rows, wanted) {
  if (!wanted || !rows.length) return "";
  const cells = (tag, values) => h("tr", {}, values.map((value) => h(tag, {}, String(value))));
  const head = cells("th", [title, t("flow.in"), t("flow.out"), t("flow.total"), t("flow.mean")]);
  return h("table", {}, h("thead", {}, head), h("tbody", {}, rows.map(([name, sum]) => cells("td", [name, sum.in, sum.out, sum.count, sum.spent ? `${(sum.spent / sum.count).toFixed(1)} s` : "–"]))));
}

const pad = (number) => String(number).padStart(2, "0");

function dayText(unix) {
  const date = new Date(unix * 1000); // the site's time, wherever the page is
  return `${date.toISOString().slice(0, 10)} ${t(`flow.day${date.getUTCDay()}`)}`;
}
