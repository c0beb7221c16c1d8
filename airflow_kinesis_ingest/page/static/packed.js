/** The streams of a run, as its task stored them. Pure. */
/** @import {Packed, Stream} from "./models.js" */

/** @param {string} text base64 of gzip of JSON */
async function inflated(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

/** The rows of what a task packed. Rejects what is not packed so, for whatever reason. @param {Packed} packed @returns {Promise<any[]>} */
export async function rowsOf({ columns, data }) {
  const lists = /** @type {unknown[][]} */ (await inflated(data));
  return lists[0].map((_, row) => Object.fromEntries(columns.map((name, at) => [name, lists[at][row]])));
}

/** What can be shown of a stream. @param {unknown} value */
const plain = (value) => (Array.isArray(value) ? value.filter((each) => typeof each === "string") : ["string", "number"].includes(typeof value) ? value : null);

/** Rejects rows that are no streams, too. @param {Packed} packed @returns {Promise<Stream[]>} */
export async function unpacked(packed) {
  const found = await rowsOf(packed);
  const rows = found.map((row) => /** @type {any} */ (Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)]))));
  if (rows.some(({ name, outcome }) => typeof name !== "string" || typeof outcome !== "string")) throw new TypeError("a stream without a name or an outcome");
  return rows;
}

/** A name as it stands in the name of a topic: with a dot, in quotes. @param {string} name */
const quoted = (name) => (name.includes(".") ? `"${name}"` : name);

/** The address of one stream; "" where there is none. @param {string} template with `{name}` or `{topic}` @param {string} name */
export const addressOf = (template, name) =>
  template.replaceAll("{name}", encodeURIComponent(name)).replaceAll("{topic}", encodeURIComponent(quoted(name)));
