/** Which streams a filter keeps, out of the real listing, while it is written. */
import { wayToAsk } from "./draft.js";
import { html, useDeferredValue, useEffect, useMemo, useState } from "./html.js";
import { rowsOf } from "./packed.js";
import { Choice, Icon } from "./parts.js";
import { doubt, filter } from "./patterns.js";
import { Going, isGoing, useProbe, useTarget } from "./probe.js";
import { count, number } from "./words.js";

/** The last listing, by what was asked, so that Back and on again does not ask anew. @type {Map<string, any>} */
const listings = new Map();
const MOST = 200;
const WHAT = "A worker lists the streams of this account and region. You see which of them are kept, and by which pattern, while you write.";
const OWN = "Targets of this file have filters of their own, in its text. A run, or a test of the deployed file, goes by them.";
const HERE = "As this browser reads the patterns; where it may read one otherwise than the worker, it says so instead.";

/** @param {{form: any, fields: Map<string, unknown>}} props */
export function Preview({ form, fields }) {
  const { now, start, stop } = useProbe();
  const way = wayToAsk(form, fields);
  const { dag, conf } = way;
  const why = form.ownFilters ? OWN : way.why;
  const [which, picker] = useTarget(form.many && !why ? form.targets : []);
  const { source, connections } = /** @type {any} */ (conf).workflow ?? {};
  const key = JSON.stringify([dag, which, source?.serviceConnection, connections]);
  const [listing, setListing] = useState(() => listings.get(key) ?? null);
  useEffect(() => setListing(listings.get(key) ?? null), [key]);
  const asked = useUnpacked(now.found);
  const late = useDeferredValue(form);
  const inDoubt = [...form.includes, ...form.excludes].filter(doubt);
  const patterns = JSON.stringify([form.includes, form.excludes]);
  const ask = async () => {
    const given = { includes: form.includes, excludes: form.excludes };
    const end = await start(dag, { ...conf, ...which, probe: "streams", filter: given });
    if (!end?.found || end.stage !== "done") return;
    const found = { packed: end.found, rows: await rowsOf(end.found), patterns };
    listings.set(key, found);
    setListing(found);
  };
  const shown = now.stage === "running" && asked ? { ...asked, patterns: "" } : listing;
  const rows = useMemo(() => shown && verdicts(shown, late), [shown, late.includes, late.excludes]);
  const going = isGoing(now);
  const asking = !shown ? "List the streams" : inDoubt.length && shown.patterns !== patterns ? "Ask a worker which it keeps" : "List again";
  return html`
    <section class="card preview" aria-label="Preview">
      <div class="title"><h2>Preview</h2>${!why && !going && html`<button type="button" onClick=${ask}>${asking}</button>`}</div>
      ${!going && picker}
      ${(why || (!shown && !going)) && html`<p class="muted">${why || WHAT}</p>`}
      <${Going} probe=${now} stop=${stop} what="the listing" />
      ${shown && !rows && html`
        <p class="notice"><span>
          <${Icon} name="warning" /> ${inDoubt.map((each) => html`<span key=${each}><code>${each}</code>: ${doubt(each)}. </span>`)} A worker knows: ask it.
        </span></p>
      `}
      ${rows && html`<${Kept} rows=${rows} packed=${shown.packed} exact=${shown.patterns === patterns} />`}
    </section>
  `;
}

/** @param {any} packed */
function useUnpacked(packed) {
  const [found, setFound] = useState(/** @type {any} */ (null));
  useEffect(() => {
    let wanted = true;
    if (packed?.columns) rowsOf(packed).then((rows) => wanted && setFound({ packed, rows }));
    else setFound(null);
    return () => void (wanted = false);
  }, [packed]);
  return found;
}

/** What the worker said of these very patterns, else what this browser knows; null in doubt. @param {any} shown @param {any} form */
function verdicts({ rows, patterns }, { includes, excludes }) {
  if (patterns === JSON.stringify([includes, excludes])) return rows;
  if ([...includes, ...excludes].some(doubt)) return null;
  const verdict = filter(includes, excludes);
  return rows.map((/** @type {any} */ { name }) => ({ name, ...verdict(name) }));
}

/** @param {{rows: {name: string, kept: boolean, pattern: string|null}[], packed: any, exact: boolean}} props */
function Kept({ rows, packed, exact }) {
  const [shown, setShown] = useState("kept");
  const kept = rows.filter((row) => row.kept);
  const others = rows.filter((row) => !row.kept);
  const these = shown === "kept" ? kept : others;
  return html`
    <p role="status">
      <strong>${number(kept.length)} of ${count(rows.length, "stream")} kept</strong>
      <span class="muted"> ${packed.remark} ${packed.cut > 0 && `${number(packed.cut)} more are left out here`}</span>
    </p>
    <${Choice} label="Show" of=${[["kept", "Kept", kept.length], ["out", "Filtered", others.length]]} value=${shown} onPick=${setShown} />
    <ul class="names window" tabIndex="0" aria-label=${shown === "kept" ? "Streams that are kept" : "Streams that are filtered"}>
      ${these.slice(0, MOST).map(({ name, pattern }) => html`<li key=${name}><code>${name}</code> <span class="muted">${pattern ?? ""}</span></li>`)}
      ${these.length > MOST && html`<li class="muted">and ${number(these.length - MOST)} more</li>`}
      ${!these.length && html`<li class="muted">None.</li>`}
    </ul>
    <p class="muted">${exact ? "As the worker says it." : HERE}</p>
  `;
}
