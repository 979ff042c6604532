// Favourites as a value: a list of {id, name, recipe, picture, caption}, in their order. Pure but for the store it is given.

const NAME = "latent-atelier.favourites";
export const MOST = 500;

/**
 * The window's store; where there is none (a browser that keeps nothing for a site in another's frame refuses even to be
 * asked), one that lasts as long as the page. `lasts`: which of the two it is.
 */
export function storeOf(window) {
  try {
    const store = window.localStorage;
    store.getItem(NAME);
    return { store, lasts: true };
  } catch {
    const kept = new Map();
    return { store: { getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => kept.set(name, value) }, lasts: false };
  }
}

/** What a store (localStorage, or anything with getItem and setItem) holds; nothing where it holds what is none. */
export function read(store) {
  try {
    const list = JSON.parse(store.getItem(NAME) ?? "[]");
    return Array.isArray(list) ? list.filter((each) => each?.recipe && typeof each.id === "string") : [];
  } catch {
    return [];
  }
}

/** Write them; whether there was room. */
export function write(store, list) {
  try {
    store.setItem(NAME, JSON.stringify(list));
    return true;
  } catch {
    return false;
  }
}

const sameRecipe = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** The list with entries at its end, but for recipes that are there already; at most MOST. */
export function added(list, entries, id = () => crypto.randomUUID?.() ?? String(Math.random())) {
  const out = [...list];
  for (const entry of entries)
    if (out.length < MOST && !out.some((each) => sameRecipe(each.recipe, entry.recipe))) out.push({ name: "", caption: "", ...entry, id: id() });
  return out;
}

/** The list with an entry back at the place it had, if its recipe was not kept anew in between. */
export function returned(list, entry, at) {
  if (list.some((each) => sameRecipe(each.recipe, entry.recipe))) return list;
  const out = [...list];
  out.splice(Math.min(at, out.length), 0, entry);
  return out;
}

export const without = (list, id) => list.filter((each) => each.id !== id);
export const renamed = (list, id, name) => list.map((each) => (each.id === id ? { ...each, name: name.trim().slice(0, 80) } : each));

/** The list with one entry moved by so many places. */
export function moved(list, id, by) {
  const from = list.findIndex((each) => each.id === id);
  if (from < 0) return list;
  const out = [...list];
  const [entry] = out.splice(from, 1);
  out.splice(Math.min(Math.max(from + by, 0), out.length), 0, entry);
  return out;
}

/** A caption where there is little room: what tells one picture of a model from the next stands first. */
export function short(caption = "") {
  const parts = caption.split(" · ").slice(1).filter((part) => !/^(generated|ψ)/.test(part));
  const seed = parts.find((part) => part.startsWith("seed "));
  return (seed ? [seed, ...parts.filter((part) => part !== seed)] : parts).join(" · ") || caption;
}

/** What a file of favourites holds of each. */
export const plain = (list) => list.map(({ name, recipe }) => ({ name, recipe }));
export { NAME as STORE_NAME };
