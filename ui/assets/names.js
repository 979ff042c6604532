// What a screen reader calls the sliders: Gradio says "range slider for Variety" and "number input for Variety", and the kind of
// a control is said by the reader itself. Sliders come with the page and after clicks, some time later; so they are looked for
// then. (To watch the page for them costs a quarter of the frames of a drag.)
const NAMED = "input[aria-label^='range slider for '], input[aria-label^='number input for ']";
const AFTER_LOAD = [0, 300, 1000, 2000, 4000, 8000, 16_000]; // ms
const AFTER_CLICK = [300, 1500];

/** The name without its kind; the box of a slider's number is told apart from the slider. */
export const plainName = (label) => label.replace(/^range slider for /, "").replace(/^number input for (.*)$/, "$1, as a number");

/** Mend the names of all that are there, and of those that come. */
export function nameSliders() {
  const mend = () => {
    for (const input of document.querySelectorAll(NAMED)) input.setAttribute("aria-label", plainName(input.getAttribute("aria-label")));
  };
  const mendAfter = (delays) => delays.forEach((ms) => setTimeout(mend, ms));
  mendAfter(AFTER_LOAD);
  document.addEventListener("click", () => mendAfter(AFTER_CLICK), true);
}
