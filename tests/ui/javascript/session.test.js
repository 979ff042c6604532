import assert from "node:assert/strict";
import test from "node:test";

import { remember, remembered } from "../../../ui/assets/session.js";

test("a tab remembers, and a browser that keeps nothing is no error", () => {
  const kept = new Map();
  const window = { sessionStorage: { getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => kept.set(name, value) } };
  assert.equal(remembered("tab", window), null);
  remember("tab", "Sheet", window);
  assert.equal(remembered("tab", window), "Sheet");
  const forbids = { sessionStorage: { getItem: () => { throw new Error("no"); }, setItem: () => { throw new Error("no"); } } };
  for (const none of [{ sessionStorage: null }, forbids]) {
    remember("tab", "Sheet", none);
    assert.equal(remembered("tab", none), null);
  }
  remember("tab", "Sheet"); // without a window at all
  assert.equal(remembered("tab"), null);
});
