// Requests to the controller. Every refusal becomes a `Refused` whose message is in the guard's language.

import { has, t } from "./words.js";

export class Refused extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

let onSignedOut = () => {};

/** What to do when the session has ended. */
export function whenSignedOut(act) {
  onSignedOut = act;
}

async function ask(method, path, body) {
  const options = { method, headers: {} };
  if (body instanceof FormData) options.body = body;
  else if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["content-type"] = "application/json";
  }
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Refused("offline", t("error.offline"));
  }
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  const { code = "refused", detail = "" } = await answer.json().catch(() => ({}));
  if (answer.status === 401 && code === "not-signed-in") onSignedOut();
  const seconds = answer.headers.get("retry-after") ?? "";
  throw new Refused(code, has(`error.${code}`) ? t(`error.${code}`, { detail: inWords(detail), seconds }) : detail);
}

/** Why a face was not taken, in the guard's language: known by the words before the advice. */
function inWords(detail) {
  const why = `why.${detail.split(/[:;]/)[0]}`;
  return has(why) ? t(why) : detail;
}

export const get = (path) => ask("GET", path);
export const post = (path, body) => ask("POST", path, body);
export const remove = (path) => ask("DELETE", path);
