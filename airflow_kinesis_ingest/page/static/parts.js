/** Small things that every view is made of. */
import { html, useState } from "./html.js";
import { faultText, number, stamp, verdict } from "./words.js";
import { chosenZone } from "./state.js";
/** @import {Fault, Result} from "./models.js" */
/** @import {Refusal} from "./api.js" */

const ICONS = /** @type {Record<string, string>} */ ({
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14M20 20l-4-4",
  cross: "M6 6l12 12M18 6L6 18",
  check: "M5 12.5l4.5 4.5L19 7.5",
  warning: "M12 4L2.5 20h19zM12 10v4.5M12 17.2v.3",
  play: "M7 5l12 7-12 7z",
  pause: "M8 5v14M16 5v14",
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  away: "M13 4h7v7M20 4l-9 9M10 5H4v15h15v-6",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 7.5V12l3 2",
  dots: "M5 12h.1M12 12h.1M19 12h.1",
  up: "M12 19V5M6 11l6-6 6 6",
  down: "M12 5v14M6 13l6 6 6-6",
  both: "M8 10l4-4 4 4M8 14l4 4 4-4",
  add: "M12 5v14M5 12h14",
  edit: "M4 20h4L19 9l-4-4L4 16z",
  remove: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
});

/** @param {{name: string}} props */
export const Icon = ({ name }) => html`
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d=${ICONS[name]} /></svg>
`;

const TONES = /** @type {Record<string, string>} */ ({
  success: "check", failed: "cross", warning: "warning", running: "play", queued: "clock", none: "dots",
});

/** @param {{tone: string, children?: any}} props */
export const Badge = ({ tone, children }) => html`
  <span class=${`badge ${tone}`}><${Icon} name=${TONES[tone] ?? "dots"} />${children}</span>
`;

/** How a run ended. @param {{result: Result|null}} props */
export function Verdict({ result }) {
  const [word, tone] = verdict(result);
  return result ? html`<${Badge} tone=${tone}>${word}<//>` : html`<span class="muted">${word}</span>`;
}

/** Text with `code` in it. @param {{text: string}} props */
export const Prose = ({ text }) =>
  html`<span>${text.split("`").map((part, at) => (at % 2 ? html`<code key=${at}>${part}</code>` : part))}</span>`;

/** A moment, in the zone that is chosen in Airflow. @param {{at: string|null}} props */
export const Moment = ({ at }) =>
  at ? html`<time dateTime=${at} title=${chosenZone()}>${stamp(at, chosenZone())}</time>` : html`<span>–</span>`;

/** @param {{href: string, children?: any}} props */
export const Away = ({ href, children }) => html`
  <a href=${href} target="_blank" rel="noreferrer">${children}<${Icon} name="away" /><span class="unseen"> (new tab)</span></a>
`;

/** What is wrong with a file, a line each. @param {{faults: Fault[], most?: number}} props */
export function Faults({ faults, most = 3 }) {
  if (!faults.length) return null;
  return html`
    <ul class="faults">
      ${faults.slice(0, most).map((fault, at) => html`
        <li key=${at}><${Icon} name="warning" /><${Prose} text=${faultText(fault)} /></li>
      `)}
      ${faults.length > most && html`<li class="more">and ${faults.length - most} more</li>`}
    </ul>
  `;
}

/** Where nothing can be shown yet. @param {{lines?: number, label?: string}} props */
export const Skeleton = ({ lines = 6, label = "Loading" }) => html`
  <div class="skeleton" role="status"><span class="unseen">${label}</span>${Array.from({ length: lines }, (_, at) => html`<i key=${at} />`)}</div>
`;

const ADVICE = /** @type {Record<string, string>} */ ({
  login: "",
  forbidden: "Ask an administrator of this Airflow for the right to read these DAGs.",
  missing: "It may have been removed, or you may not be allowed to read it.",
  conflict: "",
  faulty: "",
  down: "Check that it runs and that you are connected, then try again.",
  broken: "The api-server's log says more.",
  garbled: "Another version stored it, or somebody changed it; the next run stores it anew.",
});
const SAID = /** @type {Record<string, string>} */ ({ forbidden: "You may not see this", missing: "There is nothing here" });

/** Why there is no answer, or none newer than what is shown. @param {{error: Refusal|null, at?: number, again?: () => void}} props */
export function Refused({ error, at = 0, again }) {
  if (!error) return null;
  const { kind, message, status } = error;
  const shown = at ? `What is shown is of ${stamp(new Date(at).toISOString(), chosenZone()).slice(11)}.` : "";
  const [first, then] = kind in SAID ? [SAID[kind], message && `${message}. `] : [message, ""];
  const code = status && kind === "broken" ? ` (${status})` : "";
  return html`
    <div class=${`notice ${kind === "login" ? "" : "bad"}`} role="alert">
      <p><strong>${first}${code}.</strong> ${then}${ADVICE[kind]} ${shown}</p>
      ${again && kind !== "login" && html`<button type="button" onClick=${again}>Try again</button>`}
    </div>
  `;
}

/** Without a secure address the browser gives no clipboard, but copies what is selected. @param {string} text */
async function copied(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  return field.remove();
}

/** @param {{text: string, what: string}} props what: names it for who cannot see where the button stands */
export function Copy({ text, what }) {
  const [said, setSaid] = useState("");
  const copy = () => copied(text).then(() => setSaid("Copied"), () => setSaid("Not allowed"));
  return html`
    <button type="button" class="quiet" onClick=${copy} onBlur=${() => setSaid("")}>
      <${Icon} name=${said === "Copied" ? "check" : "copy"} /><span aria-live="polite">${said || "Copy"}</span><span class="unseen"> ${what}</span>
    </button>
  `;
}

/** A number in a row of a table. @param {{value: number|null|undefined, bad: boolean, label?: string}} props bad: unless it is 0 */
export function Figure({ value, bad, label }) {
  const look = !value ? "muted" : bad ? "bad" : "";
  return html`
    <td class=${`figure ${look} ${value == null ? "unknown" : ""}`} data-label=${label}>
      ${bad && value ? html`<${Icon} name="cross" />` : null}${number(value)}
    </td>
  `;
}

/** A box to search with. @param {{label: string, value: string, onInput: (text: string) => void}} props */
export const Search = ({ label, value, onInput }) => html`
  <label class="search">
    <${Icon} name="search" /><span class="unseen">${label}</span>
    <input type="search" placeholder=${label} value=${value} onChange=${(/** @type {any} */ event) => onInput(event.target.value)} />
  </label>
`;

/**
 * One of a few, each with how many there are.
 * @param {{label: string, of: [value: string, word: string, count: number][], value: string, onPick: (value: string) => void}} props
 */
export const Choice = ({ label, of, value, onPick }) => html`
  <div class="choice" role="group" aria-label=${label}>
    ${of.map(([each, word, count]) => html`
      <button key=${each} type="button" aria-pressed=${each === value} onClick=${() => onPick(each)}>${word} <small>${count.toLocaleString("en")}</small></button>
    `)}
  </div>
`;

/**
 * The head of a column that sorts.
 * @param {{by: string, sort: {by: string, down: boolean}, onSort: (by: string) => void, class?: string, className?: string, children?: any}} props
 */
export function Column({ by, sort, onSort, className, children }) {
  const here = sort.by === by;
  const order = here ? (sort.down ? "descending" : "ascending") : undefined;
  return html`
    <th scope="col" class=${className} aria-sort=${order}>
      <button type="button" onClick=${() => onSort(by)}>${children}<${Icon} name=${here ? (sort.down ? "down" : "up") : "both"} /></button>
    </th>
  `;
}

