/** Addresses: of Airflow's own pages, of ours, and of what is asked for. */

/** The path below which Airflow is served; "" at the root. */
export function base() {
  const element = /** @type {HTMLBaseElement|null} */ (document.querySelector("head > base"));
  return new URL(element?.href ?? "/", location.href).pathname.replace(/\/+$/, "");
}

const safe = encodeURIComponent;

export const SERVICES = "/kinesis/api/services";

/** @param {string} dag */
export const workflowOf = (dag) => `/kinesis/api/workflows/${safe(dag)}`;

/** How many of a workflow's runs are shown. */
export const MOST_RUNS = 25;

/** @param {string} dag */
export const runsOf = (dag) => `${workflowOf(dag)}/runs?limit=${MOST_RUNS}`;

/** @param {string} dag */
export const fileOf = (dag) => `/kinesis/api/files/${safe(dag)}`;

export const DRAFT = "/kinesis/api/draft";
export const SCHEMA = "/kinesis/api/schema";
export const STORE = "/kinesis/api/store";

/** @param {string} name of a workflow */
export const nameOf = (name) => `/kinesis/api/names/${safe(name)}`;

/** @param {string} id of an Airflow connection */
export const connectionOf = (id) => `/api/v2/connections/${safe(id)}`;

/** Where Airflow itself lists and changes them. */
export const connectionPage = "/connections";

/** @param {string} dag */
export const dagOf = (dag) => `/api/v2/dags/${safe(dag)}`;

/** @param {string} dag @param {string} run */
export const runOf = (dag, run) => `${dagOf(dag)}/dagRuns/${safe(run)}`;

/** What a task left for others. @param {string} dag @param {string} run @param {string} key @param {string} [task] */
export const xcomOf = (dag, run, key, task = "ingest") => `${runOf(dag, run)}/taskInstances/${task}/xcomEntries/${key}`;

/** The task of a target; that of a workflow without any. @param {string} [key] */
export const taskOf = (key) => (key ? `ingest.${key}` : "ingest");

/** @param {string} dag @param {string} run @param {string} [target] */
export const streamsOf = (dag, run, target) => `${xcomOf(dag, run, "streams", taskOf(target))}?stringify=false`;

/** The accounts and regions of a run. @param {string} dag @param {string} run */
export const targetsOf = (dag, run) => `${workflowOf(dag)}/runs/${safe(run)}/targets`;

/** The page of a service; of a workflow whose service is not known, by its DAG. @param {string} service @param {string} [dag] */
export function pageOf(service, dag) {
  const path = service ? `/plugin/kinesis/${safe(service)}` : "/plugin/kinesis";
  return dag ? `${path}?workflow=${safe(dag)}` : path;
}

const ADD = "/plugin/kinesis/new";

/** The steps that lead to a new workflow. @param {string} step @param {string} [from] the DAG that it begins as a copy of */
export const addingAt = (step, from) => `${ADD}?step=${step}${from ? `&from=${safe(from)}` : ""}`;

/** A service may be called `new`, too: its address has no step. @param {string} path @param {URLSearchParams} params */
export const isAdding = (path, params) => path.endsWith(ADD) && params.has("step");

/** The service that an address names; "" for the list of them. What is no encoded name is taken as it is. @param {string} path */
export function serviceIn(path) {
  const name = /\/plugin\/kinesis\/([^/]+)/.exec(path)?.[1] ?? "";
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** @param {string} dag @param {string} run */
export const runPage = (dag, run) => `/dags/${safe(dag)}/runs/${safe(run)}`;

/** @param {string} dag @param {string} run @param {string} [task] */
export const logPage = (dag, run, task = "ingest") => `${runPage(dag, run)}/tasks/${task}`;

/** @param {string} dag */
export const runsPage = (dag) => `/dags/${safe(dag)}/runs`;

/** What Airflow's own pages show of a DAG: [words, path]. @param {string} dag @returns {[string, string][]} */
export const airflowPages = (dag) => [
  ["Run grid", `/dags/${safe(dag)}`],
  ["Runs", runsPage(dag)],
  ["Calendar", `/dags/${safe(dag)}/calendar`],
  ["Backfills", `/dags/${safe(dag)}/backfills`],
  ["Audit log", `/dags/${safe(dag)}/events`],
  ["Connections", connectionPage],
];
