import assert from "node:assert/strict";
import test from "node:test";

import { placeAfter } from "../../../ui/parts/steps_editor/drag.js";

test("a step that is not dragged stays", () => assert.equal(placeAfter([30, 30, 30], 1, 0), 1));

test("it goes past what it has crossed the middle of", () => {
  assert.equal(placeAfter([30, 30, 30], 0, 15), 0);
  assert.equal(placeAfter([30, 30, 30], 0, 16), 1);
  assert.equal(placeAfter([30, 30, 30], 0, 46), 2);
  assert.equal(placeAfter([30, 80, 30], 2, -41), 1);
  assert.equal(placeAfter([30, 80, 30], 2, -96), 0);
});

test("never past the ends", () => {
  assert.equal(placeAfter([30, 30, 30], 1, 9999), 2);
  assert.equal(placeAfter([30, 30, 30], 1, -9999), 0);
  assert.equal(placeAfter([30], 0, 50), 0);
});
