// An endless map: what is in view is asked for chunk by chunk, the nearest to the middle first, one request on its way.
import { plateValues, saveFile, worked } from "../../assets/bench.js";
import { make, text } from "../../assets/dom.js";

const KEPT = 160; // chunks
const STEP = 64; // px an arrow key pans

export default function ({ element, settings, backend, action }) {
  const find = (selector) => element.querySelector(selector);
  const map = find(".map");
  const ground = find(".ground");
  const side = settings.side;
  let at = { x: side / 2, y: side / 2 }; // px of the world in the middle of the view
  let chunks = new Map(); // "x y" → img, the oldest first
  let values = null;
  let seed = null; // another world's than the plate's
  let asking = false;

  const name = (repeat) => (repeat ? `after ${repeat} tile${repeat > 1 ? "s" : ""}` : "never");
  find(".repeat").append(...settings.repeats.map((repeat) => make("option", { value: repeat, textContent: name(repeat) })));
  find(".mixed-line").hidden = !settings.classes;
  find(".cannot").hidden = settings.can;
  map.hidden = !settings.can;
  for (const button of element.querySelectorAll("button, select, input")) button.disabled = !settings.can;

  const request = () => ({ values, mixed: find(".mixed").checked, repeat: Number(find(".repeat").value), ...(seed !== null && { seed }) });

  /** The chunks in view that are missing, the nearest first. */
  function missing() {
    const [halfWidth, halfHeight] = [map.clientWidth / 2, map.clientHeight / 2];
    const found = [];
    for (let y = Math.floor((at.y - halfHeight) / side); y * side < at.y + halfHeight; y++)
      for (let x = Math.floor((at.x - halfWidth) / side); x * side < at.x + halfWidth; x++)
        if (!chunks.has(`${x} ${y}`)) found.push({ x, y, far: Math.hypot((x + 0.5) * side - at.x, (y + 0.5) * side - at.y) });
    return found.sort((a, b) => a.far - b.far);
  }

  async function fill() {
    move();
    if (asking || !settings.can || !values) return;
    asking = true;
    while (element.getClientRects().length) {
      const [next] = missing();
      if (!next) break;
      const asked = JSON.stringify(request());
      const answer = await backend.chunk({ ...request(), x: next.x, y: next.y });
      if (asked !== JSON.stringify(request())) continue; // another world by now
      if (answer.busy) await new Promise((resolve) => setTimeout(resolve, answer.busy));
      else if (!worked(answer)) break;
      else place(next, answer.picture);
    }
    asking = false;
    tell();
  }

  function place({ x, y }, picture) {
    const image = make("img", { src: picture, alt: "", draggable: false });
    Object.assign(image.style, { left: `${x * side}px`, top: `${y * side}px`, width: `${side}px`, height: `${side}px` });
    chunks.set(`${x} ${y}`, image);
    ground.append(image);
    if (chunks.size > KEPT) {
      const [oldest] = chunks.keys();
      chunks.get(oldest).remove();
      chunks.delete(oldest);
    }
    tell();
  }

  const move = () => (ground.style.transform = `translate(${-at.x}px, ${-at.y}px)`);
  function tell() {
    const tile = side / settings.chunk;
    text(find(".status"), settings.can ? `AI-generated${settings.subject ? `, no such ${settings.subject} exists` : ""} · tile ${Math.floor(at.x / tile)}, ${Math.floor(at.y / tile)}${missing().length && asking ? " · painting …" : ""}` : "");
  }

  function pan(x, y) {
    at = { x: at.x + x, y: at.y + y };
    fill();
    tell();
  }

  async function begin() {
    const now = await plateValues();
    if (!now) return;
    if (JSON.stringify(now) !== JSON.stringify(values)) {
      values = now;
      clear();
    }
    fill();
  }

  function clear() {
    chunks = new Map();
    ground.replaceChildren();
  }

  const anew = () => (clear(), fill());

  let drag = null;
  map.addEventListener("pointerdown", (event) => {
    drag = { x: event.clientX, y: event.clientY };
    map.setPointerCapture(event.pointerId);
  });
  map.addEventListener("pointermove", (event) => {
    if (!drag) return;
    pan(drag.x - event.clientX, drag.y - event.clientY);
    drag = { x: event.clientX, y: event.clientY };
  });
  for (const over of ["pointerup", "pointercancel"]) map.addEventListener(over, () => (drag = null));
  map.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
    if (!steps[event.key]) return;
    event.preventDefault();
    pan(...steps[event.key]);
  });

  /** The view's tiles, or of a world that repeats the tiles that do. */
  async function save() {
    const { repeat } = request();
    const tile = side / settings.chunk;
    const [width, height] = repeat ? [repeat, repeat] : [Math.min(6, Math.round(map.clientWidth / tile)), Math.min(4, Math.round(map.clientHeight / tile))].map((count) => Math.max(count, 1));
    const [x, y] = repeat ? [0, 0] : [Math.round(at.x / tile - width / 2), Math.round(at.y / tile - height / 2)];
    const answer = await backend.save({ ...request(), x, y, width, height });
    if (worked(answer)) saveFile(answer);
  }

  find(".mixed").addEventListener("change", anew);
  find(".repeat").addEventListener("change", anew);
  action("another", { run: () => ((seed = crypto.getRandomValues(new Uint32Array(1))[0]), anew()) });
  action("middle", { run: () => ((at = { x: side / 2, y: side / 2 }), fill()) });
  action("save", { run: save });
  new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && begin()).observe(element);
}
