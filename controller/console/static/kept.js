// Captures that are kept by the site's statement: what it says, and until when each one is. A look at one is written down.

import { get } from "./api.js";
import { byId, h } from "./dom.js";
import { personText } from "./events.js";
import { languageNow, t, when } from "./words.js";

/** Open the dialog. */
export async function keptDialog() {
  const { statement, captures } = await get("/api/kept").catch(() => ({ statement: null, captures: [] }));
  const close = h("button", { type: "button", class: "link", onclick: () => byId("dialog").close() }, t("close"));
  const rows = captures.map(row);
  byId("dialog").replaceChildren(
    h("div", { class: "card enrol" }, h("h2", {}, t("kept.title")), ...(statement ? said(statement) : [h("p", {}, t("kept.off"))]), h("ul", { class: "kept" }, rows.length || !statement ? rows : h("li", { class: "dim" }, t("kept.none"))), h("div", { class: "inline" }, close)),
  );
  byId("dialog").showModal();
}

function said(statement) {
  const whose = t(statement.strangers ? "kept.everybody" : "kept.residents");
  return [
    h("p", { class: "consent" }, statement.purpose[languageNow()]),
    h("p", { class: "dim" }, t("kept.how", { days: statement.retention_days, cameras: statement.cameras.join(", "), whose })),
  ];
}

function row(capture) {
  const who = personText(capture) || t(`capture.${capture.kind}`);
  const words = h("span", {}, h("b", {}, who), h("span", { class: "dim" }, ` ${when(capture.at_unix)} ${capture.camera_name} · ${t("kept.until", { time: when(capture.keep_until_unix) })}`));
  const look = h("button", { type: "button" }, t("kept.look"));
  const picture = h("div", { class: "picture" });
  look.addEventListener("click", () => {
    picture.replaceChildren(h("img", { src: `/api/kept/${encodeURIComponent(capture.id)}.jpg`, alt: who }));
    look.remove();
  });
  return h("li", { "data-kept": capture.id }, words, look, picture);
}
