import assert from "node:assert/strict";
import test from "node:test";

import { actionOfButton, actionOfKey, keyOf, keySheet } from "../../../ui/assets/keys.js";

const part = (id, actions) => ({
  id,
  element: id,
  actions: new Map(Object.entries(actions).map(([name, what]) => [name, { name, keys: [], says: "", run: () => {}, hold: null, ...what }])),
});
const live = part("live", { next: { keys: ["n", "]"], says: "next seed" }, before: { keys: ["b"], run: null, hold: () => {} } });
const lesson = part("lesson", { next: { keys: ["n"], says: "next step" }, note: { keys: ["x"], says: "heard elsewhere", run: null } });
const everything = () => true;

test("a key acts in the part that is shown", () => {
  for (const [visible, wanted] of [["live", "next seed"], ["lesson", "next step"]]) {
    const found = actionOfKey("n", [live, lesson], { shown: (element) => element === visible });
    assert.equal(found.says, wanted);
  }
  assert.equal(actionOfKey("n", [live, lesson], { shown: () => false }), null);
  assert.equal(actionOfKey("q", [live, lesson], { shown: everything }), null);
});

test("of two that are shown, the one with the focus is meant, else the first", () => {
  assert.equal(actionOfKey("n", [live, lesson], { shown: everything }).says, "next seed");
  assert.equal(actionOfKey("n", [live, lesson], { shown: everything, focused: (element) => element === "lesson" }).says, "next step");
  assert.equal(actionOfKey("b", [live, lesson], { shown: everything, focused: (element) => element === "lesson" }).name, "before");
});

test("a key that a part hears by itself runs nothing", () => {
  assert.equal(actionOfKey("x", [lesson], { shown: everything }), null);
});

test("a button means its own part's action, or any part's by its full name", () => {
  const inside = (id) => (element) => element === id;
  assert.equal(actionOfButton("next", [live, lesson], inside("lesson")).says, "next step");
  assert.equal(actionOfButton("live.next", [live, lesson], inside("lesson")).says, "next seed");
  assert.equal(actionOfButton("live.next", [live, lesson], () => false).says, "next seed");
  assert.equal(actionOfButton("next", [live, lesson], () => false), null);
  assert.equal(actionOfButton("live.nothing", [live, lesson], () => false), null);
});

test("the sheet lists what can be pressed here, once", () => {
  const lines = keySheet([live, lesson, { ...lesson, id: "another" }], (element) => element !== "live");
  assert.deepEqual(lines, [{ keys: ["n"], says: "next step" }, { keys: ["x"], says: "heard elsewhere" }]);
});

test("undo and redo are called as everywhere, and the browser keeps its own keys", () => {
  const plain = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false };
  const of = (key, held = {}) => keyOf({ ...plain, key, ...held });
  assert.deepEqual([of("d"), of("?", { shiftKey: true })], ["d", "?"]);
  for (const control of ["ctrlKey", "metaKey"]) {
    assert.equal(of("z", { [control]: true }), "z");
    assert.equal(of("Z", { [control]: true, shiftKey: true }), "y");
    assert.equal(of("y", { [control]: true }), "y");
    for (const key of ["d", "r", "s", "n"]) assert.equal(of(key, { [control]: true }), "");
  }
  assert.equal(of("z", { altKey: true }), "");
});
