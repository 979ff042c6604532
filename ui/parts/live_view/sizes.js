// In which sizes a picture can be saved, and the list of them that opens at "Save PNG".
import { beside } from "../../assets/beside.js";
import { make } from "../../assets/dom.js";

/** Pure: the sizes of a picture `width` px wide that takes up `shown` px of the screen, smallest first: [{width, words}]. */
export function sizes(width, shown, most) {
  const all = [
    { width, words: "as made" },
    { width: 2 * width, words: "twice as large" },
    { width: 4 * width, words: "four times as large" },
  ];
  const same = all.find((size) => size.width === shown);
  if (same) same.words += ", as on the plate";
  else all.push({ width: shown, words: "as on the plate" });
  return all.filter((size) => size.width === width || (size.width > width && size.width <= most)).sort((a, b) => a.width - b.width);
}

/** `button` opens the list. `measure()` gives {width, height, shown} of the picture on the plate, null if there is none;
 * `save(width)` saves it, with null as it was made. */
export function sizesAt(button, { most, measure, save }) {
  const note = make("p");
  const list = make("ul");
  const popover = make("div", { popover: "auto", className: "sizes" }, note, list);
  popover.setAttribute("role", "group");
  popover.setAttribute("aria-label", "Sizes to save it in");
  button.after(popover);
  button.setAttribute("aria-haspopup", "true");
  popover.addEventListener("beforetoggle", ({ newState }) => {
    const picture = newState === "open" && measure();
    if (!picture) return;
    const { width, height } = picture;
    note.textContent = `The picture is made in ${width} × ${height} px. Larger ones are smoothed, and show no more; its recipe is in each.`;
    const choose = (size) => () => {
      popover.hidePopover();
      save(size.width === width ? null : size.width);
    };
    const item = (size) => {
      const choice = make("button", { type: "button", onclick: choose(size) }, `${size.width} px `, make("span", { className: "term", textContent: size.words }));
      return make("li", {}, choice);
    };
    list.replaceChildren(...sizes(width, picture.shown, most).map(item));
  });
  beside(popover, button);
}
