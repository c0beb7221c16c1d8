/** Rows found, sorted and cut to what is in view. Pure. */

/**
 * The rows in which every word occurs, whatever the case.
 * @template T @param {T[]} rows @param {string} text @param {(row: T) => string} textOf
 */
export function matching(rows, text, textOf) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return rows;
  return rows.filter((row) => {
    const hay = textOf(row).toLowerCase();
    return words.every((word) => hay.includes(word));
  });
}

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** @param {unknown} one @param {unknown} other */
const compared = (one, other) =>
  typeof one === "number" && typeof other === "number" ? one - other : collator.compare(String(one), String(other));

/**
 * A sorted copy; what is not known comes last, whichever way it is sorted.
 * @template T @param {T[]} rows @param {(row: T) => unknown} valueOf @param {boolean} [down]
 */
export function sorted(rows, valueOf, down = false) {
  const [known, unknown] = [/** @type {[unknown, T][]} */ ([]), /** @type {T[]} */ ([])];
  for (const row of rows) {
    const value = valueOf(row);
    if (value == null || value === "") unknown.push(row);
    else known.push([value, row]);
  }
  known.sort(([one], [other]) => (down ? compared(other, one) : compared(one, other)));
  return [...known.map(([, row]) => row), ...unknown];
}

/**
 * Which rows to draw: those in view and `spare` more on either side. `to` is not drawn any more.
 * @param {{top: number, height: number, row: number, count: number, spare?: number}} view pixels; top: scrolled away
 */
export function inView({ top, height, row, count, spare = 10 }) {
  const first = Math.min(Math.floor(Math.max(0, top) / row), count);
  const from = Math.max(0, first - spare);
  return { from, to: Math.min(count, first + Math.ceil(height / row) + spare) };
}

/** How often each value occurs. @template T @param {T[]} rows @param {(row: T) => string} of */
export function tally(rows, of) {
  const found = /** @type {Map<string, number>} */ (new Map());
  for (const row of rows) found.set(of(row), (found.get(of(row)) ?? 0) + 1);
  return found;
}

/**
 * Which lines one text has and the other has not, by their places.
 * @param {string[]} one @param {string[]} other @returns {[Set<number>, Set<number>]}
 */
export function differing(one, other) {
  const same = one.map(() => new Uint32Array(other.length + 1)).concat(new Uint32Array(other.length + 1));
  for (let at = one.length - 1; at >= 0; at -= 1)
    for (let to = other.length - 1; to >= 0; to -= 1)
      same[at][to] = one[at] === other[to] ? same[at + 1][to + 1] + 1 : Math.max(same[at + 1][to], same[at][to + 1]);
  const found = /** @type {[Set<number>, Set<number>]} */ ([new Set(one.keys()), new Set(other.keys())]);
  for (let at = 0, to = 0; at < one.length && to < other.length; ) {
    if (one[at] === other[to]) {
      found[0].delete(at++);
      found[1].delete(to++);
    } else if (same[at + 1][to] >= same[at][to + 1]) at += 1;
    else to += 1;
  }
  return found;
}
