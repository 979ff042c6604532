import assert from "node:assert/strict";
import { test } from "node:test";

import { ownOf, withOwn } from "../../../ui/parts/layers_editor/own.js";

test("a value of a layer is set, and the others stay as they are", () => {
  const layers = withOwn(withOwn([], 4, "psi", 0), 1, "seed", 7);
  assert.deepEqual(layers, [{ layer: 1, seed: 7 }, { layer: 4, psi: 0 }]);
  assert.deepEqual(withOwn(layers, 4, "noise", 2)[1], { layer: 4, psi: 0, noise: 2 });
  assert.deepEqual(ownOf(layers, 1), { layer: 1, seed: 7 });
  assert.deepEqual(ownOf(layers, 2), {});
});

test("a layer with nothing of its own does not stand there", () => {
  const layers = [{ layer: 2, psi: 0.5 }, { layer: 3, noise: 0, seed: 1 }];
  assert.deepEqual(withOwn(layers, 2, "psi", null), [layers[1]]);
  assert.deepEqual(withOwn(layers, 3, "noise", null)[1], { layer: 3, seed: 1 });
  assert.deepEqual(layers[0], { layer: 2, psi: 0.5 });
});
