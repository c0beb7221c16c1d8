/** Whether OpenMetadata shows what was deployed: a worker tells it, as the api-server has neither its token nor its network. */
import { ask } from "./api.js";
import { dagOf } from "./places.js";
import { probed } from "./probe.js";

const FIRST = "OpenMetadata shows this pipeline from its first run on";

/**
 * In a sentence; "" where the sink is another.
 * @param {string} dag @param {string} text of its file @param {boolean} failed whether Airflow could not deploy it @param {() => boolean} here
 */
export async function announced(dag, text, failed, here) {
  if (!/type:\s*["']?metadata-rest/.test(text)) return "";
  try {
    const { is_paused } = await ask(dagOf(dag));
    if (is_paused) return `${FIRST}: it is paused.`;
    let end = /** @type {any} */ ({});
    await probed(dag, { probe: "announce" }, (more) => (end = { ...end, ...more }), here);
    const { error, shown } = end.answer ?? { error: { cause: "the worker's task ended without an answer" } };
    if (error) return `${FIRST}: ${error.cause}${error.remedy ? `. ${error.remedy}` : ""}.`;
    return !shown ? "" : failed ? "OpenMetadata shows that it could not be deployed." : "OpenMetadata shows this pipeline.";
  } catch (/** @type {any} */ error) {
    return error.kind === "forbidden" ? `${FIRST}: you may not start runs.` : `${FIRST}: ${error.message}.`;
  }
}
