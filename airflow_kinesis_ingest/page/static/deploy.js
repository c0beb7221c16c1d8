/** A file on its way into Airflow: it is deployed when Airflow shows it, and not when it is written. */
import { announced } from "./announce.js";
import { ask, tell } from "./api.js";
import { Download } from "./download.js";
import { html, useEffect, useRef, useState } from "./html.js";
import { Faults, Icon, Refused } from "./parts.js";
import { SERVICES, dagOf, workflowOf } from "./places.js";
import { useNow } from "./state.js";
/** @import {Fault, Services, WorkflowPage} from "./models.js" */

const PAUSE = 2000;
const PATIENCE = 90_000;

/**
 * @typedef {object} Deployment
 * @property {""|"writing"|"written"|"deployed"|"refused"|"faulty"} stage faulty: Airflow or the check says what is wrong with the file
 * @property {number} since when it was written
 * @property {string} text
 * @property {string} file
 * @property {string} version of what is written
 * @property {Fault[]} faults
 * @property {string} said by Airflow, of a file that became no DAG
 * @property {any} error
 * @property {string|null} told what OpenMetadata shows of it; null: it is being told
 */
const NOTHING = /** @type {Deployment} */ ({ stage: "", since: 0, text: "", file: "", version: "", faults: [], said: "", error: null, told: "" });

/**
 * Write a file, and follow it.
 * @param {() => void} [done] when Airflow shows it
 * @returns {{now: Deployment, save: (dag: string, text: string, version: string|null) => void, clear: () => void}}
 */
export function useDeployment(done = () => {}) {
  const [now, setNow] = useState(NOTHING);
  const here = useHere();
  const put = (/** @type {Partial<Deployment>} */ more) => here() && setNow((/** @type {Deployment} */ last) => ({ ...last, ...more }));
  const save = async (/** @type {string} */ dag, /** @type {string} */ text, /** @type {string|null} */ version) => {
    setNow({ ...NOTHING, stage: "writing", text });
    try {
      const saved = await tell(workflowOf(dag), { text, version }, "PUT");
      put({ stage: "written", since: Date.now(), file: saved.file, version: saved.version });
      const found = await shown(dag, text, saved, here);
      put({ ...found, told: null });
      if (!here()) return;
      done();
      put({ told: found.said ? "" : await announced(dag, text, found.stage === "faulty", here) });
    } catch (/** @type {any} */ error) {
      const faults = error.detail?.faults;
      put(faults ? { stage: "faulty", faults } : { stage: "refused", error });
    }
  };
  return { now, save, clear: () => setNow(NOTHING) };
}

/** Whether it is still looked at. @returns {() => boolean} */
export function useHere() {
  const here = useRef(true);
  useEffect(() => {
    here.current = true;
    return () => (here.current = false);
  }, []);
  return () => here.current;
}

/** What comes beside the button that made it, or beneath the window, is brought into view. @returns {any} its ref */
export function useIntoView() {
  const box = useRef(/** @type {HTMLElement|null} */ (null));
  useEffect(() => {
    box.current?.scrollIntoView({ block: "nearest" }); // newer browsers answer with a promise, which React would call
  }, []);
  return box;
}

/** @param {number} pause */
export const rest = (pause) => new Promise((then) => setTimeout(then, pause));

/**
 * What Airflow makes of a file, once it has read it.
 * @param {string} dag @param {string} text @param {{file: string, at: string}} saved @param {() => boolean} here
 * @returns {Promise<Partial<Deployment>>}
 */
async function shown(dag, text, saved, here) {
  while (here()) {
    const found = (await isThere(dag)) ? read(await asked(workflowOf(dag)), text, saved.at) : await unread(saved.file);
    if (found) return found;
    await rest(PAUSE);
  }
  return {};
}

/** An answer, or null where there is none for now. @param {string} path */
const asked = (path) => ask(path).catch((error) => {
  if (["login", "forbidden"].includes(error.kind)) throw error;
  return null;
});

/** Asked so that a DAG that is not there is no error. @param {string} dag */
async function isThere(dag) {
  const found = await asked(`/api/v2/dags?dag_id_pattern=${encodeURIComponent(dag)}&exclude_stale=false&limit=1000`);
  return Boolean(found?.dags.some((/** @type {any} */ each) => each.dag_id === dag));
}

/** @param {WorkflowPage|null} page @param {string} text @param {string} at @returns {Partial<Deployment>|null} null: not read yet */
export function read(page, text, at) {
  const { parsed_at, deploy_failed, stale } = page?.workflow ?? {};
  if (!page || stale || !parsed_at || Date.parse(parsed_at) <= Date.parse(at)) return null;
  if (page.text != null && page.text !== "" && page.text !== text) return null;
  return deploy_failed ? { stage: "faulty", faults: page.faults } : { stage: "deployed" };
}

/** A file that became no DAG at all. @param {string} file @returns {Promise<Partial<Deployment>|null>} */
async function unread(file) {
  const found = /** @type {Services|null} */ (await asked(SERVICES));
  const error = found?.import_errors.find((each) => each.file === file || file.endsWith(`/${each.file}`));
  return error ? { stage: "faulty", said: error.text } : null;
}

const STEPS = ["Written", "Airflow reads it", "Deployed"];

/**
 * What goes on, one after another.
 * @param {{words: string[], at: number, failed?: boolean, since?: number, now?: number}} props at: the one under way; since: when it began, to show seconds
 */
export const Stages = ({ words, at, failed = false, since = 0, now = 0 }) => html`
  <ol class="checks" role="status">
    ${words.map((word, each) => {
      const tone = each < at ? "passed" : each > at ? "" : failed ? "failed" : "going";
      const passed = tone === "going" && since > 0 && html`<span class="muted" aria-hidden="true">${Math.max(0, Math.round((now - since) / 1000))} s</span>`;
      return html`<li key=${word}><${Sign} tone=${tone} />${word}${passed}</li>`;
    })}
  </ol>
`;

/** How far it is. @param {{deployment: Deployment, children?: any}} props children: what can be done when it is deployed */
export function Progress({ deployment, children }) {
  const { stage, error } = deployment;
  if (stage === "refused") return html`<${Refused} error=${error} />`;
  return stage ? html`<${Way} deployment=${deployment}>${children}<//>` : null;
}

/** @param {{deployment: Deployment, children?: any}} props */
function Way({ deployment: { stage, faults, said, since, file, text, told }, children }) {
  const now = useNow(1000);
  const box = useIntoView();
  const reached = stage === "faulty" ? (since ? 1 : 0) : ["writing", "written", "deployed"].indexOf(stage) + (stage === "deployed" ? 1 : 0);
  const late = stage === "written" && now - since > PATIENCE;
  return html`
    <section class="card progress" aria-label="Deployment" ref=${box}>
      <${Stages} words=${STEPS} at=${reached} failed=${stage === "faulty"} since=${stage === "written" ? since : 0} now=${now} />
      <div role="status">
        ${stage === "deployed" && html`<p><strong>Deployed.</strong> Airflow shows it as it is written here.</p>`}
        ${late && html`
          <p class="bad">
            <strong>The dag processor does not read this folder.</strong>
            ${" "}The file ${file} is written, and 90 seconds later Airflow does not show it. Ask who runs Airflow whether its dag processor and workers have
            ${" "}the same folder as its api-server, or take the file to where they read. This page goes on looking.
          </p>
        `}
        ${stage === "faulty" && html`
          <p class="bad"><strong>${since ? "Airflow cannot deploy this file." : "Nothing was written: the file has faults."}</strong></p>
        `}
      </div>
      ${since > 0 && stage !== "written" && html`<p role="status" class="muted">${told ?? "A worker tells OpenMetadata…"}</p>`}
      <${Faults} faults=${faults} most=${50} />
      ${said && html`<pre tabIndex="0" aria-label="What Airflow says">${said.trim()}</pre>`}
      ${late && html`<${Download} file=${file} text=${text} />`}
      ${stage === "deployed" && children}
    </section>
  `;
}

const SIGNS = /** @type {Record<string, [string, string]>} */ ({
  passed: ["check", "done"], failed: ["cross", "failed"], skipped: ["dots", "skipped"], going: ["clock", "under way"],
});

/** @param {{tone: string}} props */
export const Sign = ({ tone }) => {
  const [icon, word] = SIGNS[tone] ?? ["dots", "not yet"];
  return html`<span class=${`sign ${tone}`}><${Icon} name=${icon} /><span class="unseen">${word}: </span></span>`;
};

/** Wait until its file is missed, then take its DAG away. @param {string} dag @param {() => boolean} here */
export async function forget(dag, here) {
  while (here()) {
    const found = await asked(dagOf(dag));
    if (!found) return;
    if (found.is_stale) return void (await tell(dagOf(dag), {}, "DELETE"));
    await rest(PAUSE);
  }
}
