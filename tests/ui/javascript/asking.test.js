import assert from "node:assert/strict";
import test from "node:test";

import { Asking } from "../../../ui/parts/live_view/asking.js";

const STEPS = 1; // values are [seed, steps]

/** A hand, and a server that answers after `ms` by the test's own clock. */
function studio(t, { slow = false, ms = 30, draft = false } = {}) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let clock = 0;
  const log = { asked: [], drawn: [], said: [] };
  const say = (what) => (...how) => log.said.push([what, ...how]);
  const backend = {
    picture: async (request) => {
      log.asked.push(request);
      await new Promise((resolve) => setTimeout(resolve, ms));
      if (request.values[0] === "bad") return { error: "No such seed." };
      const isDraft = draft && request.draft;
      return { picture: request.values.join(), read: request.read && !isDraft, draft: isDraft };
    },
    progress: async (request) => (log.said.push(["progress", request.stop === true]), { share: 0.5 }),
  };
  const on = { draw: ({ picture }) => log.drawn.push(picture), slow: () => {}, share: say("share") };
  for (const name of ["refuse", "rest", "stopped", "unpainted"]) on[name] = say(name);
  const asking = new Asking({ initial: [0, ""], stepsAt: STEPS, slow, backend, on, now: () => clock });
  const pass = async (time) => {
    for (let end = clock + time; clock < end; clock += 5) {
      t.mock.timers.tick(5);
      await new Promise(setImmediate);
    }
  };
  return { asking, log, pass };
}

test("the last picture of a drag is drawn, read by the critic, and then it rests", async (t) => {
  const { asking, log, pass } = studio(t);
  for (let seed = 1; seed <= 20; seed++) {
    asking.feed([seed, ""], { draft: true });
    await pass(15);
  }
  assert.ok(!log.said.some(([what]) => what === "rest"));
  await pass(800);
  assert.equal(log.drawn.at(-1), "20,");
  const reads = log.asked.filter(({ read }) => read).length;
  assert.ok(reads >= 3 && reads < log.asked.length, "the critic reads now and then");
  assert.ok(log.asked.at(-1).read && asking.answer.read);
  assert.deepEqual(log.said, [["rest"]]);
});

test("what is shown already is not asked for", async (t) => {
  const { asking, log, pass } = studio(t);
  asking.feed([1, ""]);
  await pass(100);
  asking.feed([1, ""]);
  await pass(800);
  assert.equal(log.asked.length, 1);
});

test("a draft is finished when the hand lets go", async (t) => {
  const { asking, log, pass } = studio(t, { draft: true });
  asking.press();
  asking.feed([1, ""], { draft: true });
  await pass(60);
  assert.ok(asking.answer.draft);
  asking.letGo();
  await pass(40);
  assert.ok(!asking.answer.draft);
  assert.equal(log.asked.at(-1).draft, false);
});

test("where the last picture is late, it is asked for again as one at which a hand rests", async (t) => {
  const { asking, log, pass } = studio(t, { ms: 900 });
  asking.press();
  asking.feed([1, ""], { draft: true });
  await pass(40);
  asking.letGo();
  await pass(400);
  assert.deepEqual(
    log.asked.map(({ values, rests, job }) => [values[0], rests, job.number]),
    [[1, false, 1], [1, true, 2]],
  );
  await pass(2000);
  assert.equal(log.drawn.at(-1), "1,");
});

test("where it comes at once, or the hand has taken hold again, it is not", async (t) => {
  const { asking, log, pass } = studio(t, { ms: 100 });
  asking.press();
  asking.feed([1, ""], { draft: true });
  asking.letGo();
  await pass(400);
  asking.press();
  asking.feed([2, ""], { draft: true });
  asking.letGo();
  asking.press();
  await pass(400);
  const again = log.asked.filter(({ values }, i) => i && values[0] === log.asked[i - 1].values[0] && !log.asked[i].read);
  assert.deepEqual(again, []);
});

test("a refusal is said once, and not of what is half typed", async (t) => {
  const { asking, log, pass } = studio(t);
  asking.feed(["bad", ""], { quiet: true });
  await pass(100);
  assert.deepEqual(log.said, []);
  asking.feed(["bad", "blur"]);
  await pass(100);
  assert.deepEqual(log.said, [["refuse", "No such seed."]]);
});

test("a picture that takes seconds waits for the hand; its post-processing does not", async (t) => {
  const { asking, log, pass } = studio(t, { slow: true, ms: 2000 });
  asking.feed([0, ""]);
  await pass(2500);
  assert.deepEqual(log.drawn, ["0,"]);
  log.asked.length = 0;
  asking.press();
  for (let seed = 1; seed <= 5; seed++) {
    asking.feed([seed, ""], { draft: true });
    await pass(100);
  }
  assert.equal(log.asked.length, 0);
  asking.letGo();
  await pass(300);
  assert.deepEqual(log.asked.map(({ values }) => values[0]), [5]);
  await pass(2000);
  asking.feed([5, "blur"]);
  await pass(5);
  assert.equal(log.asked.at(-1).values[1], "blur");
});

test("it can be stopped, and nothing of it comes later", async (t) => {
  const { asking, log, pass } = studio(t, { slow: true, ms: 2000 });
  asking.feed([0, ""]);
  await pass(2500);
  asking.feed([7, ""]);
  await pass(900);
  assert.ok(log.said.some(([what, share]) => what === "share" && share === 0.5));
  asking.cancel();
  assert.deepEqual(log.said.slice(-2), [["progress", true], ["stopped", [7, ""]]]);
  await pass(3000);
  assert.deepEqual(log.drawn, ["0,"]);
  const before = log.said.length;
  asking.cancel(); // nothing to stop
  assert.equal(log.said.length, before);
});

test("a first picture that is stopped is not painted", async (t) => {
  const { asking, log, pass } = studio(t, { slow: true, ms: 2000 });
  asking.feed([3, ""]);
  await pass(500);
  asking.cancel();
  assert.deepEqual(log.said.at(-1), ["unpainted"]);
});
