/** The services that this person may see: a row for each workflow, the rows of one service together. */
import { Link, useArrival, useLook } from "./address.js";
import { React, html, useDeferredValue, useEffect, useMemo, useRef, useState } from "./html.js";
import { Choice, Column, Copy, Faults, Figure, Icon, Refused, Search, Skeleton, Verdict } from "./parts.js";
import { SERVICES, STORE, addingAt, pageOf } from "./places.js";
import { matching, sorted } from "./rows.js";
import { useAnswer, useNow } from "./state.js";
import { ago, count, faultText, listed, nextRun, underWay } from "./words.js";
/** @import {Service, Services, Step, Workflow} from "./models.js" */

const STEPS = /** @type {[Step, string][]} */ ([
  ["written", "Written"], ["unchanged", "Unchanged"], ["filtered", "Filtered"], ["deleted", "Deleted"], ["failed", "Failed"],
]);
const SORTS = [["name", "Service"], ["account", "Account, region"], ["last", "Last run"], ...STEPS, ["next", "Next run"]];
const DOWN_FIRST = ["last", ...STEPS.map(([step]) => step)];
const FIRST = 50; // services that are drawn at once

const broken = (/** @type {Workflow} */ { deploy_failed, faults, stale }) => deploy_failed || faults.length > 0 || stale;
const failed = (/** @type {Workflow} */ { last }) => last?.state === "failed" || (last?.numbers?.failed ?? 0) > 0;

const SHOWN = /** @type {[string, string, (workflow: Workflow) => boolean][]} */ ([
  ["", "All", () => true],
  ["failed", "Failed", failed],
  ["broken", "Broken", broken],
  ["running", "Running", ({ last }) => underWay(last)],
  ["paused", "Paused", ({ paused }) => paused],
]);

/** @param {Service} service */
const nameOf = ({ name, display_name }) => display_name || name || "Service not known";

/** @param {Service} service */
const textOf = (service) =>
  [service.name, service.display_name, service.description, service.account, service.region,
    ...service.workflows.flatMap(({ dag_id, display_name, file, faults }) => [dag_id, display_name, file, ...faults.map(faultText)])].join("\n");

/** @param {Service} service @param {Step} step */
const sum = ({ workflows }, step) =>
  workflows.reduce((total, { last }) => (last?.numbers?.[step] == null ? total : (total ?? 0) + last.numbers[step]), /** @type {number|null} */ (null));

/** @param {string} by @returns {(service: Service) => unknown} */
function valueOf(by) {
  if (by === "account") return ({ account, region }) => listed([account ?? "", region ?? ""]);
  if (by === "last") return ({ workflows }) => workflows.map(({ last }) => last?.started ?? "").sort().at(-1);
  if (by === "next") return ({ workflows }) => workflows.filter((each) => !each.paused).map((each) => each.next_run ?? "").filter(Boolean).sort()[0];
  return by === "name" ? nameOf : (service) => sum(service, /** @type {Step} */ (by));
}

/** @param {Services} data */
const pauseOf = ({ services }) => (services.some(({ workflows }) => workflows.some(({ last }) => underWay(last))) ? 10_000 : 0);

export function ServicesPage() {
  const { data, error, at, again } = useAnswer(SERVICES, pauseOf);
  return html`
    <div class="page">
      <div class="title"><h1 ref=${useArrival()} tabIndex="-1">Kinesis services</h1><${Add} /></div>
      <${Refused} error=${error} at=${at} again=${again} />
      ${data ? html`<${Found} data=${data} />` : !error && html`<${Skeleton} lines=${8} label="Loading services" />`}
    </div>
  `;
}

/** For who may, and where something can be written. */
function Add() {
  const { data } = useAnswer(STORE);
  return data?.may_create ? html`<${Link} class="button main" to=${addingAt("name")}><${Icon} name="add" />Add service<//>` : null;
}

/** @param {{data: Services}} props */
function Found({ data: { services, import_errors } }) {
  return html`
    <div>
      ${services.length ? html`<${List} services=${services} />` : !import_errors.length && html`<${Beginning} />`}
      <${Unread} files=${import_errors} />
    </div>
  `;
}

/** @param {{services: Service[]}} props */
function List({ services }) {
  const { text, setText, shown, setShown, sort, onSort } = useLook("name");
  const late = useDeferredValue(text);
  const holds = (SHOWN.find(([key]) => key === shown) ?? SHOWN[0])[2];
  const found = useMemo(() => sorted(matching(services.filter(({ workflows }) => workflows.some(holds)), late, textOf), valueOf(sort.by), sort.down),
    [services, shown, late, sort.by, sort.down]);
  const resort = (/** @type {string} */ by) => onSort(by, DOWN_FIRST);
  const choices = SHOWN.map(([key, word, test]) => [key, word, services.filter(({ workflows }) => workflows.some(test)).length]);
  return html`
    <div>
      <${Search} label="Search services" value=${text} onInput=${setText} />
      <div class="bar">
        <${Choice} label="Show" of=${choices} value=${shown} onPick=${setShown} />
        <label class="narrow">
          <span class="unseen">Sort by</span>
          <select value=${sort.by} onChange=${(/** @type {any} */ { target }) => resort(target.value)}>
            ${SORTS.map(([by, word]) => html`<option key=${by} value=${by}>Sort by ${word.toLowerCase()}</option>`)}
          </select>
        </label>
      </div>
      <h2 aria-live="polite">${count(found.length, "service")}</h2>
      ${found.length
        ? html`<${Growing} services=${found} sort=${sort} onSort=${resort} />`
        : html`<p class="empty">No service is like that. Search for less, or show all.</p>`}
    </div>
  `;
}

/** The first of many; more when their end comes into view. @param {{services: Service[], sort: {by: string, down: boolean}, onSort: (by: string) => void}} props */
function Growing({ services, sort, onSort }) {
  const [most, setMost] = useState(FIRST);
  const end = useRef(null);
  const more = () => setMost((/** @type {number} */ last) => last + FIRST);
  useEffect(() => {
    const seen = new IntersectionObserver((entries) => entries.some(({ isIntersecting }) => isIntersecting) && more(), { rootMargin: "600px" });
    if (end.current) seen.observe(end.current);
    return () => seen.disconnect();
  }, [most]);
  return html`
    <div>
      <${Table} services=${services.slice(0, most)} sort=${sort} onSort=${onSort} />
      ${services.length > most && html`<p class="bar" ref=${end}><button type="button" onClick=${more}>Show more</button></p>`}
    </div>
  `;
}

/** @param {{services: Service[], sort: {by: string, down: boolean}, onSort: (by: string) => void}} props */
function Table({ services, sort, onSort }) {
  const now = useNow();
  const head = (/** @type {string} */ by, /** @type {string} */ word, figure = false) =>
    html`<${Column} key=${by} by=${by} sort=${sort} onSort=${onSort} class=${`col-${by} ${figure ? "figure" : ""}`}>${word}<//>`;
  return html`
    <div class="box">
      <table class="cards services">
        <caption class="unseen">Services, their workflows, last and next runs</caption>
        <thead>
          <tr>
            ${head("name", "Service")}${head("account", "Account, region")}<th scope="col">Workflow</th>${head("last", "Last run")}
            ${STEPS.map(([step, word]) => head(step, word, true))}${head("next", "Next run")}
          </tr>
        </thead>
        ${services.map((service) => html`<${Rows} key=${service.name || service.workflows[0]?.dag_id} service=${service} now=${now} />`)}
      </table>
    </div>
  `;
}

/** What is wrong with a file, and beside the others. @param {Workflow} workflow */
const said = ({ faults, advice = [] }) => [...faults, ...advice.map((each) => ({ ...each, path: "" }))];

const Rows = React.memo((/** @type {{service: Service, now: number}} */ { service, now }) => {
  const { name, description, account, region, workflows } = service;
  const targets = workflows.reduce((sum, { targets: its = [] }) => sum + its.length, 0);
  const rows = workflows.length + workflows.filter((each) => said(each).length).length;
  const head = html`
    <${React.Fragment}>
      <th scope="rowgroup" rowSpan=${rows} class="wide">
        <${Link} class="strong" to=${pageOf(name, name ? "" : workflows[0].dag_id)}>${nameOf(service)}<//>
        ${description && html`<p class="muted clip">${description}</p>`}
      </th>
      <td rowSpan=${rows} class="where">${targets ? count(targets, "target") : (account ?? html`<span class="muted">not known yet</span>`)}<div class="muted">${targets ? "" : region}</div></td>
    <//>
  `;
  return html`
    <tbody>
      ${workflows.map((workflow, at) => [
        html`<tr key=${workflow.dag_id}>${at === 0 && head}<${Cells} service=${name} workflow=${workflow} now=${now} /></tr>`,
        said(workflow).length > 0 && html`
          <tr key=${`${workflow.dag_id} faults`} class="under"><td colSpan=${STEPS.length + 3}><${Faults} faults=${said(workflow)} /></td></tr>
        `,
      ])}
    </tbody>
  `;
});

/** @param {{service: string, workflow: Workflow, now: number}} props */
function Cells({ service, workflow, now }) {
  const { dag_id, display_name, last, stale } = workflow;
  const [next, beside] = nextRun(workflow, now);
  return html`
    <${React.Fragment}>
      <td class="wide">
        <${Link} to=${pageOf(service, dag_id)}>${display_name}<//>
        ${stale && html`<div class="muted">Its file is gone</div>`}
      </td>
      <td data-label="Last run"><${Verdict} result=${last} />${last && html`<div class="muted">${ago(last.started, now)}</div>`}</td>
      ${STEPS.map(([step, word]) => html`<${Figure} key=${step} label=${word} value=${last?.numbers?.[step]} bad=${step === "failed"} />`)}
      <td class="next" data-label="Next run">${next}<div class="muted">${beside}</div></td>
    <//>
  `;
}

/** @param {{files: {file: string, text: string}[]}} props */
function Unread({ files }) {
  if (!files.length) return null;
  return html`
    <section aria-label="Files that became no DAG">
      <h2>${count(files.length, "file")} that became no DAG</h2>
      <ul class="plain">
        ${files.map(({ file, text }) => html`
          <li key=${file} class="card bad">
            <h3><${Icon} name="warning" /> <code>${file}</code></h3>
            <pre tabIndex="0" aria-label=${`What is wrong in ${file}`}>${text.trim()}</pre>
          </li>
        `)}
      </ul>
    </section>
  `;
}

const LOADER = `from airflow_kinesis_ingest import load_workflows  # airflow dag

load_workflows(globals(), "workflows")
`;
const WORKFLOW = `source:
  type: kinesis
  serviceName: orders_kinesis
  serviceConnection:
    config:
      type: Kinesis
      awsConfig:
        awsRegion: us-east-2  # keys: an Airflow connection, or the workers' own role
  sourceConfig:
    config:
      type: MessagingMetadata
sink:
  type: file  # or metadata-rest, for OpenMetadata
`;

/** Where there is nothing: how to begin. */
const Beginning = () => html`
  <section class="beginning" aria-label="How to begin">
    <h2>No service yet</h2>
    <p>A service comes from a YAML file: of “Add service” above, where you may and this page has a folder to write; or of your own, beside the loader.</p>
    <h3>1. The loader, once: <code>dags/kinesis_workflows.py</code></h3>
    <div class="code"><${Copy} text=${LOADER} what="the loader" /><pre tabIndex="0" aria-label="The loader">${LOADER}</pre></div>
    <h3>2. A workflow: <code>dags/workflows/orders.yaml</code></h3>
    <div class="code"><${Copy} text=${WORKFLOW} what="the workflow" /><pre tabIndex="0" aria-label="A workflow">${WORKFLOW}</pre></div>
    <p>Airflow finds it with its next look there, and it is shown here.</p>
    <p class="muted">Is a file there already? Only services of DAGs that you may read are shown.</p>
  </section>
`;
