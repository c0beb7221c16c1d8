/** The file that would be written: what is wrong with it, what changes, and its way into Airflow. */
import { Link, backTo, here, searchWith, show } from "./address.js";
import { Progress, useDeployment } from "./deploy.js";
import { Download } from "./download.js";
import { FIELDS, STEPS, remember, stepOf } from "./draft.js";
import { Conflict, typed } from "./edit.js";
import { Text } from "./file.js";
import { html, useEffect } from "./html.js";
import { Icon, Prose, Refused, Skeleton } from "./parts.js";
import { pageOf } from "./places.js";
import { When } from "./when.js";
import { count, faultText } from "./words.js";
/** @import {Form} from "./draft.js" */
/** @import {Change, Fault, Store} from "./models.js" */

const CHANGED = "Somebody changed the file while you were at it. Nothing of either is lost: your changes can be made in the file as it is now.";

/**
 * @typedef {object} ReviewProps
 * @property {Store} store
 * @property {Form} form
 * @property {Map<string, unknown>} fields
 * @property {any} checked what the engine says of the draft
 * @property {(more: Partial<Form>) => void} put
 * @property {{fields: Change[]}} order
 * @property {() => void} anew all that was filled in is let go
 */

/** @param {ReviewProps} props */
export function Review({ store, form, fields, checked: { draft, error, busy }, put, order, anew }) {
  const { now, save, clear } = useDeployment();
  useEffect(() => {
    if (now.stage === "written") remember(null, form.edits);
  }, [now.stage]);
  const name = String(fields.get("name") ?? draft?.name ?? "");
  const sent = now.since > 0;
  const again = () => put({});
  if (error && !draft) return html`<${Refused} error=${error} />`;
  if (!draft) return html`<${Skeleton} label="Making the file" />`;
  const service = String(fields.get("source.serviceName") ?? draft.service ?? "");
  const unchanged = form.edits && !order.fields.length;
  const ready = !busy && !draft.faults.length && name && !unchanged;
  const theirs = form.edits && now.error?.detail?.version !== undefined ? now.error.detail : null;
  const keep = () => {
    put({ version: theirs.version });
    clear();
  };
  const asText = () => {
    if (!unchanged) typed.set(form.edits, { text: draft.text, version: form.version });
    remember(null, form.edits);
    show(searchWith({ view: "edit", step: "" }));
  };
  return html`
    <div class="stack">
      ${!sent && !form.edits && html`<p>This is the file that will be written. Nothing is written before you deploy.</p>`}
      ${!sent && form.edits && html`<${Changes} of=${order.fields} before=${new Map(form.before)} />`}
      <${Refused} error=${error} again=${again} />
      ${!sent && html`<${Wrong} faults=${draft.faults} tone="bad" title="The file has faults" asText=${form.edits && asText} />`}
      ${!sent && html`<${Wrong} faults=${draft.advice} tone="" title="To think about" />`}
      ${!sent && !draft.faults.length && html`
        <section class="card"><div class="title"><h2>When it runs</h2><${Change} step="schedule" /></div><${When} draft=${draft} /></section>
      `}
      ${theirs
        ? html`<${Conflict} mine=${draft.text} theirs=${theirs} keep=${keep} take=${anew} ways=${["Make my changes in it", "Let my changes go"]} said=${CHANGED} />`
        : html`<${Progress} deployment=${now}><p class="buttons"><${Link} class="button main" to=${pageOf(service, name)}>Open ${name}<//></p><//>`}
      ${now.stage === "faulty" && sent && html`<p><${Link} class="button main" to=${`${pageOf("", name)}&view=edit`}>Edit and deploy again<//></p>`}
      ${!sent && html`
        <div class="buttons">
          <button type="button" onClick=${() => backTo(searchWith({ step: "schedule" }))}>Back</button>
          ${store.bundle
            ? html`<button type="button" class="main" disabled=${!ready || now.stage === "writing"} onClick=${() => save(name, draft.text, form.version ?? null)}>${form.edits ? "Save and deploy" : "Deploy"}</button>`
            : html`<${Download} file=${`${name}.yaml`} text=${draft.text} />`}
          ${form.edits && html`<button type="button" onClick=${asText}><${Icon} name="edit" />Edit as text</button>`}
          ${form.edits && !unchanged && html`<button type="button" class="quiet" onClick=${anew}>Undo my changes</button>`}
        </div>
      `}
      <${Text} file=${`workflows/${name || "workflow"}.yaml`} text=${draft.text} faults=${sent && now.faults.length ? now.faults : draft.faults} />
    </div>
  `;
}

/** @param {{step: string}} props */
const Change = ({ step }) => html`<${Link} to=${here({ step })}>Change<span class="unseen"> ${STEPS.find(([key]) => key === step)?.[1]}</span><//>`;

/** What is said of the file; each leads to the step that asks for it, or to the text. @param {{faults: Fault[], tone: string, title: string, asText?: any}} props */
function Wrong({ faults, tone, title, asText }) {
  if (!faults.length) return null;
  return html`
    <section class=${`notice ${tone} summary`} aria-label=${title}>
      <div><h2>${title}</h2><ul>${faults.map((fault, at) => {
        const step = stepOf(fault.path);
        const way = step ? html`<${Change} step=${step} />` : asText && html`<button type="button" class="inline" onClick=${asText}>Change the text</button>`;
        return html`<li key=${at}><${Prose} text=${faultText(fault)} /> ${way}</li>`;
      })}</ul></div>
    </section>
  `;
}

/** @param {unknown} value */
const words = (value) => (value === undefined ? "not set" : value === null ? "none" : Array.isArray(value) ? value.join(", ") : String(value));

/** What an edit does to the file, field by field. @param {{of: Change[], before: Map<string, unknown>}} props */
function Changes({ of, before }) {
  if (!of.length) return html`<p>This is the file as it is. Change a step, or its text; comments, order and secrets stay.</p>`;
  return html`
    <section class="card" aria-label="What changes"><h2>${count(of.length, "change")}</h2>
      <ul class="changes">${of.map(({ place, value, removed }) => {
        const path = place.join(".");
        const step = FIELDS.find(([, each]) => each === path)?.[3];
        return html`
          <li key=${path}><code>${path}</code> <span><del>${words(before.get(path))}</del> → <ins>${words(removed ? undefined : value)}</ins></span>
            ${" "}${step && html`<${Change} step=${step} />`}
          </li>
        `;
      })}</ul>
      <p class="muted">All else stays as it is: comments, order, and secrets behind <code>***</code>.</p>
    </section>
  `;
}
