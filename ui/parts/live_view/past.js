// The strip of all that was on the plate: a row for each branch, a picture for each step, each of which leads back there.
import { beside } from "../../assets/beside.js";
import { make } from "../../assets/dom.js";

const MOST_PICTURES = 400;
const SIDE = 96; // px, of a picture that is remembered: the strip shows it at 64

/** `button` opens the strip. `history`: a `History`; `go(id)` goes to a step; `describe(step)`: what it is called. */
export function pastStrip(button, { history, go, describe }) {
  const note = make("p", { textContent: "Each picture leads back to it. What you do from there begins a row of its own." });
  const list = make("ol");
  const popover = make("div", { popover: "auto", className: "past" }, note, list);
  popover.setAttribute("role", "group");
  popover.setAttribute("aria-label", "History");
  button.after(popover);
  button.setAttribute("aria-haspopup", "true");
  const pictures = new Map(); // by what the step says: data URLs
  const smaller = new Map(); // the same, to be remembered

  function item({ id, step, depth, lane, from }) {
    const now = id === history.now;
    const words = describe(step);
    const choice = make("button", { type: "button", title: words }, make("img", { alt: words }));
    const picture = pictures.get(JSON.stringify(step));
    if (picture) choice.firstChild.src = picture;
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

  /** The newest of some, of which the oldest go. */
  function add(some, step, picture) {
    some.delete(step);
    some.set(step, picture);
    if (some.size > MOST_PICTURES) some.delete(some.keys().next().value);
  }

  /** The same picture as the strip needs it. */
  async function small(picture) {
    const image = make("img", { src: picture });
    await image.decode();
    const scale = SIDE / Math.max(image.naturalWidth, image.naturalHeight);
    const canvas = make("canvas", { width: Math.round(image.naturalWidth * scale), height: Math.round(image.naturalHeight * scale) });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return canvas.toDataURL("image/webp", 0.8);
  }

  return {
    /** The present step's picture came. */
    keep(picture) {
      if (history.now === null) return;
      const step = JSON.stringify(history.travel(0));
      add(pictures, step, picture);
      if (popover.matches(":popover-open")) fill();
      small(picture).then((less) => add(smaller, step, less), () => {}); // else it is not remembered
    },
    /** The newest pictures as text of about `most` characters, for `revive`. */
    text(most) {
      const kept = [];
      for (const [step, picture] of [...smaller].reverse()) {
        most -= step.length + picture.length;
        if (most < 0) break;
        kept.unshift([step, picture]);
      }
      return JSON.stringify(kept);
    },
    /** The pictures that `text` kept of these steps, [[what it was, what it is now], …]; anything else is none. */
    revive(text, steps) {
      try {
        const kept = new Map(JSON.parse(text));
        for (const [before, step] of steps) {
          const picture = kept.get(JSON.stringify(before));
          if (picture?.startsWith("data:image/")) for (const each of [pictures, smaller]) add(each, JSON.stringify(step), picture);
        }
      } catch {
        // then words stand for them
      }
    },
    toggle: () => popover.togglePopover(),
  };
}
