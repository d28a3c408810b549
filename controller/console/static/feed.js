// The stream of news. It resumes where it was; a stream that falls silent counts as lost, whatever TCP believes.

const SILENCE_MS = 12_500; // the controller's heart beats every 5 s
const RETRY_MS = [500, 1000, 2000, 4000];
const KINDS = ["door", "event", "alert", "capture", "camera", "list", "health"];

export class Feed {
  /** `onItem(kind, data)`, `onReset()` (load everything anew), `onState("connecting" | "live" | "lost")`, `onBye()`. */
  constructor({ onItem, onReset, onState, onBye }) {
    Object.assign(this, { onItem, onReset, onState, onBye });
    this.position = "";
    this.tries = 0;
  }

  start() {
    this.stop();
    const source = new EventSource(`/api/live?after=${encodeURIComponent(this.position)}`);
    this.source = source;
    for (const kind of KINDS) {
      source.addEventListener(kind, (event) => this.#heard(event) && this.onItem(kind, JSON.parse(event.data)));
    }
    source.addEventListener("beat", (event) => this.#heard(event));
    source.addEventListener("reset", (event) => this.#heard(event) && this.onReset());
    source.addEventListener("bye", () => (this.stop(), this.onBye()));
    source.addEventListener("open", () => this.#alive());
    source.addEventListener("error", () => this.#lost());
    this.#watch();
  }

  stop() {
    clearTimeout(this.silence);
    clearTimeout(this.retry);
    this.source?.close();
    this.source = null;
  }

  #heard(event) {
    this.position = event.lastEventId;
    this.#alive();
    return true;
  }

  #alive() {
    this.tries = 0;
    this.#watch();
    this.onState("live");
  }

  #watch() {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.#lost(), SILENCE_MS);
  }

  #lost() {
    this.stop();
    this.onState("lost");
    const pause = RETRY_MS[Math.min(this.tries, RETRY_MS.length - 1)];
    this.tries += 1;
    this.retry = setTimeout(() => this.start(), pause * (0.8 + 0.4 * Math.random()));
  }
}
