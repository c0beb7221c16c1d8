/** What only some come to: loaded when it is first shown, so that the page is there sooner. */
import { Refusal } from "./api.js";
import { html, useEffect, useState } from "./html.js";
import { Refused, Skeleton } from "./parts.js";

const WHY = "This part of the page could not be loaded";

/**
 * A component of a module that is loaded with its first use.
 * @param {() => Promise<any>} load gives the component
 * @param {number} [lines] of the skeleton that stands there meanwhile
 */
export function later(load, lines = 6) {
  let Loaded = /** @type {any} */ (null);
  return function Later(/** @type {any} */ props) {
    const [tried, setTried] = useState({ turn: 0, error: null });
    const again = () => setTried(({ turn }) => ({ turn: turn + 1, error: null }));
    useEffect(() => {
      if (Loaded) return undefined;
      let wanted = true;
      const failed = () => wanted && setTried((/** @type {any} */ last) => ({ ...last, error: new Refusal("down", WHY) }));
      load().then((found) => {
        Loaded = found;
        if (wanted) again();
      }, failed);
      return () => void (wanted = false);
    }, [tried.turn]);
    if (Loaded) return html`<${Loaded} ...${props} />`;
    return tried.error ? html`<${Refused} error=${tried.error} again=${again} />` : html`<${Skeleton} lines=${lines} />`;
  };
}
