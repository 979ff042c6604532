import assert from "node:assert/strict";
import test from "node:test";

import { bySound, byTime, circle } from "../../../ui/parts/walks/changes.js";

test("a circle keeps its radius, is even, and closes without showing its first frame twice", () => {
  const [along, across] = circle("pc1", "pc2", 1.5, 40, [0.5, -1]);
  assert.deepEqual([along.what, across.what], ["moves.pc1", "moves.pc2"]);
  const points = along.values.map((value, i) => [value - 0.5, across.values[i] + 1]);
  for (const [x, y] of points) assert.ok(Math.abs(Math.hypot(x, y) - 1.5) < 1e-9);
  const steps = points.map(([x, y], i) => Math.hypot(x - points[(i + 1) % 40][0], y - points[(i + 1) % 40][1]));
  for (const step of steps) assert.ok(Math.abs(step - steps[0]) < 1e-9 && step > 0.1);
});

test("time leads from low to high, a sound to where its curve is", () => {
  const drives = [{ what: "psi", curve: "time", low: 0.3, high: 1 }, { what: "noise", curve: "onsets", low: 1, high: 3 }];
  assert.deepEqual(byTime(drives), [{ what: "psi", values: [0.3, 1], easing: "none" }]);
  assert.deepEqual(bySound(drives, { onsets: [0, 0.5, 1] }, 1), [{ what: "noise", values: [2], easing: "none" }]);
  assert.deepEqual(bySound(drives, {}, 1)[0].values, [1]); // not heard yet: as in silence
});
