/** What was asked for and what came: the one place that holds it. */
import { ask } from "./api.js";
import { useCallback, useEffect, useState } from "./html.js";
/** @import {Refusal} from "./api.js" */

/**
 * @template T
 * @typedef {object} Answer
 * @property {T|null} data the last that came, kept when a later question fails
 * @property {Refusal|null} error of the last question
 * @property {number} at when data came
 * @property {boolean} busy
 * @property {() => void} again
 */

/** @type {Map<string, {data: any, at: number}>} */
const kept = new Map();

/** All is asked anew. */
export const forget = () => kept.clear();

/**
 * The answer to a question: at once what was kept of it, then what comes now.
 * @template T
 * @param {string|null} path null: nothing is asked
 * @param {(data: T) => number} [pauseOf] milliseconds until it is asked again; 0: it is not
 * @param {(path: string, options: RequestInit) => Promise<T>} [how]
 * @returns {Answer<T>}
 */
export function useAnswer(path, pauseOf = () => 0, how = ask) {
  const [came, setCame] = useState(/** @type {any} */ ({}));
  const [turn, setTurn] = useState(0);
  const again = useCallback(() => setTurn((/** @type {number} */ last) => last + 1), []);
  useEffect(() => {
    if (!path) return undefined;
    const stop = new AbortController();
    const settle = (/** @type {any} */ error) => stop.signal.aborted || setCame({ path, turn, error });
    how(path, { signal: stop.signal }).then((data) => {
      if (!stop.signal.aborted) kept.set(path, { data, at: Date.now() });
      settle(null);
    }, settle);
    return () => stop.abort();
  }, [path, turn]);
  const settled = came.path === path && came.turn === turn;
  const { data = null, at = 0 } = (path && kept.get(path)) || {};
  const error = came.path === path ? (came.error ?? null) : null;
  useLater(settled && data && !error ? pauseOf(data) : 0, again, turn);
  return { data, at, error, busy: Boolean(path) && !settled, again };
}

/** Calls `then` after a pause, and not before the page is looked at. @param {number} pause 0: never @param {() => void} then @param {number} turn */
function useLater(pause, then, turn) {
  useEffect(() => {
    if (!pause) return undefined;
    const whenSeen = () => document.hidden || then();
    const timer = setTimeout(() => {
      document.addEventListener("visibilitychange", whenSeen);
      whenSeen();
    }, pause);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", whenSeen);
    };
  }, [pause, turn]);
}

/** The present, to the minute or to `pause` milliseconds, so that "in 12 minutes" stays true. */
export function useNow(pause = 30_000) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || setNow(Date.now()), pause);
    return () => clearInterval(timer);
  }, [pause]);
  return now;
}

/** The zone that is chosen in Airflow's own menu. @returns {string} */
export function chosenZone() {
  try {
    return JSON.parse(localStorage.getItem("timezone") ?? '"UTC"');
  } catch {
    return "UTC";
  }
}
