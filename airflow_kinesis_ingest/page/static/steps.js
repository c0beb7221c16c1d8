/** The steps on the way to a workflow: each one thing, asked for on a page of its own. */
import { Chips } from "./chips.js";
import { Existing, NewConnection } from "./connect.js";
import { FIELDS, fieldAt, suggested, wayToAsk } from "./draft.js";
import { Radios, Switch, Text } from "./form.js";
import { html, useState } from "./html.js";
import { Icon } from "./parts.js";
import { doubt } from "./patterns.js";
import { SERVICES } from "./places.js";
import { Preview } from "./preview.js";
import { Trial } from "./probe.js";
import { Reconnect } from "./reconnect.js";
import { useAnswer } from "./state.js";
import { When } from "./when.js";
/** @import {Form} from "./draft.js" */
/** @import {Draft, Services, Store} from "./models.js" */

/**
 * @typedef {object} StepProps
 * @property {Form} form
 * @property {(more: Partial<Form>) => void} put
 * @property {Record<string, string>} errors by the keys of the form
 * @property {any} schema
 * @property {Store} store
 * @property {Map<string, unknown>} fields
 * @property {Draft|null} draft
 * @property {any} taken what is known of the name
 * @property {boolean} [catalogue] whether a test tries OpenMetadata, too
 */

/** What the schema says of a field. @param {any} schema @param {string} key of the form */
const helpOf = (schema, key) => fieldAt(schema, (FIELDS.find(([each]) => each === key)?.[1] ?? "").split(".")).description;

/** A field of the form, by its key. @param {StepProps} props @param {string} key @param {string} label @param {any} [more] */
const line = ({ form, put, errors, schema }, key, label, more = {}) => html`
  <${Text} key=${key} id=${key} label=${label} help=${helpOf(schema, key)} value=${form[key]} error=${errors[key]}
    onInput=${(/** @type {string} */ value) => put({ [key]: value })} ...${more} />
`;

/** A switch of the form, by its key. @param {StepProps} props @param {string} key @param {string} label @param {any} [more] */
const toggle = ({ form, put, schema }, key, label, more = {}) => html`
  <${Switch} key=${key} id=${key} label=${label} help=${helpOf(schema, key)} value=${form[key]}
    onPick=${(/** @type {boolean} */ value) => put({ [key]: value })} ...${more} />
`;

/** A list of the form, by its key. @param {StepProps} props @param {string} key @param {string} label @param {any} [more] */
const list = ({ form, put, errors, schema }, key, label, more = {}) => html`
  <${Chips} key=${key} id=${key} label=${label} help=${helpOf(schema, key)} values=${form[key]} error=${errors[key]}
    onChange=${(/** @type {string[]} */ values) => put({ [key]: values })} ...${more} />
`;

const optional = { optional: true };
const SERVICE = "Of the messaging service in the catalogue, which its streams' topics belong to. A service that is there already gets another workflow.";
const NAME = "Its DAG id in Airflow, and the name of its file. Made from the service's name; change it as you like.";
const STAYS = "It stays: Airflow keeps its runs under this name. Duplicate the workflow for another name.";
const ELSEWHERE = "Where the connection has none, or to take another than its own; e.g. `us-east-2`";
const MAY_NOT = "You may not make connections in this Airflow: ask for the right, or choose one.";

/** @param {StepProps} props */
function Naming(props) {
  const { form, put, errors, taken } = props;
  const { data } = useAnswer(SERVICES);
  const services = /** @type {Services|null} */ (data)?.services ?? [];
  const there = services.find(({ name }) => name && name === form.service.trim());
  const named = (/** @type {string} */ service) => {
    const made = !form.name || form.name === suggested(form.service);
    put({ service, ...(made && !form.edits ? { name: suggested(service) } : {}) });
  };
  const moved = form.edits && form.service.trim() && form.service.trim() !== form.serviceBefore;
  return html`
    ${line(props, "service", "Service name", { help: SERVICE, onInput: named, options: services.map(({ name }) => name).filter(Boolean) })}
    ${moved && html`
      <p class="hint">
        <${Icon} name="warning" /> Another name is another service in the catalogue: what ${form.serviceBefore} has there stays, and no run of this workflow
        ${" "}keeps it up to date any more.
      </p>
    `}
    ${there && !form.edits && html`
      <p class="hint">
        <${Icon} name="check" /> ${there.name} is there, with ${there.workflows.map(({ dag_id }) => dag_id).join(", ")}: a workflow is added to it.
      </p>
    `}
    ${line(props, "serviceLabel", "Display name of the service", optional)}
    ${line(props, "serviceDescription", "Description of the service", { optional: true, lines: 3 })}
    ${form.edits ? html`<p>Workflow name: <code>${form.edits}</code><br /><span class="muted">${STAYS}</span></p>` : html`
      ${line(props, "name", "Workflow name", { help: NAME, error: errors.name ?? (taken?.free === false ? taken.why : undefined) })}
      <p class="hint muted" role="status">${taken?.free ? html`<${Icon} name="check" /> ${taken.name} is free.` : ""}</p>
    `}
    ${line(props, "displayName", "Display name of the workflow", optional)}
  `;
}

/** How workers may reach AWS. @param {Form} form @param {Store} store @returns {[string, string, string][]} */
const waysTo = (form, store) => [
  ["existing", "A connection that Airflow has", "Keys stay in Airflow; the workflow names the connection alone."],
  ["new", "A new connection", store.may_connect ? "Enter access keys, or a role to assume: they are stored in Airflow." : MAY_NOT],
  form.base || form.edits
    ? ["own", "As the file says", "Its region and keys, or the workers' own identity, stay as they are."]
    : ["own", "The workers' own identity", "No keys: boto3's own chain finds the role of the machine, pod or profile."],
];

/** Whether a text may be the id of a connection. @param {string} id */
const known = (id) => /^[\w.-]+$/.test(id.trim());

/** An id for a new connection. @param {Form} form */
const idFor = ({ service }) => `${service.replaceAll(/[^\w.-]+/g, "_") || "kinesis"}_aws`;

/** @param {StepProps} props */
function Connecting(props) {
  const { form, put, errors, schema, store } = props;
  const done = (/** @type {string} */ awsId, /** @type {any} */ { awsRegion = "" }) =>
    put({ aws: "existing", awsId, region: "", stored: `${awsId} is stored in Airflow${awsRegion ? `, for ${awsRegion}` : ""}.` });
  const named = (/** @type {string} */ awsId) => put({ awsId, stored: "" });
  const pick = (/** @type {string} */ aws) => put({ aws, stored: "" });
  return html`
    <${Radios} id="aws" legend="How the workers reach AWS" value=${form.aws} of=${waysTo(form, store)} onPick=${pick} error=${errors.aws} />
    ${form.stored && html`<p class="hint" role="status"><${Icon} name="check" /> ${form.stored}</p>`}
    ${form.aws === "existing" && html`
      <${Existing} id="awsId" types=${["kinesis", "aws"]} value=${form.awsId} onInput=${named} error=${errors.awsId} />
      ${known(form.awsId) && html`<${Reconnect} id=${form.awsId.trim()}><p class="muted">The next step tests it.</p><//>`}
      ${line(props, "region", "AWS Region", { optional: true, help: ELSEWHERE })}
    `}
    ${form.aws === "new" && store.may_connect && html`
      <${NewConnection} key="aws" type="kinesis" schema=${schema} suggestion=${idFor(form)} done=${done} />
    `}
    ${form.aws === "own" && html`${line(props, "region", "AWS Region")}${line(props, "role", "Assume Role Arn", optional)}`}
  `;
}

const TRIES_AWS = "A worker tries what a run does, on its network and with its identity: credentials, then the five calls of Kinesis. Nothing is written.";
const TRIES_BOTH = "A worker tries AWS once more, and then OpenMetadata: that it answers, takes the token, and lets it write.";

/** @param {StepProps} props */
function Testing(props) {
  const { form, fields, schema, catalogue = false } = props;
  const { dag, conf, why } = wayToAsk(form, fields, catalogue);
  const queue = { optional: true, narrow: true, help: `${helpOf(schema, "queue")}. The test goes there, too.` };
  return html`
    ${!catalogue && line(props, "queue", "Queue", queue)}
    <p>${catalogue ? TRIES_BOTH : TRIES_AWS}</p>
    ${why ? html`<p class="notice">${why}</p>` : html`<${Trial} dag=${dag} conf=${{ ...conf, probe: "test" }} targets=${form.many ? form.targets : []} catalogue=${catalogue} />`}
  `;
}

/** Where topics may be written. @param {Form} form @param {Store} store @returns {[string, string, string][]} */
const sinks = (form, store) => [
  ...(form.server ? [/** @type {[string, string, string]} */ (["kept", "OpenMetadata, as the file says", "Its address and token stay as they are."])] : []),
  ["existing", "OpenMetadata, by a connection that Airflow has", "Of type openmetadata."],
  ["new", "OpenMetadata, by a new connection", store.may_connect ? "Its address, and a token or who gives one, are stored in Airflow." : MAY_NOT],
  ["file", "A file on the worker", "JSON Lines, one topic a line: to look at first, or for a catalogue of your own."],
];

/** @param {StepProps} props */
function Cataloguing(props) {
  const { form, put, errors, schema, store } = props;
  const way = form.sink === "file" ? "file" : form.catalogue;
  const done = (/** @type {string} */ id) => put({ catalogue: "existing", catalogueId: id, kept: `${id} is stored in Airflow.` });
  const named = (/** @type {string} */ catalogueId) => put({ catalogueId, kept: "" });
  const pick = (/** @type {string} */ to) => put(to === "file" ? { sink: "file" } : { sink: "metadata-rest", catalogue: to, kept: "" });
  return html`
    <${Radios} id="sink" legend="Where topics are written" value=${way} of=${sinks(form, store)} onPick=${pick} error=${errors.sink} />
    ${form.kept && way === "existing" && html`<p class="hint" role="status"><${Icon} name="check" /> ${form.kept}</p>`}
    ${way === "existing" && html`
      <${Existing} id="catalogueId" types=${["openmetadata"]} value=${form.catalogueId} onInput=${named} error=${errors.catalogueId} />
      ${known(form.catalogueId) && html`<${Reconnect} id=${form.catalogueId.trim()} />`}
      ${form.catalogueId.trim() && html`
        <section class="card stack" aria-label="Test"><h2>Test it</h2><${Testing} ...${props} catalogue=${true} /></section>
      `}
    `}
    ${way === "kept" && form.edits && html`
      <section class="card stack" aria-label="Test"><h2>Test it</h2><${Testing} ...${props} catalogue=${true} /></section>
    `}
    ${way === "new" && store.may_connect && html`
      <${NewConnection} key="catalogue" type="openmetadata" schema=${schema} suggestion="openmetadata_default" done=${done} />
    `}
    ${way === "file" && line(props, "path", "File", optional)}
  `;
}

const HIDDEN = /** @type {[string, string][]} */ ([
  ["email", "E-mail addresses"], ["card", "Card numbers"], ["iban", "IBANs"], ["us_ssn", "US social security numbers"],
  ["aws_key", "AWS keys"], ["jwt", "JSON Web Tokens"], ["ip", "IP addresses"],
]);

/** @param {StepProps} props */
function Choosing(props) {
  const { form, put, fields } = props;
  const among = (/** @type {string} */ each) => HIDDEN.some(([kind]) => kind === each);
  const kinds = form.redact.filter(among);
  const paths = form.redact.filter((/** @type {string} */ each) => !among(each));
  const hide = (/** @type {string} */ kind, /** @type {boolean} */ on) =>
    put({ redact: on ? [...form.redact, kind] : form.redact.filter((/** @type {string} */ each) => each !== kind) });
  const hidden = (/** @type {string[]} */ more) => put({ redact: [...kinds, ...more] });
  const debug = { value: form.level === "DEBUG", onPick: (/** @type {boolean} */ on) => put({ level: on ? "DEBUG" : "INFO" }) };
  return html`
    <h2>Which streams</h2>
    <p class="muted">
      Regular expressions against the start of a stream's name, whatever the case; an exclude wins. Enter, a comma or a pasted list makes chips.
    </p>
    ${list(props, "includes", "Include", { doubtOf: doubt })}
    ${list(props, "excludes", "Exclude", { doubtOf: doubt })}
    <${Preview} form=${form} fields=${fields} />
    <h2>What of them</h2>
    ${toggle(props, "sampled", "Ingest sample data")}
    <fieldset class="radios"><legend>Hide in samples</legend>
      ${HIDDEN.map(([kind, word]) => html`
        <${Switch} key=${kind} id=${`hide-${kind}`} label=${word} value=${kinds.includes(kind)} onPick=${(/** @type {boolean} */ on) => hide(kind, on)} />
      `)}
    </fieldset>
    ${list(props, "redact", "Hide these fields", { help: "Paths like `$.customer.name`", values: paths, onChange: hidden })}
    <h2>How</h2>
    ${toggle(props, "markDeleted", "Mark deleted topics")}
    ${toggle(props, "override", "Override metadata")}
    ${toggle(props, "level", "Enable debug log", debug)}
  `;
}

const USUAL = ["hourly", "daily", "weekly"];
const TIMES = /** @type {[string, string, string?][]} */ ([
  ["hourly", "Hourly"], ["daily", "Daily", "At midnight"], ["weekly", "Weekly", "On Sunday at midnight"],
  ["cron", "By a cron line"], ["none", "On demand", "Only when somebody runs it"],
]);
const CRON = "Minute, hour, day of the month, month, day of the week: `0 6 * * 1-5` is 6:00 on working days";

/** @param {StepProps} props */
function Scheduling(props) {
  const { form, put, errors, store, draft } = props;
  const [custom, setCustom] = useState(Boolean(form.schedule) && !USUAL.includes(form.schedule));
  const way = custom ? "cron" : form.schedule || "none";
  const pick = (/** @type {string} */ to) => {
    setCustom(to === "cron");
    put({ schedule: to === "none" ? "" : to === "cron" ? "0 6 * * *" : to });
  };
  const narrow = { optional: true, narrow: true };
  const date = (/** @type {string} */ key) => ({ ...narrow, type: form[key].length > 10 ? "text" : "date" }); // a moment of a file stays one
  return html`
    <${Radios} id="schedule" legend="How often" value=${way} onPick=${pick} error=${custom ? undefined : errors.schedule} of=${TIMES} />
    ${custom && line(props, "schedule", "Cron line", { id: "cron", narrow: true, help: CRON })}
    ${way !== "none" && html`
      ${line(props, "zone", "Time zone", { narrow: true, help: "The schedule is read in it", options: store.zones })}
      <div class="beside">${line(props, "start", "Start date", date("start"))}${line(props, "end", "End date", date("end"))}</div>
    `}
    ${draft && !draft.faults.length && html`<${When} draft=${draft} />`}
    ${toggle(props, "paused", "Start paused", { help: "It is deployed, and runs once somebody unpauses it" })}
    <h2>In Airflow</h2>
    <div class="beside">${line(props, "retries", "Retries", narrow)}${line(props, "retryDelay", "Retry delay", narrow)}</div>
    ${line(props, "pool", "Pool", narrow)}
  `;
}

export const VIEWS = /** @type {Record<string, any>} */ ({
  name: Naming, connection: Connecting, test: Testing, catalogue: Cataloguing, options: Choosing, schedule: Scheduling,
});
