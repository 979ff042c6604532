import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import vm from "node:vm";

const SOURCE = readFileSync(new URL("../../../ui/assets/still.js", import.meta.url), "utf8");

test("only what counts for a sign that is gone is dropped", () => {
  const asked = [];
  let sign = null;
  const page = vm.createContext({ requestAnimationFrame: (callback) => asked.push(callback), document: { querySelector: () => sign } });
  vm.runInContext(SOURCE, page);
  let seconds = 0;
  const counts = () => { seconds = (performance.now()-seconds)/1e3, page.again(); };
  const paints = () => page.paint(performance.now());
  assert.equal(page.requestAnimationFrame(counts), 0);
  page.requestAnimationFrame(paints);
  assert.deepEqual(asked, [paints]);
  sign = {};
  page.requestAnimationFrame(counts);
  assert.deepEqual(asked, [paints, counts]);
});
