/** From nothing, from a copy, or from a file that is there, to a workflow that Airflow runs: a step a page, a review at the end. */
import { Link, backTo, here, searchWith, show, useAddress, useArrival } from "./address.js";
import { ask, tell } from "./api.js";
import { EMPTY, FIELDS, STEPS, changes, fieldAt, fieldsOf, formOf, keyOf, recalled, remember } from "./draft.js";
import { typed } from "./edit.js";
import { useDraft } from "./editor.js";
import { Summary } from "./form.js";
import { html, useEffect, useMemo, useRef, useState } from "./html.js";
import { Refused, Skeleton } from "./parts.js";
import { DRAFT, SCHEMA, STORE, fileOf, nameOf, pageOf, workflowOf } from "./places.js";
import { Review } from "./review.js";
import { useAnswer } from "./state.js";
import { VIEWS } from "./steps.js";
import { faultText } from "./words.js";
/** @import {Form} from "./draft.js" */
/** @import {Draft, Store} from "./models.js" */

export function AddPage() {
  const from = useAddress().get("from");
  const trail = html`<span aria-current="page">Add service</span>`;
  return html`<${Prepared} trail=${trail} title="Add service" mayWrite=${(/** @type {Store} */ store) => !store.bundle || store.may_create}>
    ${(/** @type {any} */ ready) => html`<${Start} from=${from} ...${ready} />`}
  <//>`;
}

/** The steps, filled in with the file of a workflow. @param {{dag: string, service: string}} props */
export function StepsPage({ dag, service }) {
  const trail = html`
    <${Link} to=${pageOf(service, dag)}>${service || dag}<//> <span aria-hidden="true">/</span> <span aria-current="page">Edit ${dag}</span>
  `;
  return html`<${Prepared} trail=${trail} title=${`Edit ${dag}`} mayWrite=${() => true}>
    ${(/** @type {any} */ ready) => html`<${Opened} key=${dag} dag=${dag} ...${ready} />`}
  <//>`;
}

/**
 * What all steps need to know first.
 * @param {{trail: any, title: string, mayWrite: (store: Store) => boolean, children?: any}} props children: of the store and the schema
 */
function Prepared({ trail, title, mayWrite, children }) {
  const store = useAnswer(STORE);
  const schema = useAnswer(SCHEMA);
  const error = store.error ?? schema.error;
  const refused = store.data && !mayWrite(store.data);
  const ready = store.data && schema.data && !refused;
  return html`
    <div class="page wizard">
      <nav aria-label="Breadcrumb" class="crumbs"><${Link} to=${pageOf("")}>Kinesis services<//> <span aria-hidden="true">/</span> ${trail}</nav>
      ${ready ? children({ store: store.data, schema: schema.data }) : html`<h1>${title}</h1>`}
      <${Refused} error=${error} again=${() => [store, schema].forEach(({ again }) => again())} />
      ${refused && html`<p class="notice">${store.data.why}.</p>`}
      ${!ready && !refused && !error && html`<${Skeleton} />`}
    </div>
  `;
}

/** Where it is a copy, what it is a copy of comes first. @param {{from: string|null, store: Store, schema: any}} props */
function Start({ from, store, schema }) {
  const [error, setError] = useState(null);
  useEffect(() => {
    if (!from) return;
    copied(from, (place) => fieldAt(schema, place).default).then((form) => {
      remember(form);
      show(searchWith({ from: "" }), true);
    }, setError);
  }, [from]);
  if (error) return html`<h1>Duplicate ${from}</h1><${Refused} error=${error} />`;
  return from ? html`<h1>Duplicate ${from}</h1><${Skeleton} />` : html`<${Wizard} store=${store} schema=${schema} />`;
}

/** @param {string} dag @param {(place: string[]) => unknown} usual @returns {Promise<Form>} */
async function copied(dag, usual) {
  const { text } = await ask(workflowOf(dag));
  const { values } = await tell(DRAFT, { text: text ?? "" });
  const form = { ...formOf(values), base: text ?? "", copyOf: dag };
  return { ...form, before: [...fieldsOf({ ...form, name: "" }, usual)], name: `${dag}_copy`, displayName: "", reached: STEPS.length - 1 };
}

/** What is filled in of a file that is there, once it is known. @param {{dag: string, store: Store, schema: any}} props */
function Opened({ dag, store, schema }) {
  const [came, setCame] = useState(/** @type {any} */ ({ turn: 0 }));
  const usual = (/** @type {string[]} */ place) => fieldAt(schema, place).default;
  const anew = () => {
    remember(null, dag);
    setCame(({ turn }) => ({ turn: turn + 1 }));
  };
  useEffect(() => {
    let wanted = true;
    const settle = (/** @type {any} */ more) => wanted && setCame((/** @type {any} */ last) => ({ ...last, ...more }));
    opened(dag, usual).then((first) => {
      if (first) settle({ first });
      else if (wanted) show(searchWith({ view: "edit", step: "" }), true);
    }, (error) => settle({ error }));
    return () => void (wanted = false);
  }, [came.turn]);
  if (came.first) return html`<${Wizard} key=${came.turn} store=${store} schema=${schema} first=${came.first} anew=${anew} />`;
  return html`<h1>Edit ${dag}</h1><${Refused} error=${came.error} again=${anew} />${!came.error && html`<${Skeleton} label="Loading the file" />`}`;
}

/**
 * What was filled in before, else what the file says; null where its text comes first: it is half changed, or no YAML.
 * @param {string} dag @param {(place: string[]) => unknown} usual @returns {Promise<Form|null>}
 */
async function opened(dag, usual) {
  if (typed.has(dag)) return null;
  const { version } = await ask(fileOf(dag));
  const before = recalled(dag);
  if (before.edits && (changed(before, usual).length || before.version === version)) return before;
  const [{ values }, { workflow }] = await Promise.all([tell(DRAFT, { dag_id: dag }), ask(workflowOf(dag))]);
  if (!values.source) return null;
  const form = formOf(values);
  const more = { edits: dag, version, paused: workflow.paused, targets: workflow.targets, serviceBefore: form.service, reached: STEPS.length - 1 };
  return { ...form, ...more, before: [...fieldsOf(form, usual)] };
}

/** @param {Form} form @param {(place: string[]) => unknown} usual */
const changed = (form, usual) => changes(fieldsOf(form, usual), new Map(form.before ?? []));

/** What is filled in, kept for when the page is loaded anew. @param {Form|null} first @returns {[Form, (more: Partial<Form>) => void, () => void]} */
function useForm(first) {
  const [form, setForm] = useState(() => first ?? recalled());
  const put = (/** @type {Partial<Form>} */ more) => setForm((/** @type {Form} */ last) => {
    const next = { ...last, ...more };
    remember(next, next.edits);
    return next;
  });
  const clear = () => {
    remember(null);
    setForm(EMPTY);
  };
  return [form, put, clear];
}

const NAME = /^[\w.-]{1,250}$/;

/** Whether a name is free, shortly after it was typed. @param {string} name */
function useTaken(name) {
  const [taken, setTaken] = useState(/** @type {any} */ (null));
  useEffect(() => {
    setTaken(null);
    if (!NAME.test(name)) return undefined;
    let wanted = true;
    const timer = setTimeout(() => ask(nameOf(name)).then((said) => wanted && setTaken(said), () => {}), 400);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [name]);
  return taken?.name === name ? taken : null;
}

/** Who goes on is led to the heading of the step. @param {string} step @returns {any} the heading's ref */
function useHeading(step) {
  const title = useArrival();
  const before = useRef(step);
  useEffect(() => {
    if (before.current !== step) title.current?.focus();
    before.current = step;
  }, [step]);
  return title;
}

const UNTRIED = { errors: {}, error: null, busy: false };

/**
 * To the next step, if nothing is wrong with this one.
 * @param {number} at @param {Form} form @param {any} order @param {(more: Partial<Form>) => void} put
 * @returns {[{errors: Record<string, string>, error: any, busy: boolean}, (event: any) => void]}
 */
function useNext(at, form, order, put) {
  const [tried, setTried] = useState(/** @type {any} */ (UNTRIED));
  const step = STEPS[at][0];
  useEffect(() => setTried(UNTRIED), [step]);
  const next = async (/** @type {any} */ event) => {
    event.preventDefault();
    if (tried.busy) return;
    setTried({ ...tried, busy: true });
    try {
      const errors = { ...(await faults(step, order)), ...(await lacking(step, form)) };
      setTried({ ...UNTRIED, errors });
      if (Object.keys(errors).length) return;
      put({ reached: Math.max(form.reached ?? 0, at + 1) });
      goTo(event.nativeEvent.submitter?.value || STEPS[at + 1][0]);
    } catch (/** @type {any} */ error) {
      setTried({ ...UNTRIED, error });
    }
  };
  return [tried, next];
}

/** What a step's fields are for a file with targets. @type {Record<string, string>} */
const SHARED = {
  name: "Each has a messaging service of its own, which its target names.",
  connection: "What is entered here is for those that say nothing else.",
  options: "The filter is that of those without one of their own.",
};

/** @param {string} step */
const goTo = (step) => show(searchWith({ step }));

/** @param {{store: Store, schema: any, first?: Form|null, anew?: () => void}} props first: of a file that is there; anew: as it is in the folder */
function Wizard({ store, schema, first = null, anew }) {
  const usual = first ? "review" : "name";
  const asked = useAddress().get("step") ?? usual;
  const step = STEPS.some(([key]) => key === asked) ? asked : usual;
  const [form, put, clear] = useForm(first);
  const fields = useMemo(() => fieldsOf(form, (place) => fieldAt(schema, place).default), [form, schema]);
  const order = useMemo(() => orderOf(form, fields), [form, fields]);
  const taken = useTaken(form.edits ? "" : form.name.trim());
  const checked = useDraft(["schedule", "review"].includes(step) ? order : null, form.version);
  const at = STEPS.findIndex(([key]) => key === step);
  const [tried, next] = useNext(at, form, order, put);
  const title = useHeading(step);
  useEffect(() => {
    // What cannot be made ready is told by the test, or by the deployment.
    if (store.bundle) tell(STORE, {}, "PUT").catch(() => {});
  }, []);
  const View = VIEWS[step];
  const clean = anew ?? (() => {
    clear();
    goTo("name");
  });
  const begun = form.edits ? order.fields.length > 0 : Object.keys(form).some((key) => JSON.stringify(form[key]) !== JSON.stringify(EMPTY[key]));
  const reviewed = (form.reached ?? 0) === STEPS.length - 1 && at < STEPS.length - 2;
  return html`
    <div class="road">
      <${Stations} at=${at} reached=${form.reached ?? 0} all=${Boolean(form.edits)} />
      <div class="station">
        <p class="muted">Step ${at + 1} of ${STEPS.length}${form.copyOf ? `: a copy of ${form.copyOf}` : form.edits ? `: editing ${form.edits}` : ""}</p>
        <h1 ref=${title} tabIndex="-1">${step === "name" && !form.edits ? "Add service: name" : STEPS[at][1]}</h1>
        ${!store.bundle && html`
          <p class="notice"><span><strong>This page cannot deploy here</strong>: ${store.why}. Go on, and download the file at the end.</span></p>
        `}
        <${Summary} errors=${tried.errors} />
        <${Refused} error=${tried.error} />
        ${View ? html`
          <form noValidate onSubmit=${next} class="stack">
            ${form.many && SHARED[step] && html`<p class="notice"><span><strong>This file has targets</strong>: accounts and regions of its own. ${SHARED[step]} They stay as they are; change them in its text.</span></p>`}
            <${View} key=${step} ...${{ form, put, schema, store, fields, taken }} errors=${tried.errors} draft=${checked.draft} />
            <div class="buttons">
              ${at > 0 && html`<button type="button" onClick=${() => backTo(searchWith({ step: STEPS[at - 1][0] }))}>Back</button>`}
              <button type="submit" class="main">${tried.busy ? "Checking…" : step === "test" ? "Go on" : "Next"}</button>
              ${reviewed && html`<button type="submit" value="review">To the review</button>`}
              ${begun && html`<button type="button" class="quiet" onClick=${clean}>${form.edits ? "Undo my changes" : "Start anew"}</button>`}
            </div>
          </form>
        ` : html`<${Review} ...${{ store, form, fields, checked, put, order }} anew=${clean} />`}
      </div>
    </div>
  `;
}

/** @param {Form} form @param {Map<string, unknown>} fields */
const orderOf = (form, fields) => ({ dag_id: form.edits ?? null, text: form.base ?? null, fields: changes(fields, new Map(form.before ?? [])) });

/** What the engine says of this step's fields. @param {string} step @param {any} order @returns {Promise<Record<string, string>>} */
async function faults(step, order) {
  const draft = /** @type {Draft} */ (await tell(DRAFT, order));
  const own = draft.faults.filter(({ path }) => FIELDS.some(([key, , , at]) => at === step && key === keyOf(path)));
  return Object.fromEntries(own.map((fault) => [keyOf(fault.path), faultText({ ...fault, line: 0, path: "" })]));
}

/** What a step cannot do without. @param {string} step @param {Form} form @returns {Promise<Record<string, string>>} */
async function lacking(step, form) {
  const empty = (/** @type {string} */ key, /** @type {string} */ what) => (form[key].trim() ? {} : { [key]: what });
  const service = () => (form.many ? {} : empty("service", "Enter a name for the service"));
  const unnamed = () => ({ ...service(), ...empty("name", "Enter a name for the workflow") });
  if (step === "name") return form.edits ? service() : { ...unnamed(), ...(await notFree(form.name.trim())) };
  if (step === "connection" && form.aws === "new") return { aws: "Store the new connection first, or choose another way" };
  if (step === "connection" && form.aws === "existing") return empty("awsId", "Enter the id of a connection");
  if (step === "connection" && !form.base && !form.edits) return empty("region", "Enter the AWS region");
  if (step === "catalogue" && form.sink !== "file" && form.catalogue === "new") return { sink: "Store the new connection first, or choose another way" };
  return step === "catalogue" && form.sink !== "file" && form.catalogue !== "kept" ? empty("catalogueId", "Enter the id of a connection") : {};
}

/** @param {string} name @returns {Promise<Record<string, string>>} */
async function notFree(name) {
  if (!NAME.test(name)) return name ? { name: "Use letters, digits, `_`, `.` and `-`, 250 at most" } : {};
  const { free, why } = await ask(nameOf(name));
  return free ? {} : { name: why };
}

/** @param {{at: number, reached: number, all: boolean}} props all: also where there is little room */
const Stations = ({ at, reached, all }) => html`
  <nav aria-label="Steps" class=${`stations ${all ? "all" : ""}`}><ol>
    ${STEPS.map(([key, word], each) => html`
      <li key=${key} class=${each === at ? "here" : each < at ? "past" : ""}>
        ${each !== at && each <= reached
          ? html`<${Link} to=${here({ step: key })}>${word}<//>`
          : html`<span aria-current=${each === at ? "step" : undefined} class=${each > reached ? "muted" : ""}>${word}</span>`}
      </li>
    `)}
  </ol></nav>
`;
