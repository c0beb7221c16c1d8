/** Filters as the engine reads them: Python's `re.match`, case ignored. Pure. What this browser may read otherwise is told, and not guessed. */

/**
 * A list that was pasted, cut at its commas and line ends: not at those within {1,3}, [a,b] or (a,b), nor after a backslash.
 * @param {string} text
 */
export function split(text) {
  const found = [""];
  let depth = 0;
  let bracket = false;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    const last = found.length - 1;
    if (letter === "\n" || (letter === "," && depth <= 0 && !bracket)) {
      found.push("");
      depth = 0;
      bracket = false;
      continue;
    }
    found[last] += letter;
    if (letter === "\\") found[last] += text[++at] ?? "";
    else if (bracket) bracket = letter !== "]";
    else if (letter === "[") bracket = true;
    else if ("({".includes(letter)) depth += 1;
    else if (")}".includes(letter)) depth -= 1;
  }
  return found.map((each) => each.trim()).filter(Boolean);
}

const SAME = /^(?:[A-Za-z0-9_ \-.^$|:;,=!@#%&~"'<>/]|\\[.\\wWdDsSbB$^*+?()[\]{}|\-/_]|\[\^?(?:[A-Za-z0-9_.:/+*?()|$ -]|\\[.\\wdsWDS\-\]])+\]|\((?!\?)|\(\?:|\)|[*+?]|\{\d+(?:,\d*)?\})*$/;
const UNBOUNDED = /\.?[*+]|\{\d+,\d*\}/g;
const REPEATED_GROUP = /\)(?:[*+]|\{)/;
const DOUBLED = /[*+?}][*+{]/;
const MOST = 3;

/** Why a worker has to be asked what a pattern does; "" if this browser knows. @param {string} pattern */
export function doubt(pattern) {
  const bare = pattern.replaceAll(/\\./g, "_").replaceAll(/\[\^?[^\]]*\]/g, "_");
  if (!SAME.test(pattern) || DOUBLED.test(bare)) return "Python and this browser may read it differently";
  if (REPEATED_GROUP.test(bare) || (bare.match(UNBOUNDED)?.length ?? 0) > MOST) return "it may take this browser too long";
  return compiled(pattern) ? "" : "this browser cannot read it";
}

/** @param {string} pattern */
function compiled(pattern) {
  try {
    return new RegExp(`^(?:${pattern})`, "i");
  } catch {
    return null;
  }
}

/**
 * What a filter does with each name, as the engine says it; only for patterns without doubt.
 * @param {string[]} includes @param {string[]} excludes @returns {(name: string) => {kept: boolean, pattern: string|null}}
 */
export function filter(includes, excludes) {
  const read = (/** @type {string[]} */ patterns) => patterns.map((pattern) => /** @type {[string, RegExp|null]} */ ([pattern, compiled(pattern)]));
  const [wanted, unwanted] = [read(includes), read(excludes)];
  const first = (/** @type {[string, RegExp|null][]} */ patterns, /** @type {string} */ name) => patterns.find(([, each]) => each?.test(name))?.[0];
  return (name) => {
    const out = first(unwanted, name);
    if (out !== undefined) return { kept: false, pattern: `excludes ${out}` };
    if (!wanted.length) return { kept: true, pattern: null };
    const kept = first(wanted, name);
    return kept === undefined ? { kept: false, pattern: "no include matches" } : { kept: true, pattern: `includes ${kept}` };
  };
}
