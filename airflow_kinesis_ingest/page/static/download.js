/** A file, taken along. */
import { html } from "./html.js";
import { Icon } from "./parts.js";

/** @param {{file: string, text: string}} props */
export function Download({ file, text }) {
  const save = () => {
    const href = URL.createObjectURL(new Blob([text], { type: "application/yaml" }));
    Object.assign(document.createElement("a"), { href, download: file.split("/").at(-1) }).click();
    setTimeout(() => URL.revokeObjectURL(href), 10_000);
  };
  return html`<button type="button" onClick=${save}><${Icon} name="down" />Download</button>`;
}
