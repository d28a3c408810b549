// A gate's mode: what it is now, what it may be, and why it is changed.

import { post } from "./api.js";
import { byId, h, toast } from "./dom.js";
import { t } from "./words.js";

const MODES = ["auto", "manual", "up", "down"]; // controller/events/ports.py GateMode

/** Ask to what and why, then switch the gate `view`. */
export function modeDialog(view) {
  const dialog = byId("dialog");
  const why = h("input", { name: "why", maxlength: 200, placeholder: t("gate.why") });
  const silent = view.fail_open_s ? t("gate.fail_open", { seconds: view.fail_open_s }) : t("gate.fail_closed");
  const choice = (mode) =>
    h("button", { type: "submit", value: mode, "data-mode": mode, disabled: mode === view.gate_mode, title: t(`gate.${mode}.note`) }, h("b", {}, t(`gate.${mode}`)), " ", t(`gate.${mode}.note`));
  const form = h(
    "form",
    { method: "dialog", class: "card" },
    h("h2", {}, view.name),
    h("p", { class: "ask" }, t("gate.title", { mode: t(`gate.${view.gate_mode}`) })),
    h("div", { class: "inline" }, why),
    h("div", { class: "choices" }, MODES.map(choice)),
    h("p", { class: "dim" }, silent),
    h("p", { class: "dim" }, t("open.note")),
    h("button", { type: "button", class: "link", onclick: () => dialog.close() }, t("cancel")),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const reason = why.value.trim();
    if (reason.length < 2 || !event.submitter?.value) return why.focus();
    dialog.close();
    carryOut(view, event.submitter.value, reason);
  });
  dialog.replaceChildren(form);
  if (!dialog.open) dialog.showModal();
  why.focus();
}

async function carryOut(view, mode, reason) {
  try {
    const result = await post(`/api/doors/${encodeURIComponent(view.id)}/mode`, { mode, reason });
    const values = { door: view.name, mode: t(`gate.${mode}`), reason: t(`reason.${result.reason}`) };
    toast(t(result.done ? "gate.done" : "gate.later", values), result.done ? "good" : "bad");
  } catch (error) {
    toast(`${view.name}: ${error.message}`, "bad");
  }
}
