// Opening a door by hand: first the reason, then the command, then what the door said.

import { post } from "./api.js";
import { byId, h, toast } from "./dom.js";
import { modeDialog } from "./mode.js";
import { t } from "./words.js";

const REASONS = ["visitor", "forgot", "delivery", "service", "emergency"];

/** Ask why, then open `view`. */
export function openDialog(view) {
  const dialog = byId("dialog");
  const other = h("input", { name: "other", maxlength: 200, placeholder: t("open.other") });
  const form = h(
    "form",
    { method: "dialog", class: "card" },
    h("h2", {}, view.name),
    h("p", { class: "ask" }, t("open.title")),
    h("div", { class: "choices" }, REASONS.map((reason) => h("button", { type: "submit", value: t(`open.${reason}`) }, t(`open.${reason}`)))),
    h("div", { class: "inline" }, other, h("button", { type: "submit", class: "primary", value: "" }, t(view.gate ? "door.raise" : "door.open"))),
    h("p", { class: "dim" }, t("open.note")),
    view.gate ? h("button", { type: "button", class: "link", "data-gate-mode": view.gate_mode, onclick: () => modeDialog(view) }, t("gate.switch", { mode: t(`gate.${view.gate_mode}`) })) : null,
    h("button", { type: "button", class: "link", onclick: () => dialog.close() }, t("cancel")),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const reason = event.submitter?.value || other.value.trim();
    if (reason.length < 2) return other.focus();
    dialog.close();
    carryOut(view, reason);
  });
  dialog.replaceChildren(form);
  dialog.showModal();
}

async function carryOut(view, reason) {
  toast(`${view.name}: ${t("open.waiting")}`, "plain");
  try {
    const result = await post(`/api/doors/${encodeURIComponent(view.id)}/open`, { reason });
    const values = { door: view.name, seconds: result.seconds.toFixed(2), reason: t(`reason.${result.reason}`) };
    toast(t(result.done ? "open.done" : "open.failed", values), result.done ? "good" : "bad");
  } catch (error) {
    toast(`${view.name}: ${error.message}`, "bad");
  }
}
