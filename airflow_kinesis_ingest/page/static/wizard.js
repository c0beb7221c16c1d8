/** From nothing, or from a copy, to a workflow that Airflow runs: a step a page, and a review of the file at the end. */
import { Link, searchWith, show, useAddress, useArrival } from "./address.js";
import { ask, tell } from "./api.js";
import { Progress, useDeployment } from "./deploy.js";
import { Download } from "./download.js";
import { EMPTY, FIELDS, STEPS, changes, fieldAt, fieldsOf, formOf, keyOf, recalled, remember, stepOf } from "./draft.js";
import { useDraft } from "./editor.js";
import { Text } from "./file.js";
import { Summary } from "./form.js";
import { html, useEffect, useMemo, useRef, useState } from "./html.js";
import { Prose, Refused, Skeleton } from "./parts.js";
import { DRAFT, SCHEMA, STORE, nameOf, pageOf, workflowOf } from "./places.js";
import { useAnswer } from "./state.js";
import { VIEWS } from "./steps.js";
import { When } from "./when.js";
import { faultText } from "./words.js";
/** @import {Form} from "./draft.js" */
/** @import {Draft, Fault, Store} from "./models.js" */

export function AddPage() {
  const params = useAddress();
  const store = useAnswer(STORE);
  const schema = useAnswer(SCHEMA);
  const error = store.error ?? schema.error;
  const refused = store.data?.bundle && !store.data.may_create;
  const ready = store.data && schema.data && !refused;
  return html`
    <div class="page wizard">
      <nav aria-label="Breadcrumb" class="crumbs">
        <${Link} to=${pageOf("")}>Kinesis services<//> <span aria-hidden="true">/</span> <span aria-current="page">Add service</span>
      </nav>
      ${ready ? html`<${Start} from=${params.get("from")} store=${store.data} schema=${schema.data} />` : html`<h1>Add service</h1>`}
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

/** What is filled in, kept for when the page is loaded anew. @returns {[Form, (more: Partial<Form>) => void, () => void]} */
function useForm() {
  const [form, setForm] = useState(recalled);
  const put = (/** @type {Partial<Form>} */ more) => setForm((/** @type {Form} */ last) => {
    const next = { ...last, ...more };
    remember(next);
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
      goTo(STEPS[at + 1][0]);
    } catch (/** @type {any} */ error) {
      setTried({ ...UNTRIED, error });
    }
  };
  return [tried, next];
}

/** @param {string} step */
const goTo = (step) => show(searchWith({ step }));

/** @param {{store: Store, schema: any}} props */
function Wizard({ store, schema }) {
  const asked = useAddress().get("step") ?? "name";
  const step = STEPS.some(([key]) => key === asked) ? asked : "name";
  const [form, put, clear] = useForm();
  const fields = useMemo(() => fieldsOf(form, (place) => fieldAt(schema, place).default), [form, schema]);
  const order = useMemo(() => orderOf(form, fields), [form, fields]);
  const taken = useTaken(form.name.trim());
  const checked = useDraft(["schedule", "review"].includes(step) ? order : null);
  const at = STEPS.findIndex(([key]) => key === step);
  const [tried, next] = useNext(at, form, order, put);
  const title = useHeading(step);
  useEffect(() => {
    // What cannot be made ready is told by the test, or by the deployment.
    if (store.bundle) tell(STORE, {}, "PUT").catch(() => {});
  }, []);
  const View = VIEWS[step];
  const anew = () => {
    clear();
    goTo("name");
  };
  const begun = Object.keys(form).some((key) => JSON.stringify(form[key]) !== JSON.stringify(EMPTY[key]));
  return html`
    <div class="road">
      <${Stations} at=${at} reached=${form.reached ?? 0} />
      <div class="station">
        <p class="muted">Step ${at + 1} of ${STEPS.length}${form.copyOf ? `: a copy of ${form.copyOf}` : ""}</p>
        <h1 ref=${title} tabIndex="-1">${step === "name" ? "Add service: name" : STEPS[at][1]}</h1>
        ${!store.bundle && html`
          <p class="notice"><span><strong>This page cannot deploy here</strong>: ${store.why}. Go on, and download the file at the end.</span></p>
        `}
        <${Summary} errors=${tried.errors} />
        <${Refused} error=${tried.error} />
        ${View ? html`
          <form noValidate onSubmit=${next} class="stack">
            <${View} key=${step} ...${{ form, put, schema, store, fields, taken }} errors=${tried.errors} draft=${checked.draft} />
            <div class="buttons">
              ${at > 0 && html`<button type="button" onClick=${() => goTo(STEPS[at - 1][0])}>Back</button>`}
              <button type="submit" class="main">${tried.busy ? "Checking…" : step === "test" ? "Go on" : "Next"}</button>
              ${begun && html`<button type="button" class="quiet" onClick=${anew}>Start anew</button>`}
            </div>
          </form>
        ` : html`<${Review} store=${store} form=${form} fields=${fields} checked=${checked} put=${put} />`}
      </div>
    </div>
  `;
}

/** @param {Form} form @param {Map<string, unknown>} fields */
const orderOf = (form, fields) => ({ dag_id: null, text: form.base ?? null, fields: changes(fields, new Map(form.before ?? [])) });

/** What the engine says of this step's fields. @param {string} step @param {any} order @returns {Promise<Record<string, string>>} */
async function faults(step, order) {
  const draft = /** @type {Draft} */ (await tell(DRAFT, order));
  const own = draft.faults.filter(({ path }) => FIELDS.some(([key, , , at]) => at === step && key === keyOf(path)));
  return Object.fromEntries(own.map((fault) => [keyOf(fault.path), faultText({ ...fault, line: 0, path: "" })]));
}

/** What a step cannot do without. @param {string} step @param {Form} form @returns {Promise<Record<string, string>>} */
async function lacking(step, form) {
  const empty = (/** @type {string} */ key, /** @type {string} */ what) => (form[key].trim() ? {} : { [key]: what });
  const unnamed = () => ({ ...empty("service", "Enter a name for the service"), ...empty("name", "Enter a name for the workflow") });
  if (step === "name") return { ...unnamed(), ...(await notFree(form.name.trim())) };
  if (step === "connection" && form.aws === "new") return { aws: "Store the new connection first, or choose another way" };
  if (step === "connection" && form.aws === "existing") return empty("awsId", "Enter the id of a connection");
  if (step === "connection" && !form.base) return empty("region", "Enter the AWS region");
  if (step === "catalogue" && form.sink !== "file" && form.catalogue === "new") return { sink: "Store the new connection first, or choose another way" };
  return step === "catalogue" && form.sink !== "file" ? empty("catalogueId", "Enter the id of a connection") : {};
}

/** @param {string} name @returns {Promise<Record<string, string>>} */
async function notFree(name) {
  if (!NAME.test(name)) return name ? { name: "Use letters, digits, `_`, `.` and `-`, 250 at most" } : {};
  const { free, why } = await ask(nameOf(name));
  return free ? {} : { name: why };
}

/** @param {{at: number, reached: number}} props */
const Stations = ({ at, reached }) => html`
  <nav aria-label="Steps" class="stations"><ol>
    ${STEPS.map(([key, word], each) => html`
      <li key=${key} class=${each === at ? "here" : each < at ? "past" : ""}>
        ${each !== at && each <= reached
          ? html`<a href=${searchWith({ step: key })}>${word}</a>`
          : html`<span aria-current=${each === at ? "step" : undefined} class=${each > reached ? "muted" : ""}>${word}</span>`}
      </li>
    `)}
  </ol></nav>
`;

/** @param {{store: Store, form: Form, fields: Map<string, unknown>, checked: any, put: (more: Partial<Form>) => void}} props */
function Review({ store, form, fields, checked: { draft, error, busy }, put }) {
  const { now, save } = useDeployment();
  useEffect(() => {
    if (now.stage === "written") remember(null);
  }, [now.stage]);
  const name = String(fields.get("name") ?? draft?.name ?? "");
  const sent = now.since > 0;
  const again = () => put({});
  if (error && !draft) return html`<${Refused} error=${error} />`;
  if (!draft) return html`<${Skeleton} label="Making the file" />`;
  const service = String(fields.get("source.serviceName") ?? draft.service ?? "");
  const ready = !busy && !draft.faults.length && name;
  return html`
    <div class="stack">
      ${!sent && html`<p>This is the file that will be written. Nothing is written before you deploy.</p>`}
      <${Refused} error=${error} again=${again} />
      ${!sent && html`<${Wrong} faults=${draft.faults} tone="bad" title="The file has faults" />`}
      ${!sent && html`<${Wrong} faults=${draft.advice} tone="" title="To think about" />`}
      ${!sent && !draft.faults.length && html`
        <section class="card"><div class="title"><h2>When it runs</h2><${Change} step="schedule" /></div><${When} draft=${draft} /></section>
      `}
      <${Progress} deployment=${now}><p class="buttons"><${Link} class="button main" to=${pageOf(service, name)}>Open ${name}<//></p><//>
      ${now.stage === "faulty" && sent && html`<p><${Link} class="button main" to=${`${pageOf("", name)}&view=edit`}>Edit and deploy again<//></p>`}
      ${!sent && html`
        <div class="buttons">
          <button type="button" onClick=${() => goTo("schedule")}>Back</button>
          ${store.bundle
            ? html`<button type="button" class="main" disabled=${!ready || now.stage === "writing"} onClick=${() => save(name, draft.text, null)}>Deploy</button>`
            : html`<${Download} file=${`${name}.yaml`} text=${draft.text} />`}
        </div>
      `}
      <${Text} file=${`workflows/${name || "workflow"}.yaml`} text=${draft.text} faults=${sent && now.faults.length ? now.faults : draft.faults} />
    </div>
  `;
}

/** @param {{step: string}} props */
const Change = ({ step }) => html`<a href=${searchWith({ step })}>Change<span class="unseen"> ${STEPS.find(([key]) => key === step)?.[1]}</span></a>`;

/** What is said of the file; each leads to the step that asks for it. @param {{faults: Fault[], tone: string, title: string}} props */
function Wrong({ faults, tone, title }) {
  if (!faults.length) return null;
  return html`
    <section class=${`notice ${tone} summary`} aria-label=${title}>
      <div><h2>${title}</h2><ul>${faults.map((fault, at) => {
        const step = stepOf(fault.path);
        return html`<li key=${at}><${Prose} text=${faultText(fault)} /> ${step && html`<${Change} step=${step} />`}</li>`;
      })}</ul></div>
    </section>
  `;
}
