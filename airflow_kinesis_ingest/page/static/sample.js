/** Messages of one stream, looked at once: a worker decodes and hides what the workflow says, and this page deletes them after reading. */
import { ask } from "./api.js";
import { html, useEffect, useRef, useState } from "./html.js";
import { Icon } from "./parts.js";
import { taskOf, xcomOf } from "./places.js";
import { Going, useProbe } from "./probe.js";
import { count, number } from "./words.js";
/** @import {Sample, Workflow} from "./models.js" */

/** @param {{workflow: Workflow, target: string, stream: string, close: () => void}} props target: its key; "" where the workflow has none */
export function SamplePanel({ workflow: { dag_id, paused }, target, stream, close }) {
  const { now, start, stop } = useProbe();
  const [kept, setKept] = useState("");
  const title = useRef(/** @type {HTMLElement|null} */ (null));
  const look = async () => {
    setKept("");
    const end = await start(dag_id, { probe: "sample", stream, ...(target && { target }) });
    if (end?.found) ask(xcomOf(dag_id, end.run, "sample", taskOf(target)), { method: "DELETE" }).catch((error) => setKept(error.message));
  };
  useEffect(() => {
    title.current?.focus();
    if (!paused) look();
    return stop;
  }, [stream]);
  return html`
    <section class="card sample" aria-label=${`Sample of ${stream}`}>
      <div class="title">
        <h2 ref=${title} tabIndex="-1">Sample of ${stream}</h2>
        <div class="buttons">
          ${now.stage === "done" && html`<button type="button" onClick=${look}>Look again</button>`}
          <button type="button" onClick=${close}><${Icon} name="cross" />Close</button>
        </div>
      </div>
      ${paused && html`<p class="notice">The DAG is paused: Airflow starts nothing of it, a look at messages neither. Unpause it first.</p>`}
      <${Going} probe=${now} stop=${stop} what="the messages" />
      ${kept && html`
        <p class="notice bad" role="alert">
          The sample could not be deleted from Airflow's database: ${kept}. Ask somebody who may delete XComs of ${dag_id}, run ${now.run}.
        </p>
      `}
      ${now.found && html`<${Messages} sample=${now.found} />`}
    </section>
  `;
}

/** @param {{sample: Sample}} props */
function Messages({ sample: { messages, count: all, cut, schema } }) {
  return html`
    <p role="status">
      ${all ? `${count(all, "message")}, decoded, and redacted as the workflow says.` : "There is no message in this stream."}
      ${cut > 0 && ` ${number(cut)} of them are left out: a sample has 64 KB at most.`}
    </p>
    <div class="pair">
      ${messages.length > 0 && html`<ol class="stack" aria-label="Messages">${messages.map(({ text, remarks, cut: less }, at) => html`
        <li key=${at}>
          <pre tabIndex="0" aria-label=${`Message ${at + 1}`}>${text}</pre>
          ${remarks.map((remark) => html`<p key=${remark} class="muted">${remark}</p>`)}
          ${less > 0 && html`<p class="muted">${number(less)} more characters</p>`}
        </li>
      `)}</ol>`}
      ${schema && html`<${Tree} schema=${schema} />`}
    </div>
  `;
}

/** @param {{schema: NonNullable<Sample["schema"]>}} props */
const Tree = ({ schema: { kind, agreed, total, fields, cut } }) => html`
  <section aria-label="Schema"><h3>${kind} schema</h3><p class="muted">${number(agreed)} of ${count(total, "message")} agree with it.</p>
    <ul class="tree">
      ${fields.map(([depth, name, type], at) => html`
        <li key=${at} style=${{ paddingLeft: `${depth * 18}px` }}><code>${name}</code> <span class="muted">${type}</span></li>
      `)}
    </ul>
    ${cut > 0 && html`<p class="muted">and ${count(cut, "field")} more</p>`}
  </section>
`;
