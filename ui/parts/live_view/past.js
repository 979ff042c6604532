// The strip of all that was on the plate: a row for each branch, a picture for each step, each of which leads back there.
import { beside } from "../../assets/beside.js";
import { make } from "../../assets/dom.js";

const MOST_PICTURES = 400;

/** `button` opens the strip. `history`: a `History`; `go(id)` goes to a step; `describe(step)`: what it is called. */
export function pastStrip(button, { history, go, describe }) {
  const note = make("p", { textContent: "Each picture leads back to it. What you do from there begins a row of its own." });
  const list = make("ol");
  const popover = make("div", { popover: "auto", className: "past" }, note, list);
  popover.setAttribute("role", "group");
  popover.setAttribute("aria-label", "History");
  button.after(popover);
  button.setAttribute("aria-haspopup", "true");
  const pictures = new Map(); // by the step's id: small data URLs

  function item({ id, step, depth, lane, from }) {
    const now = id === history.now;
    const words = describe(step);
    const choice = make("button", { type: "button", title: words }, make("img", { alt: words }));
    if (pictures.has(id)) choice.firstChild.src = pictures.get(id);
    else choice.replaceChildren(words);
    if (now) choice.setAttribute("aria-current", "step");
    choice.addEventListener("click", () => {
      go(id);
      fill()?.focus();
    });
    const node = make("li", {}, choice);
    node.style.gridArea = `${lane + 1} / ${depth + 1}`;
    if (depth) node.classList.add(lane === from ? "goes-on" : "branches");
    node.style.setProperty("--up", lane - from);
    return node;
  }

  function fill() {
    const steps = history.strip();
    const first = Math.min(...steps.map(({ depth }) => depth));
    list.replaceChildren(...steps.map((each) => item({ ...each, depth: each.depth - first })));
    const now = list.querySelector("[aria-current]");
    now?.scrollIntoView({ block: "nearest", inline: "nearest" });
    return now;
  }

  beside(popover, button);
  popover.addEventListener("toggle", ({ newState }) => newState === "open" && fill()?.focus());

  return {
    /** The present step's picture came. */
    keep(picture) {
      if (history.now === null) return;
      pictures.delete(history.now);
      pictures.set(history.now, picture);
      if (pictures.size > MOST_PICTURES) pictures.delete(pictures.keys().next().value);
      if (popover.matches(":popover-open")) fill();
    },
    toggle: () => popover.togglePopover(),
  };
}
