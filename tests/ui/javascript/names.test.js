import assert from "node:assert/strict";
import test from "node:test";

import { plainName } from "../../../ui/assets/names.js";

test("a slider is called what stands over it, and its number is told apart", () => {
  assert.equal(plainName("range slider for Variety · truncation ψ"), "Variety · truncation ψ");
  assert.equal(plainName("number input for Variety · truncation ψ"), "Variety · truncation ψ, as a number");
  assert.equal(plainName("Seed"), "Seed");
});
