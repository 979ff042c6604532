// Which action a key or a button runs, and the sheet that lists the keys. Pure: parts are {id, actions, element}, actions a
// Map of name → {keys, says, run, hold}; `shown` and `within` say what the page knows of elements.

/** The action of a key: of the part that holds the focus, else of the first that is shown; null if there is none. */
export function actionOfKey(key, parts, { shown, focused = () => false }) {
  const candidates = parts.filter((part) => shown(part.element));
  const inOrder = [...candidates.filter((part) => focused(part.element)), ...candidates];
  for (const { actions } of inOrder)
    for (const action of actions.values()) if (action.keys.includes(key) && (action.run || action.hold)) return action;
  return null;
}

/** The key of an event, "" where it is the browser's. Undo and redo are what every program calls so: Ctrl or ⌘ with Z, Shift Z, Y. */
export function keyOf({ key, ctrlKey, metaKey, altKey, shiftKey }) {
  if (altKey) return "";
  if (!ctrlKey && !metaKey) return key;
  const letter = key.toLowerCase();
  return letter === "z" ? (shiftKey ? "y" : "z") : letter === "y" && !shiftKey ? "y" : "";
}

/** The action of a button: "name" of the part round it, "part.name" of any part. Hidden parts answer to their full names. */
export function actionOfButton(name, parts, isWithin) {
  const own = parts.findLast((part) => isWithin(part.element) && part.actions.has(name));
  if (own) return own.actions.get(name);
  const dot = name.lastIndexOf(".");
  return parts.find((part) => part.id === name.slice(0, dot))?.actions.get(name.slice(dot + 1)) ?? null;
}

/** The lines of the key sheet: every action with a key and words, of the parts that are shown. */
export function keySheet(parts, shown) {
  const actions = parts.filter((part) => shown(part.element)).flatMap((part) => [...part.actions.values()]);
  const lines = actions.filter(({ keys, says }) => keys.length && says);
  const seen = new Set(); // two charts of one kind have one line
  return lines.filter(({ keys, says }) => !seen.has(`${keys} ${says}`) && seen.add(`${keys} ${says}`)).map(({ keys, says }) => ({ keys, says }));
}
