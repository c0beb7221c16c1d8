/** Templates for React, which Airflow hands to its plugins. */
import htm from "./vendor/htm.js";

/** @type {any} */
const host = globalThis;

export const React = host.React;
export const { useCallback, useDeferredValue, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } = React;
export const { useLocation, useNavigate } = host.ReactRouterDOM;

const template = /** @type {(strings: TemplateStringsArray, ...values: any[]) => any} */ (htm.bind(element));

/** @param {any} type @param {any} props @param {any[]} children */
function element(type, props, ...children) {
  const { class: className, ...rest } = props ?? {};
  return React.createElement(type, className ? { className, ...rest } : rest, ...children);
}

/** html`<p class="x">...</p>`, with React's own names of attributes, and `class` beside them; of one element, or of more. */
export const html = (/** @type {TemplateStringsArray} */ strings, /** @type {any[]} */ ...values) => {
  const made = template(strings, ...values);
  return Array.isArray(made) ? React.createElement(React.Fragment, null, ...made) : made;
};
