/** Templates for React, which Airflow hands to its plugins. */
import htm from "./vendor/htm.js";

/** @type {any} */
const host = globalThis;

export const React = host.React;
export const { useCallback, useDeferredValue, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } = React;
export const { useLocation, useNavigate } = host.ReactRouterDOM;

/** html`<p class="x">...</p>`, with React's own names of attributes, and `class` beside them. */
export const html = /** @type {(strings: TemplateStringsArray, ...values: any[]) => any} */ (htm.bind(element));

/** @param {any} type @param {any} props @param {any[]} children */
function element(type, props, ...children) {
  const { class: className, ...rest } = props ?? {};
  return React.createElement(type, className ? { className, ...rest } : rest, ...children);
}
