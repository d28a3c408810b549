// Enrolling a resident's face: who, the consent text read out, then a picture or a camera.

import { get, post, remove } from "./api.js";
import { byId, h } from "./dom.js";
import { languageNow, t } from "./words.js";

const SEARCH_AFTER_MS = 250;
const LONGEST_PX = 1600; // enough for any face; keeps a phone's picture below the upload limit

/** Open the dialog at its first step. */
export function enrolDialog() {
  choosePerson();
  byId("dialog").showModal();
}

function show(buttons, ...children) {
  const close = h("button", { type: "button", class: "link", onclick: () => byId("dialog").close() }, t("close"));
  const foot = h("div", { class: "inline" }, ...buttons.filter(Boolean), close);
  byId("dialog").replaceChildren(h("div", { class: "card enrol" }, h("h2", {}, t("enrol.title")), ...children, foot));
}

function choosePerson() {
  const input = h("input", { type: "search", name: "search", placeholder: t("enrol.search"), maxlength: 60, autocomplete: "off" });
  const list = h("ul", { class: "people" });
  let timer = 0;
  const look = async () => {
    const people = await get(`/api/people?limit=30&search=${encodeURIComponent(input.value)}`).catch(() => []);
    const rows = people.map((person) => h("li", {}, h("button", { type: "button", "data-person": person.id, onclick: () => consentStep(person) }, h("b", {}, person.name), h("span", { class: "dim" }, `#${person.id}`), person.templates ? h("span", { class: "good" }, t("enrol.has", { count: person.templates })) : person.enrol_again ? h("span", { class: "bad" }, t("enrol.again")) : null)));
    list.replaceChildren(...(rows.length ? rows : [h("li", { class: "dim" }, t("enrol.none"))]));
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, SEARCH_AFTER_MS);
  });
  show([], input, list);
  look();
}

async function consentStep(person) {
  const [consent, cameras, me] = await Promise.all([get("/api/consent"), get("/api/cameras"), get("/api/me")]);
  const said = h("p", { class: "said", role: "status" });
  const accepted = h("input", { type: "checkbox", name: "accepted" });
  const guardian = h("input", { type: "text", name: "guardian", placeholder: t("enrol.guardian"), maxlength: 60, autocomplete: "off" });
  const file = h("input", { type: "file", name: "picture", accept: "image/*", hidden: true });
  const choose = h("button", { type: "button", class: "primary", onclick: () => file.click() }, t("enrol.upload"));
  const source = h("select", { name: "camera" }, cameras.filter((view) => view.up && view.task !== "plate").map((view) => h("option", { value: view.id }, view.name)));
  const take = h("button", { type: "button" }, t("enrol.camera"));
  const live = h("img", { class: "live", alt: "", hidden: true });
  const controls = [choose, take, source];
  const allow = () => controls.forEach((control) => (control.disabled = !accepted.checked || (control !== choose && !source.value)));
  const send = async (name, value, fileName) => {
    const form = new FormData();
    form.append("consent", consent.version);
    if (guardian.value.trim()) form.append("guardian", guardian.value.trim());
    fileName ? form.append(name, value, fileName) : form.append(name, value);
    controls.forEach((control) => (control.disabled = true));
    said.className = "said";
    said.textContent = t("enrol.working");
    try {
      const { templates } = await post(`/api/people/${person.id}/templates`, form);
      said.className = "said good";
      said.textContent = t("enrol.done", { count: templates });
    } catch (error) {
      said.className = "said bad";
      said.textContent = error.message;
    }
    allow();
  };
  accepted.addEventListener("change", allow);
  take.addEventListener("click", () => send("camera", source.value));
  file.addEventListener("change", async () => {
    if (!file.files.length) return;
    const picture = await upright(file.files[0]).catch(() => null);
    file.value = "";
    if (picture) await send("picture", picture, "picture.jpg");
    else said.textContent = t("error.bad-picture");
  });
  const look = () => source.value && (live.hidden = false, live.src = `/api/cameras/${encodeURIComponent(source.value)}.jpg?${Date.now()}`);
  live.addEventListener("load", () => setTimeout(() => live.isConnected && look(), 500));
  live.addEventListener("error", () => (live.hidden = true));
  source.addEventListener("change", look);
  const back = h("button", { type: "button", class: "link", onclick: choosePerson }, t("enrol.back"));
  show(
    [back, person.templates || person.enrol_again ? withdrawButton(person, said) : null, me.role === "admin" ? heldLink(person) : null],
    h("p", { class: "person" }, h("b", {}, person.name), h("span", { class: "dim" }, ` #${person.id}`)),
    h("h3", {}, t("enrol.consent")),
    h("div", { class: "consent" }, consent.text[languageNow()].map((paragraph) => h("p", {}, paragraph))),
    h("label", { class: "accept" }, accepted, h("span", {}, t("enrol.accepted"))),
    guardian,
    live,
    h("div", { class: "inline" }, file, choose, take, source),
    said,
  );
  allow();
  look();
}

/** The file that the person may have; an admin's to give. */
function heldLink(person) {
  return h("a", { href: `/api/people/${person.id}/held`, download: `person-${person.id}.json`, class: "link" }, t("enrol.held"));
}

function withdrawButton(person, said) {
  const button = h("button", { type: "button", class: "danger" }, t("enrol.withdraw"));
  let sure = false;
  button.addEventListener("click", async () => {
    if (!sure) {
      sure = true;
      button.textContent = t("enrol.withdraw_sure");
      return;
    }
    try {
      await remove(`/api/people/${person.id}/templates`);
      said.className = "said good";
      said.textContent = t("enrol.withdrawn");
      button.remove();
    } catch (error) {
      said.className = "said bad";
      said.textContent = error.message;
    }
  });
  return button;
}

/** The picture turned as it was held, no larger than needed, as JPEG. */
async function upright(file) {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONGEST_PX / Math.max(bitmap.width, bitmap.height));
  const canvas = h("canvas", { width: Math.round(bitmap.width * scale), height: Math.round(bitmap.height * scale) });
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("blob"))), "image/jpeg", 0.92));
}
