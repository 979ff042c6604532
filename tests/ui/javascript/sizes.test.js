import assert from "node:assert/strict";
import test from "node:test";

import { placeBeside } from "../../../ui/assets/beside.js";
import { sizes } from "../../../ui/parts/live_view/sizes.js";

const widths = (...given) => sizes(...given).map((size) => size.width);

test("a picture is saved as made, enlarged, and as large as it is shown", () => {
  assert.deepEqual(widths(128, 518, 2048), [128, 256, 512, 518]);
  assert.deepEqual(widths(128, 300, 2048), [128, 256, 300, 512]);
  assert.deepEqual(sizes(128, 256, 2048)[1], { width: 256, words: "twice as large, as on the plate" });
});

test("none is smaller than made, or larger than the most", () => {
  assert.deepEqual(widths(1024, 518, 2048), [1024, 2048]);
  assert.deepEqual(widths(2048, 518, 2048), [2048]);
  for (const size of sizes(700, 1400, 2048)) assert.ok(size.width >= 700 && size.width <= 2048 && size.words);
});

test("a popover stays within the window, on the side that has more room", () => {
  const [innerWidth, innerHeight] = [390, 844];
  for (let left = 0; left < innerWidth; left += 30)
    for (let top = 0; top < innerHeight; top += 50) {
      const place = placeBeside({ left, right: left + 20, top, bottom: top + 20 }, { innerWidth, innerHeight });
      assert.ok(place.left >= 0 && place.left + place.width <= innerWidth);
      assert.ok((place.top ?? place.bottom) <= innerHeight / 2 + 30);
    }
});
