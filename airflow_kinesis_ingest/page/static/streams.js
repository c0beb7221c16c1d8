/** The streams that one run saw, as many as there are: only the rows in view are drawn. */
import { searchWith, show, useAddress, useLook } from "./address.js";
import { Refusal, ask } from "./api.js";
import { html, useDeferredValue, useLayoutEffect, useMemo, useRef, useState } from "./html.js";
import { later } from "./later.js";
import { Away, Badge, Choice, Column, Refused, Search, Skeleton } from "./parts.js";
import { addressOf, unpacked } from "./packed.js";
import { STORE, streamsOf } from "./places.js";
import { inView, matching, sorted, tally } from "./rows.js";
import { NoRun, NotShown, chosen } from "./runs.js";
import { chosenZone, useAnswer } from "./state.js";
import { count, number, retention, stamp, underWay, verdict } from "./words.js";
/** @import {Packed, Run, Runs, Stream, Workflow} from "./models.js" */
/** @import {Answer} from "./state.js" */

const FlowsPanel = later(() => import("./flows.js").then(({ FlowsPanel: found }) => found));
const SamplePanel = later(() => import("./sample.js").then(({ SamplePanel: found }) => found));

const ROW = 37; // pixels, as style.css has it
/** What asks for a look first. */
const OUTCOMES = /** @type {[string, string, string][]} */ ([
  ["failed", "Failed", "failed"], ["not reached", "Not reached", "warning"], ["skipped", "Skipped", "warning"], ["deleted", "Deleted", "queued"],
  ["written", "Written", "success"], ["unchanged", "Unchanged", "none"], ["not due", "Not due", "none"], ["filtered", "Filtered", "none"],
]);
const COLUMNS = /** @type {[keyof Stream, string, string?][]} */ ([
  ["name", "Stream"], ["outcome", "Outcome"], ["pattern", "Kept or filtered by"], ["shards", "Shards", "figure"],
  ["retention_hours", "Retention", "figure"], ["schema", "Schema"], ["messages", "Messages", "figure"],
]);

/** @typedef {{packed: Packed, streams: Stream[]}} Unpacked */

/** @param {string} path @param {RequestInit} options @returns {Promise<Unpacked>} */
async function askStreams(path, options) {
  const { value } = await ask(path, options);
  try {
    const packed = typeof value === "string" ? JSON.parse(value) : value;
    return { packed, streams: await unpacked(packed) };
  } catch {
    throw new Refusal("garbled", "What this run stored of its streams cannot be read");
  }
}

/** @param {{workflow: Workflow, runs: Answer<Runs>}} props */
export function StreamsPage({ workflow, runs: { data, error } }) {
  const params = useAddress();
  const store = useAnswer(STORE);
  const [sampled, setSampled] = useState("");
  const look = store.data?.samples && workflow.may_run ? setSampled : null;
  if (!data) return error ? null : html`<${Skeleton} label="Loading the runs" />`;
  if (!data.runs.length) return html`<${NoRun} />`;
  const run = chosen(data.runs, params.get("run"));
  const keys = (workflow.targets ?? []).map(({ key }) => key);
  const target = keys.find((key) => key === params.get("target")) ?? keys[0] ?? "";
  const pick = (/** @type {string} */ what) => (/** @type {any} */ event) => show(searchWith({ [what]: event.target.value }));
  const picker = html`<${Picker} runs=${data.runs} run=${run} pick=${pick("run")} />${target && html`<${Which} keys=${keys} target=${target} pick=${pick("target")} />`}`;
  return html`
    <div>
      <${NotShown} dag=${workflow.dag_id} run=${run} asked=${params.get("run")} />
      ${sampled && html`<${SamplePanel} workflow=${workflow} target=${target} stream=${sampled} close=${() => setSampled("")} />`}
      <${OfRun} key=${`${run.run_id} ${run.state} ${target}`} dag=${workflow.dag_id} run=${run} target=${target} picker=${picker} look=${look} />
    </div>
  `;
}

/** @param {{runs: Run[], run: Run, pick: (event: any) => void}} props */
const Picker = ({ runs, run, pick }) => html`
  <label class="pick">Run of
    <select value=${run.run_id} onChange=${pick}>
      ${runs.map((each) => html`
        <option key=${each.run_id} value=${each.run_id}>${stamp(each.started, chosenZone()) || each.run_id}: ${verdict(each)[0]}</option>
      `)}
    </select>
  </label>
`;

/** @param {{keys: string[], target: string, pick: (event: any) => void}} props */
const Which = ({ keys, target, pick }) => html`
  <label class="pick">in
    <select aria-label="Account and region" value=${target} onChange=${pick}>${keys.map((key) => html`<option key=${key} value=${key}>${key.replace("_", " ")}</option>`)}</select>
  </label>
`;

const GOING = "The run is under way. Its streams are here when it ends.";
const NONE = "This run stored no streams: it ended before it had any, or an older version ran it.";

/** @typedef {((stream: string) => void)|null} Look at messages of a stream; null: that is not allowed */

/** @param {{dag: string, run: Run, target: string, picker: any, look: Look}} props */
function OfRun({ dag, run, target, picker, look }) {
  const going = underWay(run);
  const { data, error, at, again } = useAnswer(going ? null : streamsOf(dag, run.run_id, target), undefined, askStreams);
  if (data) return html`<${Streams} packed=${data.packed} streams=${data.streams} picker=${picker} look=${look} />`;
  const none = going ? GOING : error?.kind === "missing" && NONE;
  return html`
    <div>
      ${picker}
      ${none
        ? html`<p class="empty">${none}</p>`
        : error ? html`<${Refused} error=${error} at=${at} again=${again} />` : html`<${Skeleton} lines=${10} label="Loading the streams" />`}
    </div>
  `;
}

/** @param {string} by @returns {(stream: Stream) => unknown} */
const valueOf = (by) => (by === "outcome" ? ({ outcome }) => OUTCOMES.findIndex(([key]) => key === outcome) : (stream) => stream[/** @type {keyof Stream} */ (by)]);

/** @param {Stream} stream */
const textOf = ({ name, pattern, schema, outcome, tags, readers, writers, drift }) =>
  [name, pattern, schema, outcome, ...(drift ?? []), ...(tags ?? []), ...(readers ?? []), ...(writers ?? [])].join("\n");

/** Whether anything is known of what flows. @param {Stream} stream */
const flows = ({ tags, readers, writers }) => [tags, readers, writers].some((each) => each?.length);

/** @param {Stream} stream */
const isMore = (stream) => flows(stream) || Boolean(stream.drift?.length);

/** @param {Unpacked & {picker: any, look: Look}} props */
function Streams({ packed, streams, picker, look }) {
  const { text, setText, shown, setShown, sort, onSort } = useLook("outcome");
  const [opened, setOpened] = useState("");
  const opener = useRef(/** @type {Element|null} */ (null));
  const late = useDeferredValue(text);
  const found = useMemo(() => {
    const those = matching(shown ? streams.filter(({ outcome }) => outcome === shown) : streams, late, textOf);
    return sorted(those, valueOf(sort.by), sort.down);
  }, [streams, shown, late, sort.by, sort.down]);
  const counts = useMemo(() => tally(streams, (stream) => stream.outcome), [streams]);
  const choices = OUTCOMES.filter(([key]) => counts.has(key)).map(([key, word]) => [key, word, counts.get(key)]);
  const flowing = streams.find(({ name }) => name === opened);
  const open = (/** @type {string} */ name) => {
    opener.current = document.activeElement;
    setOpened(name);
  };
  const close = () => {
    if (opener.current instanceof HTMLElement) opener.current.focus();
    setOpened("");
  };
  const resort = (/** @type {string} */ by) => onSort(by, ["shards", "retention_hours", "messages"]);
  return html`
    <div>
      <div class="find">${picker}<${Search} label="Search streams" value=${text} onInput=${setText} /></div>
      <div class="bar"><${Choice} label="Outcome" of=${[["", "All", streams.length], ...choices]} value=${shown} onPick=${setShown} /></div>
      <h2 aria-live="polite">${count(found.length, "stream")}${found.length < streams.length ? ` of ${number(streams.length)}` : ""}</h2>
      ${flowing && html`<${FlowsPanel} stream=${flowing} close=${close} />`}
      ${packed.without?.length > 0 && html`<p class="notice">${`Their ${packed.without.join(", ")} are left out here, since a run stores 256 KB at most.`}</p>`}
      ${packed.cut > 0 && html`
        <p class="notice">
          The run saw ${count(packed.count, "stream")}; ${number(packed.cut)} of them are left out here, since a run stores 256 KB at most.
          ${" "}Filtered, not due and unchanged ones are left out first.
        </p>
      `}
      ${found.length
        ? html`<${Window} rows=${found} packed=${packed} sort=${sort} onSort=${resort} look=${look} flow=${streams.some(isMore) ? open : null} />`
        : html`<p class="empty">${streams.length ? "No stream is like that." : "The run saw no stream in this account and region."}</p>`}
    </div>
  `;
}

/** What is scrolled away, and how much is seen; other rows are looked at from their first on. @param {Stream[]} rows */
function useScroll(rows) {
  const box = useRef(/** @type {HTMLElement|null} */ (null));
  const [view, setView] = useState({ top: 0, height: 600 });
  useLayoutEffect(() => {
    const look = () => box.current && setView({ top: box.current.scrollTop, height: box.current.clientHeight });
    const element = /** @type {HTMLElement} */ (box.current);
    element.addEventListener("scroll", look, { passive: true });
    const sizes = new ResizeObserver(look);
    sizes.observe(element);
    return () => sizes.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (box.current) box.current.scrollTop = 0;
  }, [rows]);
  return /** @type {[typeof box, typeof view]} */ ([box, view]);
}

/** @param {{rows: Stream[], packed: Packed, sort: any, onSort: (by: string) => void, look: Look, flow: Look}} props */
function Window({ rows, packed, sort, onSort, look, flow }) {
  const [box, view] = useScroll(rows);
  const linked = Boolean(packed.console_url || packed.topic_url || look || flow);
  const { from, to } = inView({ ...view, row: ROW, count: rows.length });
  const gap = (/** @type {number} */ many) => many > 0 && html`
    <tr aria-hidden="true" class="gap"><td colSpan=${COLUMNS.length + Number(linked)} style=${{ height: many * ROW }} /></tr>
  `;
  return html`
    <div class="box window" ref=${box} tabIndex="0" role="region" aria-label="Streams: scroll with the arrow keys">
      <table class="dense fixed" aria-rowcount=${rows.length + 1}>
        <caption class="unseen">Streams of the run</caption>
        <thead><tr aria-rowindex="1">
          ${COLUMNS.map(([by, word, figure]) => html`<${Column} key=${by} by=${by} sort=${sort} onSort=${onSort} class=${`of-${by} ${figure ?? ""}`}>${word}<//>`)}
          ${linked && html`<th scope="col" class=${`of-links${flow ? " wide" : ""}`}>Open</th>`}
        </tr></thead>
        <tbody>
          ${gap(from)}
          ${rows.slice(from, to).map((stream, at) => html`<${Row} key=${stream.name} stream=${stream} index=${from + at + 2} packed=${packed} linked=${linked} look=${look} flow=${flow} />`)}
          ${gap(rows.length - to)}
        </tbody>
      </table>
    </div>
  `;
}

/** @param {{stream: Stream, index: number, packed: Packed, linked: boolean, look: Look, flow: Look}} props */
function Row({ stream, index, packed, linked, look, flow }) {
  const { name, outcome, pattern, shards, retention_hours, schema, messages } = stream;
  const [, word, tone] = OUTCOMES.find(([key]) => key === outcome) ?? ["", outcome, "none"];
  const kept = !["filtered", "deleted"].includes(outcome);
  return html`
    <tr aria-rowindex=${index}>
      <th scope="row" title=${name}>${name}</th>
      <td>${tone === "none" ? html`<span class=${outcome === "filtered" ? "muted" : ""}>${word}</span>` : html`<${Badge} tone=${tone}>${word}<//>`}</td>
      <td title=${pattern}>${pattern ? html`<code>${pattern}</code>` : html`<span class="muted">–</span>`}</td>
      <td class="figure">${number(shards)}</td><td class="figure">${retention(retention_hours)}</td>
      <td title=${schema}>${schema ?? "–"}</td><td class="figure">${number(messages)}</td>
      ${linked && html`
        <td class="open">
          ${flow && stream.drift?.length > 0 && html`<button type="button" class="inline" onClick=${() => flow(name)}>Drift<span class="unseen"> of ${name}</span></button>`}
          ${flow && flows(stream) && html`<button type="button" class="inline" onClick=${() => flow(name)}>Flows<span class="unseen"> of ${name}</span></button>`}
          ${look && kept && html`<button type="button" class="inline" onClick=${() => look(name)}>Sample<span class="unseen"> of ${name}</span></button>`}
          ${packed.topic_url && kept && html`<${Away} href=${addressOf(packed.topic_url, name)}>Catalogue<//>`}
          ${packed.console_url && outcome !== "deleted" && html`<${Away} href=${addressOf(packed.console_url, name)}>AWS<//>`}
        </td>
      `}
    </tr>
  `;
}
