// Two soft notes for a new alert, when the guard has switched the sound on.

import { byId } from "./dom.js";
import { t } from "./words.js";

const KEY = "menshen.sound";
let on = localStorage.getItem(KEY) === "on";
let audio = null;

export function toggleSound() {
  on = !on;
  localStorage.setItem(KEY, on ? "on" : "off");
  drawSound();
  chime();
}

export function drawSound() {
  byId("sound").textContent = t(on ? "sound.on" : "sound.off");
}

export function chime() {
  if (!on) return;
  audio ??= new AudioContext();
  for (const [index, pitch] of [880, 660].entries()) {
    const note = audio.createOscillator();
    const volume = audio.createGain();
    const start = audio.currentTime + index * 0.22;
    note.frequency.value = pitch;
    volume.gain.setValueAtTime(0.18, start);
    volume.gain.exponentialRampToValueAtTime(0.001, start + 0.4);
    note.connect(volume).connect(audio.destination);
    note.start(start);
    note.stop(start + 0.42);
  }
}
