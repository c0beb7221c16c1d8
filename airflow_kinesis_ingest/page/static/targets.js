/** The accounts and regions of one run, those that failed first. */
import { Link } from "./address.js";
import { html, useMemo } from "./html.js";
import { Away, Badge, Figure, Refused, Skeleton } from "./parts.js";
import { logPage, targetsOf, taskOf } from "./places.js";
import { useAnswer, useNow } from "./state.js";
import { count, duration, seconds, underWay, verdict } from "./words.js";
/** @import {Run, Target} from "./models.js" */

const PAUSE = 4000;
const BAD = ["failed", "upstream_failed"];

/** As many as failed come first, and are named. @param {Target[]} targets */
const worstFirst = (targets) => [...targets].sort((one, other) => Number(BAD.includes(other.state ?? "")) - Number(BAD.includes(one.state ?? "")));

/** @param {{dag: string, run: Run}} props */
export function Targets({ dag, run }) {
  const { data, error, at, again } = useAnswer(targetsOf(dag, run.run_id), () => (underWay(run) ? PAUSE : 0));
  const now = useNow();
  const targets = useMemo(() => worstFirst(data?.targets ?? []), [data]);
  if (!data) return error ? html`<${Refused} error=${error} at=${at} again=${again} />` : html`<${Skeleton} label="Loading the targets" />`;
  const failed = targets.filter(({ state }) => BAD.includes(state ?? ""));
  return html`
    <section>
      <h3 id="targets">${count(targets.length, "target")}${failed.length ? `, ${failed.length} failed: ${failed.slice(0, 3).map(({ key }) => key).join(", ")}` : ""}</h3>
      <div class="box" tabIndex="0" role="region" aria-labelledby="targets">
        <table class="dense">
          <thead><tr><th scope="col">Account and region</th><th scope="col">State</th><th scope="col" class="figure">Streams</th><th scope="col" class="figure">Failed</th><th scope="col" class="figure">Duration</th><th scope="col">Open</th></tr></thead>
          <tbody>${targets.map((each) => html`<${Row} key=${each.key} dag=${dag} run=${run} target=${each} now=${now} />`)}</tbody>
        </table>
      </div>
    </section>
  `;
}

/** @param {{dag: string, run: Run, target: Target, now: number}} props */
function Row({ dag, run, target, now }) {
  const { key, state, numbers, started, cause, catalogue_url } = target;
  const shown = /** @type {any} */ ({ ...target, state: state ?? "queued" });
  const [word, tone] = verdict(shown);
  return html`
    <tr>
      <th scope="row">${key.replace("_", " ")}</th>
      <td title=${cause ?? ""}><${Badge} tone=${tone}>${word}<//></td>
      <${Figure} value=${numbers?.listed} /><${Figure} value=${numbers?.failed} bad />
      <td class="figure">${started || underWay(shown) ? duration(seconds(shown, now)) : "–"}</td>
      <td class="open"><${Link} to=${logPage(dag, run.run_id, taskOf(key))}>Log<//>${catalogue_url && html` <${Away} href=${catalogue_url}>Catalogue<//>`}</td>
    </tr>
  `;
}
