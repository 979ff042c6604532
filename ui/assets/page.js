// The page: starts parts, lets them find each other, and hands keys, buttons, folds and sheets on to them. Nothing here knows
// what a picture is.
import "./api.js";
import { backendOf } from "./backend.js";
import { make, toast } from "./dom.js";
import { actionOfButton, actionOfKey, keyOf, keySheet } from "./keys.js";
import { nameSliders } from "./names.js";
import "./tabs.js";
import "./touch.js";

export { toast };

nameSliders();

const parts = []; // {id, element, actions}, in the order in which they came
const apis = new Map();
const waiting = new Map();
const standIns = new Map();

/**
 * Start a part. Its script's default export is called with
 *   element   the part's own element
 *   settings  what Python gave it
 *   backend   {name: async (request) => object}: what it may ask of the server
 *   action    (name, {keys, says, run, hold}): what its buttons (data-action="name") and keys do; `says` stands on the key
 *             sheet; `hold(on)` in place of `run` for what lasts as long as a key or button (data-hold="name") is held; neither
 *             of them for keys that the part hears by itself
 *   props, trigger, watch, upload   Gradio's: properties, events, changes from outside, files
 * and what it returns is given to whoever asks for `part(id)`.
 */
export function start(script, id, functions, { element, props, server, ...rest }) {
  const actions = new Map();
  const action = (name, { keys = [], says = "", run = null, hold = null }) => actions.set(name, { keys, says, run, hold });
  for (const gone of parts.filter((each) => !each.element.isConnected)) parts.splice(parts.indexOf(gone), 1);
  parts.push({ id, element, actions });
  const backend = backendOf(standIns.get(id) ?? server, functions);
  const settings = JSON.parse(props.settings ?? "{}");
  const api = script({ element, settings, backend, action, props, ...rest }) ?? {};
  apis.set(id, api);
  for (const resolve of waiting.get(id) ?? []) resolve(api);
  waiting.delete(id);
}

/** What a part gives to others, as soon as it is there: components load in no promised order. */
export function part(id) {
  if (apis.has(id)) return Promise.resolve(apis.get(id));
  return new Promise((resolve) => waiting.set(id, [...(waiting.get(id) ?? []), resolve]));
}

/** Functions that answer a part in place of the server. To be named before the part starts. */
export function standIn(id, functions) {
  standIns.set(id, functions);
}

// ---------------------------------------------------------------- what is shown

/** Whether an element takes up room; one whose box is dissolved (display: contents) does where a child does, and one in a
 * closed fold counts as shown where the fold is: it is here, if one opens it. */
function shown(element) {
  const fold = element.closest(".fold:not(.open)");
  if (fold && fold !== element) return shown(fold);
  if (element.getClientRects().length) return true;
  return getComputedStyle(element).display === "contents" && [...element.children].some(shown);
}

// ---------------------------------------------------------------- keys

const COVERED = CSS.supports("selector(:popover-open)") ? "dialog[open], :popover-open" : "dialog[open]";

const isTyping = (target) =>
  target.isContentEditable ||
  target.matches?.("textarea, select, input:not([type=range], [type=checkbox], [type=radio], [type=button], [type=color])");

const byKey = (event) => {
  const key = keyOf(event);
  if (!key || isTyping(event.target)) return null;
  if (document.querySelector(COVERED)) return null; // Escape closes what is open, and nothing else
  return actionOfKey(key, everyPart(), { shown, focused: (element) => element.contains(document.activeElement) });
};

document.addEventListener("keydown", (event) => {
  const found = byKey(event);
  if (!found) return;
  event.preventDefault();
  if (found.hold) event.repeat || begin(found.hold);
  else found.run();
});

// ---------------------------------------------------------------- buttons

// What is held lasts until the key or the finger goes up, wherever that is. A tap on such a button is for who cannot hold: it lasts
// until the next one.
const TAP_MS = 300;
let held = null;
const begin = (hold, button = null) => {
  const wasOn = button?.getAttribute("aria-pressed") === "true";
  held = { hold, button, wasOn, at: performance.now() };
  button?.setAttribute("aria-pressed", "true");
  hold(true);
};
const end = () => {
  if (!held) return;
  const { hold, button, wasOn, at } = held;
  held = null;
  if (button && !wasOn && performance.now() - at < TAP_MS) return;
  button?.setAttribute("aria-pressed", "false");
  hold(false);
};

const buttonOf = (event, attribute) => event.target.closest?.(`[data-${attribute}]`) ?? null;
const named = (event, attribute) => {
  const button = buttonOf(event, attribute);
  return button && actionOfButton(button.dataset[attribute], everyPart(), (element) => element.contains(button));
};
const press = (event) => {
  const { hold } = named(event, "hold") ?? {};
  if (hold) begin(hold, buttonOf(event, "hold"));
};

document.addEventListener("pointerdown", press);
document.addEventListener("keydown", (event) => [" ", "Enter"].includes(event.key) && !event.repeat && press(event));
document.addEventListener("keyup", end);
for (const over of ["pointerup", "pointercancel", "blur"]) window.addEventListener(over, end);

document.addEventListener("click", (event) => {
  const fold = event.target.closest?.(".fold-head");
  if (fold) fold.setAttribute("aria-expanded", String(fold.closest(".fold").classList.toggle("open")));
  const dialog = event.target.closest?.("[data-dialog]");
  if (dialog) openDialog(dialog.dataset.dialog);
  if (event.target.matches?.("dialog")) event.target.close(); // a click beside the sheet
  named(event, "action")?.run?.();
});

// ---------------------------------------------------------------- the page's own keys and their sheet

const own = {
  id: "page",
  element: document.documentElement,
  actions: new Map([
    ["slider", { keys: ["←", "→"], says: "on a slider: one step" }],
    ["help", { keys: ["?"], says: "this sheet", run: () => openDialog("keys-dialog") }],
  ]),
};
const everyPart = () => [...parts, own];
/** The page's own keys in another language: {slider: words, help: words}. */
export const keysSay = (words) => Object.entries(words).forEach(([name, says]) => (own.actions.get(name).says = says));

function openDialog(id) {
  const dialog = document.getElementById(id);
  const list = dialog?.querySelector(".keys");
  list?.replaceChildren(
    ...keySheet(everyPart(), shown).flatMap(({ keys, says }) => [
      make("dt", {}, ...keys.map((key) => make("kbd", { textContent: key === "Escape" ? "Esc" : key }))),
      make("dd", { textContent: says }),
    ]),
  );
  dialog?.showModal();
}
