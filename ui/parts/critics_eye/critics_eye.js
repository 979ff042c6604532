// What the critic looks at, over the plate: hidden squares, then the gradient, then nothing.
import { make, toast } from "../../assets/dom.js";
import { part } from "../../assets/page.js";

const VIEWS = [null, "hidden", "light"];
const KEYS = {
  hidden: "Light: what hiding a square there would cost. Dark: what it would gain.",
  light: "The gradient. Light: more brightness there would please the critic. Dark: less would.",
};
const REST_MS = 350; // a moving picture is not looked at

export default function ({ element, backend, action }) {
  const button = element.querySelector("button");
  const says = element.querySelector(".eye-says");
  const veil = make("img", { className: "veil", alt: "" });
  let view = 0;
  let last = null; // {values, reply}
  let number = 0;
  let timer = 0;

  async function look() {
    if (!VIEWS[view]) return clear();
    const live = await part("live");
    const { values } = live.latest();
    if (!values) return;
    if (last?.values !== values) {
      veil.remove();
      says.hidden = false;
      says.textContent = "The critic is looking…";
      const mine = ++number;
      const reply = await backend.eye({ values });
      if (mine !== number) return;
      if (reply.error || reply.busy || reply.stopped) {
        if (reply.error) toast(reply.error, { alert: true });
        return clear();
      }
      last = { values, reply };
    }
    veil.src = last.reply[VIEWS[view]];
    veil.alt = KEYS[VIEWS[view]];
    document.getElementById("plate-sheet").append(veil);
    says.hidden = false;
    says.textContent = `${last.reply.words} ${KEYS[VIEWS[view]]}`;
    button.setAttribute("aria-pressed", "true");
  }

  function clear() {
    view = 0;
    number++;
    veil.remove();
    says.hidden = true;
    button.setAttribute("aria-pressed", "false");
  }

  // Another picture: what was seen in the last one is no longer true, and looked for again when the hand rests.
  document.addEventListener("atelier:answer", () => {
    if (!VIEWS[view]) return;
    number++;
    veil.remove();
    clearTimeout(timer);
    timer = setTimeout(look, REST_MS);
  });

  action("eye", { keys: ["e"], says: "what the critic looks at", run: () => ((view = (view + 1) % VIEWS.length), look()) });
}
