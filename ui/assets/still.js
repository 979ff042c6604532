// A page at rest makes no frames. Gradio's loading sign counts its seconds in every frame, and nothing ends that when the sign
// is taken away (6.31: `statustracker`): the browser would draw sixty frames a second of nothing for as long as the page is open,
// and a drag would share its processor with them. So what only counts for a sign that is not there is dropped. No module: it
// must be there before Gradio keeps `requestAnimationFrame` for itself.
(() => {
  "use strict";
  const frame = globalThis.requestAnimationFrame;
  const SIGN = '[data-testid="status-tracker"] .progress-text'; // one that counts
  const COUNTS = /performance\.now\(\)\s*-[^;]*\/\s*(1e3|1000)/;
  globalThis.requestAnimationFrame = (callback) =>
    COUNTS.test(Function.prototype.toString.call(callback)) && !document.querySelector(SIGN) ? 0 : frame.call(globalThis, callback);
})();
