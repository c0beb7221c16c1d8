/** What is filled in on the way to a workflow, and the fields of the file that come of it. Pure. */
/** @import {Change} from "./models.js" */

/** @typedef {Record<string, any>} Form by the keys of FIELDS, and `aws` and `catalogue`: which way was chosen */

/**
 * Each field: where it stands in a file, what it is, and on which step it is asked for. In the order of the file.
 * @type {[key: string, place: string, kind: "text"|"number"|"switch"|"list"|"date", step: string][]}
 */
export const FIELDS = [
  ["name", "name", "text", "name"],
  ["displayName", "displayName", "text", "name"],
  ["description", "description", "text", "name"],
  ["serviceLabel", "service.displayName", "text", "name"],
  ["serviceDescription", "service.description", "text", "name"],
  ["service", "source.serviceName", "text", "name"],
  ["region", "source.serviceConnection.config.awsConfig.awsRegion", "text", "connection"],
  ["role", "source.serviceConnection.config.awsConfig.assumeRoleArn", "text", "connection"],
  ["sampled", "source.sourceConfig.config.generateSampleData", "switch", "options"],
  ["includes", "source.sourceConfig.config.topicFilterPattern.includes", "list", "options"],
  ["excludes", "source.sourceConfig.config.topicFilterPattern.excludes", "list", "options"],
  ["markDeleted", "source.sourceConfig.config.markDeletedTopics", "switch", "options"],
  ["override", "source.sourceConfig.config.overrideMetadata", "switch", "options"],
  ["sink", "sink.type", "text", "catalogue"],
  ["path", "sink.config.path", "text", "catalogue"],
  ["awsId", "connections.aws", "text", "connection"],
  ["catalogueId", "connections.openmetadata", "text", "catalogue"],
  ["level", "workflowConfig.loggerLevel", "text", "options"],
  ["schedule", "airflowConfig.scheduleInterval", "text", "schedule"],
  ["zone", "airflowConfig.pipelineTimezone", "text", "schedule"],
  ["start", "airflowConfig.startDate", "date", "schedule"],
  ["end", "airflowConfig.endDate", "date", "schedule"],
  ["paused", "airflowConfig.pausePipeline", "switch", "schedule"],
  ["retries", "airflowConfig.retries", "number", "schedule"],
  ["retryDelay", "airflowConfig.retryDelay", "number", "schedule"],
  ["pool", "airflowConfig.pool", "text", "schedule"],
  ["queue", "airflowConfig.queue", "text", "test"],
  ["redact", "options.sample.redact", "list", "options"],
];

export const STEPS = /** @type {[string, string][]} */ ([
  ["name", "Name"], ["connection", "Connection to AWS"], ["test", "Test"], ["catalogue", "Catalogue"],
  ["options", "What to ingest"], ["schedule", "Schedule"], ["review", "Review and deploy"],
]);

/**
 * What stands in a file without being asked for, when, and before which field.
 * @type {[place: string, value: string, needs: (form: Form) => boolean, first: string][]}
 */
const FIXED = [
  ["source.type", "kinesis", () => true, "service"],
  ["source.serviceConnection.config.type", "Kinesis", ({ region }) => Boolean(region.trim()), "region"],
  ["source.sourceConfig.config.type", "MessagingMetadata", () => true, "sampled"],
];

export const EMPTY = /** @type {Form} */ ({
  ...Object.fromEntries(FIELDS.map(([key, , kind]) => [key, kind === "list" ? [] : kind === "switch" ? false : ""])),
  aws: "existing", sink: "metadata-rest", catalogue: "existing", schedule: "daily", zone: "UTC", level: "INFO", markDeleted: true,
});

/** @param {Form} form without what the chosen ways do not use */
const chosen = (form) => ({
  ...form,
  ...(form.aws === "existing" ? { role: "" } : form.aws === "own" ? { awsId: "" } : {}),
  ...(form.sink === "file" ? { catalogueId: "" } : form.catalogue === "kept" ? { path: "", catalogueId: "" } : { path: "" }),
});

/** What a field is in the file; undefined: not there. @param {Form} form @param {string} key @param {string} kind @param {unknown} usual its default */
function valueOf(form, key, kind, usual) {
  const value = form[key];
  if (key === "schedule" && value === "") return null;
  if (kind === "list") return value.length ? value : undefined;
  const said = typeof value === "string" ? value.trim() : value;
  if (said === "" || said === usual) return undefined;
  return kind === "number" && /^\d+$/.test(said) ? (Number(said) === usual ? undefined : Number(said)) : said;
}

const ALWAYS = ["sink", "schedule"]; // these say what a workflow does, so they are written even where they are the default

/**
 * Every field that the form gives, in the order of the file.
 * @param {Form} form @param {(place: string[]) => unknown} usual the default of a field @returns {Map<string, unknown>} by place
 */
export function fieldsOf(form, usual) {
  const one = chosen(form);
  const own = FIELDS.map(([key, place, kind]) => [place, valueOf(one, key, kind, ALWAYS.includes(key) ? undefined : usual(place.split(".")))]);
  const fixed = FIXED.map(([place, value, needs]) => [place, needs(one) ? value : undefined]);
  const at = (/** @type {any} */ [place]) => ORDER.indexOf(place);
  const all = /** @type {[string, unknown][]} */ ([...own, ...fixed].sort((left, right) => at(left) - at(right)));
  return new Map(all.filter(([, value]) => value !== undefined));
}

/** Before the fields that they are written with. */
const ORDER = FIELDS.flatMap(([key, place]) => [...FIXED.filter(([, , , first]) => first === key).map(([fixed]) => fixed), place]);

/**
 * What is to be changed in a file.
 * @param {Map<string, unknown>} wanted @param {Map<string, unknown>} before what the file says so far @returns {Change[]}
 */
export function changes(wanted, before) {
  const set = [...wanted].filter(([place, value]) => JSON.stringify(value) !== JSON.stringify(before.get(place)));
  const gone = [...before.keys()].filter((place) => !wanted.has(place));
  return [...set.map(([place, value]) => ({ place: place.split("."), value })), ...gone.map((place) => ({ place: place.split("."), removed: true }))];
}

/** @param {Record<string, any>} data @param {string[]} place */
const found = (data, place) => place.reduce((/** @type {any} */ block, key) => block?.[key], data);

const SHAPES = /** @type {Record<string, (value: any) => any>} */ ({
  list: (value) => (Array.isArray(value) ? value.map(String) : undefined),
  switch: (value) => (typeof value === "boolean" ? value : undefined),
});

/** As the form has it; undefined for what is nothing of this kind, which is left as it is. @param {any} value @param {string} kind */
const shaped = (value, kind) => (SHAPES[kind] ?? ((one) => (typeof one === "object" ? undefined : String(one))))(value);

/** The form as a file's data fills it in. @param {Record<string, any>} values */
export function formOf(values) {
  const form = { ...EMPTY, sink: "file" };
  for (const [key, place, kind] of FIELDS) {
    const value = found(values, place.split("."));
    if (key === "schedule" && value === null) form[key] = "";
    else if (value != null) form[key] = shaped(value, kind) ?? form[key];
  }
  const server = Boolean(values.workflowConfig?.openMetadataServerConfig);
  const blocks = values.targets == null ? [] : [values.targets].flat();
  const many = { many: blocks.length > 0, ownFilters: blocks.some((each) => each?.topicFilterPattern) };
  return { ...form, ...many, aws: form.awsId ? "existing" : "own", server, catalogue: server && !form.catalogueId ? "kept" : "existing" };
}

/** The step that asks for a place of the file, or for what lies around it; "" where none does. @param {string} path dotted */
export function stepOf(path) {
  const within = ([, place]) => path === place || path.startsWith(`${place}.`) || place.startsWith(`${path}.`);
  return (FIELDS.find(([, place]) => path === place) ?? FIELDS.find(within))?.[3] ?? "";
}

/** The key of the field at a place. @param {string} path dotted */
export const keyOf = (path) => FIELDS.find(([, place]) => path === place || path.startsWith(`${place}.`) || path.startsWith(`${place}[`))?.[0] ?? "";

/** Nested, as a file has it. @param {Map<string, unknown>} fields */
function nested(fields) {
  const data = /** @type {Record<string, any>} */ ({});
  for (const [place, value] of fields) {
    const keys = place.split(".");
    const last = /** @type {string} */ (keys.pop());
    keys.reduce((block, key) => (block[key] ??= {}), data)[last] = value;
  }
  return data;
}

/**
 * The workflow as a worker may be asked about it before it has a file: Airflow shows a run's conf, so it holds no more.
 * @param {Map<string, unknown>} fields @param {boolean} [catalogue] whether OpenMetadata is asked, too
 */
export function askable(fields, catalogue = false) {
  const { name = "new_workflow", source = {}, sink = {}, connections = {}, options = {} } = nested(fields);
  const region = source.serviceConnection?.config.awsConfig?.awsRegion;
  return {
    name,
    source: {
      type: "kinesis",
      serviceName: source.serviceName ?? name,
      ...(region ? { serviceConnection: { config: { type: "Kinesis", awsConfig: { awsRegion: region } } } } : {}),
      sourceConfig: { config: { type: "MessagingMetadata", generateSampleData: true } },
    },
    sink: { type: catalogue ? (sink.type ?? "file") : "file" },
    connections: catalogue ? connections : connections.aws ? { aws: connections.aws } : {},
    ...(options.sample ? { options: { sample: options.sample } } : {}),
  };
}

/** @param {string} queue "": Airflow's default */
const probeDag = (queue) => (queue ? `kinesis_probe.${queue.replaceAll(/[^A-Za-z0-9_.-]/g, "_")}`.slice(0, 250) : "kinesis_probe");

const ROLE = "A role that the file names can be tried once the workflow is deployed. Put it into an Airflow connection to try it now.";
const KEPT = "How to connect stands in the file that this one is a copy of: it can be tried once it is deployed, with a connection now.";

const PAUSED = "How to connect stands in the file, which a run of its own DAG tries. The DAG is paused, so Airflow starts none: unpause it first.";
const CHANGED = "How to connect stands in the file, and you changed it: it can be tried once it is deployed, with a connection now.";
const MANY = "Its accounts and regions stand in the file: each can be tried once that is deployed as it is here.";
const CONNECTING = ["region", "role", "awsId"];
const STORING = ["sink", "catalogueId"];

/** @param {Form} form @param {Map<string, unknown>} fields @param {boolean} catalogue */
function isChanged(form, fields, catalogue) {
  const before = new Map(form.before ?? []);
  const places = FIELDS.filter(([key]) => CONNECTING.includes(key) || (catalogue && STORING.includes(key))).map(([, place]) => place);
  return places.some((place) => fields.get(place) !== before.get(place));
}

/**
 * How a worker is asked: by which DAG, with which conf; or why it cannot be.
 * Airflow shows a run's conf to all, so a worker takes no role and no key from it: those of a deployed file are tried by its own DAG.
 * @param {Form} form @param {Map<string, unknown>} fields @param {boolean} [catalogue] whether OpenMetadata is asked, too
 * @returns {{dag: string, conf: object, why: string}}
 */
export function wayToAsk(form, fields, catalogue = false) {
  const named = !form.many && form.aws !== "own" && !(catalogue && form.catalogue === "kept");
  if (named || !(form.base || form.edits || form.role.trim())) return { dag: probeDag(form.queue.trim()), conf: { workflow: askable(fields, catalogue) }, why: "" };
  if (form.many && (!form.targets?.length || isChanged(form, fields, catalogue))) return { dag: form.edits ?? "", conf: {}, why: MANY };
  const why = !form.edits ? (form.base ? KEPT : ROLE) : isChanged(form, fields, catalogue) ? CHANGED : form.paused ? PAUSED : "";
  return { dag: form.edits, conf: {}, why };
}

/** A name for a workflow, made of its service's. @param {string} service */
export const suggested = (service) => (service.trim() ? `${service.trim().replace(/[^A-Za-z0-9_.-]+/g, "_").slice(0, 240)}_metadata` : "");

/** @param {string} edits the DAG whose file is changed; "": a new one */
const storedAt = (edits) => (edits ? `kinesis:edit:${edits}` : "kinesis:new");

/** What was filled in before; no secret is ever a part of it. @param {string} [edits] @returns {Form} */
export function recalled(edits = "") {
  try {
    return { ...EMPTY, ...JSON.parse(sessionStorage.getItem(storedAt(edits)) ?? "{}") };
  } catch {
    return EMPTY;
  }
}

/** @param {Form|null} form @param {string} [edits] */
export function remember(form, edits = "") {
  if (form) sessionStorage.setItem(storedAt(edits), JSON.stringify(form));
  else sessionStorage.removeItem(storedAt(edits));
}

/** @param {any} schema @param {any} node a reference, or one among nulls, resolved */
function plain(schema, node) {
  const one = node?.anyOf?.find((/** @type {any} */ each) => each.type !== "null") ?? node?.allOf?.[0];
  const { anyOf, allOf, ...own } = node ?? {};
  const target = (one ?? node)?.$ref;
  const resolved = target ? schema.$defs[target.split("/").at(-1)] : (one ?? {});
  return { ...resolved, ...own };
}

/**
 * @param {any} schema null: not known yet @param {string[]} place @returns {Record<string, any>} description, default, minimum, ...
 */
export function fieldAt(schema, place) {
  if (!schema) return {};
  return place.reduce((node, key) => plain(schema, plain(schema, node).properties?.[key]), schema);
}

/** Of a connection's or workflow's part. @param {any} schema @param {string} part @param {string} key */
export const helpOf = (schema, part, key) => schema?.$defs[part]?.properties[key]?.description ?? "";
