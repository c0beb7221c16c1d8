/** What flows through one stream, as its run saw it: its writers, its readers, and the tags it has in AWS. */
import { html, useEffect, useRef } from "./html.js";
import { Icon } from "./parts.js";
/** @import {Stream} from "./models.js" */

/** @param {{stream: Stream, close: () => void}} props */
export function FlowsPanel({ stream: { name, tags, readers, writers }, close }) {
  const title = useRef(/** @type {HTMLElement|null} */ (null));
  useEffect(() => title.current?.focus(), [name]);
  return html`
    <section class="card sample" aria-label=${`Flows of ${name}`}>
      <div class="title">
        <h2 ref=${title} tabIndex="-1">Flows of ${name}</h2>
        <div class="buttons"><button type="button" onClick=${close}><${Icon} name="cross" />Close</button></div>
      </div>
      <div class="beside">
        <${Several} label="Writers" of=${writers} />
        <${Several} label="Readers" of=${readers} />
        <${Several} label="Tags" of=${tags} />
      </div>
    </section>
  `;
}

/** @param {{label: string, of?: string[]|null}} props */
const Several = ({ label, of }) => html`
  <div>
    <h3>${label}</h3>
    ${of?.length
      ? html`<ul>${of.map((each) => html`<li key=${each}><code>${each}</code></li>`)}</ul>`
      : html`<p class="muted">${of ? "None" : "Not known: the run did not ask for them, or could not"}</p>`}
  </div>
`;
