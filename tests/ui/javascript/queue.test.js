import assert from "node:assert/strict";
import test from "node:test";

import { Queue } from "../../../ui/assets/queue.js";

/** A queue whose answers come when the test says so. */
function slowQueue(options = {}) {
  const open = new Map();
  const log = { taken: [], refused: [], idle: 0, most: 0 };
  const queue = new Queue({
    ask: ({ value }) => new Promise((resolve) => (open.set(value, resolve), (log.most = Math.max(log.most, open.size)))),
    take: (answer, { value }) => log.taken.push(value),
    refuse: (sentence) => log.refused.push(sentence),
    idle: () => log.idle++,
    overtakeMs: 1e6,
    ...options,
  });
  const push = (value) => queue.push({ value });
  const answer = async (value, reply = {}) => {
    open.get(value)(reply);
    open.delete(value);
    await new Promise(setImmediate);
  };
  return { queue, push, answer, open, log };
}

test("two are on their way at most, and of what waits only the newest is asked", async () => {
  const { push, answer, open, log, queue } = slowQueue();
  for (let value = 1; value <= 9; value++) push(value);
  assert.deepEqual([...open.keys()], [1, 2]);
  await answer(1);
  assert.deepEqual([...open.keys()], [2, 9]);
  await answer(2);
  await answer(9);
  assert.deepEqual(log, { taken: [1, 2, 9], refused: [], idle: 1, most: 2 });
  assert.ok(queue.isIdle);
});

test("an older answer never comes after a newer one", async () => {
  const { push, answer, log } = slowQueue();
  push(1);
  push(2);
  await answer(2);
  await answer(1);
  assert.deepEqual(log.taken, [2]);
});

test("whatever order answers come in, the last value is taken last", async () => {
  for (let round = 0; round < 200; round++) {
    const { push, answer, open, log } = slowQueue();
    let next = 1;
    const last = 2 + Math.floor(Math.random() * 12);
    while (next <= last || open.size) {
      if (next <= last && (!open.size || Math.random() < 0.6)) push(next++);
      else {
        const values = [...open.keys()];
        await answer(values[Math.floor(Math.random() * values.length)]);
      }
    }
    assert.equal(log.taken.at(-1), last);
    assert.deepEqual(log.taken, [...log.taken].sort((a, b) => a - b));
    assert.ok(log.most <= 2);
  }
});

test("an error is told of the newest alone, and takes nothing back", async () => {
  const { push, answer, log } = slowQueue();
  push(1);
  push(2);
  await answer(1, { error: "No." });
  await answer(2, { error: "Never." });
  assert.deepEqual(log.refused, ["Never."]);
  assert.deepEqual(log.taken, []);
});

test("who is busy is asked again, unless something newer was", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { push, answer, open, log } = slowQueue();
  push(1);
  await answer(1, { busy: 150 });
  assert.equal(open.size, 0);
  t.mock.timers.tick(150);
  await new Promise(setImmediate);
  assert.deepEqual([...open.keys()], [1]);
  await answer(1, { busy: 150 });
  push(2);
  t.mock.timers.tick(150);
  await new Promise(setImmediate);
  assert.deepEqual([...open.keys()], [2]);
  await answer(2);
  assert.deepEqual(log.taken, [2]);
});

test("what was dropped or stopped is not taken", async () => {
  const { queue, push, answer, open, log } = slowQueue();
  push(1);
  push(2);
  push(3);
  queue.drop();
  await answer(1);
  await answer(2, { stopped: true });
  assert.equal(open.size, 0);
  assert.deepEqual(log.taken, []);
  push(4);
  await answer(4);
  assert.deepEqual(log.taken, [4]);
});

test("where both places are taken for long, the value at which the hand rests overtakes, and only that", async () => {
  const { push, answer, open, log } = slowQueue({ overtakeMs: 20 });
  for (let value = 1; value <= 5; value++) push(value);
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.deepEqual([...open.keys()], [1, 2, 5]);
  push(6);
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.deepEqual([...open.keys()], [1, 2, 5]);
  for (const value of [5, 1, 2]) await answer(value, value === 5 ? {} : { stopped: true });
  await answer(6);
  assert.deepEqual(log.taken, [5, 6]);
});
