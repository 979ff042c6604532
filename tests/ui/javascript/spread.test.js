import assert from "node:assert/strict";
import test from "node:test";

import { spreadOut } from "../../../ui/parts/critic_card/spread.js";

test("places with room stay where they are", () => {
  assert.deepEqual(spreadOut([100, 20, 60], 14, 7, 313), [100, 20, 60]);
  assert.deepEqual(spreadOut([], 14, 7, 313), []);
  assert.deepEqual(spreadOut([50], 14, 7, 313), [50]);
});

test("two at one place stand at its sides", () => {
  assert.deepEqual(spreadOut([100, 100], 14, 7, 313), [93, 107]);
});

test("any places come apart, keep their order and stay on the line", () => {
  for (let round = 0; round < 500; round++) {
    const places = Array.from({ length: 1 + Math.floor(Math.random() * 16) }, () => 6 + 308 * Math.random() ** (1 + 3 * Math.random()));
    const spread = spreadOut(places, 14, 7, 313);
    const order = places.map((_, i) => i).sort((a, b) => places[a] - places[b]);
    order.forEach((i, rank) => {
      assert.ok(spread[i] >= 7 - 1e-9 && spread[i] <= 313 + 1e-9);
      if (rank) assert.ok(spread[i] - spread[order[rank - 1]] >= 14 - 1e-9);
    });
  }
});

test("more than there is room for stand closer", () => {
  const spread = spreadOut(Array(40).fill(100), 14, 7, 313);
  assert.ok(Math.abs(spread[0] - 7) < 1e-9 && Math.abs(spread.at(-1) - 313) < 1e-9);
});
