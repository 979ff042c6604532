import assert from "node:assert/strict";
import { test } from "node:test";

import { byArrow, endNear, maskText, nearPulls, painted, withEnd } from "../../../ui/parts/drag/pulls.js";

const PULLS = [[0.2, 0.2, 0.4, 0.2], [0.8, 0.8, 0.8, 0.8]];

test("a hand takes hold of the nearest end, of two in one place the target", () => {
  assert.deepEqual(endNear(PULLS, [0.21, 0.2], 0.05), { index: 0, end: 0 });
  assert.deepEqual(endNear(PULLS, [0.39, 0.22], 0.05), { index: 0, end: 1 });
  assert.deepEqual(endNear(PULLS, [0.8, 0.81], 0.05), { index: 1, end: 1 });
  assert.equal(endNear(PULLS, [0.5, 0.5], 0.05), null);
});

test("an end that is moved stays within the picture, and the others stay where they are", () => {
  const moved = withEnd(PULLS, { index: 0, end: 1 }, [1.4, -2]);
  assert.deepEqual(moved, [[0.2, 0.2, 1, 0], PULLS[1]]);
  assert.deepEqual(withEnd(PULLS, { index: 1, end: 0 }, [0.7, 0.6])[1], [0.7, 0.6, 0.8, 0.8]);
});

test("arrow keys move by a step, other keys do not", () => {
  assert.deepEqual(byArrow("ArrowUp", [0.5, 0.5], 0.25), [0.5, 0.25]);
  assert.deepEqual(byArrow("ArrowRight", [0.9, 0.5], 0.25), [1, 0.5]);
  assert.equal(byArrow("Enter", [0.5, 0.5], 0.25), null);
});

test("a mask is what was painted, and one that holds nothing is not sent", () => {
  const mask = painted(painted(null, 8, [0.25, 0.25], 0.2), 8, [0.9, 0.9], 0.1);
  assert.equal(mask.length, 64);
  assert.equal(mask[8 + 1], 1);
  assert.equal(mask[7 * 8 + 7], 1);
  assert.equal(mask[7], 0);
  assert.equal(maskText(mask).length, 64);
  assert.equal(maskText(null), "");
  assert.equal(maskText(new Array(64).fill(1)), "");
});

test("what is near the points includes both ends and the way between", () => {
  const mask = nearPulls([[0.1, 0.5, 0.9, 0.5]], 16, 0.1);
  for (const column of [1, 8, 14]) assert.equal(mask[8 * 16 + column], 1);
  assert.equal(mask[8], 0);
});
