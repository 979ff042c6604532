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
  history.remember([4]); // a branch: what was ahead is beside it now
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

test("what was done before going back is a branch that one can go to", () => {
  const history = new History();
  for (const step of ["a", "b", "c"]) history.remember(step);
  history.travel(-1);
  history.remember("d");
  history.remember("e");
  history.travel(-2); // b
  history.remember("f");
  const strip = history.strip();
  assert.deepEqual(strip.map(({ step, depth, lane, from }) => [step, depth, lane, from]), [
    ["a", 0, 0, 0],
    ["b", 1, 0, 0],
    ["c", 2, 0, 0],
    ["d", 2, 1, 0],
    ["e", 3, 1, 1],
    ["f", 2, 2, 0],
  ]);
  assert.equal(history.goTo(strip.find(({ step }) => step === "c").id), "c");
  assert.ok(!history.canRedo);
  assert.equal(history.travel(-1), "b");
  assert.equal(history.travel(1), "c"); // on again leads to where one went last
  assert.equal(history.goTo(99), undefined);
  assert.equal(history.now, 2);
  history.travel(-1);
  history.remember("d"); // once more the same: no second branch
  assert.equal(history.strip().length, 6);
  assert.equal(history.travel(1), "e");
});

test("of too many steps those are forgotten that lead nowhere", () => {
  const history = new History(4);
  for (const step of ["a", "b", "c"]) history.remember(step);
  history.travel(-1);
  for (const step of ["d", "e"]) history.remember(step); // five: c goes, not what leads here
  assert.deepEqual(history.strip().map(({ step }) => step), ["a", "b", "d", "e"]);
  history.remember("f"); // now where it began
  assert.deepEqual(history.strip().map(({ step, depth }) => [step, depth]), [["b", 0], ["d", 1], ["e", 2], ["f", 3]]);
  assert.equal(history.travel(-3), "b");
  assert.ok(!history.canUndo);
});

test("a step that came to nothing leaves its branches", () => {
  const history = new History();
  for (const step of ["a", "b"]) history.remember(step);
  history.travel(-1);
  history.remember("c");
  history.withdraw("c");
  assert.deepEqual([history.now, history.strip().length], [0, 2]);
  history.leaveAhead("d");
  assert.equal(history.travel(1), "d");
});

/** What a later page stands at. */
function again(history, most = 10_000) {
  const later = new History();
  later.revive(History.read(history.text(most)));
  return later;
}

test("a later page has the same steps and branches", () => {
  const history = new History();
  for (const step of [["a"], ["b"], ["c"]]) history.remember(step);
  history.travel(-1);
  for (const step of [["d"], ["e"]]) history.remember(step);
  history.travel(-1);
  const later = again(history);
  assert.deepEqual([later.strip(), later.now], [history.strip(), history.now]);
  assert.deepEqual([later.travel(1), later.travel(-2), later.travel(2)], [["e"], ["b"], ["e"]]);
  later.remember(["f"]);
  assert.equal(new Set(later.strip().map(({ id }) => id)).size, 6);
});

test("a later page begins at what it shows, and the way on from there stays", () => {
  const history = new History();
  for (const step of ["a", "b", "c"]) history.remember(step);
  const same = again(history);
  same.resume("c");
  assert.ok(same.canUndo && !same.canRedo);
  const before = again(history); // the address had not followed yet
  before.resume("b");
  assert.deepEqual([before.strip().length, before.travel(1)], [3, "c"]);
  const other = again(history); // another link, in the same tab
  other.resume("d");
  assert.deepEqual([other.strip().length, other.travel(-1)], [4, "c"]);
  const first = new History();
  first.resume("a");
  assert.ok(!first.canUndo);
});

test("for what there is no room is forgotten, the oldest first", () => {
  const history = new History();
  for (let i = 0; i < 100; i++) history.remember(`step ${i}`);
  history.travel(-1);
  const text = history.text(500);
  assert.ok(text.length <= 500);
  const later = new History();
  later.revive(History.read(text));
  assert.deepEqual([later.travel(0), later.travel(-1), later.travel(2)], ["step 98", "step 97", "step 99"]);
  assert.equal(history.strip().length, 100);
  assert.equal(history.text(20), "");
});

test("what is no history is none", () => {
  const nodes = [["a", null, 1], ["b", 0, null]];
  assert.ok(History.read(JSON.stringify({ now: 1, nodes })));
  const wrong = [null, 7, [], {}, { now: 0 }, { now: 0, nodes: {} }, { now: 0, nodes: [] }, { now: 2, nodes }, { now: "1", nodes }, { now: -1, nodes },
    { now: 0, nodes: [null] }, { now: 0, nodes: [["a"]] }, { now: 0, nodes: [["a", 0, null]] }, { now: 0, nodes: [["a", 1, null], ["b", 0, null]] },
    { now: 0, nodes: [["a", null, 0]] }, { now: 0, nodes: [["a", null, "length"]] }, { now: 0, nodes: [["a", "__proto__", null]] },
    { now: 0, nodes: Array(201).fill(["a", null, null]) }];
  for (const kept of ["", "{", ...wrong.map((each) => JSON.stringify(each))]) assert.equal(History.read(kept), null, kept);
});
