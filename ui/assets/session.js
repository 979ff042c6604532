// What a browser's tab remembers of a page until it is closed; nothing where the browser lets the page keep nothing.

const PREFIX = "latent-atelier.";

/** What was remembered under a name; null for nothing. */
export function remembered(name, { sessionStorage: store } = guarded()) {
  try {
    return store.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

/** Remember a text under a name. */
export function remember(name, value, { sessionStorage: store } = guarded()) {
  try {
    store.setItem(PREFIX + name, value);
  } catch {
    // then not
  }
}

/** The window, whose store may refuse even to be asked for. */
function guarded() {
  try {
    return { sessionStorage: window.sessionStorage };
  } catch {
    return { sessionStorage: null };
  }
}
