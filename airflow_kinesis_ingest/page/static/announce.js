/** Whether OpenMetadata shows what was deployed: a worker tells it, as the api-server has neither its token nor its network. */
import { ask } from "./api.js";
import { taskOf, workflowOf, xcomOf } from "./places.js";
import { probed, told } from "./probe.js";

const FIRST = "OpenMetadata shows this pipeline from its first run on";

const UNANSWERED = { error: { cause: "the worker's task ended without an answer" } };
const MOST = 100; // answers that are read

/** @param {{cause: string, remedy?: string}} error */
const why = ({ cause, remedy }) => `${cause}${remedy ? `. ${remedy}` : ""}`;

/** What each target answered; all do by one run. @param {string} dag @param {any} end of the first @param {{key: string}[]} targets @returns {Promise<[string, any][]>} */
const answersOf = (dag, end, targets) =>
  Promise.all(targets.map(async ({ key }, at) => [key, (at ? await told(xcomOf(dag, end.run, "return_value", taskOf(key))) : end.answer) ?? UNANSWERED]));

/** @param {number} all @param {[string, any][]} answers */
function many(all, answers) {
  const failed = answers.filter(([, { error }]) => error);
  const which = `${all > answers.length ? `the first ${answers.length} of ` : ""}its ${all} targets`;
  if (!failed.length) return answers.some(([, { shown }]) => shown) ? `OpenMetadata shows the pipelines of ${which}.` : "";
  const [[key, { error }]] = failed;
  return `OpenMetadata shows the pipelines of ${answers.length - failed.length} of ${which}, the others from their first run on. ${key}: ${why(error)}.`;
}

/**
 * In a sentence; "" where the sink is another.
 * @param {string} dag @param {string} text of its file @param {boolean} failed whether Airflow could not deploy it @param {() => boolean} here
 */
export async function announced(dag, text, failed, here) {
  if (!/type:\s*["']?metadata-rest/.test(text)) return "";
  try {
    const { workflow: { paused, targets = [] } } = await ask(workflowOf(dag));
    if (paused) return `${FIRST}: it is paused.`;
    let end = /** @type {any} */ ({});
    await probed(dag, { probe: "announce" }, (more) => (end = { ...end, ...more }), here, taskOf(targets[0]?.key));
    if (targets.length > 1) return many(targets.length, await answersOf(dag, end, targets.slice(0, MOST)));
    const { error, shown } = end.answer ?? UNANSWERED;
    if (error) return `${FIRST}: ${why(error)}.`;
    return !shown ? "" : failed ? "OpenMetadata shows that it could not be deployed." : "OpenMetadata shows this pipeline.";
  } catch (/** @type {any} */ error) {
    return error.kind === "forbidden" ? `${FIRST}: you may not start runs.` : `${FIRST}: ${error.message}.`;
  }
}
