/** What a run saw of one stream: what drifted against the catalogue; its writers, its readers, and its tags in AWS. */
import { html, useEffect, useRef } from "./html.js";
import { Icon } from "./parts.js";
/** @import {Stream} from "./models.js" */

/** @param {{stream: Stream, close: () => void}} props */
export function FlowsPanel({ stream: { name, tags, readers, writers, drift }, close }) {
  const title = useRef(/** @type {HTMLElement|null} */ (null));
  useEffect(() => title.current?.focus(), [name]);
  const isFlowing = [tags, readers, writers].some((each) => each?.length);
  const heading = `${isFlowing ? "Flows" : "Drift"} of ${name}`;
  return html`
    <section class="card sample" aria-label=${heading}>
      <div class="title">
        <h2 ref=${title} tabIndex="-1">${heading}</h2>
        <div class="buttons"><button type="button" onClick=${close}><${Icon} name="cross" />Close</button></div>
      </div>
      ${drift?.length > 0 && html`<${Several} label="Changed against the catalogue" of=${drift} />`}
      ${isFlowing && html`<${Flowing} tags=${tags} readers=${readers} writers=${writers} />`}
    </section>
  `;
}

/** @param {Pick<Stream, "tags"|"readers"|"writers">} props */
const Flowing = ({ tags, readers, writers }) => html`
  <div class="beside">
    <${Several} label="Writers" of=${writers} />
    <${Several} label="Readers" of=${readers} />
    <${Several} label="Tags" of=${tags} />
  </div>
`;

/** @param {{label: string, of?: string[]|null}} props */
const Several = ({ label, of }) => html`
  <div>
    <h3>${label}</h3>
    ${of?.length
      ? html`<ul>${of.map((each) => html`<li key=${each}><code>${each}</code></li>`)}</ul>`
      : html`<p class="muted">${of ? "None" : "Not known: the run did not ask for them, or could not"}</p>`}
  </div>
`;
