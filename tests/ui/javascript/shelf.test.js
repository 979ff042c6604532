import assert from "node:assert/strict";
import test from "node:test";

import { MOST, added, moved, plain, read, renamed, returned, short, storeOf, without, write } from "../../../ui/parts/tray/shelf.js";

const store = (limit = Infinity) => {
  const kept = new Map();
  return {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => {
      if (value.length > limit) throw new DOMException("full", "QuotaExceededError");
      kept.set(name, value);
    },
  };
};
let number = 0;
const ids = () => String(++number);
const some = (count) => added([], [...Array(count).keys()].map((seed) => ({ recipe: { seed } })), ids);

test("what is written is read again, in its order", () => {
  const place = store();
  assert.deepEqual(read(place), []);
  const list = some(3);
  assert.ok(write(place, list));
  assert.deepEqual(read(place), list);
});

test("a full store is told, and keeps what it had", () => {
  const place = store(400);
  const list = some(1);
  assert.ok(write(place, list));
  assert.ok(!write(place, some(50)));
  assert.deepEqual(read(place), list);
});

test("where the browser gives no store, or one that may not be asked, one of the page's own stands in", () => {
  const place = store();
  assert.deepEqual(storeOf({ localStorage: place }), { store: place, lasts: true });
  const forbids = () => { throw new DOMException("Access is denied for this document.", "SecurityError"); };
  for (const window of [{}, { localStorage: null }, { get localStorage() { return forbids(); } }, { localStorage: { getItem: forbids } }]) {
    const { store: own, lasts } = storeOf(window);
    assert.ok(!lasts);
    assert.ok(write(own, some(2)));
    assert.equal(read(own).length, 2);
    assert.deepEqual(read(storeOf(window).store), []);
  }
});

test("a store that holds something else holds nothing", () => {
  for (const text of ["{", "{}", "7", "null", '[1, {"recipe": 1}, null]']) assert.deepEqual(read({ getItem: () => text }), []);
  assert.deepEqual(read({ getItem: () => { throw new Error("forbidden"); } }), []);
});

test("a recipe is kept once, and no more than there is room for", () => {
  const list = some(2);
  assert.equal(added(list, [{ recipe: { seed: 1 } }, { recipe: { seed: 9 }, name: "nine" }], ids).length, 3);
  assert.equal(some(MOST + 7).length, MOST);
  assert.equal(new Set(some(20).map(({ id }) => id)).size, 20);
});

test("entries move, are named and removed", () => {
  const list = some(3);
  const [a, b, c] = list.map(({ id }) => id);
  const order = (entries) => entries.map(({ id }) => id);
  assert.deepEqual(order(moved(list, a, 1)), [b, a, c]);
  assert.deepEqual(order(moved(list, a, -1)), [a, b, c]);
  assert.deepEqual(order(moved(list, a, 9)), [b, c, a]);
  assert.deepEqual(order(moved(list, "none", 1)), [a, b, c]);
  assert.deepEqual(order(without(list, b)), [a, c]);
  assert.equal(renamed(list, b, "  plum  ")[1].name, "plum");
  assert.deepEqual(plain(list)[0], { name: "", recipe: { seed: 0 } });
});

test("what was removed comes back where it was, once", () => {
  const list = some(3);
  const [a, b, c] = list;
  assert.deepEqual(returned(without(list, b.id), b, 1), list);
  assert.deepEqual(returned([a], c, 2), [a, c]); // others went, too
  assert.deepEqual(returned(list, { ...b, id: "again" }, 0), list); // it was kept anew
});

test("a short caption begins with what tells pictures of one model apart", () => {
  assert.equal(short("orchard · pear · seed 4 · ψ 0.7 · generated, no such fruit exists"), "seed 4 · pear");
  assert.equal(short("terra · styles of its own · generated, no such place exists"), "styles of its own");
  assert.equal(short("your own picture, found again"), "your own picture, found again");
  assert.equal(short(), "");
});
