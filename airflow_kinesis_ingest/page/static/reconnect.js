/** An Airflow connection that is there, changed over Airflow's own API. Its secrets are never shown: an empty field keeps the stored one. */
import { Link } from "./address.js";
import { ask, tell } from "./api.js";
import { NOBODY, OWN, PROVIDER, incomplete, partsOf } from "./connect.js";
import { Radios, Switch, Text } from "./form.js";
import { html, useId, useState } from "./html.js";
import { Icon, Prose, Refused, Skeleton } from "./parts.js";
import { SCHEMA, connectionOf, connectionPage } from "./places.js";
import { useAnswer } from "./state.js";
/** @import {Part} from "./connect.js" */

/** @typedef {{connection_id: string, conn_type: string, extra: string|null} & Record<string, any>} Connection as Airflow tells it: secrets are `***` */

const HIDDEN = "***";
/** A part of the names whose values Airflow hides, and puts back where they come as `***`. */
const RESTORED = /token|secret|password|passphrase|private_key|api_key/i;

/** What stands in its extra; null where that is no JSON object. @param {Connection} connection @returns {Record<string, any>|null} */
function extraOf({ extra }) {
  try {
    const found = JSON.parse(extra || "{}");
    return found && typeof found === "object" && !Array.isArray(found) ? found : null;
  } catch {
    return null;
  }
}

/** Why this form cannot keep all that a connection holds; "" if it can. @param {Connection} connection */
export function objection(connection) {
  if (!["kinesis", "aws", "openmetadata"].includes(connection.conn_type)) return `It is of type \`${connection.conn_type}\`, which no workflow uses.`;
  const extra = extraOf(connection);
  if (!extra) return "Its extra is no JSON object.";
  const lost = Object.entries(extra).filter(([key, value]) => JSON.stringify(value).includes(HIDDEN) && !(value === HIDDEN && RESTORED.test(key)));
  return lost.length ? `Airflow hides a part of \`${lost[0][0]}\` in its extra, and would not put it back.` : "";
}

/** @param {Connection} connection @param {Part} part what is stored; `***` for a secret that is there, "" for nothing */
export function storedIn(connection, { key }) {
  const value = OWN.includes(key) ? connection[key] : extraOf(connection)?.[key];
  return value == null || (key === PROVIDER && value === "openmetadata") ? "" : String(value);
}

/** Whether it is stored and Airflow does not show it: a secret, or what has a name like one. @param {Connection} connection @param {Part} part */
const isHidden = (connection, part) => part.secret || storedIn(connection, part) === HIDDEN;

/** @param {Connection} connection */
const providerOf = (connection) => storedIn(connection, /** @type {Part} */ ({ key: PROVIDER }));

/** Whether somebody else is to give the token, of whom the stored secret is not. @param {Connection} connection @param {Record<string, string>} values */
const isOther = (connection, values) => PROVIDER in values && values[PROVIDER] !== providerOf(connection);

/**
 * What of a connection is to be changed, and nothing else: the body for Airflow's API, and the fields that it may touch.
 * @param {Connection} connection @param {Part[]} parts @param {Record<string, string>} values @param {string[]} gone secrets to be taken away
 * @param {Part[]} [before] the fields that it had; what is none any more goes
 * @returns {{body: Record<string, any>, mask: string[]}}
 */
export function changeOf(connection, parts, values, gone, before = parts) {
  const { connection_id, conn_type } = connection;
  const body = /** @type {Record<string, any>} */ ({ connection_id, conn_type });
  const extra = { ...extraOf(connection) };
  for (const part of parts) {
    const { key } = part;
    const said = (values[key] ?? "").trim();
    const kept = isHidden(connection, part) ? !said && !gone.includes(key) : said === storedIn(connection, part);
    if (kept) continue;
    if (OWN.includes(key)) body[key] = !said ? null : key === "port" ? Number(said) : said;
    else if (said) extra[key] = said;
    else delete extra[key];
    if (!OWN.includes(key)) body.extra = JSON.stringify(extra);
  }
  for (const { key } of before.filter(({ key: old }) => !parts.some((part) => part.key === old))) {
    if (OWN.includes(key)) body[key] = null;
    else if (key in extra) {
      delete extra[key];
      body.extra = JSON.stringify(extra);
    }
  }
  return { body, mask: Object.keys(body).filter((key) => !["connection_id", "conn_type"].includes(key)) };
}

/** A button that opens the form. @param {{id: string, children?: any}} props children: what to do once it is stored */
export function Reconnect({ id, children }) {
  const [open, setOpen] = useState(false);
  return html`
    <div class="stack reconnect">
      <div><button type="button" aria-expanded=${open} onClick=${() => setOpen(!open)}><${Icon} name="edit" />Edit the connection ${id}</button></div>
      ${open && html`<${Found} key=${id} id=${id} close=${() => setOpen(false)}>${children}<//>`}
    </div>
  `;
}

/** @param {{id: string, close: () => void, children?: any}} props */
function Found({ id, close, children }) {
  const found = useAnswer(connectionOf(id), undefined, asked);
  const schema = useAnswer(SCHEMA);
  const error = found.error ?? schema.error;
  if (error) return html`<${Refused} error=${error} again=${found.again} />`;
  if (!found.data || !schema.data || found.busy) return html`<${Skeleton} lines=${3} label="Loading the connection" />`;
  const connection = /** @type {any} */ (found.data);
  if (connection.why) return html`<p class="notice"><span>${connection.why}</span></p>`;
  const why = objection(connection);
  if (why) return html`<p class="notice"><span><${Prose} text=${why} /> <${Link} to=${connectionPage}>Change it in Airflow<//></span></p>`;
  return html`<${Fields} key=${found.at} connection=${connection} schema=${schema.data} close=${close} again=${found.again}>${children}<//>`;
}

const UNLISTED = "Airflow's database has no connection of this id. It is in a secrets backend or a variable of the workers: change it there.";
const FORBIDDEN = "You may not look at this connection, so you cannot change it here. Ask for the right to edit connections.";
const UNCHANGED = "You may look at this connection, and not change it. Ask for the right to edit connections.";

/** @param {string} path @param {RequestInit} options */
const asked = (path, options) => ask(path, options).catch((error) => {
  const why = error.kind === "missing" ? UNLISTED : error.kind === "forbidden" ? FORBIDDEN : "";
  if (why) return { why };
  throw error;
});

/** @param {{connection: Connection, schema: any, close: () => void, again: () => void, children?: any}} props */
function Fields({ connection, schema, close, again, children }) {
  const { connection_id: id, conn_type: type } = connection;
  const provider = providerOf(connection);
  const before = partsOf(schema, type, provider);
  const [values, setValues] = useState(() => Object.fromEntries(before.map((part) => [part.key, isHidden(connection, part) ? "" : storedIn(connection, part)])));
  const parts = partsOf(schema, type, values[PROVIDER]);
  const other = isOther(connection, values);
  const [gone, setGone] = useState(/** @type {string[]} */ ([]));
  const [did, setDid] = useState(/** @type {any} */ ({ errors: {}, error: null, busy: false, said: "" }));
  const space = useId();
  const { body, mask } = changeOf(connection, parts, values, gone, before);
  const store = async () => {
    if (did.busy) return;
    const errors = faultsIn(connection, parts, values, gone);
    const first = Object.keys(errors)[0];
    setDid({ errors, error: null, busy: !first, said: "" });
    if (first) return document.getElementById(`${space}${first}`)?.focus();
    try {
      await tell(`${connectionOf(id)}?${mask.map((each) => `update_mask=${each}`).join("&")}`, body, "PATCH");
      setValues((/** @type {any} */ last) => Object.fromEntries(parts.map(({ key, secret }) => [key, secret ? "" : last[key]])));
      setDid({ errors: {}, error: null, busy: false, said: `${id} is stored. Every workflow that names it uses it from now on.` });
    } catch (/** @type {any} */ error) {
      setDid({ errors: {}, error, busy: false, said: "" });
    }
  };
  const put = (/** @type {string} */ key) => (/** @type {string} */ value) => {
    const nobody = key === PROVIDER && { ...NOBODY, ...(value === provider && { login: connection.login ?? "" }) };
    setValues((/** @type {any} */ last) => ({ ...last, ...nobody, [key]: value }));
    setDid({ errors: {}, error: null, busy: false, said: "" });
  };
  if (did.said)
    return html`
      <div class="card stack" role="status">
        <p><${Icon} name="check" /> ${did.said}</p><div>${children}</div>
        <div class="buttons"><button type="button" onClick=${again}>Change more</button><button type="button" onClick=${close}>Close</button></div>
      </div>
    `;
  return html`
    <section class="card stack" aria-label=${`Connection ${id}`}>
      <p class="muted">The Airflow connection <code>${id}</code>, of type ${type}. All that name it use what you store here.</p>
      ${parts.map((part) => html`
        <${Field} key=${part.key} ...${{ part, space, gone, setGone }} stored=${other && part.secret ? "" : storedIn(connection, part)} value=${values[part.key] ?? ""}
          error=${did.errors[part.key]} put=${put(part.key)} />
      `)}
      ${did.error?.kind === "forbidden" ? html`<p class="notice bad" role="alert">${UNCHANGED}</p>` : html`<${Refused} error=${did.error} />`}
      <div class="buttons">
        <button type="button" class="main" disabled=${!mask.length} onClick=${store}>${did.busy ? "Storing…" : "Store the changes"}</button>
        <button type="button" onClick=${close}>Leave it as it is</button>
      </div>
    </section>
  `;
}

/** What is missing with the changes, of what was there before or belongs together. @param {Connection} connection @param {Part[]} parts @param {Record<string, string>} values @param {string[]} gone */
function faultsIn(connection, parts, values, gone) {
  const other = isOther(connection, values);
  const kept = (/** @type {Part} */ part) => (isHidden(connection, part) && !gone.includes(part.key) && !other ? storedIn(connection, part) : "");
  const now = Object.fromEntries(parts.map((part) => [part.key, values[part.key]?.trim() || kept(part)]));
  return incomplete(parts.filter((part) => other || !part.needed || storedIn(connection, part)), now);
}

const KEPT = "One is stored, and not shown. Leave this empty to keep it.";
// A secret of the extra can be taken away; Airflow's API takes no password away: it keeps it where null comes.

/** @param {any} props */
function Field({ part: { key, label, help, secret, needed, of }, space, stored, value, error, put, gone, setGone }) {
  const id = `${space}${key}`;
  if (of) return html`<${Radios} id=${id} legend=${label} value=${value} of=${of} onPick=${put} />`;
  const taken = gone.includes(key);
  const hidden = secret ? stored : stored === HIDDEN;
  const toggle = (/** @type {boolean} */ on) => setGone(on ? [...gone, key] : gone.filter((/** @type {string} */ each) => each !== key));
  return html`
    ${!taken && html`
      <${Text} id=${id} label=${label} help=${hidden ? KEPT : help} optional=${!needed} type=${secret ? "password" : "text"} value=${value}
        onInput=${put} error=${error} />
    `}
    ${secret && stored && !OWN.includes(key) && !value && html`<${Switch} id=${`${id}-gone`} label=${`Take the stored ${label} away`} value=${taken} onPick=${toggle} />`}
  `;
}
