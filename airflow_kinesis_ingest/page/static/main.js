/** The page in Airflow, and the tab of a DAG: Airflow loads this module, and takes the global of the plugin's name. */
import { followed, useAddress } from "./address.js";
import { React, html, useLocation, useNavigate } from "./html.js";
import { later } from "./later.js";
import { isAdding, serviceIn } from "./places.js";
import { ServicePage, WorkflowTab } from "./service.js";
import { ServicesPage } from "./services.js";
import { forget } from "./state.js";

const AddPage = later(() => import("./wizard.js").then(({ AddPage: found }) => found));
const StepsPage = later(() => import("./wizard.js").then(({ StepsPage: found }) => found));

/** Whatever breaks in here, Airflow's own page stays. */
class Guard extends React.Component {
  constructor(/** @type {any} */ props) {
    super(props);
    this.state = /** @type {{error: Error|null}} */ ({ error: null });
  }

  static getDerivedStateFromError(/** @type {Error} */ error) {
    return { error };
  }

  again() {
    forget();
    this.setState({ error: null });
  }

  render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return html`
      <div class="notice bad" role="alert">
        <p><strong>This page broke: ${String(error.message ?? error)}.</strong> The rest of Airflow is not concerned; the browser's console says more.</p>
        <button type="button" onClick=${() => this.again()}>Try again</button>
      </div>
    `;
  }
}

function Page() {
  const { pathname } = useLocation();
  const params = useAddress();
  const name = serviceIn(pathname);
  if (isAdding(pathname, params)) return html`<${AddPage} />`;
  const dag = params.get("workflow");
  if (dag && params.get("view") === "steps") return html`<${StepsPage} key=${dag} dag=${dag} service=${name} />`;
  return dag || name ? html`<${ServicePage} key=${name} name=${name} />` : html`<${ServicesPage} />`;
}

/** @param {{dagId?: string}} props */
function Kinesis({ dagId }) {
  const navigate = useNavigate();
  const follow = (/** @type {any} */ event) => followed(event, navigate);
  return html`<main class="kinesis" onClick=${follow}><${Guard}>${dagId ? html`<${WorkflowTab} dagId=${dagId} />` : html`<${Page} />`}<//></main>`;
}

/** The look, before the first paint. */
function styled() {
  const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: new URL("./style.css", import.meta.url).href });
  return new Promise((done) => {
    link.onload = link.onerror = done;
    document.head.append(link);
  });
}

await styled();
Reflect.set(globalThis, "Kinesis", Kinesis);
