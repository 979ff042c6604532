import assert from "node:assert/strict";
import test from "node:test";

import { backendOf } from "../../../ui/assets/backend.js";

test("answers come through, and what fails is a sentence", async () => {
  const backend = backendOf(
    {
      picture: async (request) => ({ seen: request }),
      nothing: async () => null,
      broken: async () => Promise.reject(new Error("500")),
    },
    ["picture", "nothing", "broken", "missing"],
  );
  assert.deepEqual(await backend.picture({ seed: 1 }), { seen: { seed: 1 } });
  for (const name of ["nothing", "broken", "missing"]) assert.match((await backend[name]({})).error, /\.$/);
  assert.equal(backend.other, undefined);
});
