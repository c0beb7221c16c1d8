/** What may be done with a workflow's file; what each leads to is loaded when it is asked for. */
import { Link } from "./address.js";
import { html, useState } from "./html.js";
import { later } from "./later.js";
import { Icon } from "./parts.js";
import { STORE, addingAt, pageOf } from "./places.js";
import { useAnswer } from "./state.js";
/** @import {Workflow} from "./models.js" */

const Removal = later(() => import("./edit.js").then(({ Removal: found }) => found), 3);

/** Whether its file is one that this page writes. @param {Workflow} workflow */
export function useWritable({ bundle, may_edit }) {
  const { data } = useAnswer(STORE);
  return Boolean(may_edit && bundle && data?.bundle === bundle);
}

/** Edit, Duplicate, Delete. @param {{workflow: Workflow, service: string, again: () => void}} props */
export function Manage({ workflow, service, again }) {
  const { dag_id, may_edit, stale, deploy_failed } = workflow;
  const writable = useWritable(workflow);
  const [asking, setAsking] = useState(false);
  if (!may_edit) return null;
  return html`
    <div class="manage">
      ${writable && !stale && !deploy_failed && html`<${Link} class="button" to=${`${pageOf(service, dag_id)}&view=steps&step=review`}><${Icon} name="edit" />Edit<//>`}
      <${Link} class="button" to=${addingAt("review", dag_id)}><${Icon} name="copy" />Duplicate<//>
      ${(writable || stale) && html`<button type="button" aria-expanded=${asking} onClick=${() => setAsking(!asking)}><${Icon} name="remove" />Delete</button>`}
      ${asking && html`<${Removal} workflow=${workflow} keep=${() => setAsking(false)} again=${again} />`}
    </div>
  `;
}
