// The server behind one object: what a part asks of it, by name, and nothing else of it is known in the browser.
const SILENT = "The studio has no answer to this; if it goes on, it may have stopped.";

/**
 * `functions`: {name: async (request) => object}, Gradio's server functions or anything that stands in for them.
 * The same functions, each of which now answers with an object and never fails: where there is no answer (no server, or an
 * error that it did not foresee), the answer is {error: a sentence}.
 */
export function backendOf(functions, names) {
  const ask = async (name, request) => {
    try {
      return (await functions[name](request)) ?? { error: SILENT };
    } catch {
      return { error: SILENT };
    }
  };
  return Object.fromEntries(names.map((name) => [name, (request) => ask(name, request)]));
}
