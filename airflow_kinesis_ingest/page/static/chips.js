/** A list that is typed or pasted, each entry a chip. */
import { Around, inputOf } from "./form.js";
import { html, useState } from "./html.js";
import { Icon } from "./parts.js";
import { split } from "./patterns.js";
/** @import {About} from "./form.js" */

/**
 * @param {About & {values: string[], onChange: (values: string[]) => void, doubtOf?: (value: string) => string}} props
 *   doubtOf: what is to be said of an entry
 */
export function Chips({ id, label, help, error, values, onChange, doubtOf = () => "" }) {
  const [text, setText] = useState("");
  const add = (/** @type {string} */ more) => {
    const found = split(more).filter((each) => !values.includes(each));
    if (found.length) onChange([...values, ...new Set(found)]);
    setText("");
  };
  const keyed = (/** @type {any} */ event) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Enter" && text.trim()) {
      event.preventDefault();
      add(text);
    } else if (event.key === "Backspace" && !text && values.length) {
      event.preventDefault();
      setText(/** @type {string} */ (values.at(-1)));
      onChange(values.slice(0, -1));
    }
  };
  const typed = (/** @type {string} */ value) => (split(`${value}x`).length > split(value).length && value.trim() ? add(value) : setText(value));
  const pasted = (/** @type {any} */ event) => {
    const found = event.clipboardData.getData("text");
    if (split(found).length < 2) return;
    event.preventDefault();
    add(`${text}${found}`);
  };
  const remove = (/** @type {string} */ value) => {
    onChange(values.filter((each) => each !== value));
    document.getElementById(id)?.focus();
  };
  return html`
    <${Around} id=${id} label=${label} help=${help} error=${error} optional=${true}>
      <div class="chips">
        ${values.length > 0 && html`
          <ul aria-label=${`${label}: chosen`}>
            ${values.map((value) => html`
              <li key=${value} class=${doubtOf(value) ? "doubt" : ""} title=${doubtOf(value)}>
                <code>${value}</code><button type="button" aria-label=${`Remove ${value}`} onClick=${() => remove(value)}><${Icon} name="cross" /></button>
              </li>
            `)}
          </ul>
        `}
        <input ...${inputOf(id, help, error)} value=${text} onChange=${(/** @type {any} */ event) => typed(event.target.value)}
          onKeyDown=${keyed} onPaste=${pasted} onBlur=${() => add(text)} />
      </div>
    <//>
  `;
}
