/** An Airflow connection: one that is there, or a new one. What is secret is sent once and kept nowhere. */
import { tell } from "./api.js";
import { helpOf } from "./draft.js";
import { Radios, Text } from "./form.js";
import { html, useId, useState } from "./html.js";
import { Icon, Refused } from "./parts.js";
import { useAnswer } from "./state.js";

const MOST = 500;
/** The key of who gives the token: other fields belong to each. */
export const PROVIDER = "authProvider";

/** The ids that Airflow lists of some types; those of secrets backends it does not. @param {string[]} types @returns {{ids: string[], error: any}} */
function useConnections(types) {
  const { data, error } = useAnswer(`/api/v2/connections?limit=${MOST}&order_by=connection_id`);
  const found = /** @type {any[]} */ (data?.connections ?? []).filter((/** @type {any} */ each) => types.includes(each.conn_type));
  return { ids: found.map((each) => each.connection_id), error };
}

/** Which connection. @param {{id: string, types: string[], value: string, onInput: (value: string) => void, error?: string}} props */
export function Existing({ id, types, value, onInput, error }) {
  const { ids, error: refused } = useConnections(types);
  const unlisted = value.trim() && !refused && !ids.includes(value.trim());
  const type = types.join(" or ");
  const help = refused
    ? "You may not list Airflow's connections: type the id of one."
    : ids.length
      ? `Choose ${ids.length > 1 ? `one of the ${ids.length}` : "the one"} of type ${type} that Airflow lists, or type the id of one in a secrets backend.`
      : `Airflow lists none of type ${type}: type the id of one in a secrets backend, or make a new one.`;
  return html`
    <${Text} id=${id} label="Connection id" help=${help} error=${error} value=${value} onInput=${onInput} options=${ids} />
    ${unlisted && html`
      <p class="muted hint">
        <${Icon} name="warning" /> Airflow lists no connection of this id and type. It may be in a secrets backend or a variable: the test tells.
      </p>
    `}
  `;
}

/**
 * @typedef {object} Part one field of a new connection
 * @property {string} key
 * @property {string} label
 * @property {string} help
 * @property {boolean} [secret]
 * @property {boolean} [needed]
 * @property {[string, string][]} [of] what may be chosen
 * @property {string} [first]
 */

/** @param {any} schema @returns {Part[]} */
const awsParts = (schema) => [
  ["login", "AWS Access Key ID", "awsAccessKeyId"], ["password", "AWS Secret Access Key", "awsSecretAccessKey", true],
  ["awsSessionToken", "AWS Session Token", "awsSessionToken", true], ["awsRegion", "AWS Region", "awsRegion"],
  ["endPointURL", "Endpoint URL", "endPointURL"], ["profileName", "Profile Name", "profileName"],
  ["assumeRoleArn", "Assume Role Arn", "assumeRoleArn"], ["assumeRoleSessionName", "Assume Role Session Name", "assumeRoleSessionName"],
  ["assumeRoleSourceIdentity", "Assume Role Source Identity", "assumeRoleSourceIdentity"],
].map(([key, label, field, secret]) => /** @type {any} */ ({
  key, label, secret, needed: key === "awsRegion", help: helpOf(schema, "AwsConfig", String(field)),
}));

const PROVIDERS = /** @type {Record<string, string>} */ ({
  auth0: "Auth0", azure: "Azure AD", "custom-oidc": "An OpenID Connect provider", google: "Google", okta: "Okta",
});
const LABELS = /** @type {Record<string, string>} */ ({
  clientId: "Client id", secretKey: "Secret key", clientSecret: "Client secret", privateKey: "Private key", domain: "Domain", authority: "Authority",
  scopes: "Scopes", tokenEndpoint: "Token endpoint", audience: "Audience", orgURL: "Org URL", email: "Email",
});
const JWT = { key: "password", label: "JWT of the bot", help: "In OpenMetadata: Settings, Bots, ingestion-bot", secret: true, needed: true };

/** What the schema says of a field for one of those who give tokens. @param {any} schema @param {string} field @param {string} provider */
function helpFor(schema, field, provider) {
  const all = helpOf(schema, "SecurityConfig", field).split(/; (?=`)/);
  const own = all.find((/** @type {string} */ each) => each.includes(`\`${provider}\``)) ?? "";
  const text = own.replace(/^(`[\w-]+`(, )?)+: /, "");
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** What proves to OpenMetadata who asks: its own token, or what a provider gives one for. @param {any} schema @param {string} provider @returns {Part[]} */
function tokenParts(schema, provider) {
  const { OpenMetadataServer, SecurityConfig } = schema.$defs;
  const found = OpenMetadataServer.allOf.find((/** @type {any} */ each) => each.if.properties.authProvider.const === provider);
  if (!found) return [JWT];
  const { required, propertyNames } = found.then.properties.securityConfig.anyOf.at(-1);
  const isSecret = (/** @type {string} */ field) => SecurityConfig.properties[field].anyOf?.some((/** @type {any} */ each) => each.writeOnly);
  return propertyNames.enum.map((/** @type {string} */ field) => ({
    key: field === "clientId" ? "login" : isSecret(field) ? "password" : field,
    label: LABELS[field], help: helpFor(schema, field, provider), secret: isSecret(field), needed: required.includes(field),
  }));
}

/** @param {any} schema @param {string} provider @returns {Part[]} */
const catalogueParts = (schema, provider) => [
  { key: "schema", label: "Protocol", help: "", of: [["https", "https"], ["http", "http"]], first: "https" },
  { key: "host", label: "Host", help: "Of the OpenMetadata server, without protocol and path", needed: true },
  { key: "port", label: "Port", help: "8585 where it is reached directly, 443 or 80 behind a proxy", first: "8585", needed: true },
  { key: PROVIDER, label: "Who gives the token", help: "", of: [["", "OpenMetadata: the JWT of a bot"], .../** @type {any} */ (Object.entries(PROVIDERS))] },
  ...tokenParts(schema, provider),
  { key: "verifySSL", label: "Verify SSL", help: "", of: [["", "By the system's CAs"], ["ignore", "Not at all"], ["validate", "By the CA certificate below"]] },
  { key: "sslConfig", label: "CA certificate", help: "Path on the workers, for “by the CA certificate”" },
];

/** As Amazon's provider names them in the extra of its own type. @type {Record<string, string>} */
const AMAZONS = {
  awsSessionToken: "aws_session_token", awsRegion: "region_name", endPointURL: "endpoint_url", profileName: "profile_name", assumeRoleArn: "role_arn",
};

/** The fields of a connection. @param {any} schema @param {string} type @param {string} [provider] who gives the token; "": OpenMetadata @returns {Part[]} */
export function partsOf(schema, type, provider = "") {
  if (type === "openmetadata") return catalogueParts(schema, provider);
  const all = awsParts(schema);
  return type === "kinesis" ? all : all.flatMap((part) => (OWN.includes(part.key) ? [part] : part.key in AMAZONS ? [{ ...part, needed: false, key: AMAZONS[part.key] }] : []));
}

/** What stands in a connection itself; all else is in its extra. */
export const OWN = ["login", "password", "host", "port", "schema"];

/** What was typed for one who gives tokens is not for another. */
export const NOBODY = { login: "", password: "" };

/** As Airflow's API takes it. @param {string} id @param {string} type @param {Record<string, string>} values */
function made(id, type, values) {
  const given = Object.entries(values).map(([key, value]) => [key, value.trim()]).filter(([, value]) => value);
  const own = given.filter(([key]) => OWN.includes(key)).map(([key, value]) => [key, key === "port" ? Number(value) : value]);
  const extra = Object.fromEntries(given.filter(([key]) => !OWN.includes(key)));
  return { connection_id: id.trim(), conn_type: type, ...Object.fromEntries(own), ...(Object.keys(extra).length ? { extra: JSON.stringify(extra) } : {}) };
}

/** What is missing of a new one. @param {string} id @param {Part[]} parts @param {Record<string, string>} values @returns {Record<string, string>} by the keys of the fields */
const missing = (id, parts, values) => ({
  ...(/^[\w.-]{1,200}$/.test(id.trim()) ? {} : { id: "Enter an id of letters, digits, `_`, `.` and `-`" }),
  ...incomplete(parts, values),
});

/** What belongs to a connection and is not there. @param {Part[]} parts @param {Record<string, string>} values @returns {Record<string, string>} */
export function incomplete(parts, values) {
  const found = parts.filter(({ key, needed }) => needed && !values[key]?.trim()).map(({ key, label }) => [key, `Enter the ${label}`]);
  const pair = Boolean(values.login?.trim()) !== Boolean(values.password?.trim()) && parts.some(({ key, needed }) => key === "login" && !needed);
  return Object.fromEntries([
    ...found,
    ...(pair ? [[values.login?.trim() ? "password" : "login", "An access key has two parts: enter both, or none for the workers' own identity"]] : []),
  ]);
}

/**
 * The form of a new connection; its fields are nowhere but here, and gone with it.
 * @param {{type: "kinesis"|"openmetadata", schema: any, suggestion: string, done: (id: string, values: Record<string, string>) => void}} props
 */
export function NewConnection({ type, schema, suggestion, done }) {
  const [id, setId] = useState(suggestion);
  const [said, setSaid] = useState(/** @type {Record<string, string>} */ ({}));
  const parts = partsOf(schema, type, said[PROVIDER]);
  const values = Object.fromEntries(parts.map(({ key, first = "" }) => [key, said[key] ?? first]));
  const [tried, setTried] = useState(/** @type {any} */ ({ errors: {}, error: null, busy: false }));
  const space = useId();
  const make = async () => {
    if (tried.busy) return;
    const errors = missing(id, parts, values);
    if (Object.keys(errors).length) {
      setTried({ errors, error: null, busy: false });
      document.getElementById(`${space}${Object.keys(errors)[0]}`)?.focus();
      return;
    }
    setTried({ errors: {}, error: null, busy: true });
    try {
      await tell("/api/v2/connections", made(id, type, values));
      done(id.trim(), values);
    } catch (/** @type {any} */ error) {
      const taken = error.kind === "conflict" ? { id: "A connection of this id is there already: choose another id, or use that one" } : {};
      setTried({ errors: taken, error: error.kind === "conflict" ? null : error, busy: false });
    }
  };
  const put = (/** @type {string} */ key) => (/** @type {string} */ value) => setSaid((/** @type {any} */ last) => ({ ...last, ...(key === PROVIDER && NOBODY), [key]: value }));
  return html`
    <div class="card stack">
      <p class="muted">
        It is stored as a connection of Airflow, with your rights. Secrets go there and nowhere else: leave this step without storing it, and they are gone.
      </p>
      <${Text} id=${`${space}id`} label="Id of the new connection" help="Workflow files name it by this" value=${id}
        onInput=${setId} error=${tried.errors.id} />
      ${parts.map(({ key, label, help, secret, needed, of }) => of
        ? html`<${Radios} key=${key} id=${`${space}${key}`} legend=${label} value=${values[key]} of=${of} onPick=${put(key)} />`
        : html`
          <${Text} key=${key} id=${`${space}${key}`} label=${label} help=${help} optional=${!needed} type=${secret ? "password" : "text"}
            value=${values[key]} onInput=${put(key)} error=${tried.errors[key]} />
        `)}
      <${Refused} error=${tried.error} />
      <div class="buttons"><button type="button" class="main" onClick=${make}>${tried.busy ? "Storing…" : "Store this connection"}</button></div>
    </div>
  `;
}
