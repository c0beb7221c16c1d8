/** Streams, failures and duration over the runs: three rows of bars on one axis. The table beside it holds the same numbers. */
import { html } from "./html.js";
import { count, duration, number, numbersOf, stamp, verdict } from "./words.js";
/** @import {Run} from "./models.js" */

const HEIGHT = 40;

/** @typedef {{word: string, tone: string, of: (run: Run) => number|null|undefined, text: (value: number|null) => string}} Line */
const LINES = /** @type {Line[]} */ ([
  { word: "Streams", tone: "brand", of: ({ numbers }) => numbers && kept(numbers), text: number },
  { word: "Failures", tone: "failed", of: ({ numbers }) => numbers?.failed, text: number },
  { word: "Duration", tone: "plain", of: ({ numbers }) => numbers?.seconds, text: duration },
]);

/** @param {import("./models.js").Numbers} numbers */
const kept = ({ listed, filtered }) => (listed == null ? null : listed - (filtered ?? 0));

/** @param {{runs: Run[], chosen: string}} props runs: newest first */
export function Plot({ runs, chosen }) {
  const drawn = runs.filter(numbersOf).reverse();
  if (drawn.length < 2) return null;
  return html`
    <section aria-labelledby="plot">
      <h2 id="plot">Over ${count(drawn.length, "run")}</h2>
      <div class="plots">${LINES.map((line) => html`<${Bars} key=${line.word} line=${line} runs=${drawn} chosen=${chosen} />`)}</div>
    </section>
  `;
}

/** @param {{line: Line, runs: Run[], chosen: string}} props */
function Bars({ line: { word, tone, of, text }, runs, chosen }) {
  const values = runs.map((run) => of(run) ?? null);
  const known = /** @type {number[]} */ (values.filter((value) => value != null));
  const top = Math.max(...known, 0);
  const last = values.at(-1) ?? null;
  const told = `${word} of ${count(runs.length, "run")}: last ${text(last)}, at most ${text(top)}, at least ${text(known.length ? Math.min(...known) : null)}`;
  return html`
    <figure class="card plot">
      <figcaption><span class="muted">${word}</span><strong>${text(last)}</strong><small class="muted">at most ${text(top)}</small></figcaption>
      <svg viewBox=${`0 0 ${runs.length * 10} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label=${told}>
        ${runs.map((run, at) => html`
          <${Bar} key=${run.run_id} run=${run} at=${at} value=${values[at]} top=${top} tone=${tone} text=${text} chosen=${run.run_id === chosen} />
        `)}
      </svg>
    </figure>
  `;
}

/** @param {{run: Run, at: number, value: number|null, top: number, tone: string, text: (value: number|null) => string, chosen: boolean}} props */
function Bar({ run, at, value, top, tone, text, chosen }) {
  const size = value && top ? Math.max(2, (value / top) * (HEIGHT - 2)) : 0.75;
  return html`
    <g class=${chosen ? "chosen" : ""}>
      <rect class="ground" x=${at * 10} y="0" width="10" height=${HEIGHT} />
      <rect class=${value ? tone : "nothing"} x=${at * 10 + 1.5} y=${HEIGHT - size} width="7" height=${size} />
      <title>${`${stamp(run.started)} ${verdict(run)[0]}: ${text(value)}`}</title>
    </g>
  `;
}
