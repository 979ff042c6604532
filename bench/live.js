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

  window.bench = {
    /** Milliseconds from one move to its picture, one at a time. */
    async latencies(count) {
      const times = [];
      for (let i = 0; i < count; i++) {
        const began = performance.now();
        const seen = new Promise((resolve) => (onLoad = () => resolve(performance.now() - began)));
        move(ranges[0], (-2 + 0.1 * i).toFixed(2));
        times.push(await Promise.race([seen, rest(5000).then(() => 5000)]));
        onLoad = () => {};
        await rest(90 + 60 * Math.random()); // shorter than the page's rest: nothing else begins
      }
      return times;
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
