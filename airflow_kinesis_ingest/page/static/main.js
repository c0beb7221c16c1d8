const { createElement } = globalThis.React;

globalThis.Kinesis = ({ dagId }) => createElement("p", null, dagId ?? "Kinesis");
