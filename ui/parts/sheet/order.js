// How a contact sheet is sorted. Pure: entries are {critic, hue, lightness, chroma, size, squares}, `squares` an Int8Array of
// the picture's squares in L*a*b*.

export const NAMES = {
  seed: "seed",
  critic: "the critic",
  likeness: "likeness to the chosen one",
  hue: "hue",
  lightness: "dark to light",
  chroma: "colourfulness",
  size: "size of the subject",
};

const KEYS = {
  critic: (entry) => -(entry.critic ?? -Infinity),
  hue: (entry) => entry.hue,
  lightness: (entry) => entry.lightness,
  chroma: (entry) => -entry.chroma,
  size: (entry) => -entry.size,
};

/** How far two pictures are apart: ΔE between their squares, root mean square. */
export function distance(a, b) {
  let sum = 0;
  for (let i = 0; i < a.squares.length; i++) sum += (a.squares[i] - b.squares[i]) ** 2;
  return Math.sqrt((sum * 3) / a.squares.length);
}

/** Sorted by one of NAMES; by likeness to `like`, as they are without one. What is equal stays in its order. */
export function arranged(entries, by, like = null) {
  if (by === "likeness" && like) {
    const far = new Map(entries.map((entry) => [entry, distance(entry, like)]));
    return [...entries].sort((a, b) => far.get(a) - far.get(b));
  }
  const key = KEYS[by];
  return key ? [...entries].sort((a, b) => key(a) - key(b)) : [...entries];
}

/** The entries without those that are nearer than `alike` to an earlier one that is shown; what is `kept` is always shown. */
export function withoutDuplicates(entries, alike, kept = []) {
  const shown = [];
  for (const entry of entries) if (kept.includes(entry) || !shown.some((each) => distance(each, entry) < alike)) shown.push(entry);
  return shown;
}

/** How many pictures to have where the end of the `count` there are is in sight: a `batch` more, unless the last brought nothing
 * `fresh`, since then it would go on painting and hiding by itself. */
export const goesOn = (count, batch, fresh) => (fresh ? count + batch : count);
