// Controls and drawings that lessons share. Every drawing has words: `says(node, sentence)`.
import { make } from "../assets/dom.js";

const SVG = "http://www.w3.org/2000/svg";

export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** What a drawing shows, in words. */
export function says(node, sentence) {
  node.setAttribute("role", "img");
  if (node.getAttribute("aria-label") !== sentence) node.setAttribute("aria-label", sentence);
}

let count = 0;

/** A slider: {label, term, min, max, step, value, format, log, run(value, done)}. `log`: the values are powers of ten. */
export function slider({ label, term = "", min, max, step, value, format = String, log = false, run }) {
  const id = `control-${++count}`;
  const inner = (v) => (log ? Math.log10(v) : v);
  const outer = (v) => (log ? 10 ** v : v);
  const input = make("input", { type: "range", id, min: inner(min), max: inner(max), step, value: inner(value) });
  const shown = make("output", { htmlFor: id });
  const draw = () => {
    const at = (input.value - input.min) / (input.max - input.min);
    input.style.setProperty("--range_progress", `${100 * at}%`);
    shown.textContent = format(outer(Number(input.value)));
    input.setAttribute("aria-valuetext", shown.textContent);
  };
  input.addEventListener("input", () => (draw(), run(outer(Number(input.value)), false)));
  input.addEventListener("change", () => run(outer(Number(input.value)), true));
  const words = make("label", { htmlFor: id, textContent: label });
  if (term) words.append(make("span", { className: "term", textContent: ` · ${term}` }));
  const node = make("div", { className: "control" }, make("div", { className: "line" }, words, shown), input);
  draw();
  return {
    node,
    input,
    get value() {
      return outer(Number(input.value));
    },
    set(v) {
      input.value = inner(v);
      draw();
    },
  };
}

/** One of several: {label, options: [[value, words]], value, run(value)}. */
export function choice({ label, options, value, run }) {
  const name = `choice-${++count}`;
  const node = make("fieldset", { className: "choice" }, make("legend", { textContent: label }));
  const inputs = options.map(([own, words]) => {
    const input = make("input", { type: "radio", name, value: own, checked: own === value });
    input.addEventListener("change", () => run(own));
    node.append(make("label", {}, input, make("span", { textContent: words })));
    return input;
  });
  return { node, set: (wanted) => inputs.forEach((input) => (input.checked = input.value === wanted)) };
}

/** A list to choose from: {label, options: [[value, words]], value, run(value)}. */
export function pick({ label, options, value, run }) {
  const id = `pick-${++count}`;
  const select = make("select", { id });
  for (const [own, words] of options) select.append(make("option", { value: own, textContent: words, selected: own === value }));
  select.addEventListener("change", () => run(select.value));
  return { node: make("div", { className: "control pick" }, make("label", { htmlFor: id, textContent: label }), select), select };
}

export function press(label, run, { strong = false, title = "" } = {}) {
  const node = make("button", { type: "button", textContent: label, className: strong ? "press strong" : "press", title });
  node.addEventListener("click", run);
  return node;
}

export const group = (...nodes) => make("div", { className: "group" }, ...nodes);

/**
 * Curves over one axis: {series: [{name, className, points: [[x, y]]}], log (of x), cursor, x, y: words, n: how numbers are
 * written, tick: the number that stands at a value of y}. Where y is null there is a gap.
 * Each curve is told apart by its dash as well as by its colour, and named at its end.
 */
export function curves({ series, n, log = false, cursor = null, x, y, width = 420, height = 150, low = null, high = null, tick = (v) => v }) {
  const left = 38, right = 84, top = 20, foot = 26;
  const all = series.flatMap(({ points }) => points.filter(([, v]) => v !== null));
  const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "curves" });
  if (!all.length) return root;
  const at = (v) => (log ? Math.log10(v + 1) : v);
  const xs = series.flatMap(({ points }) => points.map(([v]) => at(v))), ys = all.map(([, v]) => v);
  const [x0, x1] = [Math.min(...xs), Math.max(...xs)];
  const [y0, y1] = [low ?? Math.min(...ys), high ?? Math.max(...ys)];
  const px = (v) => left + ((at(v) - x0) / (x1 - x0 || 1)) * (width - left - right);
  const py = (v) => height - foot - ((Math.min(Math.max(v, y0), y1) - y0) / (y1 - y0 || 1)) * (height - top - foot);
  root.append(svg("path", { class: "axis", d: `M${left} ${top}V${height - foot}H${width - right}` }));
  const number = (v) => n(Number(v.toPrecision(2)), 2);
  for (let power = 1; log && power <= x1; power++) root.append(svg("path", { class: "axis", d: `M${(left + ((power - x0) / (x1 - x0 || 1)) * (width - left - right)).toFixed(1)} ${height - foot}v4` }));
  for (const v of [y0, y1]) root.append(svg("text", { x: left - 5, y: py(v) + 4, class: "tick end" }, number(tick(v))));
  root.append(svg("text", { x: left, y: height - 8, class: "tick" }, x));
  root.append(svg("text", { x: left, y: 11, class: "tick" }, y));
  const ends = [];
  for (const { name, className, points } of series) {
    const gap = (i) => (points[i]?.[1] ?? null) === null;
    const place = ([a, b]) => `${px(a).toFixed(1)} ${py(b).toFixed(1)}`;
    const way = points.map((point, i) => (gap(i) ? "" : `${gap(i - 1) ? "M" : "L"}${place(point)}${gap(i - 1) && gap(i + 1) ? "h.1" : ""}`)).join("");
    if (!way) continue;
    root.append(svg("path", { class: `curve ${className}`, "stroke-linecap": "round", d: way }));
    const [a, b] = points.findLast(([, v]) => v !== null);
    let height = py(b) + 4;
    while (ends.some((other) => Math.abs(other - height) < 13)) height -= 13;
    ends.push(height);
    root.append(svg("text", { x: px(a) + 6, y: height, class: `tick ${className}` }, name));
  }
  if (cursor !== null) root.append(svg("path", { class: "cursor", d: `M${px(cursor).toFixed(1)} ${top}V${height - foot}` }));
  return root;
}

/** Where values of rows × columns cross a level, as lines [[x, y], [x, y]] in units of a cell (marching squares between cells' middles). */
export function levelLines(values, columns, level) {
  const rows = Math.floor(values.length / columns);
  const corners = [[0, 0], [1, 0], [1, 1], [0, 1]];
  const lines = [];
  for (let r = 0; r + 1 < rows; r++)
    for (let c = 0; c + 1 < columns; c++) {
      const at = corners.map(([x, y]) => values[(r + y) * columns + c + x]);
      const cuts = [];
      corners.forEach((p, k) => {
        const [a, b, q] = [at[k], at[(k + 1) % 4], corners[(k + 1) % 4]];
        if (a < level === b < level) return;
        const share = (level - a) / (b - a);
        cuts.push([c + 0.5 + p[0] + share * (q[0] - p[0]), r + 0.5 + p[1] + share * (q[1] - p[1])]);
      });
      for (let k = 0; k + 1 < cuts.length; k += 2) lines.push([cuts[k], cuts[k + 1]]);
    }
  return lines;
}

/** A canvas as wide as its place, sharp on every screen; `draw(context, side)` in units of a square of that side. */
export function board(draw) {
  const canvas = make("canvas", { className: "board" });
  const paint = () => {
    const side = canvas.clientWidth;
    if (!side) return;
    const scale = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(side * scale)) canvas.width = canvas.height = Math.round(side * scale);
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    draw(context, side);
  };
  new ResizeObserver(paint).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTimeout(paint, 60));
  return { canvas, paint };
}

/** A colour of the page, as it stands just now. */
export const colour = (name, node = document.querySelector(".lesson")) => getComputedStyle(node).getPropertyValue(`--${name}`).trim();

/** Tiles of one picture that holds many in rows: {count, columns, words(i), run(i)}; `.show(url)`, `.mark(values)`. */
export function tiles({ count, columns, words, run = null }) {
  const list = make("ol", { className: "tiles" });
  list.style.setProperty("--columns", columns);
  const rows = Math.ceil(count / columns);
  const items = [...Array(count).keys()].map((i) => {
    const face = make("span", { className: "face" });
    face.style.backgroundSize = `${100 * columns}% ${100 * rows}%`;
    face.style.backgroundPosition = `${(100 * (i % columns)) / Math.max(columns - 1, 1)}% ${(100 * Math.floor(i / columns)) / Math.max(rows - 1, 1)}%`;
    const bar = make("span", { className: "gauge" }, make("i"));
    const inner = run ? make("button", { type: "button" }, face) : make("span", {}, face);
    if (run) inner.addEventListener("click", () => run(i));
    const item = make("li", {}, inner, bar);
    list.append(item);
    return { item, inner, face, bar };
  });
  return {
    node: list,
    show(url) {
      for (const { face } of items) face.style.backgroundImage = `url(${url})`;
    },
    mark(values, say = words) {
      items.forEach(({ inner, bar }, i) => {
        const value = values?.[i];
        bar.hidden = value == null;
        if (value != null) bar.firstChild.style.width = `${value}%`;
        run ? inner.setAttribute("aria-label", say(i, value)) : says(inner, say(i, value));
      });
    },
    select: (wanted) => items.forEach(({ item }, i) => item.classList.toggle("chosen", i === wanted)),
  };
}

/** Asks for the newest; what came late is dropped. */
export function newest(ask, verb, show) {
  let busy = false;
  let wanted = null;
  return async (request) => {
    wanted = request;
    if (busy) return;
    busy = true;
    while (wanted) {
      const asked = wanted;
      wanted = null;
      const reply = await ask(verb, asked);
      if (reply && !wanted) show(reply, asked);
    }
    busy = false;
  };
}

/** A class in the page's language; its own name where the language has none for it. */
export const spoken = (t, name) => (t(`classes.${name}`) === `classes.${name}` ? name : t(`classes.${name}`));

/** What a direction's title says, "softer ↔ stronger contrast", in the page's language, word by word. */
export const direction = (t, title) =>
  title.split(" ↔ ").map((end) => end.split(", ").map((word) => (t(`directions.${word}`) === `directions.${word}` ? word : t(`directions.${word}`))).join(", ")).join(" ↔ ");

/** A class and a seed, which name a picture: {node, state: {model, label, seed}}; both are kept in the link. */
export function subject({ settings, link, t }, run, { seedName = "seed", className = "class", seed = 0, label = 0 } = {}) {
  const model = Object.keys(settings.models)[0];
  const { classes } = settings.models[model];
  const state = { model, seed: link.whole(seedName, seed, 0, 2 ** 32 - 1), label: Math.max(classes.indexOf(link.one(className, classes, classes[label])), 0) };
  const labels = pick({
    label: t("class"), options: classes.map((name, i) => [i, spoken(t, name)]), value: state.label,
    run: (value) => {
      state.label = Number(value);
      link.set({ [className]: classes[state.label] });
      run();
    },
  });
  labels.select.value = String(state.label);
  labels.node.hidden = !classes.length;
  const another = press(t("another"), () => {
    state.seed = (state.seed + 1) % 2 ** 32;
    link.set({ [seedName]: state.seed });
    run();
  });
  return { node: group(labels.node, another), state };
}

/** A drawing's rows as a link holds them, runs of equal steps such as "0-3k.d-2", and back; null where it is no such drawing, or
 * nothing is drawn. */
export const packed = (rows) =>
  rows.flat().reduce((runs, v) => (runs.at(-1)?.[0] === v ? (runs.at(-1)[1]++, runs) : [...runs, [v, 1]]), []).map(([v, count]) => `${(v / 17).toString(16)}-${count.toString(36)}`).join(".");
export function unpacked(text, side) {
  const values = [];
  for (const run of (text ?? "").split(".")) {
    const [, step, count] = /^([0-9a-f])-([0-9a-z]{1,4})$/.exec(run) ?? [];
    if (!step || values.length + parseInt(count, 36) > side * side) return null;
    values.push(...Array(parseInt(count, 36)).fill(17 * parseInt(step, 16)));
  }
  return values.length === side * side && new Set(values).size > 1 ? [...Array(side).keys()].map((y) => values.slice(y * side, (y + 1) * side)) : null;
}

/**
 * A pen for the keyboard on a canvas: arrow keys move it by `step` of the sheet, Space or Enter sets it down and lifts it. `down([x, y])`,
 * `move([x, y])` while it is down, `up()`; places in 0 … 1. `on()`: whether there is something to draw on just now. Returns the canvas
 * in a frame that shows where the pen is.
 */
export function pen(canvas, { step, down, move, up, on = () => true }) {
  const mark = make("span", { className: "pen" });
  let place = [0.5, 0.5];
  let held = false;
  const show = () => {
    Object.assign(mark.style, { left: `${100 * place[0]}%`, top: `${100 * place[1]}%` });
    mark.classList.toggle("down", held);
    canvas.classList.toggle("penned", on());
  };
  const lift = () => {
    if (!held) return;
    held = false;
    show();
    up();
  };
  canvas.tabIndex = 0;
  canvas.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const pressed = event.key === " " || event.key === "Enter";
    if (!on() || !(by || pressed) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (by) {
      place = place.map((v, i) => Math.min(Math.max(v + step * by[i], 0), 1));
      if (held) move(place);
    } else if (held) return lift();
    else (held = true), down(place);
    show();
  });
  canvas.addEventListener("focus", show);
  canvas.addEventListener("blur", lift);
  return make("div", { className: "pen-frame" }, canvas, mark);
}

/** A sketch pad of side×side grey pixels, white on black as the garments are: {node, rows(), clear(), load(rows)}; `run` when the hand lets go. */
export function pad(side, words, run) {
  const canvas = make("canvas", { className: "pixels pad", width: side, height: side });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", words);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const clear = () => {
    context.fillStyle = "#000";
    context.fillRect(0, 0, side, side);
  };
  clear();
  let last = null;
  const at = (event) => {
    const area = canvas.getBoundingClientRect();
    return [((event.clientX - area.left) / area.width) * side, ((event.clientY - area.top) / area.height) * side];
  };
  const stroke = (from, to) => {
    context.strokeStyle = "#ddd";
    context.lineWidth = side / 11;
    context.lineCap = "round";
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(to[0] + 0.01, to[1]);
    context.stroke();
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = at(event);
    stroke(last, last);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    const now = at(event);
    stroke(last, now);
    last = now;
  });
  /** Grey values in sixteen steps, so that a link holds just what was drawn. */
  const rows = () => {
    const { data } = context.getImageData(0, 0, side, side);
    return [...Array(side).keys()].map((y) => [...Array(side).keys()].map((x) => 17 * Math.round(data[4 * (y * side + x)] / 17)));
  };
  const load = (values) => {
    const image = new ImageData(side, side);
    values.flat().forEach((v, i) => image.data.set([v, v, v, 255], 4 * i));
    context.putImageData(image, 0, 0);
  };
  canvas.addEventListener("pointerup", () => last && let_go());
  const let_go = () => {
    last = null;
    load(rows()); // what is seen is what the link holds
    run();
  };
  const to = ([x, y]) => [x * side, y * side];
  const node = pen(canvas, {
    step: 1 / side,
    down: (place) => ((last = to(place)), stroke(last, last)),
    move: (place) => (stroke(last, to(place)), (last = to(place))),
    up: let_go,
  });
  return { node, clear, rows, load, empty: () => rows().flat().every((v) => v === 0) };
}

/** A model and a class of it, kept in the link: {node, state: {model, label}}. `every`: with "one of each" (null) among the classes;
 * `prefer`: the model to begin with, if it is there; `begin`: its class to begin with (default: the one that a model opens
 * with, where the settings name it). */
export function chooser({ settings, link, t }, run, { every = false, prefer = "wardrobe", begin = "" } = {}) {
  const names = Object.keys(settings.models);
  const first = names.includes(prefer) ? prefer : names[0];
  const opening = (name) => (every ? null : Math.max(settings.models[name].classes.indexOf(settings.models[name].opens_with), 0));
  const state = { model: link.one("model", names, first) };
  state.label = opening(state.model);
  const classes = () => settings.models[state.model].classes;
  const asked = link.one("class", classes(), state.model === first ? begin : null);
  if (classes().includes(asked)) state.label = classes().indexOf(asked);
  const labels = pick({ label: t("class"), options: [], value: "", run: (value) => (choose(value === "" ? null : Number(value)), run()) });
  const choose = (label) => {
    state.label = label;
    link.set({ class: label === null ? null : classes()[label] });
  };
  const fill = () => {
    labels.node.hidden = !classes().length;
    if (!classes().length) state.label = null;
    labels.select.replaceChildren(
      ...(every ? [make("option", { value: "", textContent: t("every_class") })] : []),
      ...classes().map((name, i) => make("option", { value: i, textContent: spoken(t, name), selected: i === state.label })),
    );
  };
  fill();
  const models = pick({
    label: t("model"), options: names.map((name) => [name, name]), value: state.model,
    run: (name) => {
      Object.assign(state, { model: name, label: opening(name) });
      link.set({ model: name === first ? null : name, class: null });
      fill();
      run();
    },
  });
  models.node.hidden = names.length < 2;
  return { node: group(models.node, labels.node), state, set: (label) => (choose(label), fill()) };
}

/** Model, class and seed of a picture: {node, state: {model, label, seed}}. */
export function specimen(chapter, run, { prefer = "orchard", begin = "", seed = 0 } = {}) {
  const { link, t } = chapter;
  const who = chooser(chapter, run, { prefer, begin });
  const { state } = who;
  state.seed = link.whole("seed", seed, 0, 2 ** 32 - 1);
  const go = (step) => () => {
    state.seed = (state.seed + step + 2 ** 32) % 2 ** 32;
    link.set({ seed: state.seed === seed ? null : state.seed });
    run();
  };
  const back = press("◀", go(-1), { title: t("previous_picture") });
  back.setAttribute("aria-label", t("previous_picture"));
  const steps = make("div", { className: "group steps" }, back, press(t("another"), go(1)));
  who.node.append(steps); // on one line: the arrow alone says nothing
  return who;
}
