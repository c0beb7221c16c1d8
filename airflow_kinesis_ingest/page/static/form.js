/** Fields of a form: a label, help, what is wrong, each told to who cannot see it, too. */
import { html, useEffect, useRef } from "./html.js";
import { Icon, Prose } from "./parts.js";

/**
 * @typedef {object} About of a field
 * @property {string} id
 * @property {string} label
 * @property {any} [help]
 * @property {string} [error]
 * @property {boolean} [optional]
 */

/** @param {string} id @param {any} help @param {string|undefined} error */
const described = (id, help, error) => [help && `${id}-help`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;

/** What every field of text has. @param {string} id @param {any} [help] @param {string} [error] */
export const inputOf = (id, help, error) => ({
  id, "aria-describedby": described(id, help, error), "aria-invalid": error ? true : undefined, autoComplete: "off", autoCapitalize: "off", spellCheck: false,
});

/** @param {About & {children?: any}} props */
export const Around = ({ id, label, help, error, optional, children }) => html`
  <div class=${`field ${error ? "wrong" : ""}`}>
    <label htmlFor=${id}>${label}${optional && html`<span class="muted"> (optional)</span>`}</label>
    ${help && html`<p class="help" id=${`${id}-help`}>${typeof help === "string" ? html`<${Prose} text=${help} />` : help}</p>`}
    ${error && html`<p class="error" id=${`${id}-error`}><${Icon} name="warning" /><${Prose} text=${error} /></p>`}
    ${children}
  </div>
`;

/**
 * One line of text, or more.
 * @param {About & {value: string, onInput: (value: string) => void, type?: string, lines?: number, options?: string[], narrow?: boolean}} props
 */
export function Text({ value, onInput, type = "text", lines = 0, options, narrow, ...about }) {
  const { id, help, error } = about;
  const list = options ? `${id}-list` : undefined;
  const common = { ...inputOf(id, help, error), value, onChange: (/** @type {any} */ event) => onInput(event.target.value) };
  return html`
    <${Around} ...${about}>
      ${lines
        ? html`<textarea ...${common} rows=${lines} spellCheck=${true} />`
        : html`<input ...${common} type=${type} class=${narrow ? "short" : ""} list=${list} autoComplete=${type === "password" ? "new-password" : "off"} />`}
      ${list && html`<datalist id=${list}>${options?.map((each) => html`<option key=${each} value=${each} />`)}</datalist>`}
    <//>
  `;
}

/**
 * One of a few, each with a sentence.
 * @typedef {[value: string, word: string, help?: string]} Way
 * @param {{id: string, legend: string, value: string, of: Way[], onPick: (value: string) => void, error?: string}} props
 */
export const Radios = ({ id, legend, value, of, onPick, error }) => html`
  <fieldset class="radios" aria-describedby=${error ? `${id}-error` : undefined}>
    <legend>${legend}</legend>
    ${error && html`<p class="error" id=${`${id}-error`}>${error}</p>`}
    ${of.map(([each, word, help], at) => html`
      <div key=${each} class="choose">
        <input type="radio" id=${at ? `${id}-${each}` : id} name=${id} checked=${each === value} onChange=${() => onPick(each)}
          aria-describedby=${help ? `${id}-${each}-help` : undefined} />
        <div><label htmlFor=${at ? `${id}-${each}` : id}>${word}</label>${help && html`<p class="help" id=${`${id}-${each}-help`}>${help}</p>`}</div>
      </div>
    `)}
  </fieldset>
`;

/** @param {{id: string, label: string, help?: string, value: boolean, onPick: (value: boolean) => void}} props */
export const Switch = ({ id, label, help, value, onPick }) => html`
  <div class="choose">
    <input type="checkbox" id=${id} checked=${value} onChange=${() => onPick(!value)} aria-describedby=${help ? `${id}-help` : undefined} />
    <div><label htmlFor=${id}>${label}</label>${help && html`<p class="help" id=${`${id}-help`}><${Prose} text=${help} /></p>`}</div>
  </div>
`;

/** What is wrong with a step, each leading to its field. @param {{errors: Record<string, string>}} props by the fields' ids */
export function Summary({ errors }) {
  const box = useRef(/** @type {HTMLElement|null} */ (null));
  const all = Object.entries(errors);
  useEffect(() => {
    if (all.length) box.current?.focus();
  }, [errors]);
  if (!all.length) return null;
  const lead = (/** @type {any} */ event, /** @type {string} */ id) => {
    const field = document.getElementById(id);
    event.preventDefault();
    field?.focus();
    field?.scrollIntoView({ block: "center" });
  };
  return html`
    <div class="notice bad summary" role="alert" tabIndex="-1" ref=${box}>
      <div>
        <h2>There is a problem</h2>
        <ul>
          ${all.map(([id, text]) => html`
            <li key=${id}><a href=${`#${id}`} onClick=${(/** @type {any} */ event) => lead(event, id)}><${Prose} text=${text} /></a></li>
          `)}
        </ul>
      </div>
    </div>
  `;
}
