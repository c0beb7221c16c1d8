/** The runs of a workflow: one of them looked at, all of them drawn and counted. */
import { Link, here, useAddress } from "./address.js";
import { html, useEffect, useRef } from "./html.js";
import { Away, Badge, Copy, Figure, Moment, Prose, Skeleton, Verdict } from "./parts.js";
import { MOST_RUNS, logPage, runPage, runsPage } from "./places.js";
import { Plot } from "./plot.js";
import { useNow } from "./state.js";
import { Targets } from "./targets.js";
import { ago, count, duration, number, numbersOf, seconds, underWay } from "./words.js";
/** @import {Group, Run, Runs, Step} from "./models.js" */
/** @import {Answer} from "./state.js" */

const STEPS = /** @type {[Step, string][]} */ ([
  ["listed", "Listed"], ["filtered", "Filtered"], ["described", "Described"], ["sampled", "Sampled"], ["written", "Written"], ["unchanged", "Unchanged"], ["drifted", "Drifted"], ["not_due", "Not due"],
  ["skipped", "Skipped"], ["deleted", "Deleted"], ["failed", "Failed"], ["not_reached", "Not reached"], ["warnings", "Warnings"],
]);
const BAD = ["failed", "not_reached"];

/** The run that the address names, else the newest. @param {Run[]} runs @param {string|null} id */
export const chosen = (runs, id) => runs.find(({ run_id }) => run_id === id) ?? runs[0];

/** @param {{dag: string, targets: {key: string}[], runs: Answer<Runs>}} props */
export function RunsPage({ dag, targets, runs: { data, error } }) {
  const params = useAddress();
  if (!data) return error ? null : html`<${Skeleton} label="Loading the runs" />`;
  if (!data.runs.length) return html`<${NoRun} />`;
  const run = chosen(data.runs, params.get("run"));
  return html`
    <div class="stack">
      <${NotShown} dag=${dag} run=${run} asked=${params.get("run")} />
      <${Looked} dag=${dag} run=${run} many=${targets.length > 0} newest=${run === data.runs[0]} />
      <${Plot} runs=${data.runs} chosen=${run.run_id} />
      <${Table} dag=${dag} runs=${data.runs} chosen=${run.run_id} />
    </div>
  `;
}

/** Of an address that names a run which is older, or gone. @param {{dag: string, run: Run, asked: string|null}} props run: what is shown instead */
export const NotShown = ({ dag, run, asked }) =>
  !asked || run.run_id === asked ? null : html`
    <p class="notice"><span>
      The run <code>${asked}</code> is not among the last ${MOST_RUNS}, so the last one is shown. <${Link} to=${runPage(dag, asked)}>The older one in Airflow<//>
    </span></p>
  `;

export const NoRun = () => html`
  <div class="empty">
    <p><strong>No run yet.</strong></p>
    <p>The first one comes when the workflow is due, or with Run now; a paused DAG runs when it is unpaused.</p>
  </div>
`;

/** @param {Run} run @param {number} now */
function howLong(run, now) {
  if (!run.started) return "It waits to be started.";
  const long = duration(seconds(run, now));
  return underWay(run) ? `Under way for ${long}` : `${ago(run.started, now)}, it took ${long}`;
}

/** When it started; of one that did not, its id. @param {{run: Run}} props */
const When = ({ run }) => (run.started ? html`<${Moment} at=${run.started} />` : html`<span>${run.run_id}</span>`);

const UNCOUNTED = "This run stored no numbers: its task did not get to the end. The task log says why.";

/** @param {{dag: string, run: Run, many: boolean, newest: boolean}} props many: it has targets */
function Looked({ dag, run, many, newest }) {
  const now = useNow(underWay(run) ? 1000 : 30_000);
  const head = useRef(null);
  const before = useRef(run.run_id);
  useEffect(() => {
    if (before.current !== run.run_id && !newest) head.current?.focus();
    before.current = run.run_id;
  }, [run.run_id]);
  return html`
    <section class="card" aria-labelledby="run">
      <div class="title">
        <h2 id="run" tabIndex="-1" ref=${head}>
          <span>${newest ? "Last run" : "Run"} of <${When} run=${run} /></span>
          <${Verdict} result=${run} />
          ${run.debug && html`<span class="muted">debug log</span>`}
        </h2>
        <nav class="links" aria-label="This run in Airflow">
          <${Link} to=${runPage(dag, run.run_id)}>Run<//>${!many && html`<${Link} to=${logPage(dag, run.run_id)}>Task log<//>`}
          ${run.catalogue_url && html`<${Away} href=${run.catalogue_url}>Catalogue<//>`}
        </nav>
      </div>
      <p class="muted">${howLong(run, now)}</p>
      ${run.cause && html`<p class="notice bad"><span><strong>The run ended early.</strong> <${Prose} text=${run.cause} /></span></p>`}
      ${numbersOf(run) ? html`<${Figures} run=${run} />` : html`<p>${underWay(run) ? "Its numbers come when it ends." : UNCOUNTED}</p>`}
      ${many && html`<${Targets} key=${`${run.run_id} ${run.state}`} dag=${dag} run=${run} />`}
      <${Groups} groups=${run.groups} />
    </section>
  `;
}

/** @param {{run: Run}} props */
const Figures = ({ run }) => html`
  <dl class="figures">
    ${STEPS.map(([step, word]) => {
      const value = run.numbers?.[step];
      return html`<div key=${step} class=${value ? (BAD.includes(step) ? "bad" : "") : "muted"}><dt>${word}</dt><dd>${number(value)}</dd></div>`;
    })}
  </dl>
`;

const KINDS = /** @type {[Group["kind"], string, string][]} */ ([
  ["failure", "failed", "failure"], ["deletion", "failed", "failed deletion"], ["warning", "warning", "warning"], ["drift", "queued", "drift"],
]);

/** @param {{groups: Group[]}} props */
function Groups({ groups }) {
  return html`
    <div class="stack">
      ${KINDS.map(([kind, tone, word]) => {
        const found = groups.filter((group) => group.kind === kind);
        const all = found.reduce((sum, group) => sum + group.count, 0);
        if (!found.length) return null;
        const problems = found.map((group, at) => html`<${Problem} key=${at} group=${group} tone=${tone} />`);
        return html`<section key=${kind}><h3>${count(all, word)}</h3><ul class="plain">${problems}</ul></section>`;
      })}
    </div>
  `;
}

/** One cause, and all that it hit. @param {{group: Group, tone: string}} props */
function Problem({ group: { step, cause, remedy, entities, count: all, statement }, tone }) {
  const rest = all - entities.length;
  return html`
    <li class=${`problem ${tone}`}>
      <p><${Badge} tone=${tone}>${step || "run"}<//> <strong><${Prose} text=${cause} /></strong></p>
      ${remedy && html`<p><${Prose} text=${remedy} /></p>`}
      <p class="muted names">${all > 1 ? `${number(all)}: ` : ""}${entities.join(", ")}${rest > 0 ? ` and ${number(rest)} more` : ""}</p>
      ${statement && html`<${Policy} statement=${statement} />`}
    </li>
  `;
}

/** @param {{statement: object}} props */
function Policy({ statement }) {
  const text = JSON.stringify(statement, null, 2);
  return html`
    <details>
      <summary>The policy statement that allows it</summary>
      <div class="code"><${Copy} text=${text} what="the policy statement" /><pre tabIndex="0" aria-label="Policy statement">${text}</pre></div>
    </details>
  `;
}

/** @param {{dag: string, runs: Run[], chosen: string}} props */
function Table({ dag, runs, chosen: id }) {
  const now = useNow();
  const all = runs.length < MOST_RUNS;
  return html`
    <section>
      <div class="title">
        <h2 id="runs">${all ? count(runs.length, "run") : `The last ${count(runs.length, "run")}`}</h2>
        ${!all && html`<${Link} to=${runsPage(dag)}>All runs in Airflow<//>`}
      </div>
      <div class="box" tabIndex="0" role="region" aria-labelledby="runs">
        <table class="dense">
          <thead>
            <tr>
              <th scope="col">Started</th><th scope="col">State</th><th scope="col" class="figure">Duration</th>
              ${STEPS.map(([step, word]) => html`<th key=${step} scope="col" class="figure">${word}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${runs.map((run) => html`
              <tr key=${run.run_id} class=${run.run_id === id ? "chosen" : ""}>
                <th scope="row"><${Link} to=${here({ run: run.run_id })} aria-current=${run.run_id === id ? "true" : undefined}><${When} run=${run} /><//></th>
                <td><${Verdict} result=${run} /></td><td class="figure">${duration(seconds(run, now))}</td>
                ${STEPS.map(([step]) => html`<${Figure} key=${step} value=${run.numbers?.[step]} bad=${BAD.includes(step)} />`)}
              </tr>
            `)}
          </tbody>
        </table>
      </div>
    </section>
  `;
}
