/** Every question to the server: Airflow's own API and ours, with the session of who is looking. */
import { base } from "./places.js";

/**
 * Why there is no answer.
 * kind: "login" (on the way to it), "forbidden", "missing", "conflict" (it is not as it was), "faulty" (what was sent),
 * "down" (nobody answers), "broken" (an answer that makes no sense), "garbled" (what a run stored makes none)
 */
export class Refusal extends Error {
  /** @param {string} kind @param {string} message @param {number} [status] @param {any} [detail] what the server says besides */
  constructor(kind, message, status = 0, detail = null) {
    super(message);
    this.kind = kind;
    this.status = status;
    this.detail = detail;
  }
}

const KINDS = /** @type {Record<number, string>} */ ({
  403: "forbidden", 404: "missing", 409: "conflict", 422: "faulty", 502: "down", 503: "down", 504: "down",
});

/**
 * The JSON at a path below Airflow's own.
 * @param {string} path @param {RequestInit} [options] @returns {Promise<any>} @throws {Refusal}
 */
export async function ask(path, options = {}) {
  const response = await sent(path, options);
  if (response.status === 401) throw toLogin();
  if (!response.ok) throw await refused(response);
  if (response.status === 204) return null;
  if (!response.headers.get("content-type")?.includes("json"))
    throw new Refusal("broken", "The server answered with a page where data was expected", response.status);
  return response.json();
}

/** @param {string} path @param {unknown} body @param {string} [method] */
export const tell = (path, body, method = "POST") =>
  ask(path, { method, body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });

const PATIENCE = 30_000; // milliseconds

/** @param {string} path @param {RequestInit} options */
async function sent(path, options) {
  const late = AbortSignal.timeout(PATIENCE);
  const signal = options.signal ? AbortSignal.any([options.signal, late]) : late;
  try {
    return await fetch(base() + path, { credentials: "same-origin", ...options, signal, headers: { Accept: "application/json", ...options.headers } });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Refusal("down", "Airflow's api-server does not answer");
  }
}

function toLogin() {
  location.assign(`${base()}/api/v2/auth/login?next=${encodeURIComponent(location.href)}`);
  return new Refusal("login", "The session has expired: on the way to the login", 401);
}

/** @param {Response} response */
async function refused(response) {
  const said = await response.json().then(({ detail }) => detail, () => null);
  const text = typeof said === "string" ? said : (said?.why ?? said?.reason ?? said?.[0]?.msg ?? response.statusText);
  return new Refusal(KINDS[response.status] ?? "broken", String(text), response.status, said);
}
