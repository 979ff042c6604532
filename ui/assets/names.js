// What a screen reader calls the sliders: Gradio says "range slider for Variety" and "number input for Variety", and the kind of
// a control is said by the reader itself. They come late and are made anew, so the page is watched for them.
const NAMED = "input[aria-label^='range slider for '], input[aria-label^='number input for ']";

/** The name without its kind; the box of a slider's number is told apart from the slider. */
export const plainName = (label) => label.replace(/^range slider for /, "").replace(/^number input for (.*)$/, "$1, as a number");

const mend = (input) => input.setAttribute("aria-label", plainName(input.getAttribute("aria-label")));

/** Mend what is under this element, and whatever comes. */
export function nameSliders(root) {
  root.querySelectorAll(NAMED).forEach(mend);
  new MutationObserver((records) => {
    for (const { type, target, addedNodes } of records) {
      if (type === "attributes") target.matches(NAMED) && mend(target);
      else for (const node of addedNodes) if (node.nodeType === Node.ELEMENT_NODE) [...(node.matches(NAMED) ? [node] : node.querySelectorAll(NAMED))].forEach(mend);
    }
  }).observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ["aria-label"] });
}
