// The strip of neighbours: small pictures, each of which leads to its seed.
import { make } from "../../assets/dom.js";

const NONE = "Styles of no seed: the sliders steer them. Another seed leads away, Undo brings them back.";

/** Fill the strip with `count` places; `go(seed)` is called at a click. Gives what shows neighbours: [{seed, picture}, …]. */
export function neighbourStrip(strip, count, go) {
  for (let i = 0; i < count; i++) {
    const thumb = make("button", { type: "button" }, make("img", { alt: "" }));
    thumb.addEventListener("click", () => thumb.dataset.seed && go(Number(thumb.dataset.seed)));
    strip.append(thumb);
  }
  const thumbs = [...strip.children];
  const none = make("p", { className: "none", textContent: NONE, hidden: true });
  strip.append(none);
  return (neighbours) => {
    none.hidden = neighbours.length > 0;
    thumbs.forEach((thumb, i) => {
      const neighbour = neighbours[i];
      thumb.disabled = !neighbour;
      thumb.hidden = !neighbours.length; // of given styles there are none
      if (!neighbour) return thumb.firstChild.removeAttribute("src");
      thumb.firstChild.src = neighbour.picture;
      thumb.dataset.seed = neighbour.seed;
      thumb.title = `Seed ${neighbour.seed}`;
      thumb.setAttribute("aria-label", `Go to seed ${neighbour.seed}`);
    });
  };
}
