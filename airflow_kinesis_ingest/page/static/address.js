/**
 * What is looked at stands in the address: it can be sent to others, and Back works.
 *
 * Airflow makes a plugin's component anew when its router moves, and what has the focus or is half typed is lost. So
 * what changes within a page changes the address past the router, which reads it again with the next Back.
 */
import { html, useEffect, useRef, useState } from "./html.js";
import { base } from "./places.js";

const CHANGED = "kinesis:address";

/** @returns {URLSearchParams} */
export function useAddress() {
  const [search, setSearch] = useState(location.search);
  useEffect(() => {
    const look = () => setSearch(location.search);
    for (const name of ["popstate", CHANGED]) addEventListener(name, look);
    return () => ["popstate", CHANGED].forEach((name) => removeEventListener(name, look));
  }, []);
  return new URLSearchParams(search === location.search ? search : location.search);
}

/** @param {string} search "?view=runs" @param {boolean} [replace] whether Back passes over what was before */
export function show(search, replace = false) {
  const { state } = history;
  const next = replace ? state : { ...state, idx: (state?.idx ?? 0) + 1, before: location.search };
  history[replace ? "replaceState" : "pushState"](next, "", `${location.pathname}${search}`);
  dispatchEvent(new Event(CHANGED));
}

/** To what came before: back to it where the browser's Back leads there, else in the place of this. So no Back leads forward. @param {string} search */
export function backTo(search) {
  if (history.state?.before !== search) return show(search, true);
  arriving = true;
  return history.back();
}

/** The address's search with some of it changed; "" takes away. @param {Record<string, string>} values */
export function searchWith(values) {
  const params = new URLSearchParams(location.search);
  for (const [key, value] of Object.entries(values)) {
    if (value) params.set(key, value);
    else params.delete(key);
  }
  return params.size ? `?${params}` : "";
}

/** Where another look at this page is. @param {Record<string, string>} values */
export const here = (values) => `${location.pathname.slice(base().length)}${searchWith(values)}`;

const PAUSE = 300; // milliseconds: browsers refuse an address that changes with each letter

/** What is searched for, sorted by and shown of a list. @param {string} first the column it is sorted by at first */
export function useLook(first) {
  const params = useAddress();
  const [text, setText] = useState(params.get("q") ?? "");
  useEffect(() => {
    const timer = setTimeout(() => text === (new URLSearchParams(location.search).get("q") ?? "") || show(searchWith({ q: text }), true), PAUSE);
    return () => clearTimeout(timer);
  }, [text]);
  const [by, way] = (params.get("sort") ?? first).split("-");
  const sort = { by, down: way === "down" };
  const put = (/** @type {Record<string, string>} */ values) => show(searchWith(values), true);
  const onSort = (/** @type {string} */ column, /** @type {string[]} */ downFirst) => {
    const down = by === column ? !sort.down : downFirst.includes(column);
    put({ sort: `${column}${down ? "-down" : ""}` });
  };
  return { text, setText, shown: params.get("show") ?? "", setShown: (/** @type {string} */ key) => put({ show: key }), sort, onSort };
}

/** A link to a page of Airflow, ours among them; `followed` follows it. @param {any} props to: below Airflow's own path */
export const Link = ({ to, children, ...rest }) => html`<a href=${base() + to} ...${rest}>${children}</a>`;

let arriving = false;

/** Who followed a link is led to the heading of where it led: what had the focus is gone. @returns {any} the heading's ref */
export function useArrival() {
  const heading = useRef(null);
  useEffect(() => {
    if (arriving) heading.current?.focus();
    arriving = false;
  }, []);
  return heading;
}

/** A click on a link, without loading the page. @param {any} event @param {(path: string) => void} navigate Airflow's router */
export function followed(event, navigate) {
  const link = event.target.closest?.("a[href]");
  const elsewhere = !link || link.target || link.origin !== location.origin;
  if (elsewhere || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  arriving = link.pathname !== location.pathname;
  if (link.pathname === location.pathname) show(link.search);
  else navigate(link.pathname.slice(base().length) + link.search);
}
