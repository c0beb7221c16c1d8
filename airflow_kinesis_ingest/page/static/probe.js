/** What a worker is asked without ingesting: a run of its own, whose answers come while it goes on. */
import { ask, tell } from "./api.js";
import { rest, useHere, Sign } from "./deploy.js";
import { html, useRef, useState } from "./html.js";
import { Link } from "./address.js";
import { Copy, Icon, Prose, Refused } from "./parts.js";
import { dagOf, logPage, runOf, runPage, taskOf, xcomOf } from "./places.js";
import { useNow } from "./state.js";
/** @import {Check} from "./models.js" */

const PAUSE = 1000;
const LONG = 20_000;

/**
 * @typedef {object} Probe
 * @property {""|"starting"|"queued"|"running"|"done"|"refused"} stage
 * @property {string} dag
 * @property {string} task
 * @property {string} run
 * @property {number} since
 * @property {any} found what the task told so far, under its key
 * @property {any} answer its return value; null: it told none, so it crashed
 * @property {any} error
 */
/** Whether there is more to come. @param {Probe} probe */
export const isGoing = ({ stage }) => ["starting", "queued", "running"].includes(stage);

const NOTHING = /** @type {Probe} */ ({ stage: "", dag: "", task: "", run: "", since: 0, found: null, answer: null, error: null });
const KEYS = /** @type {Record<string, string>} */ ({ test: "steps", streams: "streams", sample: "sample" });

/** @returns {{now: Probe, start: (dag: string, conf: any) => Promise<Probe|null>, stop: () => void}} start gives the end, or null where it was left */
export function useProbe() {
  const [now, setNow] = useState(NOTHING);
  const here = useHere();
  const last = useRef(0);
  const start = async (/** @type {string} */ dag, /** @type {any} */ conf) => {
    const turn = ++last.current;
    const wanted = () => here() && turn === last.current;
    let state = /** @type {Probe} */ ({ ...NOTHING, stage: "starting", dag, task: asks(conf), since: Date.now() });
    const put = (/** @type {Partial<Probe>} */ more) => {
      state = { ...state, ...more };
      if (wanted()) setNow(state);
    };
    put({});
    await probed(dag, conf, put, wanted).catch((error) => put({ stage: "refused", error }));
    return wanted() ? state : null;
  };
  const stop = () => {
    last.current += 1;
    if (now.run && isGoing(now)) tell(runOf(now.dag, now.run), { state: "failed" }, "PATCH").catch(() => {});
    setNow(NOTHING);
  };
  return { now, start, stop };
}

/** @param {any} conf */
const asks = (conf) => (conf.workflow ? "probe" : taskOf(conf.target));

/**
 * One probe, from its start to its answer.
 * @param {string} dag @param {any} conf @param {(more: Partial<Probe>) => void} put what is known of it, as it comes @param {() => boolean} wanted
 * @param {string} [task] whose answer is waited for
 */
export async function probed(dag, conf, put, wanted, task = asks(conf)) {
  const { dag_run_id: run } = await started(dag, conf, wanted);
  put({ stage: "queued", run });
  await followed(dag, run, task, KEYS[conf.probe], put, wanted);
}

const READY = 20_000;

/** A folder that is new, or its loader, may not be read yet. @param {string} dag @param {any} conf @param {() => boolean} wanted @returns {Promise<any>} */
async function started(dag, conf, wanted) {
  const until = Date.now() + (conf.workflow ? READY : 0);
  for (;;) {
    try {
      return await tell(`${dagOf(dag)}/dagRuns`, { logical_date: null, conf });
    } catch (/** @type {any} */ error) {
      if (error.kind !== "missing" || Date.now() > until || !wanted()) throw error;
    }
    await rest(PAUSE);
  }
}

/** What a task left, once it did. @param {string} path */
export const told = (path) => ask(`${path}?stringify=false`).then(({ value }) => (typeof value === "string" ? JSON.parse(value) : value), (error) => {
  if (error.kind === "missing" || error.kind === "down") return null;
  throw error;
});

/**
 * @param {string} dag @param {string} run @param {string} task @param {string|undefined} key
 * @param {(more: Partial<Probe>) => void} put @param {() => boolean} wanted
 */
async function followed(dag, run, task, key, put, wanted) {
  while (wanted()) {
    const { state } = await ask(runOf(dag, run));
    const over = !["queued", "running"].includes(state);
    if (state !== "queued") {
      const found = key && (await told(xcomOf(dag, run, key, task)));
      if (found) put({ found });
      put({ stage: over ? "running" : state });
    }
    if (over) return put({ answer: await told(xcomOf(dag, run, "return_value", task)), stage: "done" });
    await rest(PAUSE);
  }
}

/** How it goes, where it is not told by what was found. @param {{probe: Probe, stop: () => void, what: string}} props */
export function Going({ probe, stop, what }) {
  const { stage, dag, task, run, since, answer, error } = probe;
  const now = useNow(1000);
  const passed = Math.max(0, Math.round((now - since) / 1000));
  const late = now - since > LONG;
  if (stage === "refused") return html`<${NotStarted} error=${error} dag=${dag} />`;
  if (isGoing(probe))
    return html`
      <div class="notice" role="status">
        <p><strong>${stage === "running" ? `A worker is at ${what}` : "Waiting for a worker"}</strong> <span class="muted" aria-hidden="true">${passed} s</span>
          ${late && stage !== "running" && html`
            <br />No worker has taken it yet: all may be busy, none may listen to this queue, or another run of this DAG goes first. You can go on
            ${" "}meanwhile, and come back. ${run && html`<${Link} to=${runPage(dag, run)}>The run<//>`}
          `}
        </p>
        <button type="button" onClick=${stop}>Give up</button>
      </div>
    `;
  if (stage !== "done") return null;
  if (!answer)
    return html`
      <p class="notice bad" role="alert"><span>
        <strong>The worker's task ended without an answer.</strong> <${Link} to=${logPage(dag, run, task)}>Its log<//> says why.
      </span></p>
    `;
  return answer.error ? html`<${Because} error=${answer.error} />` : null;
}

/** @param {{error: any, dag: string}} props */
function NotStarted({ error, dag }) {
  if (!["missing", "forbidden"].includes(error.kind)) return html`<${Refused} error=${error} />`;
  const loader = `load_workflows(globals(), "workflows", probe=${dag.includes(".") ? '["the queue"]' : "True"})`;
  return html`
    <p class="notice" role="alert"><span>
      ${error.kind === "missing"
        ? html`
          <strong>There is no DAG <code>${dag}</code></strong>, which asks a worker before a workflow is deployed, or you may not see it. It is there once
          ${" "}the loader of a folder says <code>${loader}</code>.`
        : html`<strong>You may not start <code>${dag}</code></strong>, so nothing can be tried here.`}
      ${" "}You can go on without.
    </span></p>
  `;
}

/** @param {{error: {where: string, cause: string, remedy: string, statement: object|null}}} props */
const Because = ({ error: { where, cause, remedy, statement } }) => html`
  <div class="problem failed" role="alert">
    <p><strong>${where ? `${where}: ` : ""}<${Prose} text=${cause} /></strong></p>
    ${remedy && html`<p><${Prose} text=${remedy} /></p>`}
    <${Statement} of=${statement} />
  </div>
`;

/** @param {{of: object|null}} props */
function Statement({ of }) {
  if (!of) return null;
  const text = JSON.stringify(of, null, 2);
  return html`<div class="code"><${Copy} text=${text} what="the policy statement" /><pre tabIndex="0" aria-label="Policy statement">${text}</pre></div>`;
}

/**
 * Which of its accounts and regions is asked; the first at first.
 * @param {{key: string}[]} targets none: there is nothing to choose
 * @returns {[{target?: string}, any]} for the conf, and to choose by
 */
export function useTarget(targets) {
  const [chosen, choose] = useState("");
  const target = (targets.find(({ key }) => key === chosen) ?? targets[0])?.key ?? "";
  if (!target) return [{}, null];
  const pick = (/** @type {any} */ event) => choose(event.target.value);
  return [{ target }, html`
    <label class="pick">Account and region
      <select value=${target} onChange=${pick}>${targets.map(({ key }) => html`<option key=${key} value=${key}>${key.replace("_", " ")}</option>`)}</select>
    </label>
  `];
}

/** A test that a person starts, and how it goes. @param {{dag: string, conf: any, targets?: {key: string}[], catalogue?: boolean}} props catalogue: as for the checks */
export function Trial({ dag, conf, targets = [], catalogue = true }) {
  const { now, start, stop } = useProbe();
  const [which, picker] = useTarget(targets);
  return html`
    ${!isGoing(now) && picker}
    ${!isGoing(now) && html`<button type="button" onClick=${() => start(dag, { ...conf, ...which })}><${Icon} name="play" />${now.stage ? "Test again" : "Test connection"}</button>`}
    <${Going} probe=${now} stop=${stop} what="the test" />
    <${Checks} probe=${now} catalogue=${catalogue} />
  `;
}

/** A test's checks, as they happen. @param {{probe: Probe, catalogue?: boolean}} props catalogue: whether OpenMetadata is tried, too */
function Checks({ probe: { found, stage, answer }, catalogue = true }) {
  const checks = /** @type {Check[]} */ (found ?? []).filter(({ name, status }) => catalogue || status !== "skipped" || !name.startsWith("OpenMetadata"));
  const failed = checks.filter(({ status }) => status === "failed").length;
  const worker = checks.find(({ name }) => name === "Worker");
  return html`
    <div>
      <ol class="checks" aria-label="Checks" aria-live="polite">
        ${checks.map(({ name, status, message, remedy, statement }) => html`
          <li key=${name} class=${status}><${Sign} tone=${status} /><div>
            <strong>${name}</strong> <span class="muted"><${Prose} text=${message} /></span>
            ${status === "failed" && html`<div>${remedy && html`<p><${Prose} text=${remedy} /></p>`}<${Statement} of=${statement} /></div>`}
          </div></li>
        `)}
        ${stage === "running" && html`<li class="going"><${Sign} tone="going" /><span class="muted">Next…</span></li>`}
      </ol>
      ${stage === "done" && answer && !answer.error && html`
        <p role="status" class=${`notice ${failed ? "bad" : ""}`}><span>
          <strong>${failed ? `${failed} of ${checks.length} checks failed.` : "The connection works."}</strong>
          ${worker && ` Tried on the worker ${worker.message}.`}
        </span></p>
      `}
    </div>
  `;
}
