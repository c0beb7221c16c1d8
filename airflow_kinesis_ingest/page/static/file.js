/** The workflow as it is written, its faults on their lines, and where it leads. */
import { Download } from "./download.js";
import { React, html, useMemo } from "./html.js";
import { later } from "./later.js";
import { useWritable } from "./manage.js";
import { Copy, Faults, Icon, Prose, Skeleton } from "./parts.js";
import { count, faultText } from "./words.js";
import { pieces } from "./yaml.js";
/** @import {Fault, Setting, Workflow, WorkflowPage} from "./models.js" */
/** @import {Answer} from "./state.js" */

const Reconnect = later(() => import("./reconnect.js").then(({ Reconnect: found }) => found), 1);
const Trial = later(() => import("./probe.js").then(({ Trial: found }) => found), 1);

/** @param {{page: Answer<WorkflowPage>}} props */
export function FilePage({ page: { data, error } }) {
  if (!data) return error ? null : html`<${Skeleton} label="Loading the workflow" />`;
  return html`
    <div class="stack">
      <${Elsewhere} workflow=${data.workflow} />
      <${Text} file=${data.workflow.file ?? "workflow.yaml"} text=${data.text} faults=${data.faults} />
      <div class="pair">
        <${Settings} title="Connection" settings=${data.connection} workflow=${data.workflow} />
        <${Settings} title="Catalogue" settings=${data.catalogue} workflow=${data.workflow} />
      </div>
      <${Tried} workflow=${data.workflow} />
    </div>
  `;
}

/** @param {{workflow: Workflow}} props */
function Elsewhere({ workflow }) {
  const writable = useWritable(workflow);
  if (writable || !workflow.bundle || !workflow.may_edit) return null;
  return html`
    <p class="notice">This file is of the bundle ${workflow.bundle}, which this page does not write. Change it where it comes from: download it, or duplicate it here.</p>
  `;
}

/** @param {{workflow: Workflow}} props */
const Tried = ({ workflow }) => workflow.may_run && html`
  <section class="card"><h2>Test</h2>
    <p>A worker tries what a run does, on its network and with its identity. Nothing is written.</p>
    <${Try} workflow=${workflow} />
  </section>
`;

/** @param {{workflow: Workflow}} props */
const Try = ({ workflow: { dag_id, paused, targets } }) => paused
  ? html`<p class="notice">The DAG is paused: Airflow starts nothing of it. Unpause it first.</p>`
  : html`<${Trial} dag=${dag_id} conf=${{ probe: "test" }} targets=${targets} />`;

const NAMED = "Airflow connection"; // as deployment/record.py calls it

/** @param {{title: string, settings: Setting[], workflow: Workflow}} props */
function Settings({ title, settings, workflow }) {
  if (!settings.length) return null;
  const { value: id = "" } = settings.find(({ label }) => label === NAMED) ?? {};
  return html`
    <section class="card"><h2>${title}</h2><dl class="settings">
      ${settings.map(({ label, value, help }) => html`
        <div key=${label}>
          <dt>${label}</dt>
          <dd><code>${value}</code>${help && html`<div class="muted"><${Prose} text=${help} /></div>`}</dd>
        </div>
      `)}
    </dl>
    ${workflow.may_edit && /^[\w.-]+$/.test(id) && html`<${Reconnect} id=${id}>${workflow.may_run && html`<${Try} workflow=${workflow} />`}<//>`}
    </section>
  `;
}

const FORBIDDEN = "You may not read the code of this DAG, so its file is not shown.";
const UNKNOWN = "The text of this file is not known: it cannot be read, or its secrets cannot be told from the rest.";

/** @param {{file: string, text: string|null, faults: Fault[]}} props */
export function Text({ file, text, faults }) {
  const lines = useMemo(() => (text ?? "").replace(/\n$/, "").split(/\r?\n/), [text]);
  const whole = faults.filter(({ line }) => !line || line > lines.length);
  return html`
    <section class="card">
      <div class="title"><h2 id="file"><code>${file}</code></h2>${text && html`<span class="bar"><${Copy} text=${text} what="the workflow" /><${Download} file=${file} text=${text} /></span>`}</div>
      ${faults.length > 0 && html`<p class="bad"><strong>${count(faults.length, "fault")}</strong></p>`}
      <${Faults} faults=${whole} most=${100} />
      ${text ? html`<${Lines} lines=${lines} faults=${faults} />` : html`<p class="muted">${text == null ? FORBIDDEN : UNKNOWN}</p>`}
    </section>
  `;
}

/** @param {{lines: string[], faults: Fault[]}} props */
const Lines = ({ lines, faults }) => html`
  <div class="yaml" tabIndex="0" role="region" aria-labelledby="file">
    <ol>
      ${lines.map((line, at) => html`<${Line} key=${at} text=${line} number=${at + 1} faults=${faults.filter((fault) => fault.line === at + 1)} />`)}
    </ol>
  </div>
`;

const Line = React.memo((/** @type {{text: string, number: number, faults: Fault[]}} */ { text, number, faults }) => html`
  <li class=${faults.length ? "wrong" : ""} data-line=${number}>
    <code>${pieces(text).map(([kind, piece], at) => (kind === "text" ? piece : html`<span key=${at} class=${kind}>${piece}</span>`))}${"\n"}</code>
    ${faults.map((fault, at) => html`<p key=${at} class="fault"><${Icon} name="warning" /><${Prose} text=${faultText({ ...fault, line: 0, path: "" })} /></p>`)}
  </li>
`);
