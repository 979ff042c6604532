// Lesson 2, the duel: a training that happened, moment by moment; who judges whom; and a duel in the plane that happens now.
import { make } from "../assets/dom.js";
import { board, choice, colour, curves, group, pick, press, says, slider, tiles } from "./draw.js";
import { lesson } from "./lesson.js";

const WARM_MS = 150; // between the moments that are fetched ahead

export default function (context) {
  const some = Object.keys(context.settings.histories).length > 0;
  lesson(context, { ...(some && { past: past, judges: judges }), now: now });
}

// ---------------------------------------------------------------- a training that happened

function chooser({ settings, link, t }, run) {
  const names = Object.keys(settings.histories);
  const first = names.includes("wardrobe") ? "wardrobe" : names[0];
  const state = { model: names.includes(link.get("model")) ? link.get("model") : first };
  const classes = () => settings.histories[state.model].classes;
  state.label = classes().includes(link.get("class")) ? classes().indexOf(link.get("class")) : null;
  const labels = make("select", { id: `class-of-${Math.random().toString(36).slice(2)}` });
  const fill = () =>
    labels.replaceChildren(
      make("option", { value: "", textContent: t("every_class") }),
      ...classes().map((name, i) => make("option", { value: i, textContent: name, selected: i === state.label })),
    );
  fill();
  labels.addEventListener("change", () => {
    state.label = labels.value === "" ? null : Number(labels.value);
    link.set({ class: state.label === null ? null : classes()[state.label] });
    run();
  });
  const models = pick({
    label: t("model"),
    options: names.map((name) => [name, name]),
    value: state.model,
    run: (name) => {
      Object.assign(state, { model: name, label: null });
      link.set({ model: name === first ? null : name, class: null });
      fill();
      run(true);
    },
  });
  const node = group(models.node, make("div", { className: "control pick" }, make("label", { htmlFor: labels.id, textContent: t("class") }), labels));
  return { node, state };
}

function past(chapter) {
  const { stage, t, n, seen, ask, link, settings } = chapter;
  const who = chooser(chapter, (other) => (other && begin(), draw()));
  const moments = () => settings.histories[who.state.model].moments;
  const cache = new Map();
  const key = (index) => `${who.state.model} ${who.state.label} ${index}`;
  let index = 0;
  const time = slider({
    label: t("moment"), term: t("pictures_seen"), min: 0, max: 1, step: 1, value: 0,
    format: (i) => n(moments()[i]?.pictures ?? 0),
    run: (i) => ((index = i), draw()),
  });
  const sheet = tiles({ count: 16, columns: 8, words: () => "" });
  const chart = make("div", { className: "charts" });
  stage.append(make("div", { className: "wide" }, who.node, time.node, sheet.node, make("p", { className: "note", textContent: t("bars") })), chart);
  stage.classList.add("with-charts");

  function begin() {
    time.input.max = moments().length - 1;
    index = link.number("moment", moments().length - 1, 0, moments().length - 1);
    if (link.get("moment") !== null && String(index) !== link.get("moment")) seen(t("no_moment"));
    time.set(index);
  }

  async function fetched(at) {
    const own = key(at);
    if (!cache.has(own)) {
      const reply = await ask("moment", { model: who.state.model, index: at, label: who.state.label });
      if (reply) cache.set(own, reply);
    }
    return cache.get(own);
  }

  let asking = false;
  async function draw() {
    charts();
    if (asking) return; // the newest is drawn when this one is here
    asking = true;
    let wanted;
    do {
      wanted = key(index);
      const at = index;
      const reply = await fetched(at);
      if (reply && wanted === key(index)) show(at, reply);
    } while (wanted !== key(index));
    asking = false;
    warm();
  }

  function show(at, { sheet: url, own, final }) {
    link.set({ moment: at === moments().length - 1 ? null : at });
    sheet.show(url);
    sheet.mark(own, (i, value) => t("tile", { seed: i, share: n(value) }));
    const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
    const fields = { pictures: n(moments()[at].pictures), own: n(mean(own)), final: final ? n(mean(final)) : "" };
    const which = at === 0 ? "seen_first" : at === moments().length - 1 ? "seen_last" : final ? "seen" : "seen_other_size";
    seen(t(which, fields));
  }

  let warming = 0;
  function warm() {
    clearTimeout(warming);
    warming = setTimeout(async () => {
      const next = [...moments().keys()].sort((a, b) => Math.abs(a - index) - Math.abs(b - index)).find((i) => !cache.has(key(i)));
      if (next === undefined || !stage.isConnected || stage.closest("[hidden]")) return;
      const at = index;
      if ((await fetched(next)) && at === index) warm();
    }, WARM_MS);
  }

  function charts() {
    const told = moments();
    const line = (name, className, value) => ({ name, className, points: told.map((m) => [m.pictures, value(m)]).filter(([, v]) => v != null) });
    const losses = curves({
      series: [line(t("generator"), "one", (m) => m.losses.loss_g), line(t("critic"), "two", (m) => m.losses.loss_d)],
      log: true, cursor: told[index].pictures, x: t("pictures_axis"), y: t("loss"), low: 0,
    });
    const scores = curves({
      series: [line(t("distance_short"), "one", (m) => Math.log10(m.frechet))],
      log: true, cursor: told[index].pictures, x: t("pictures_axis"), y: t("distance"), low: 0,
    });
    const now = told[index];
    says(losses, t("losses_say", { g: n(now.losses.loss_g ?? 0, 2), d: n(now.losses.loss_d ?? 0, 2), pictures: n(now.pictures) }));
    says(scores, t("distance_says", { ratio: n(now.frechet, 1), pictures: n(now.pictures) }));
    const figure = (drawing, words) => make("figure", {}, drawing, make("figcaption", { textContent: words }));
    chart.replaceChildren(figure(losses, t("losses_caption")), figure(scores, t("distance_caption", { ratio: n(now.frechet, 1) })));
  }

  begin();
  return { show: draw };
}

// ---------------------------------------------------------------- who judges whom

function judges(chapter) {
  const { stage, t, n, seen, ask, settings } = chapter;
  const who = chooser(chapter, () => draw());
  const table = make("table", { className: "matrix" });
  stage.append(make("div", { className: "wide" }, who.node, make("div", { className: "scroller" }, table)));
  let visible = false;

  async function draw() {
    const wanted = JSON.stringify(who.state);
    while (visible && wanted === JSON.stringify(who.state)) {
      const reply = await ask("matrix", { ...who.state });
      if (!reply || wanted !== JSON.stringify(who.state)) return;
      fill(reply);
      const open = reply.cells.flat().filter((value) => value === null).length;
      if (!open) return;
      seen(t("computing", { done: n(reply.cells.flat().length - open), all: n(reply.cells.flat().length) }));
    }
  }

  function fill({ judges: rows, cells }) {
    const pictures = settings.histories[who.state.model].moments.map((m) => m.pictures);
    const short = (i) => new Intl.NumberFormat(chapter.lang, { notation: "compact", maximumSignificantDigits: 2 }).format(pictures[i]);
    const head = make("tr", {}, make("td", { textContent: t("corner") }), ...rows.map((i) => make("th", { scope: "col", textContent: short(i) })));
    const body = rows.map((i, row) => {
      const cellsOf = cells[row].map((value, column) => {
        const cell = make("td", { textContent: value === null ? "·" : n(value), className: row === column ? "diagonal" : "" });
        if (value !== null) cell.style.setProperty("--share", `${value}%`);
        return cell;
      });
      return make("tr", {}, make("th", { scope: "row", textContent: short(i) }), ...cellsOf);
    });
    table.replaceChildren(make("caption", { textContent: t("caption") }), make("thead", {}, head), make("tbody", {}, ...body));
    const last = cells.length - 1;
    const corner = { early: cells[Math.min(1, last)][last], late: cells[last][Math.min(1, last)], own: cells[last][last] };
    if (Object.values(corner).every((value) => value !== null))
      seen(t("seen", { early: n(corner.early), late: n(corner.late), own: n(corner.own) }));
  }

  return { show: () => ((visible = true), draw()), hide: () => (visible = false) };
}

// ---------------------------------------------------------------- a duel that happens now

const HALF = 160; // hundredths from the middle to the edge of what is drawn
const SHAPES = ["ring", "grid", "spiral", "drawn"];
const SPEEDS = { slow: 1, middle: 10, fast: 400 };

function now({ stage, t, n, seen, ask, link, settings }) {
  const token = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const pairs = (text) => (text ?? "").split("~").filter(Boolean).map((pair) => pair.split(",").map((v) => Number(v) / 100));
  const state = {
    shape: link.get("shape", "ring"),
    seed: link.number("seed", 0, 0, 2 ** 32 - 1),
    drawn: pairs(link.get("drawn")),
    generator: 0.002, critic: 0.002, batch: 128,
    running: false, speed: "middle", still: "none",
  };
  let view = null;
  let program = link.get("did", "");
  let busy = false;
  let drawing = null; // points set so far, while a shape is being drawn

  const plane = board(paint);
  const curve = make("div", {});
  const figures = make("dl", { className: "figures" });

  // ---- asking
  async function begin(withProgram = "") {
    state.running = false;
    if (state.shape === "drawn" && drawing) return;
    const { shape, seed, drawn } = state;
    const reply = await ask("begin", { token, shape, seed, drawn, program: withProgram });
    if (!reply) return shape === "ring" && !withProgram ? null : restart();
    accept(reply);
    if (reply.planned) go(null); // what the link says was done is done again
  }
  const restart = () => {
    Object.assign(state, { shape: "ring", seed: 0 });
    shapes.set("ring");
    link.set({ shape: null, seed: null, did: null, drawn: null });
    return begin();
  };

  async function step(kind, most) {
    const { generator, critic, batch } = state;
    const reply = await ask("advance", { token, kind, most, generator, critic, batch });
    if (reply?.lost) {
      const again = await ask("begin", { token, shape: state.shape, seed: state.seed, drawn: state.drawn, program });
      return again && accept(again);
    }
    return reply && accept(reply);
  }

  function accept(reply) {
    view = { ...view, ...reply };
    if (!view.planned) program = view.program;
    for (const [name, control] of Object.entries(rates)) {
      if (view.planned || document.activeElement !== control.input) (control.set(view.rates[name]), (state[name] = view.rates[name]));
    }
    link.set({ did: program || null });
    plane.paint();
    words();
    return true;
  }

  const kindOf = () => ({ generator: "d", critic: "g" })[state.still] ?? "n";
  async function go(kind, most) {
    if (busy) return;
    busy = true;
    if (!(await step(kind ?? kindOf(), most ?? 1))) state.running = false;
    busy = false;
    while (state.running || view?.planned) {
      busy = true;
      const at = performance.now();
      const good = await step(kindOf(), SPEEDS[state.speed]);
      busy = false;
      if (!good || view.figures.state === "diverged" || !stage.isConnected || hidden) state.running = false;
      if (!good || view.figures.state === "diverged" || hidden) break;
      await new Promise((resolve) => setTimeout(resolve, Math.max(state.speed === "slow" ? 160 : 16, 60 - (performance.now() - at))));
    }
    play.textContent = state.running ? t("pause") : t("run");
  }

  // ---- controls
  const play = press(t("run"), () => {
    state.running = !state.running;
    play.textContent = state.running ? t("pause") : t("run");
    if (state.running) go();
  }, { strong: true });
  const shapes = choice({
    label: t("shape"),
    options: SHAPES.map((name) => [name, t(`shapes.${name}`)]),
    value: state.shape,
    run: (name) => {
      state.shape = name;
      drawing = name === "drawn" ? [] : null;
      if (drawing) (seen(t("draw_now")), (view = null), plane.paint());
      link.set({ shape: name === "ring" ? null : name, did: null, drawn: null });
      if (!drawing) begin();
    },
  });
  const seed = make("input", { type: "number", min: 0, max: 2 ** 32 - 1, value: state.seed, id: "duel-seed" });
  seed.addEventListener("change", () => {
    state.seed = Number(seed.value);
    link.set({ seed: state.seed || null, did: null });
    begin();
  });
  const rate = (name) =>
    slider({
      label: t(`rate_${name}`), term: t("learning_rate"), min: 1e-5, max: 1, step: 0.05, value: state[name], log: true,
      format: (v) => Number(v.toPrecision(2)).toString(),
      run: (v, done) => done && (state[name] = Number(v.toPrecision(2))),
    });
  const rates = {
    generator: rate("generator"),
    critic: rate("critic"),
    batch: slider({ label: t("batch"), term: t("batch_term"), min: 2, max: 512, step: 2, value: 128, format: (v) => n(v), run: (v, done) => done && (state.batch = Math.round(v)) }),
  };
  const still = choice({
    label: t("still"),
    options: ["none", "generator", "critic"].map((name) => [name, t(`stills.${name}`)]),
    value: "none",
    run: (name) => (state.still = name),
  });
  const speed = pick({ label: t("speed"), options: Object.keys(SPEEDS).map((name) => [name, t(`speeds.${name}`)]), value: "middle", run: (name) => (state.speed = name) });
  const collapse = async () => {
    // what the lesson promises: train, then let the critic stand still before a quick generator
    still.set("none");
    state.still = "none";
    drawing = null;
    Object.assign(state, { shape: "ring", seed: 0 });
    seed.value = 0;
    shapes.set("ring");
    link.set({ shape: null, seed: null, drawn: null });
    await begin("n800_G0.02_g1000");
  };
  const controls = make(
    "div",
    { className: "controls" },
    group(play, press(t("step_g"), () => go("g", 1)), press(t("step_d"), () => go("d", 1)), press(t("again"), () => begin())),
    shapes.node,
    make("div", { className: "control pick" }, make("label", { htmlFor: seed.id, textContent: t("seed") }), seed),
    speed.node, rates.generator.node, rates.critic.node, rates.batch.node, still.node,
    group(press(t("provoke"), collapse)),
  );
  const key = make("ul", { className: "key" }, ...["real", "made", "arrow", "field"].map((name) => make("li", { className: `key-${name}`, textContent: t(`keys.${name}`) })));
  stage.classList.add("side-by-side");
  stage.append(make("div", { className: "plane" }, plane.canvas, key), make("div", { className: "aside" }, controls, figures, curve));

  // ---- drawing by hand
  const place = (event) => {
    const box = plane.canvas.getBoundingClientRect();
    const to = (v, low, size) => Math.max(-150, Math.min(150, Math.round(((v - low) / size - 0.5) * 2 * HALF)));
    return [to(event.clientX, box.left, box.width) / 100, -to(event.clientY, box.top, box.height) / 100];
  };
  let pressed = false;
  const put = (event) => {
    const [x, y] = place(event);
    const last = drawing.at(-1);
    if (drawing.length < 200 && (!last || Math.hypot(x - last[0], y - last[1]) > 0.06)) drawing.push([x, y]);
    plane.paint();
  };
  plane.canvas.addEventListener("pointerdown", (event) => {
    if (!drawing) return;
    pressed = true;
    plane.canvas.setPointerCapture(event.pointerId);
    put(event);
  });
  plane.canvas.addEventListener("pointermove", (event) => pressed && put(event));
  plane.canvas.addEventListener("pointerup", () => {
    if (!pressed) return;
    pressed = false;
    if (drawing.length < 5) return seen(t("draw_more"));
    state.drawn = drawing;
    drawing = null;
    link.set({ drawn: state.drawn.map((pair) => pair.map((v) => Math.round(v * 100)).join(",")).join("~") });
    begin();
  });

  // ---- painting
  function paint(context, side) {
    const at = (v) => (v / HALF / 2 + 0.5) * side;
    context.fillStyle = colour("sheet");
    context.fillRect(0, 0, side, side);
    if (drawing) {
      context.fillStyle = colour("ink");
      for (const [x, y] of drawing) dot(context, at(x * 100), at(-y * 100), 3);
      return;
    }
    if (!view) return;
    const bytes = atob(view.field);
    const cells = Math.round(Math.sqrt(bytes.length));
    const image = new ImageData(cells, cells);
    const [warm, cold] = [rgb(colour("believed")), rgb(colour("doubted"))];
    const beliefs = Float32Array.from(bytes, (byte) => byte.charCodeAt(0) / 255 - 0.5);
    const strongest = beliefs.reduce((most, belief) => Math.max(most, Math.abs(belief)), 0.08); // near a tie it shows what there is
    beliefs.forEach((belief, i) => image.data.set([...(belief > 0 ? warm : cold), (Math.abs(belief) / strongest) * 150], 4 * i));
    const small = new OffscreenCanvas(cells, cells);
    small.getContext("2d").putImageData(image, 0, 0);
    context.imageSmoothingEnabled = true;
    context.drawImage(small, 0, 0, side, side);
    context.strokeStyle = colour("ink-2");
    context.lineWidth = 1.2;
    for (const [x, y] of view.real) cross(context, at(x), at(-y), 2.6);
    context.strokeStyle = colour("made");
    context.globalAlpha = 0.55;
    context.beginPath();
    const lengths = view.arrows.map(([dx, dy]) => Math.hypot(dx, dy)).sort((a, b) => a - b);
    const long = lengths[Math.floor(lengths.length * 0.9)] || 1; // so that arrows can be seen at any strength of the critic
    view.arrows.forEach(([dx, dy], i) => {
      const length = Math.hypot(dx, dy) || 1;
      const reach = Math.min((20 * length) / long, 28) / length;
      const [x, y] = view.points[i];
      context.moveTo(at(x), at(-y));
      context.lineTo(at(x) + dx * reach, at(-y) - dy * reach);
    });
    context.stroke();
    context.globalAlpha = 1;
    context.fillStyle = colour("made");
    for (const [x, y] of view.points) dot(context, at(x), at(-y), 2.4);
  }

  function words() {
    const { figures: found, steps, losses } = view;
    const rows = [
      [t("steps"), `${n(steps.g)} · ${n(steps.d)}`],
      ...(found.of ? [[t("covered"), t("of", { covered: n(found.covered), of: n(found.of) })]] : []),
      [t("share"), `${n(100 * found.share)} %`],
      [t("extent"), `${n(100 * found.extent)} %`],
    ];
    figures.replaceChildren(...rows.flatMap(([name, value]) => [make("dt", { textContent: name }), make("dd", { textContent: value })]));
    const sentence = t(`states.${found.state}`, { covered: n(found.covered), of: n(found.of ?? 0), share: n(100 * found.share), steps: n(Math.max(steps.g, steps.d)) });
    seen(view.planned ? t("replaying", { left: n(view.planned) }) : sentence);
    says(plane.canvas, `${t("plane_says")} ${sentence}`);
    const drawn = curves({
      series: [
        { name: t("generator"), className: "one", points: losses.map(([s, g]) => [s, g]) },
        { name: t("critic"), className: "two", points: losses.map(([s, , d]) => [s, d]) },
      ],
      x: t("steps_axis"), y: t("loss"), low: 0, high: losses.length ? Math.min(6, Math.max(2, ...losses.flatMap(([, g, d]) => [g, d]))) : null,
    });
    const last = losses.at(-1);
    if (last) says(drawn, t("losses_now", { g: n(last[1], 2), d: n(last[2], 2) }));
    curve.replaceChildren(...(last ? [drawn] : []));
  }

  let hidden = false;
  if (state.shape === "drawn" && state.drawn.length < 5) state.shape = "ring";
  shapes.set(state.shape);
  begin(program);
  return { show: () => ((hidden = false), plane.paint()), hide: () => ((hidden = true), (state.running = false)) };
}

const dot = (context, x, y, size) => {
  context.beginPath();
  context.arc(x, y, size, 0, 2 * Math.PI);
  context.fill();
};
const cross = (context, x, y, size) => {
  context.beginPath();
  context.moveTo(x - size, y);
  context.lineTo(x + size, y);
  context.moveTo(x, y - size);
  context.lineTo(x, y + size);
  context.stroke();
};
const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
