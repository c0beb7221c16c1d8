/** Changing a workflow that is there: its text, deploying it again, taking it away. */
import { Link, here as lookAt } from "./address.js";
import { ask, tell } from "./api.js";
import { Progress, Stages, forget, useDeployment, useHere, useIntoView } from "./deploy.js";
import { Download } from "./download.js";
import { Editor, Verdict, useDraft } from "./editor.js";
import { html, useEffect, useMemo, useState } from "./html.js";
import { Icon, Refused, Skeleton } from "./parts.js";
import { useWritable } from "./manage.js";
import { fileOf, pageOf, workflowOf } from "./places.js";
import { differing } from "./rows.js";
import { useAnswer } from "./state.js";
import { When } from "./when.js";
/** @import {Workflow} from "./models.js" */

/**
 * What was typed and is not saved, for who looks elsewhere meanwhile. In memory alone: it may hold a secret.
 * @type {Map<string, {text: string, version: string|null}>}
 */
export const typed = new Map();

/** @param {{workflow: Workflow, again: () => void}} props */
export function EditPage({ workflow, again }) {
  const stored = useAnswer(fileOf(workflow.dag_id));
  if (stored.error && !stored.data) return html`<${Refused} error=${stored.error} again=${stored.again} />`;
  if (!stored.data || (stored.busy && !typed.has(workflow.dag_id))) return html`<${Skeleton} label="Loading the file" />`;
  return html`<${Edit} dag=${workflow.dag_id} stored=${stored.data} again=${again} />`;
}

/** @param {boolean} unsaved */
function useWarning(unsaved) {
  useEffect(() => {
    if (!unsaved) return undefined;
    const warn = (/** @type {Event} */ event) => event.preventDefault();
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [unsaved]);
}

/** @param {{dag: string, stored: {file: string, text: string, version: string}, again: () => void}} props */
function Edit({ dag, stored, again }) {
  const [edit, setEdit] = useState(() => typed.get(dag) ?? stored);
  const { now, save, clear } = useDeployment(again);
  const { draft, error, busy } = useDraft({ dag_id: dag, text: edit.text });
  const version = now.version || edit.version;
  const unsaved = edit.text !== (now.version ? now.text : stored.text);
  useWarning(unsaved);
  const put = (/** @type {any} */ more) => {
    const next = { ...edit, version, ...more };
    setEdit(next);
    if (next.text === stored.text) typed.delete(dag);
    else typed.set(dag, next);
    if (!["writing", "written"].includes(now.stage)) clear();
  };
  useEffect(() => {
    if (now.version) typed.delete(dag);
  }, [now.version]);
  const faults = draft?.faults ?? [];
  const theirs = now.error?.detail?.version === undefined ? null : now.error.detail;
  const going = ["writing", "written"].includes(now.stage);
  const undo = () => {
    put(now.version ? { text: now.text } : { text: stored.text, version: stored.version });
    typed.delete(dag);
  };
  const steps = !unsaved && Boolean(draft?.values.source) && html`<${Link} class="button" to=${lookAt({ view: "steps", step: "review" })}><${Icon} name="edit" />Edit by steps<//>`;
  const take = () => put({ text: theirs.text, version: theirs.version });
  return html`
    <form class="stack" onSubmit=${(/** @type {any} */ event) => {
      event.preventDefault();
      save(dag, edit.text, version);
    }}>
      <div class="title"><h2><code>${stored.file}</code></h2><span class="bar"><${Verdict} draft=${draft} busy=${busy} />${steps}</span></div>
      <p class="muted">Comments, order and blanks stay as they are. A secret of the file is shown as <code>***</code>: leave it, and it is kept.</p>
      <${Editor} label=${`The text of ${stored.file}`} text=${edit.text} faults=${faults} onInput=${(/** @type {string} */ text) => put({ text })} />
      <${Refused} error=${error} />
      ${draft && !faults.length && html`<${When} draft=${draft} />`}
      <div class="buttons">
        <button type="submit" class="main" disabled=${!unsaved || going || busy || faults.length > 0}>Save and deploy</button>
        <${Download} file=${stored.file} text=${edit.text} />
        ${unsaved && html`<button type="button" onClick=${undo}>Undo my changes</button>`}
      </div>
      ${theirs
        ? html`<${Conflict} mine=${edit.text} theirs=${theirs} keep=${() => put({ version: theirs.version })} take=${take} />`
        : html`<${Progress} deployment=${now}><p><${Link} to=${lookAt({ view: "file" })}>Look at it<//></p><//>`}
    </form>
  `;
}

const CHANGED = "Somebody changed the file while you were at it. Nothing of either is lost: take one, or bring both together in the text above.";

/**
 * Both versions beside each other.
 * @typedef {object} ConflictProps
 * @property {string} mine
 * @property {{text: string|null, version: string|null}} theirs
 * @property {() => void} keep
 * @property {() => void} take
 * @property {string[]} [ways] what the two buttons say
 * @property {string} [said]
 * @param {ConflictProps} props
 */
export function Conflict({ mine, theirs, keep, take, ways = ["Go on with mine", "Take what is there now"], said = CHANGED }) {
  const [ours, others] = useMemo(() => differing(mine.split("\n"), (theirs.text ?? "").split("\n")), [mine, theirs.text]);
  return html`
    <section class="card" aria-label="Two versions" role="alert" ref=${useIntoView()}>
      <h2>${theirs.text == null ? "The file is gone" : "Both versions"}</h2>
      <p>${theirs.text == null ? "Somebody removed it while you were at it." : said}</p>
      <div class="pair">
        <${Version} title="Yours" text=${mine} marked=${ours} />
        ${theirs.text != null && html`<${Version} title="In the folder now" text=${theirs.text} marked=${others} />`}
      </div>
      <div class="buttons">
        <button type="button" onClick=${keep}>${ways[0]}</button>
        ${theirs.text != null && html`<button type="button" onClick=${take}>${ways[1]}</button>`}
      </div>
    </section>
  `;
}

/** @param {{title: string, text: string, marked: Set<number>}} props */
const Version = ({ title, text, marked }) => html`
  <figure><figcaption><strong>${title}</strong></figcaption>
    <div class="yaml" tabIndex="0" role="region" aria-label=${title}><ol>
      ${text.split("\n").map((line, at) => html`<li key=${at} data-line=${at + 1} class=${marked.has(at) ? "wrong" : ""}><code>${line}${"\n"}</code></li>`)}
    </ol></div>
  </figure>
`;

const REMOVAL = ["The file is removed", "Airflow misses it", "Its DAG is deleted"];
const STAGES = ["file", "look", "gone", ""];

/** @param {{workflow: Workflow, keep: () => void, again: () => void}} props */
export function Removal({ workflow: { dag_id, file, stale }, keep, again }) {
  const [did, setDid] = useState({ stage: "ask", error: null });
  const here = useHere();
  const remove = async () => {
    try {
      if (!stale) {
        setDid({ stage: "file", error: null });
        const { version } = await ask(fileOf(dag_id));
        await tell(workflowOf(dag_id), { version }, "DELETE");
      }
      setDid({ stage: "look", error: null });
      again();
      await forget(dag_id, here);
      if (here()) setDid({ stage: "", error: null });
    } catch (/** @type {any} */ error) {
      setDid({ stage: "ask", error });
    }
  };
  const at = STAGES.indexOf(did.stage);
  return html`
    <section class="card removal" aria-label=${`Delete ${dag_id}`}>
      <h2>Delete ${dag_id}?</h2>
      <ul class="bullets">
        ${!stale && html`<li>The file <code>${file}</code> is removed first. Secrets in it are lost with it.</li>`}
        <li>Airflow then takes up to a few minutes to miss it; after that its DAG goes, with all runs and their logs' list.</li>
        <li>In the catalogue nothing is deleted: the service and its topics stay as they are, and no run marks topics as deleted any more.</li>
      </ul>
      ${at < 0
        ? html`
          <div class="buttons">
            <button type="button" class="danger" onClick=${remove}>Delete it</button>
            <button type="button" onClick=${keep}>Keep it</button>
          </div>`
        : html`<${Stages} words=${REMOVAL} at=${at} />`}
      ${did.stage === "look" && html`
        <p class="muted">This page waits for it. If you leave, the DAG stays, without a file, and can be deleted here or in Airflow.</p>
      `}
      ${!did.stage && html`<p><strong>Deleted.</strong> <${Link} to=${pageOf("")}>All services<//></p>`}
      <${Refused} error=${did.error} />
    </section>
  `;
}

/** The same file once more: what was in its way may be gone. @param {{workflow: Workflow, service: string, again: () => void}} props */
export function Redeploy({ workflow, service, again }) {
  const { dag_id, stale } = workflow;
  const writable = useWritable(workflow);
  const { now, save } = useDeployment(again);
  const [error, setError] = useState(null);
  if (!writable || stale) return null;
  const deploy = () => {
    setError(null);
    ask(fileOf(dag_id)).then(({ text, version }) => save(dag_id, text, version), setError);
  };
  return html`
    <div class="buttons">
      <${Link} class="button main" to=${`${pageOf(service, dag_id)}&view=steps&step=review`}><${Icon} name="edit" />Edit<//>
      <button type="button" disabled=${["writing", "written"].includes(now.stage)} onClick=${deploy}>Deploy again</button>
    </div>
    <${Refused} error=${error} />
    <${Progress} deployment=${now} />
  `;
}
