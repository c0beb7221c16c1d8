/** A text field for YAML: numbers beside its lines, faults marked on them, and a list that leads there. */
import { tell } from "./api.js";
import { inputOf } from "./form.js";
import { html, useEffect, useId, useRef, useState } from "./html.js";
import { Icon, Prose } from "./parts.js";
import { DRAFT } from "./places.js";
import { count, faultText } from "./words.js";
/** @import {Draft, Fault} from "./models.js" */

const PAUSE = 500;

/**
 * What the engine says of a text, shortly after it was changed.
 * @param {object|null} order of a draft; null: nothing is asked @param {string} [version] of the file that it changes @returns {{draft: Draft|null, error: any, busy: boolean}}
 */
export function useDraft(order, version = "") {
  const key = order && JSON.stringify([order, version]);
  const [came, setCame] = useState(/** @type {any} */ ({ key: null, draft: null, error: null }));
  const first = useRef(true);
  useEffect(() => {
    if (!key) return undefined;
    let wanted = true;
    const settle = (/** @type {any} */ more) => wanted && setCame((/** @type {any} */ last) => ({ ...last, error: null, ...more, key }));
    const refused = (/** @type {any} */ error) => settle(error.detail?.faults ? { draft: { ...EMPTY, faults: error.detail.faults } } : { error });
    const timer = setTimeout(() => tell(DRAFT, order).then((draft) => settle({ draft }), refused), first.current ? 0 : PAUSE);
    first.current = false;
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [key]);
  return { draft: came.draft, error: came.key === key ? came.error : null, busy: Boolean(key) && came.key !== key };
}

const EMPTY = { text: "", faults: [], advice: [], name: null, service: null, schedule: null, zone: null, next_runs: [], runs_at_once: false, values: {} };

/** @param {HTMLTextAreaElement} field @param {number} line */
function select(field, line) {
  const lines = field.value.split("\n");
  const from = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  field.focus();
  field.setSelectionRange(from, from + (lines[line - 1]?.length ?? 0));
}

/** @param {{label: string, text: string, faults: Fault[], onInput: (text: string) => void}} props */
export function Editor({ label, text, faults, onInput }) {
  const field = useRef(/** @type {HTMLTextAreaElement|null} */ (null));
  const id = useId();
  const lines = text.split("\n").length;
  const lead = (/** @type {number} */ line) => field.current && select(field.current, line);
  const wrong = new Set(faults.map(({ line }) => line));
  return html`
    <div>
      ${faults.length > 0 && html`
        <ul class="faults" id=${id}>${faults.map((fault, at) => html`
          <li key=${at}><${Icon} name="warning" /><span>
            ${fault.line > 0 && html`<button type="button" class="inline" onClick=${() => lead(fault.line)}>Line ${fault.line}</button>: `}
            <${Prose} text=${faultText({ ...fault, line: 0, path: fault.line ? "" : fault.path })} />
          </span></li>
        `)}</ul>
      `}
      <div class="editor">
        <ol aria-hidden="true">${Array.from({ length: lines }, (_, at) => html`<li key=${at} class=${wrong.has(at + 1) ? "wrong" : ""}>${at + 1}</li>`)}</ol>
        <textarea ref=${field} ...${inputOf(id)} id=${undefined} aria-label=${label} aria-invalid=${faults.length > 0}
          aria-describedby=${faults.length ? id : undefined} rows=${lines} wrap="off" value=${text}
          onChange=${(/** @type {any} */ { target }) => onInput(target.value)} />
      </div>
    </div>
  `;
}

/** What the check says, in a line. @param {{draft: Draft|null, busy: boolean}} props */
export const Verdict = ({ draft, busy }) => html`
  <p role="status" class="muted">
    ${busy || !draft ? "Checking…" : draft.faults.length ? html`<strong class="bad">${count(draft.faults.length, "fault")}</strong>` : "No faults."}
  </p>
`;
