// Points and masks of a drag as plain values: pulls are [x, y, to x, to y] in shares of the picture, a mask an array of 0 and 1.

const within = (value) => Math.min(Math.max(value, 0), 1);

/** The end that lies nearest to a place: {index, end: 0 for the handle, 1 for the target}, or null if none is within `reach`. */
export function endNear(pulls, [x, y], reach) {
  let found = null;
  let least = reach;
  pulls.forEach((pull, index) => {
    for (const end of [1, 0]) {
      const apart = Math.hypot(pull[2 * end] - x, pull[2 * end + 1] - y);
      if (apart <= least && (apart < least || !found)) [found, least] = [{ index, end }, apart];
    }
  });
  return found;
}

/** The same pulls with one end at another place, within the picture. */
export function withEnd(pulls, { index, end }, [x, y]) {
  return pulls.map((pull, i) => (i !== index ? pull : end ? [pull[0], pull[1], within(x), within(y)] : [within(x), within(y), pull[2], pull[3]]));
}

/** Where an arrow key takes a place; null for any other key. `step` in shares of the picture. */
export function byArrow(key, [x, y], step) {
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const way = ways[key];
  return way ? [within(x + way[0] * step), within(y + way[1] * step)] : null;
}

/** A mask with what lies within `radius` of a place set to 1; `mask` of grid×grid, or null for one in which nothing may move. */
export function painted(mask, grid, [x, y], radius) {
  const next = mask ? [...mask] : new Array(grid * grid).fill(0);
  for (let row = 0; row < grid; row++)
    for (let column = 0; column < grid; column++)
      if (Math.hypot((column + 0.5) / grid - x, (row + 0.5) / grid - y) <= radius) next[row * grid + column] = 1;
  return next;
}

/** A mask of what lies near the ways from handles to targets. */
export function nearPulls(pulls, grid, radius) {
  let mask = null;
  for (const [x, y, toX, toY] of pulls)
    for (let i = 0; i <= 16; i++) mask = painted(mask, grid, [x + ((toX - x) * i) / 16, y + ((toY - y) * i) / 16], radius);
  return mask;
}

/** What the server takes: "" for a mask that holds nothing. */
export const maskText = (mask) => (mask?.includes(0) ? mask.join("") : "");
