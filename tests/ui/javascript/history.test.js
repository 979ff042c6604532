import assert from "node:assert/strict";
import test from "node:test";

import { History, same } from "../../../ui/assets/history.js";

test("steps go back and forth", () => {
  const history = new History();
  assert.ok(!history.canUndo && !history.canRedo);
  for (const step of [[1], [2], [2], [3]]) history.remember(step);
  assert.deepEqual(history.travel(-1), [2]);
  assert.deepEqual(history.travel(-1), [1]);
  assert.ok(!history.canUndo && history.canRedo);
  assert.equal(history.travel(-1), undefined);
  assert.deepEqual(history.travel(1), [2]);
  history.remember([4]); // what was ahead is gone
  assert.ok(!history.canRedo);
  assert.deepEqual(history.travel(-1), [2]);
});

test("what was left is one step ahead", () => {
  const history = new History();
  history.remember([1]);
  history.leaveAhead([2]);
  assert.ok(!history.canUndo && history.canRedo);
  assert.deepEqual(history.travel(1), [2]);
});

test("the oldest steps are forgotten", () => {
  const history = new History(3);
  for (const step of [1, 2, 3, 4, 5]) history.remember(step);
  assert.equal(history.travel(-2), 3);
  assert.ok(!history.canUndo);
});

test("steps are compared by what they say", () => {
  assert.ok(same([1, null, [{ name: "blur" }]], [1, null, [{ name: "blur" }]]));
  assert.ok(!same([1], [1.5]));
});

test("a step that came to nothing leaves no trace", () => {
  const history = new History();
  for (const step of [1, 2, 3]) history.remember(step);
  history.travel(-1);
  history.remember(4); // in place of 3
  history.withdraw(5); // which is not the newest
  history.remember(4);
  history.withdraw(4);
  assert.equal(history.travel(0), 2);
});

test("what a withdrawn step took the place of comes back", () => {
  const history = new History();
  for (const step of [1, 2, 3]) history.remember(step);
  history.travel(-1);
  history.remember(4);
  history.withdraw(4);
  assert.equal(history.travel(1), 3);
  history.withdraw(3); // it was travelled to, and stays
  assert.equal(history.travel(0), 3);
});

test("the first step is never withdrawn", () => {
  const history = new History();
  history.remember(1);
  history.withdraw(1);
  assert.equal(history.travel(0), 1);
});
