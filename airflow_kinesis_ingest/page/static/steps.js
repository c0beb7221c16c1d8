/** The steps on the way to a workflow: each one thing, asked for on a page of its own. */
import { Chips } from "./chips.js";
import { Existing, NewConnection } from "./connect.js";
import { askable, fieldAt, suggested, untried } from "./draft.js";
import { Radios, Select, Switch, Text } from "./form.js";
import { html, useState } from "./html.js";
import { Icon } from "./parts.js";
import { doubt } from "./patterns.js";
import { SERVICES } from "./places.js";
import { Preview } from "./preview.js";
import { Checks, Going, probeDag, useProbe } from "./probe.js";
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
 */

/** @param {any} schema @param {string} place dotted */
const help = (schema, place) => fieldAt(schema, place.split(".")).description;

/** @param {StepProps} props */
function Naming({ form, put, errors, schema, taken }) {
  const { data } = useAnswer(SERVICES);
  const services = /** @type {Services|null} */ (data)?.services ?? [];
  const there = services.find(({ name }) => name && name === form.service.trim());
  const named = (/** @type {string} */ service) => put({ service, ...(!form.name || form.name === suggested(form.service) ? { name: suggested(service) } : {}) });
  return html`
    <${Text} id="service" label="Service name" help="Of the messaging service in the catalogue, which its streams' topics belong to. A service that is there already gets another workflow." value=${form.service} onInput=${named} error=${errors.service} options=${services.map(({ name }) => name).filter(Boolean)} />
    ${there && html`<p class="hint"><${Icon} name="check" /> ${there.name} is there, with ${there.workflows.map(({ dag_id }) => dag_id).join(", ")}: a workflow is added to it.</p>`}
    <${Text} id="serviceLabel" optional label="Display name of the service" value=${form.serviceLabel} onInput=${(/** @type {string} */ serviceLabel) => put({ serviceLabel })} error=${errors.serviceLabel} />
    <${Text} id="serviceDescription" optional label="Description of the service" help=${help(schema, "service.description")} lines=${3} value=${form.serviceDescription} onInput=${(/** @type {string} */ serviceDescription) => put({ serviceDescription })} error=${errors.serviceDescription} />
    <${Text} id="name" label="Workflow name" help="Its DAG id in Airflow, and the name of its file. Made from the service's name; change it as you like." value=${form.name} onInput=${(/** @type {string} */ name) => put({ name })} error=${errors.name ?? (taken?.free === false ? taken.why : undefined)} />
    <p class="hint muted" role="status">${taken?.free ? html`<${Icon} name="check" /> ${taken.name} is free.` : ""}</p>
    <${Text} id="displayName" optional label="Display name of the workflow" help=${help(schema, "displayName")} value=${form.displayName} onInput=${(/** @type {string} */ displayName) => put({ displayName })} error=${errors.displayName} />
  `;
}

/** @param {StepProps} props */
function Connecting({ form, put, errors, schema, store }) {
  const ways = /** @type {[string, string, string?][]} */ ([
    ["existing", "A connection that Airflow has", "Keys stay in Airflow; the workflow names the connection alone."],
    ["new", "A new connection", store.may_connect ? "Enter access keys, or a role to assume: they are stored in Airflow." : "You may not make connections in this Airflow: ask for the right, or choose one."],
    ["own", form.base ? "As the file says" : "The workers' own identity", form.base ? "Its region and keys, or the workers' own identity, stay as they are." : "No keys: boto3's own chain finds the role of the machine, pod or profile."],
  ]);
  const done = (/** @type {string} */ awsId, /** @type {any} */ { awsRegion = "" }) => put({ aws: "existing", awsId, region: "", stored: `${awsId} is stored in Airflow${awsRegion ? `, for ${awsRegion}` : ""}.` });
  const region = html`<${Text} id="region" label="AWS Region" optional=${form.aws === "existing"} help=${form.aws === "existing" ? "Where the connection has none, or to take another than its own; e.g. `us-east-2`" : help(schema, "source.serviceConnection.config.awsConfig.awsRegion")} value=${form.region} onInput=${(/** @type {string} */ value) => put({ region: value })} error=${errors.region} />`;
  return html`
    <${Radios} id="aws" legend="How the workers reach AWS" value=${form.aws} of=${ways} onPick=${(/** @type {string} */ aws) => put({ aws, stored: "" })} error=${errors.aws} />
    ${form.stored && html`<p class="hint" role="status"><${Icon} name="check" /> ${form.stored}</p>`}
    ${form.aws === "existing" && html`<${Existing} id="awsId" types=${["kinesis", "aws"]} value=${form.awsId} onInput=${(/** @type {string} */ awsId) => put({ awsId, stored: "" })} error=${errors.awsId} />${region}`}
    ${form.aws === "new" && store.may_connect && html`<${NewConnection} key="aws" type="kinesis" schema=${schema} suggestion=${`${form.service.replaceAll(/[^\w.-]+/g, "_") || "kinesis"}_aws`} done=${done} />`}
    ${form.aws === "own" && html`
      ${region}
      <${Text} id="role" optional label="Assume Role Arn" help=${help(schema, "source.serviceConnection.config.awsConfig.assumeRoleArn")} value=${form.role} onInput=${(/** @type {string} */ role) => put({ role })} error=${errors.role} />
    `}
  `;
}

/** @param {StepProps & {catalogue?: boolean}} props */
function Testing({ form, put, errors, schema, fields, catalogue = false }) {
  const { now, start, stop } = useProbe();
  const why = untried(form);
  const dag = probeDag(form.queue.trim());
  const test = () => start(dag, { probe: "test", workflow: askable(fields, catalogue) });
  const busy = ["starting", "queued", "running"].includes(now.stage);
  return html`
    ${!catalogue && html`<${Text} id="queue" narrow optional label="Queue" help=${`${help(schema, "airflowConfig.queue")}. The test goes there, too.`} value=${form.queue} onInput=${(/** @type {string} */ queue) => put({ queue })} error=${errors.queue} />`}
    <p>${catalogue ? "A worker tries AWS once more, and then OpenMetadata: that it answers, takes the token, and lets it write." : "A worker tries each call that a run makes, on the network and with the identity that runs have: credentials, then the five calls of Kinesis. Nothing is written."}</p>
    ${why ? html`<p class="notice">${why}</p>` : !busy && html`<button type="button" onClick=${test}><${Icon} name="play" />${now.stage ? "Test again" : "Test connection"}</button>`}
    <${Going} probe=${now} stop=${stop} what="the test" />
    <${Checks} probe=${now} catalogue=${catalogue} />
  `;
}

/** @param {StepProps} props */
function Cataloguing(props) {
  const { form, put, errors, schema, store } = props;
  const done = (/** @type {string} */ catalogueId) => put({ catalogue: "existing", catalogueId, kept: `${catalogueId} is stored in Airflow.` });
  const ways = /** @type {[string, string, string?][]} */ ([
    ["existing", "OpenMetadata, by a connection that Airflow has", "Of type openmetadata."],
    ["new", "OpenMetadata, by a new connection", store.may_connect ? "Address and token of a bot are stored in Airflow." : "You may not make connections in this Airflow: ask for the right, or choose one."],
    ["file", "A file on the worker", "JSON Lines, one topic a line: to look at first, or for a catalogue of your own."],
  ]);
  const way = form.sink === "file" ? "file" : form.catalogue;
  const pick = (/** @type {string} */ to) => put(to === "file" ? { sink: "file" } : { sink: "metadata-rest", catalogue: to, kept: "" });
  return html`
    <${Radios} id="sink" legend="Where topics are written" value=${way} of=${ways} onPick=${pick} error=${errors.sink} />
    ${form.kept && way === "existing" && html`<p class="hint" role="status"><${Icon} name="check" /> ${form.kept}</p>`}
    ${way === "existing" && html`
      <${Existing} id="catalogueId" types=${["openmetadata"]} value=${form.catalogueId} onInput=${(/** @type {string} */ catalogueId) => put({ catalogueId, kept: "" })} error=${errors.catalogueId} />
      ${form.catalogueId.trim() && html`<section class="card" aria-label="Test"><h2>Test it</h2><${Testing} ...${props} catalogue=${true} /></section>`}
    `}
    ${way === "new" && store.may_connect && html`<${NewConnection} key="catalogue" type="openmetadata" schema=${schema} suggestion="openmetadata_default" done=${done} />`}
    ${way === "file" && html`<${Text} id="path" optional label="File" help=${help(schema, "sink.config.path") ?? ""} value=${form.path} onInput=${(/** @type {string} */ path) => put({ path })} error=${errors.path} />`}
  `;
}

const HIDDEN = /** @type {[string, string][]} */ ([
  ["email", "E-mail addresses"], ["card", "Card numbers"], ["iban", "IBANs"], ["us_ssn", "US social security numbers"],
  ["aws_key", "AWS keys"], ["jwt", "JSON Web Tokens"], ["ip", "IP addresses"],
]);

/** @param {StepProps} props */
function Choosing({ form, put, errors, schema, fields }) {
  const what = "source.sourceConfig.config.";
  const toggle = (/** @type {string} */ key) => (/** @type {boolean} */ value) => put({ [key]: value });
  const kinds = form.redact.filter((/** @type {string} */ each) => HIDDEN.some(([kind]) => kind === each));
  const paths = form.redact.filter((/** @type {string} */ each) => !kinds.includes(each));
  const hide = (/** @type {string} */ kind, /** @type {boolean} */ on) => put({ redact: on ? [...form.redact, kind] : form.redact.filter((/** @type {string} */ each) => each !== kind) });
  return html`
    <h2>Which streams</h2>
    <p class="muted">Regular expressions against the start of a stream's name, whatever the case; an exclude wins. Enter, a comma or a pasted list makes chips.</p>
    <${Chips} id="includes" label="Include" help=${help(schema, `${what}topicFilterPattern.includes`) ?? "Keep only streams that match one of these"} values=${form.includes} onChange=${(/** @type {string[]} */ includes) => put({ includes })} error=${errors.includes} doubtOf=${doubt} />
    <${Chips} id="excludes" label="Exclude" help=${help(schema, `${what}topicFilterPattern.excludes`) ?? "Leave out streams that match one of these"} values=${form.excludes} onChange=${(/** @type {string[]} */ excludes) => put({ excludes })} error=${errors.excludes} doubtOf=${doubt} />
    <${Preview} form=${form} fields=${fields} />
    <h2>What of them</h2>
    <${Switch} id="sampled" label="Ingest sample data" help=${help(schema, `${what}generateSampleData`)} value=${form.sampled} onPick=${toggle("sampled")} />
    <fieldset class="radios"><legend>Hide in samples</legend>
      ${HIDDEN.map(([kind, word]) => html`<${Switch} key=${kind} id=${`hide-${kind}`} label=${word} value=${kinds.includes(kind)} onPick=${(/** @type {boolean} */ on) => hide(kind, on)} />`)}
    </fieldset>
    <${Chips} id="redact" label="Hide these fields" help=${html`Paths like <code>$.customer.name</code>`} values=${paths} onChange=${(/** @type {string[]} */ more) => put({ redact: [...kinds, ...more] })} error=${errors.redact} />
    <h2>How</h2>
    <${Switch} id="markDeleted" label="Mark deleted topics" help=${help(schema, `${what}markDeletedTopics`)} value=${form.markDeleted} onPick=${toggle("markDeleted")} />
    <${Switch} id="override" label="Override metadata" help=${help(schema, `${what}overrideMetadata`)} value=${form.override} onPick=${toggle("override")} />
    <${Switch} id="level" label="Enable debug log" help=${help(schema, "workflowConfig.loggerLevel")} value=${form.level === "DEBUG"} onPick=${(/** @type {boolean} */ on) => put({ level: on ? "DEBUG" : "INFO" })} />
  `;
}

const USUAL = ["hourly", "daily", "weekly"];

/** @param {StepProps} props */
function Scheduling({ form, put, errors, schema, store, draft }) {
  const [custom, setCustom] = useState(Boolean(form.schedule) && !USUAL.includes(form.schedule));
  const way = custom ? "cron" : form.schedule || "none";
  const pick = (/** @type {string} */ to) => {
    setCustom(to === "cron");
    put({ schedule: to === "none" ? "" : to === "cron" ? "0 6 * * *" : to });
  };
  const own = (/** @type {string} */ key, /** @type {string} */ label, more = {}) => html`<${Text} id=${key} label=${label} optional help=${help(schema, PLACES[key])} value=${form[key]} onInput=${(/** @type {string} */ value) => put({ [key]: value })} error=${errors[key]} ...${more} />`;
  return html`
    <${Radios} id="schedule" legend="How often" value=${way} onPick=${pick} error=${custom ? undefined : errors.schedule}
      of=${[["hourly", "Hourly"], ["daily", "Daily", "At midnight"], ["weekly", "Weekly", "On Sunday at midnight"], ["cron", "By a cron line"], ["none", "On demand", "Only when somebody runs it"]]} />
    ${custom && html`<${Text} id="cron" narrow label="Cron line" help="Minute, hour, day of the month, month, day of the week: 0 6 * * 1-5 is 6:00 on working days" value=${form.schedule} onInput=${(/** @type {string} */ schedule) => put({ schedule })} error=${errors.schedule} />`}
    ${way !== "none" && html`
      <${Text} id="zone" narrow label="Time zone" help="The schedule is read in it" value=${form.zone} onInput=${(/** @type {string} */ zone) => put({ zone })} error=${errors.zone} options=${store.zones} />
      <div class="beside">${own("start", "Start date", { type: form.start.length > 10 ? "text" : "date", narrow: true })}${own("end", "End date", { type: form.end.length > 10 ? "text" : "date", narrow: true })}</div>
    `}
    ${draft && !draft.faults.length && html`<${When} draft=${draft} />`}
    <${Switch} id="paused" label="Start paused" help="It is deployed, and runs once somebody unpauses it" value=${form.paused} onPick=${(/** @type {boolean} */ paused) => put({ paused })} />
    <h2>In Airflow</h2>
    <div class="beside">${own("retries", "Retries", { narrow: true })}${own("retryDelay", "Seconds between retries", { narrow: true })}</div>
    ${own("pool", "Pool", { narrow: true })}
  `;
}

const PLACES = /** @type {Record<string, string>} */ ({
  start: "airflowConfig.startDate", end: "airflowConfig.endDate", retries: "airflowConfig.retries", retryDelay: "airflowConfig.retryDelay", pool: "airflowConfig.pool",
});

export const VIEWS = /** @type {Record<string, any>} */ ({
  name: Naming, connection: Connecting, test: Testing, catalogue: Cataloguing, options: Choosing, schedule: Scheduling,
});
