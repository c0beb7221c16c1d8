/** YAML cut into pieces to colour, a line at a time: for reading only, no parser. Pure. */

const KEY = /^(\s*(?:- +)*)([^\s#"'][^:#]*|"[^"]*"|'[^']*')(:)(?=\s|$)/;
const VALUE = /("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')|(^|\s)(#.*$)|(\$\{[^}]*\}|\*\*\*)/g;

/**
 * @typedef {[kind: "key"|"text"|"comment"|"string"|"secret", text: string]} Piece
 * @param {string} line @returns {Piece[]} their texts joined are the line
 */
export function pieces(line) {
  const key = KEY.exec(line);
  if (!key) return valuePieces(line);
  const [whole, indent, name, colon] = key;
  return [["text", indent], ["key", name], ["text", colon], ...valuePieces(line.slice(whole.length))];
}

/** @param {string} text @returns {Piece[]} */
function valuePieces(text) {
  const found = /** @type {Piece[]} */ ([]);
  let at = 0;
  for (const match of text.matchAll(VALUE)) {
    const [, string, , comment, secret] = match;
    const piece = /** @type {string} */ (string ?? comment ?? secret);
    const start = match.index + match[0].length - piece.length;
    if (start > at) found.push(["text", text.slice(at, start)]);
    found.push([string ? "string" : comment ? "comment" : "secret", piece]);
    at = start + piece.length;
  }
  if (at < text.length) found.push(["text", text.slice(at)]);
  return found;
}
