/** Numbers, times and results in words. Pure: the present is handed in. */
/** @import {Fault, Numbers, Result, Workflow} from "./models.js" */

const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];
const figures = new Intl.NumberFormat("en");

/** @param {number|null|undefined} value null: not known */
export const number = (value) => (value == null ? "–" : figures.format(value));

/** "1 stream", "2,000 streams". @param {number} value @param {string} noun */
export const count = (value, noun) => `${number(value)} ${noun}${value === 1 ? "" : "s"}`;

/** "123456789012 · eu-west-1". @param {string[]} words */
export const listed = (words) => words.filter(Boolean).join(" · ");

/** "42 s", "3 min 20 s", "2 h 5 min". @param {number|null|undefined} seconds */
export function duration(seconds) {
  if (seconds == null) return "–";
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${figures.format(Math.floor(whole / 3600))} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Hours as Kinesis counts its retention: "24 h", "7 days". @param {number|null} hours */
export function retention(hours) {
  if (hours == null) return "–";
  return hours % 24 || hours === 24 ? `${number(hours)} h` : `${number(hours / 24)} days`;
}

/** The largest unit alone, cut down: "12 minutes". @param {number} milliseconds */
function distance(milliseconds) {
  const [unit, size] = UNITS.find(([, length]) => milliseconds >= Number(length)) ?? [];
  return unit ? count(Math.floor(milliseconds / Number(size)), String(unit)) : "less than a minute";
}

/** "3 hours ago". @param {string|null} moment @param {number} now */
export function ago(moment, now) {
  if (!moment) return "";
  const passed = now - Date.parse(moment);
  return passed < 60_000 ? "just now" : `${distance(passed)} ago`;
}

/** A zone that this browser does not know is shown as UTC, and says so. @param {string|null} zone */
function known(zone) {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone || "UTC" }).resolvedOptions().timeZone && (zone || "UTC");
  } catch {
    return "UTC";
  }
}

/** @param {number|Date} moment @param {string} zone @returns {Record<string, string>} */
function parts(moment, zone) {
  const options = /** @type {Intl.DateTimeFormatOptions} */ ({
    timeZone: zone, weekday: "short", day: "2-digit", month: "short", year: "numeric",
    hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  });
  const found = new Intl.DateTimeFormat("en-GB", options).formatToParts(moment);
  return Object.fromEntries(found.map(({ type, value }) => [type, value]));
}

/** As Airflow writes it: "2026-11-24 14:00:05". @param {string|null} moment @param {string} [zone] */
export function stamp(moment, zone = "UTC") {
  if (!moment) return "";
  const date = new Date(moment);
  const { year, day, hour, minute, second } = parts(date, known(zone));
  const month = new Intl.DateTimeFormat("en-GB", { timeZone: known(zone), month: "2-digit" }).format(date);
  return `${year}-${month}-${day} ${hour}:${minute}:${second}`;
}

/** "14:00 UTC", "tomorrow 03:00 Europe/Berlin", "Mon 30 Nov 03:00 UTC". @param {string} moment @param {string} zone @param {number} now */
export function clock(moment, zone, now) {
  const place = known(zone);
  const today = parts(now, place);
  const noon = now + (36 - Number(today.hour)) * 3_600_000; // of tomorrow, or an hour beside it: a day may have 23 or 25
  const [then, tomorrow] = [Date.parse(moment), noon].map((time) => parts(time, place));
  const time = `${then.hour}:${then.minute} ${place}`;
  const day = (/** @type {Record<string, string>} */ of) => `${of.day} ${of.month} ${of.year}`;
  if (day(then) === day(today)) return time;
  if (day(then) === day(tomorrow)) return `tomorrow ${time}`;
  const year = then.year === today.year ? "" : ` ${then.year}`;
  return `${then.weekday} ${then.day} ${then.month}${year} ${time}`;
}

/**
 * When a workflow runs next: what comes first, and what is said beside it.
 * @param {Workflow} workflow @param {number} now @returns {[string, string]}
 */
export function nextRun(workflow, now) {
  if (workflow.stale) return ["Never", "its file is gone"];
  if (workflow.deploy_failed) return ["Never", "until its file is corrected"];
  if (workflow.paused) return ["Paused", workflow.schedule];
  if (!workflow.next_run) return ["Not scheduled", workflow.schedule];
  const left = Date.parse(workflow.next_run) - now;
  const when = clock(workflow.next_run, workflow.zone, now);
  return [left < 0 ? `overdue by ${distance(-left)}` : `in ${distance(left)}`, when];
}

/** "line 23: the key `awsRegoin` is unknown. Did you mean `awsRegion`?" @param {Fault} fault */
export function faultText({ line, path, problem, remedy }) {
  const place = line ? `line ${line}: ` : path ? `${path}: ` : "";
  const stop = /[.?!]$/.test(problem) ? "" : ".";
  return `${place}${problem}${stop}${remedy ? ` ${remedy}` : ""}`;
}

/** @param {Result|null} result whether its numbers may still change */
export const underWay = (result) => ["queued", "running", "restarting", "scheduled"].includes(result?.state ?? "");

const VERDICTS = /** @type {Record<string, [string, string]>} */ ({
  partialSuccess: ["Partial success", "warning"],
  stopped: ["Stopped", "queued"],
  success: ["Success", "success"],
  failed: ["Failed", "failed"],
  running: ["Running", "running"],
  queued: ["Queued", "queued"],
});

/**
 * A run in a word, and the tone that goes with it. Airflow's failure wins over what the run stored before it.
 * @param {Result|null} result @returns {[string, string]}
 */
export function verdict(result) {
  if (!result) return ["No run yet", "none"];
  const ours = result.state === "success" ? (result.outcome ?? result.state) : result.state;
  return VERDICTS[result.state === "failed" && result.outcome === "stopped" ? "stopped" : ours] ?? [ours, "queued"];
}

/** What a run counted; null where it is not over, or stored nothing. @param {Result|null} result @returns {Numbers|null} */
export function numbersOf(result) {
  const numbers = result?.numbers ?? null;
  return numbers && Object.values(numbers).some((value) => value != null) ? numbers : null;
}

/** @param {Result} result @param {number} now seconds, so far if it is under way */
export function seconds(result, now) {
  if (result.numbers?.seconds != null && result.ended) return result.numbers.seconds;
  if (!result.started) return null;
  return ((result.ended ? Date.parse(result.ended) : now) - Date.parse(result.started)) / 1000;
}
