import assert from "node:assert/strict";
import test from "node:test";

import { NAMES, arranged, distance, goesOn, withoutDuplicates } from "../../../ui/parts/sheet/order.js";

const entry = (number, squares = [number, 0, 0]) => ({ number, critic: number, hue: -number, lightness: -number, chroma: number, size: number, squares: Int8Array.from(squares) });
const numbers = (entries) => entries.map(({ number }) => number);

test("each order puts the most of it first, and what is equal stays", () => {
  const entries = [2, 5, 1, 5].map((number) => entry(number));
  for (const by of Object.keys(NAMES).filter((name) => !["seed", "likeness"].includes(name))) assert.deepEqual(numbers(arranged(entries, by)), [5, 5, 2, 1], by);
  assert.deepEqual(arranged(entries, "seed"), entries);
  assert.equal(arranged(entries, "size")[0], entries[1]);
  assert.deepEqual(numbers(arranged(entries, "likeness", entries[2])), [1, 2, 5, 5]);
  assert.deepEqual(arranged(entries, "likeness"), entries);
});

test("pictures without a reading come last", () => {
  assert.deepEqual(numbers(arranged([{ ...entry(1), critic: null }, entry(2)], "critic")), [2, 1]);
});

test("distances are the differences of colours between squares", () => {
  assert.equal(distance(entry(1, [0, 0, 0, 3, 0, 0]), entry(2, [0, 0, 0, 0, 4, 0])), Math.sqrt(25 / 2));
  assert.equal(distance(entry(1), entry(1)), 0);
});

test("what is nearly the same as an earlier one is hidden", () => {
  const entries = [0, 3, 10, 12, 20].map((number) => entry(number));
  assert.deepEqual(numbers(withoutDuplicates(entries, 5)), [0, 10, 20]);
  assert.deepEqual(withoutDuplicates(entries, 0), entries);
});

test("what is chosen is shown, however alike", () => {
  const entries = [0, 3, 10, 12, 20].map((number) => entry(number));
  assert.deepEqual(numbers(withoutDuplicates(entries, 5, [entries[3]])), [0, 10, 12, 20]);
});

test("a sheet goes on while its end is in sight, but not for pictures that are all hidden", () => {
  assert.equal(goesOn(72, 24, true), 96);
  assert.equal(goesOn(72, 24, false), 72);
});
