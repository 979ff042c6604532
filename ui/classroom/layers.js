// Lesson 3, how a picture is built and read: maps layer by layer, channels turned, what a place looks at, the critic's eye, a kernel.
import { make } from "../assets/dom.js";
import { choice, group, newest, pick, press, says, slider, subject } from "./draw.js";
import { lesson } from "./lesson.js";

const COLUMNS = 8;

export default function (context) {
  lesson(context, { built: (chapter) => inside(chapter, "generator"), read: (chapter) => inside(chapter, "critic"), eye, kernel });
}

// ---------------------------------------------------------------- layer by layer

function inside(chapter, side) {
  const { stage, t, n, seen, ask, link, settings } = chapter;
  const who = subject(chapter, () => draw());
  const layers = settings.models[who.state.model].layers[side];
  const builds = side === "generator";
  const asked = link.one(builds ? "layer" : "reader", layers.map(({ name }) => name), layers[builds ? layers.length - 2 : 0].name);
  let layer = layers.find(({ name }) => name === asked);
  let channel = link.whole(builds ? "channel" : "map", 0, 0, layer.channels - 1);
  let turned = builds ? read(link, layers, settings.factors) : new Map();
  const spot = builds ? [] : link.numbers("spot", layer.side, 2);
  let place = spot.length === 2 ? spot : null; // of the layer, across and down

  const steps = choice({
    label: t("layer"), options: layers.map(({ name, side: across }) => [name, t("layer_name", { name, side: across })]), value: layer.name,
    run: (name) => {
      layer = layers.find((each) => each.name === name);
      channel = 0;
      place = null;
      link.set({ [builds ? "layer" : "reader"]: name, ...(builds ? { channel: null } : { map: null, spot: null }) });
      fill();
      draw();
    },
  });
  const maps = make("ol", { className: "maps" });
  const chosen = make("div", { className: "chosen-map" });
  const picture = make("img", { className: "specimen", alt: "" });
  const before = make("img", { className: "specimen", alt: "" });
  const frame = make("div", { className: "framed" }, picture);
  const box = make("span", { className: "field-box", hidden: true });
  frame.append(box);
  const turn = slider({
    label: t("turn"), min: settings.factors[0], max: settings.factors[1], step: 0.25, value: 1, format: (v) => (v === 0 ? t("silent") : `× ${n(v, 2)}`),
    run: (v) => {
      const key = `${layer.name}:${channel}`;
      v === 1 ? turned.delete(key) : turned.set(key, v);
      remember();
      draw();
    },
  });
  const learned = make("ol", { className: "learned" });
  const reset = press(t("reset"), () => (turned.clear(), remember(), fill(), draw()));
  const remember = () => link.set({ turned: [...turned].map(([key, v]) => `${key}:${v}`).join("~") });
  const caption = (words) => make("figcaption", { textContent: words });
  stage.classList.add("side-by-side");
  stage.append(
    make("div", { className: "wide" }, who.node, steps.node, maps),
    make(
      "div",
      { className: "aside" },
      builds
        ? make("div", { className: "pair" }, make("figure", {}, before, caption(t("as_is"))), make("figure", {}, frame, caption(t("turned"))))
        : make("figure", {}, frame, caption(t("looked_at"))),
      ...(builds ? [turn.node, group(reset)] : [chosen]),
      make("figure", {}, learned, make("figcaption", { textContent: t("learned") })),
    ),
  );

  function fill() {
    maps.style.setProperty("--columns", COLUMNS);
    const rows = Math.ceil(layer.channels / COLUMNS);
    maps.replaceChildren(
      ...[...Array(layer.channels).keys()].map((i) => {
        const button = make("button", { type: "button" });
        button.style.backgroundSize = `${100 * COLUMNS}% ${100 * rows}%`;
        button.style.backgroundPosition = `${(100 * (i % COLUMNS)) / (COLUMNS - 1)}% ${(100 * Math.floor(i / COLUMNS)) / Math.max(rows - 1, 1)}%`;
        button.addEventListener("click", (event) => choose(i, event));
        return make("li", {}, button);
      }),
    );
    mark();
  }

  function mark() {
    [...maps.children].forEach((item, i) => {
      const factor = turned.get(`${layer.name}:${i}`);
      item.className = i === channel ? "chosen" : "";
      const button = item.firstChild;
      button.setAttribute("aria-pressed", String(i === channel));
      button.setAttribute("aria-label", t("map", { number: i, factor: n(factor ?? 1, 2) }));
      button.textContent = factor === undefined ? "" : factor === 0 ? "∅" : `×${n(factor, 2)}`;
    });
    turn.set(turned.get(`${layer.name}:${channel}`) ?? 1);
  }

  /** The strongest kernels of the channel: light adds, dark takes away, grey is nothing. A 3×3 one can be tried by hand. */
  const ask_learned = newest(ask, "learned", ({ kernels }) => {
    const most = Math.max(...kernels.flatMap(([, rows]) => rows.flat().map(Math.abs)), 1e-9);
    learned.replaceChildren(
      ...kernels.map(([of, rows]) => {
        const cells = rows.flat();
        const table = make("span", { className: "weights" }, ...cells.map((v) => Object.assign(make("i"), { style: `background: rgb(${Array(3).fill(Math.round(128 + (127 * v) / most)).join(" ")})` })));
        table.style.setProperty("--columns", rows[0].length);
        says(table, t("kernel_says", { of, values: cells.map((v) => n(v, 2)).join(" ") }));
        const strongest = Math.max(...cells.map(Math.abs), 1e-9);
        const by_hand = cells.map((v) => Number((v / strongest).toFixed(3))).join("~");
        const words = make("span", { className: "note", textContent: t("laid_on", { of }) });
        return make("li", {}, cells.length === 9 ? make("a", { href: link.to("layers", { part: "kernel", kernel: by_hand }), title: t("by_hand") }, table, words) : make("span", {}, table, words));
      }),
    );
  });

  function choose(i, event) {
    channel = i;
    link.set({ [builds ? "channel" : "map"]: i || null });
    mark();
    show_learned();
    if (builds) return;
    const area = event.currentTarget.getBoundingClientRect();
    const at = (v, low, size) => Math.min(Math.max(Math.floor(((v - low) / size) * layer.side), 0), layer.side - 1);
    place = event.detail ? [at(event.clientX, area.left, area.width), at(event.clientY, area.top, area.height)] : [layer.side >> 1, layer.side >> 1];
    link.set({ spot: place.join("~") });
    look();
  }

  async function look() {
    const [x, y] = place;
    const reply = await ask("support", { model: who.state.model, layer: layer.name, x, y });
    if (!reply) return;
    const size = settings.models[who.state.model].resolution;
    const [left, top, right, bottom] = reply.box;
    Object.assign(box.style, { left: `${(100 * left) / size}%`, top: `${(100 * top) / size}%`, width: `${(100 * (right - left)) / size}%`, height: `${(100 * (bottom - top)) / size}%` });
    box.hidden = false;
    const words = { x: n(x + 1), y: n(y + 1), width: n(right - left), height: n(bottom - top), side: n(layer.side) };
    chosen.textContent = t("field", words);
    seen(t("seen_field", words));
  }

  const ask_inside = newest(ask, "inside", (reply, asked) => {
    picture.src = reply.picture;
    before.src = reply.before;
    before.alt = t("picture_says", { share: n(reply.reading_before) });
    picture.alt = t("picture_says", { share: n(reply.reading) });
    for (const item of maps.children) item.firstChild.style.backgroundImage = `url(${reply.maps})`;
    if (place && !builds) return;
    if (!builds) return seen(t("seen", { count: n(layer.channels), side: n(layer.side) }));
    const fields = { count: n(layer.channels), side: n(layer.side), turned: n(asked.turned.length), before: n(reply.reading_before), after: n(reply.reading) };
    seen(t(asked.turned.length ? "seen_turned" : "seen", fields));
  });

  function draw() {
    mark();
    show_learned();
    ask_inside({ ...who.state, side, layer: layer.name, turned: [...turned].map(([key, v]) => [...split(key), v]) });
  }

  let shown = "";
  function show_learned() {
    const wanted = `${layer.name}:${channel}`;
    if (wanted === shown) return;
    shown = wanted;
    ask_learned({ model: who.state.model, side, layer: layer.name, channel });
  }

  fill();
  return { show: () => (draw(), place && look()) };
}

const split = (key) => [key.slice(0, key.lastIndexOf(":")), Number(key.slice(key.lastIndexOf(":") + 1))];
/** "conv3:5:0~…" as {"conv3:5": 0}; what names no channel of these layers is left out, and said. */
function read(link, layers, [low, high]) {
  const found = new Map();
  for (const part of (link.get("turned") ?? "").split("~").filter(Boolean)) {
    const [name, channel, factor] = part.split(":");
    const layer = layers.find((each) => each.name === name);
    if (layer && Number.isInteger(Number(channel)) && channel >= 0 && channel < layer.channels && factor >= low && factor <= high) found.set(`${name}:${Number(channel)}`, Number(factor));
    else link.refuse("turned");
  }
  return found;
}

// ---------------------------------------------------------------- the critic's eye

function eye(chapter) {
  const { stage, t, n, seen, ask } = chapter;
  const who = subject(chapter, () => draw());
  const figure = (words) => {
    const image = make("img", { className: "specimen", alt: "" });
    return { image, node: make("figure", {}, image, make("figcaption", { textContent: words })) };
  };
  const picture = figure(t("picture"));
  const hidden = figure(t("occlusion"));
  const slope = figure(t("gradient"));
  stage.append(who.node, make("div", { className: "triple" }, picture.node, hidden.node, slope.node), make("p", { className: "note", textContent: t("key") }));

  const ask_eye = newest(ask, "eye", (reply) => {
    picture.image.src = reply.picture;
    hidden.image.src = reply.occlusion;
    slope.image.src = reply.gradient;
    const count = reply.fallen.length;
    const all = reply.fallen.flatMap((row, y) => row.map((value, x) => ({ value, x, y })));
    const where = ({ x, y }) => t(`places.${["top", "middle", "bottom"][Math.min(Math.floor((3 * y) / count), 2)]}_${["left", "centre", "right"][Math.min(Math.floor((3 * x) / count), 2)]}`);
    const most = all.reduce((a, b) => (b.value > a.value ? b : a));
    const least = all.reduce((a, b) => (b.value < a.value ? b : a));
    const words = t("seen", { most: where(most), least: where(least), share: n(reply.reading) });
    picture.image.alt = t("picture_says", { share: n(reply.reading) });
    hidden.image.alt = words;
    slope.image.alt = t("gradient");
    seen(words);
  });
  const draw = () => ask_eye(who.state);
  return { show: draw };
}

// ---------------------------------------------------------------- a kernel by hand

const PRESETS = {
  nothing: [0, 0, 0, 0, 1, 0, 0, 0, 0],
  blur: Array(9).fill(0.111),
  sharpen: [0, -1, 0, -1, 5, -1, 0, -1, 0],
  upright: [-1, 0, 1, -2, 0, 2, -1, 0, 1],
  level: [-1, -2, -1, 0, 0, 0, 1, 2, 1],
};

function kernel(chapter) {
  const { stage, t, n, seen, ask, link, settings } = chapter;
  const who = subject(chapter, () => draw());
  const given = link.get("kernel")?.split("~").map((each) => (each.trim() === "" ? NaN : Number(each)));
  const fits = given?.length === 9 && given.every((v) => Number.isFinite(v) && Math.abs(v) <= 100);
  if (given && !fits) link.refuse("kernel");
  let values = fits ? given : PRESETS.upright;
  const pixel = link.numbers("pixel", settings.models[who.state.model].resolution, 2);
  let at = pixel.length === 2 ? pixel : [14, 10];
  let last = null;
  const inputs = values.map((value, i) => {
    const input = make("input", { type: "text", inputMode: "decimal", value });
    input.setAttribute("aria-label", t("cell", { row: Math.floor(i / 3) + 1, column: (i % 3) + 1 }));
    input.addEventListener("input", () => {
      const number = input.value.trim() === "" ? NaN : Number(input.value.replace(",", "."));
      input.setAttribute("aria-invalid", String(!Number.isFinite(number) || Math.abs(number) > 100));
      if (!Number.isFinite(number) || Math.abs(number) > 100) return seen(t("no_number"));
      values = values.with(i, number);
      named();
      draw();
    });
    return input;
  });
  const presets = pick({
    label: t("preset"), options: [["", "…"], ...Object.keys(PRESETS).map((name) => [name, t(`presets.${name}`)])], value: "",
    run: (name) => {
      if (!name) return;
      values = PRESETS[name];
      inputs.forEach((input, i) => ((input.value = values[i]), input.setAttribute("aria-invalid", "false")));
      draw();
    },
  });
  const named = () => (presets.select.value = Object.keys(PRESETS).find((name) => PRESETS[name].every((v, i) => v === values[i])) ?? "");
  named();
  const canvas = () => make("canvas", { className: "pixels", tabIndex: 0 });
  const source = canvas();
  const result = canvas();
  const sum = make("p", { className: "sum" });
  const figure = (node, words) => make("figure", {}, node, make("figcaption", { textContent: words }));
  stage.append(
    who.node,
    make("div", { className: "triple" }, figure(source, t("picture")), make("div", { className: "aside" }, presets.node, make("div", { className: "kernel" }, ...inputs), sum), figure(result, t("result"))),
  );

  for (const node of [source, result]) {
    const point = (event) => {
      const area = node.getBoundingClientRect();
      const size = last?.values.length ?? 32;
      const cell = (v, low, extent) => Math.min(Math.max(Math.floor(((v - low) / extent) * size), 0), size - 1);
      at = [cell(event.clientX, area.left, area.width), cell(event.clientY, area.top, area.height)];
      link.set({ pixel: at.join("~") });
      show();
    };
    node.addEventListener("pointermove", point);
    node.addEventListener("pointerdown", point);
    node.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!step || !last) return;
      event.preventDefault();
      const size = last.values.length;
      at = at.map((v, i) => Math.min(Math.max(v + step[i], 0), size - 1));
      link.set({ pixel: at.join("~") });
      show();
    });
  }

  function paint(node, rows, low, high) {
    const size = rows.length;
    node.width = node.height = size;
    const image = new ImageData(size, size);
    rows.flat().forEach((v, i) => {
      const grey = (255 * (v - low)) / (high - low || 1);
      image.data.set([grey, grey, grey, 255], 4 * i);
    });
    const [x, y] = at;
    const context = node.getContext("2d");
    context.putImageData(image, 0, 0);
    const area = node === source ? [x - 1, y - 1, 3, 3] : [x, y, 1, 1];
    context.fillStyle = "rgb(217 140 60 / 60%)";
    context.fillRect(...area);
  }

  function show() {
    if (!last) return;
    const { values: rows, result: out } = last;
    const size = rows.length;
    const flat = out.flat();
    const [low, high] = [Math.min(0, ...flat), Math.max(1, ...flat)];
    paint(source, rows, 0, 1);
    paint(result, out, low, high);
    const clip = (v) => Math.min(Math.max(v, 0), size - 1);
    const parts = values.map((k, i) => [k, rows[clip(at[1] + Math.floor(i / 3) - 1)][clip(at[0] + (i % 3) - 1)]]).filter(([k]) => k !== 0);
    const total = n(out[at[1]][at[0]], 2);
    const factor = (k) => (k < 0 ? `(−${n(-k, 2)})` : n(k, 2));
    sum.textContent = `${parts.map(([k, v]) => `${factor(k)} · ${n(v, 2)}`).join(" + ") || 0} = ${total.replace("-", "−")}`;
    says(source, t("source_says", { x: at[0] + 1, y: at[1] + 1, total }));
    says(result, t("result_says", { low: n(low, 1), high: n(high, 1) }));
  }

  const ask_kernel = newest(ask, "kernel", (reply) => {
    last = reply;
    show();
    const total = values.reduce((a, b) => a + b, 0);
    const edges = Math.abs(total) < 0.01;
    seen(t(edges ? "seen_edges" : "seen", { total: n(total, 2) }));
  });
  function draw() {
    link.set({ kernel: values.join("~") });
    ask_kernel({ ...who.state, kernel: [values.slice(0, 3), values.slice(3, 6), values.slice(6)] });
  }
  return { show: draw, keys: { keys: ["←", "→", "↑", "↓"], says: t("keys_drawing") } };
}
