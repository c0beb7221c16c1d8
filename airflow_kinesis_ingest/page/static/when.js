/** When a workflow would run, in words. */
import { html } from "./html.js";
import { Icon } from "./parts.js";
import { useNow } from "./state.js";
import { clock } from "./words.js";
/** @import {Draft} from "./models.js" */

/** @param {{draft: Draft}} props */
export function When({ draft: { schedule, zone, next_runs, runs_at_once } }) {
  const now = useNow();
  const place = zone ?? "UTC";
  return html`
    <section class="when" aria-label="When it runs">
      <p><strong>Runs ${schedule || "on demand"}</strong></p>
      ${next_runs.length > 0 && html`
        <p class="muted">Its next runs:</p>
        <ol class="plain">${next_runs.map((moment) => html`<li key=${moment}><time dateTime=${moment}>${clock(moment, place, now)}</time></li>`)}</ol>
      `}
      ${schedule && !next_runs.length && schedule !== "on demand" && html`<p>Its schedule has no run any more: look at the end date.</p>`}
      ${runs_at_once && html`
        <p class="notice"><span>
          <${Icon} name="warning" /> <strong>Deploying starts a run at once</strong>, for the last time of its schedule that has passed.
          ${" "}A later start date, or “start paused”, avoids that.
        </span></p>
      `}
    </section>
  `;
}
