// Runs inside the measured page: moves sliders as a hand would, and counts the pictures that load.
([picture, sliders]) => {
  const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const ranges = [...document.querySelectorAll(sliders)];
  let loaded = 0;
  let onLoad = () => {};
  document.addEventListener("load", (event) => {
    if (!event.target.matches?.(picture)) return;
    loaded++;
    onLoad();
  }, true);

  const move = (range, value) => {
    range.value = value;
    range.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const release = (range) => range.dispatchEvent(new PointerEvent("pointerup", { bubbles: true }));

  let draft = false; // whether the newest answer is one
  document.addEventListener("atelier:answer", ({ detail }) => (draft = detail.draft));
  const next = (wanted, began) =>
    Promise.race([
      new Promise((resolve) => (onLoad = () => wanted() && resolve(performance.now() - began))),
      rest(5000).then(() => 5000),
    ]);

  window.bench = {
    /** Milliseconds from one move to its picture, one at a time. */
    async latencies(count) {
      const times = [];
      for (let i = 0; i < count; i++) {
        const seen = next(() => true, performance.now());
        move(ranges[0], (-2 + 0.1 * i).toFixed(2));
        times.push(await seen);
        onLoad = () => {};
        await rest(90 + 60 * Math.random()); // shorter than the page's rest: nothing else begins
      }
      return times;
    },

    /** Milliseconds from each move of a held slider to its draft, and from each release to the whole picture. */
    async held(drags, moves) {
      const drafts = [];
      const wholes = [];
      for (let i = 0; i < drags; i++) {
        const range = ranges[i % 4];
        range.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true }));
        for (let j = 0; j < moves; j++) {
          const seen = next(() => draft, performance.now());
          move(range, (-3.9 + 0.9 * j + 0.05 * i).toFixed(2));
          drafts.push(await seen);
          await rest(20 + 40 * Math.random()); // shorter than the page waits before it finishes a draft by itself
        }
        const whole = next(() => !draft, performance.now());
        release(range);
        wholes.push(await whole);
        onLoad = () => {};
        await rest(4000); // the reading, the neighbours
      }
      return [drafts, wholes];
    },

    /** Pictures a second while one slider is dragged from end to end, a move every 60th of a second. */
    async drag(which) {
      await rest(1500);
      const before = loaded;
      const began = performance.now();
      for (let amount = -3.95; amount < 4; amount += 0.05) {
        move(ranges[which], amount.toFixed(2));
        await rest(1000 / 60);
      }
      const frames = loaded - before;
      const seconds = (performance.now() - began) / 1000;
      release(ranges[which]);
      await rest(1500);
      return frames / seconds;
    },
  };
};
