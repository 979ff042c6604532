// What every tab shares: a place for parts to find each other, toasts, buttons by name, single-key shortcuts, folds.
// Loaded in <head>, before any component. Nothing here knows what a picture is.
(() => {
  "use strict";
  const parts = new Map();
  const waiting = new Map();
  const actions = new Map();

  /** A part (the live view, the step list …) makes itself known under a name. */
  function register(name, part) {
    parts.set(name, part);
    for (const resolve of waiting.get(name) ?? []) resolve(part);
    waiting.delete(name);
  }

  /** The part of that name, as soon as it is there: components load in no promised order. */
  function part(name) {
    if (parts.has(name)) return Promise.resolve(parts.get(name));
    return new Promise((resolve) => waiting.set(name, [...(waiting.get(name) ?? []), resolve]));
  }

  /** One sentence at the foot of the page. `alert` for what went wrong, so that a screen reader says it at once. */
  function toast(sentence, { alert = false } = {}) {
    let shelf = document.getElementById("atelier-toasts");
    if (!shelf) {
      shelf = document.createElement("div");
      shelf.id = "atelier-toasts";
      document.body.append(shelf);
    }
    const same = [...shelf.children].find((note) => note.textContent === sentence);
    same?.remove();
    while (shelf.children.length > 1) shelf.firstChild.remove(); // two at most: the picture is behind them
    const note = document.createElement("p");
    note.className = alert ? "toast alert" : "toast";
    note.setAttribute("role", alert ? "alert" : "status");
    note.textContent = sentence;
    note.addEventListener("click", () => note.remove());
    shelf.append(note);
    setTimeout(() => note.remove(), alert ? 8000 : 3500);
  }

  /** Set an element's text if it differs: setting the same text again costs a layout all the same. */
  function text(node, value) {
    if (node.textContent !== value) node.textContent = value;
  }

  /** An action runs from any element with data-action="name", or from its key. */
  function action(name, run, { key = [], hold = null } = {}) {
    actions.set(name, { run, hold, keys: key });
  }

  const isTyping = (target) =>
    target.isContentEditable ||
    target.matches?.("textarea, select, input:not([type=range], [type=checkbox], [type=radio], [type=button], [type=color])");

  const byKey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return null;
    if (document.querySelector("dialog[open]")) return null;
    return [...actions.values()].find(({ keys }) => keys.includes(event.key)) ?? null;
  };

  document.addEventListener("keydown", (event) => {
    const found = byKey(event);
    if (!found) return;
    event.preventDefault();
    if (found.hold) event.repeat || found.hold(true);
    else found.run();
  });
  document.addEventListener("keyup", (event) => byKey(event)?.hold?.(false));

  // Holding works by pointer and, on a focused button, by space or enter.
  const held = (event) => actions.get(event.target.closest?.("[data-hold]")?.dataset.hold)?.hold;
  document.addEventListener("pointerdown", (event) => held(event)?.(true));
  for (const end of ["pointerup", "pointercancel", "blur"])
    window.addEventListener(end, () => actions.forEach(({ hold }) => hold?.(false)));
  document.addEventListener("keydown", (event) => [" ", "Enter"].includes(event.key) && held(event)?.(true));
  document.addEventListener("keyup", (event) => [" ", "Enter"].includes(event.key) && held(event)?.(false));

  document.addEventListener("click", (event) => {
    const fold = event.target.closest?.(".fold-head");
    if (fold) {
      const open = fold.closest(".fold").classList.toggle("open");
      fold.setAttribute("aria-expanded", String(open));
    }
    const dialog = event.target.closest?.("[data-dialog]");
    if (dialog) document.getElementById(dialog.dataset.dialog)?.showModal();
    if (event.target.matches?.("dialog")) event.target.close(); // a click beside the sheet
    const named = event.target.closest?.("[data-action]");
    if (named) actions.get(named.dataset.action)?.run(named);
  });

  /** A file's bytes as base64, which is how server functions take them. */
  const base64 = (file) =>
    new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
      reader.onerror = () => reject(reader.error);
      reader.readAsDataURL(file);
    });

  action("help", () => document.getElementById("keys-dialog")?.showModal(), { key: ["?"] });

  window.atelier = { register, part, toast, text, action, base64 };
})();
