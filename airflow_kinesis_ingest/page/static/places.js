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

/** @param {string} dag @param {string} run */
export const streamsOf = (dag, run) =>
  `/api/v2/dags/${safe(dag)}/dagRuns/${safe(run)}/taskInstances/ingest/xcomEntries/streams?stringify=false`;

/** @param {string} dag */
export const dagOf = (dag) => `/api/v2/dags/${safe(dag)}`;

/** The page of a service; of a workflow whose service is not known, by its DAG. @param {string} service @param {string} [dag] */
export function pageOf(service, dag) {
  const path = service ? `/plugin/kinesis/${safe(service)}` : "/plugin/kinesis";
  return dag ? `${path}?workflow=${safe(dag)}` : path;
}

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

/** @param {string} dag @param {string} run */
export const logPage = (dag, run) => `${runPage(dag, run)}/tasks/ingest`;

/** @param {string} dag */
export const runsPage = (dag) => `/dags/${safe(dag)}/runs`;

/** What Airflow's own pages show of a DAG: [words, path]. @param {string} dag @returns {[string, string][]} */
export const airflowPages = (dag) => [
  ["Run grid", `/dags/${safe(dag)}`],
  ["Runs", runsPage(dag)],
  ["Calendar", `/dags/${safe(dag)}/calendar`],
  ["Backfills", `/dags/${safe(dag)}/backfills`],
  ["Audit log", `/dags/${safe(dag)}/events`],
  ["Connections", "/connections"],
];
