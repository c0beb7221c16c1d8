/** One service: its workflows, and of the chosen one the runs, the streams and the file. Also a tab of its DAGs. */
import { Link, here, useAddress, useArrival } from "./address.js";
import { Refusal, tell } from "./api.js";
import { FilePage } from "./file.js";
import { html, useId, useState } from "./html.js";
import { later } from "./later.js";
import { Manage } from "./manage.js";
import { Badge, Faults, Icon, Refused, Skeleton, Verdict } from "./parts.js";
import { SERVICES, airflowPages, dagOf, pageOf, runsOf, workflowOf } from "./places.js";
import { RunsPage } from "./runs.js";
import { useAnswer, useNow } from "./state.js";
import { StreamsPage } from "./streams.js";
import { ago, count, nextRun, underWay } from "./words.js";
/** @import {Runs, Service, ServiceHead, Services, Workflow, WorkflowPage} from "./models.js" */

const EditPage = later(() => import("./edit.js").then(({ EditPage: found }) => found));
const Redeploy = later(() => import("./edit.js").then(({ Redeploy: found }) => found), 1);

const VIEWS = /** @type {[string, string][]} */ ([["runs", "Runs"], ["streams", "Streams"], ["file", "Workflow and connection"]]);

/** @param {{name: string}} props "": the service of the workflow that the address names */
export function ServicePage({ name }) {
  const params = useAddress();
  const { data, error, again } = useAnswer(SERVICES);
  const asked = params.get("workflow");
  const service = /** @type {Services|null} */ (data)?.services.find((each) => (name ? each.name === name : each.workflows.some(({ dag_id }) => dag_id === asked)));
  const dag = asked ?? service?.workflows[0]?.dag_id;
  const missing = data && !dag ? new Refusal("missing", `No service ${name} of a DAG that you may read`, 404) : null;
  return html`
    <div class="page">
      <nav aria-label="Breadcrumb" class="crumbs">
        <${Link} to=${pageOf("")}>Kinesis services<//> <span aria-hidden="true">/</span>${" "}
        <span aria-current="page">${service?.display_name || name || dag}</span>
      </nav>
      ${dag ? html`<${WorkflowView} key=${dag} dag=${dag} service=${service ?? null} />`
        : html`<div><h1>${name}</h1><${Refused} error=${error ?? missing} again=${again} />${!data && !error && html`<${Skeleton} />`}</div>`}
    </div>
  `;
}

/** The tab of a DAG. @param {{dagId: string}} props */
export const WorkflowTab = ({ dagId }) => html`<div class="page"><${WorkflowView} key=${dagId} dag=${dagId} service=${null} tab=${true} /></div>`;

/** While a run goes on, what it has done so far is asked for. @param {Runs} data */
const pauseOf = ({ runs }) => (runs.some(underWay) ? 4000 : 0);

/** @param {{dag: string, service: Service|null, tab?: boolean}} props service: what the list said of it, if it was asked */
function WorkflowView({ dag, service, tab = false }) {
  const page = useAnswer(workflowOf(dag));
  const runs = useAnswer(runsOf(dag), pauseOf);
  if (tab && page.error?.kind === "missing") return html`<${Foreign} />`;
  const workflow = /** @type {WorkflowPage|null} */ (page.data)?.workflow ?? service?.workflows.find(({ dag_id }) => dag_id === dag);
  const head = page.data?.service ?? service;
  const again = () => {
    page.again();
    runs.again();
  };
  return html`
    <div>
      ${workflow && head
        ? html`<${Header} head=${head} workflow=${workflow} runs=${runs.data} again=${again} tab=${tab} />`
        : page.error ? html`<h1>${dag}</h1>` : html`<${Skeleton} lines=${3} label="Loading the workflow" />`}
      ${service && service.workflows.length > 1 && html`<${Siblings} service=${service} dag=${dag} />`}
      <${Refused} error=${page.error ?? runs.error} at=${page.at} again=${again} />
      ${workflow && html`<${Views} workflow=${workflow} page=${page} runs=${runs} again=${again} />`}
    </div>
  `;
}

const Foreign = () => html`
  <div class="empty">
    <p>This DAG is not made from a Kinesis workflow file, so there is nothing to show here.</p>
    <p><${Link} to=${pageOf("")}>All Kinesis services<//></p>
  </div>
`;

/** @param {{head: ServiceHead, workflow: Workflow, runs: Runs|null, again: () => void, tab: boolean}} props */
function Header({ head, workflow, runs, again, tab }) {
  const name = head.display_name || head.name || workflow.display_name;
  const title = useArrival();
  return html`
    <header class="card head">
      <div class="title">
        <div>
          <h1 ref=${title} tabIndex="-1">${tab ? html`<${Link} to=${pageOf(head.name, workflow.dag_id)}>${name}<//>` : name}</h1>
          ${head.description && html`<p class="muted">${head.description}</p>`}
        </div>
        <${Actions} workflow=${workflow} again=${again} />
      </div>
      <${Facts} head=${head} workflow=${workflow} last=${runs?.runs[0] ?? workflow.last} />
      <${Trouble} workflow=${workflow} service=${head.name} again=${again} />
      ${!tab && html`<${Manage} workflow=${workflow} service=${head.name} again=${again} />`}
      ${!tab && html`
        <nav class="links" aria-label="This DAG in Airflow">
          ${airflowPages(workflow.dag_id).map(([word, path]) => html`<${Link} key=${word} to=${path}>${word}<//>`)}
        </nav>
      `}
    </header>
  `;
}

/** Text that is broken after commas and slashes, and elsewhere only where a part is too long: a date stays one. @param {{text: string}} props */
const Whole = ({ text }) =>
  text.split(/(?<=\/)|(?<=,)(?= )/).flatMap((part, at) => [part.startsWith(" ") && " ", html`<span key=${at} class="part">${part.trim()}</span>`]);

/** @param {{head: ServiceHead, workflow: Workflow, last: any}} props */
function Facts({ head, workflow, last }) {
  const now = useNow();
  const [next, beside] = nextRun(workflow, now);
  const facts = /** @type {[string, any, any][]} */ ([
    ["Service", head.name || "not known", ""],
    workflow.targets?.length ? ["Accounts and regions", count(workflow.targets.length, "target"), ""] : ["Account", head.account ?? "not known yet", head.region],
    ["Schedule", html`<${Whole} text=${workflow.schedule || "not known"} />`, workflow.schedule && workflow.zone],
    ["Last run", html`<${Verdict} result=${last} />`, ago(last?.started ?? null, now)],
    ["Next run", next, beside === workflow.schedule ? "" : beside],
    ["File", workflow.file ? html`<code><${Whole} text=${workflow.file} /></code>` : "not known", ""],
  ]);
  return html`
    <dl class="facts">
      ${facts.map(([word, value, more]) => html`
        <div key=${word}><dt>${word}</dt><dd>${value}${more ? html`<div class="muted">${more}</div>` : null}</dd></div>
      `)}
    </dl>
  `;
}

/** @param {{workflow: Workflow, service: string, again: () => void}} props */
function Trouble({ workflow, service, again }) {
  const { faults, stale, deploy_failed } = workflow;
  if (!faults.length && !stale && !deploy_failed) return null;
  const word = stale ? "Its file is gone: Airflow finds it no longer" : deploy_failed ? "This file cannot be deployed" : "This file has faults";
  return html`<div class="trouble"><strong><${Icon} name="warning" />${word}</strong><${Faults} faults=${faults} most=${1} />${deploy_failed && html`<${Redeploy} workflow=${workflow} service=${service} again=${again} />`}</div>`;
}

/** What Airflow's API lets this person do. @param {{workflow: Workflow, again: () => void}} props */
function Actions({ workflow, again }) {
  const { dag_id, paused, may_edit, may_run, deploy_failed, stale } = workflow;
  const [debug, setDebug] = useState(false);
  const [did, act] = useAct(again);
  const id = useId();
  const run = () => act(paused ? "The run is queued: it starts when the DAG is unpaused" : "The run is queued", () => tell(`${dagOf(dag_id)}/dagRuns`, { logical_date: null, conf: debug ? { debug: true } : {} }));
  const pause = () => act(paused ? "Unpaused" : "Paused", () => tell(`${dagOf(dag_id)}?update_mask=is_paused`, { is_paused: !paused }, "PATCH"));
  return html`
    <div class="actions">
      ${may_run && html`<label for=${id}><input id=${id} type="checkbox" checked=${debug} onChange=${() => setDebug(!debug)} />Debug log</label>`}
      ${may_edit && html`<button type="button" onClick=${pause}><${Icon} name=${paused ? "play" : "pause"} />${paused ? "Unpause" : "Pause"}</button>`}
      ${may_run && html`<button type="button" class="main" disabled=${deploy_failed || stale} onClick=${run}><${Icon} name="play" />Run now</button>`}
      <p role="status">${did.error ? html`<span class="bad">${did.error.message}</span>` : did.said}</p>
    </div>
  `;
}

/** Does one thing at a time, and says what came of it. @param {() => void} again @returns {[any, (said: string, what: () => Promise<unknown>) => void]} */
function useAct(again) {
  const [did, setDid] = useState({ busy: false, said: "", error: null });
  const act = (/** @type {string} */ said, /** @type {() => Promise<unknown>} */ what) => {
    if (did.busy) return; // a button that is disabled meanwhile would lose the focus
    setDid({ busy: true, said: "", error: null });
    what().then(() => setDid({ busy: false, said, error: null }), (error) => setDid({ busy: false, said: "", error })).finally(again);
  };
  return [did, act];
}

/** @param {{service: Service, dag: string}} props */
const Siblings = ({ service, dag }) => html`
  <nav class="siblings" aria-label="Workflows of this service">
    ${service.workflows.map(({ dag_id, display_name, faults, paused, last }) => html`
      <${Link} key=${dag_id} to=${pageOf(service.name, dag_id)} aria-current=${dag_id === dag ? "page" : undefined}>
        ${display_name}
        ${faults.length ? html`<${Badge} tone="failed">Broken<//>` : paused ? html`<span class="muted">paused</span>` : html`<${Verdict} result=${last} />`}
      <//>
    `)}
  </nav>
`;

/** @param {{workflow: Workflow, page: any, runs: any, again: () => void}} props */
function Views({ workflow, page, runs, again }) {
  const params = useAddress();
  const view = params.get("view") ?? (workflow.faults.length ? "file" : "runs");
  return html`
    <div>
      <nav class="tabs" aria-label="Views">
        ${VIEWS.map(([key, word]) => html`
          <${Link} key=${key} to=${here({ view: key, q: "", show: "", sort: "" })} aria-current=${key === (view === "edit" ? "file" : view) ? "page" : undefined}>${word}<//>
        `)}
      </nav>
      ${view === "file" ? html`<${FilePage} page=${page} />`
        : view === "edit" ? html`<${EditPage} workflow=${workflow} again=${again} />`
        : view === "streams" ? html`<${StreamsPage} workflow=${workflow} runs=${runs} />` : html`<${RunsPage} dag=${workflow.dag_id} targets=${workflow.targets ?? []} runs=${runs} />`}
    </div>
  `;
}
