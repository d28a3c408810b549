// The screen beside a camera: what to do now, in both languages at once. It knows nobody.

import { both } from "./words.js";

const SILENT_MS = 12_000; // after two beats that did not come, the door is not known to listen
let heard = performance.now();

function show(what) {
  const word = both(`prompt.${what || "look"}`) ?? both("prompt.card");
  document.body.dataset.show = what;
  document.getElementById("first").textContent = word.zh;
  document.getElementById("second").textContent = word.en;
}

const source = new EventSource(`/api/prompt/${encodeURIComponent(document.body.dataset.camera)}`);
source.addEventListener("show", (event) => ((heard = performance.now()), show(JSON.parse(event.data).what)));
source.addEventListener("beat", () => (heard = performance.now()));
source.addEventListener("error", () => show("card"));
setInterval(() => performance.now() - heard > SILENT_MS && show("card"), 1000);
