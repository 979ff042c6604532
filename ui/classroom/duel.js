// Lesson 2, the duel: a training that happened, moment by moment; who judges whom; and a duel in the plane that happens now.
import { make } from "../assets/dom.js";
import { board, choice, colour, curves, group, levelLines, pen, pick, press, says, slider, spoken, tiles } from "./draw.js";
import { lesson } from "./lesson.js";
import { trainer } from "./trainer.js";

const WARM_MS = 150; // between the moments that are fetched ahead

export default function (context) {
  const some = Object.keys(context.settings.histories).length > 0;
  const taught = Object.keys(context.settings.taught).length > 0;
  lesson(context, { ...(some && { past, judges }), now, ...(taught && { garments }) });
}

// ---------------------------------------------------------------- a training that happened

function chooser({ settings, link, t }, run) {
  const names = Object.keys(settings.histories);
  const first = names.includes("wardrobe") ? "wardrobe" : names[0];
  const state = { model: link.one("model", names, first) };
  const classes = () => settings.histories[state.model].classes;
  const asked = link.one("class", classes(), null);
  state.label = asked === null ? null : classes().indexOf(asked);
  const labels = make("select", { id: `class-of-${Math.random().toString(36).slice(2)}` });
  const fill = () =>
    labels.replaceChildren(
      make("option", { value: "", textContent: t("every_class") }),
      ...classes().map((name, i) => make("option", { value: i, textContent: spoken(t, name), selected: i === state.label })),
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
    index = link.whole("moment", moments().length - 1, 0, moments().length - 1);
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
    const line = (name, className, value) => ({ name, className, points: told.map((m) => [m.pictures, value(m) ?? null]) });
    const losses = curves({
      series: [line(t("generator"), "one", (m) => m.losses.loss_g), line(t("critic"), "two", (m) => m.losses.loss_d)],
      n, log: true, cursor: told[index].pictures, x: t("pictures_axis"), y: t("loss"), low: 0,
    });
    const scores = curves({
      series: [line(t("distance_short"), "one", (m) => Math.log10(m.frechet))],
      n, log: true, cursor: told[index].pictures, x: t("pictures_axis"), y: t("distance"), low: 0, tick: (v) => 10 ** v,
    });
    const now = told[index];
    const kept = now.losses.loss_g != null && now.losses.loss_d != null;
    says(losses, kept ? t("losses_say", { g: n(now.losses.loss_g, 2), d: n(now.losses.loss_d, 2), pictures: n(now.pictures) }) : t("losses_not_kept", { pictures: n(now.pictures) }));
    says(scores, t("distance_says", { ratio: n(now.frechet, 1), pictures: n(now.pictures) }));
    const figure = (drawing, words) => make("figure", {}, drawing, make("figcaption", { textContent: words }));
    chart.replaceChildren(figure(losses, kept ? t("losses_caption") : `${t("losses_caption")} ${t("losses_not_kept", { pictures: n(now.pictures) })}`), figure(scores, t("distance_caption", { ratio: n(now.frechet, 1) })));
  }

  begin();
  return { show: draw };
}

// ---------------------------------------------------------------- who judges whom

function judges(chapter) {
  const { stage, t, n, seen, ask, link, settings } = chapter;
  const who = chooser(chapter, (other) => (other && choose(null), draw(), look()));
  const moments = () => settings.histories[who.state.model].moments;
  const most = () => moments().length - 1;
  const table = make("table", { className: "judged" });
  const title = make("h3", {});
  const sheet = tiles({ count: settings.judged, columns: 4, words: () => "" });
  const beside = make("div", { className: "wide", hidden: true }, title, sheet.node, make("p", { className: "note", textContent: t("bars") }));
  stage.classList.add("with-charts");
  stage.append(make("div", { className: "wide" }, who.node, make("div", { className: "scroller" }, table), make("p", { className: "note", textContent: t("press_one") })), beside);
  let visible = false;
  const linked = ["critic", "generator"].map((name) => link.whole(name, null, 0, most()));
  let chosen = linked.includes(null) ? null : linked; // [the critic's moment, the generator's]
  if (!chosen) for (const name of ["critic", "generator"]) if (link.get(name) !== null) link.refuse(name); // one alone names no cell

  function choose(pair) {
    chosen = pair;
    beside.hidden = !pair;
    link.set({ critic: pair?.[0] ?? null, generator: pair?.[1] ?? null });
    table.querySelectorAll("button").forEach((each) => each.setAttribute("aria-pressed", String(each.value === String(pair))));
  }

  /** The pictures behind the cell that was pressed, and what that critic says of each. */
  async function look() {
    const asked = JSON.stringify([who.state, chosen]);
    if (!chosen) return;
    const [critic, generator] = chosen;
    const reply = await ask("judged", { ...who.state, critic, generator });
    if (!reply) return choose(null);
    if (asked !== JSON.stringify([who.state, chosen])) return;
    const fields = { critic: n(moments()[critic].pictures), generator: n(moments()[generator].pictures), mean: n(reply.readings.reduce((a, b) => a + b, 0) / reply.readings.length) };
    title.textContent = t("looking", fields);
    sheet.show(reply.sheet);
    sheet.mark(reply.readings, (i, value) => t("tile", { seed: i, share: n(value) }));
    beside.hidden = false;
    seen(t("seen_one", fields));
  }

  async function draw() {
    const wanted = JSON.stringify(who.state);
    while (visible && wanted === JSON.stringify(who.state)) {
      const reply = await ask("matrix", { ...who.state });
      if (!reply || wanted !== JSON.stringify(who.state)) return;
      fill(reply);
      const open = reply.cells.flat().filter((value) => value === null).length;
      if (!open) return;
      if (!chosen) seen(t("computing", { done: n(reply.cells.flat().length - open), all: n(reply.cells.flat().length) }));
    }
  }

  function fill({ judges: rows, cells }) {
    const pictures = moments().map((m) => m.pictures);
    const focused = table.contains(document.activeElement) ? document.activeElement.value : null;
    const short = (i) => new Intl.NumberFormat(chapter.lang, { notation: "compact", maximumSignificantDigits: 2 }).format(pictures[i]);
    const head = make("tr", {}, make("td", { textContent: t("corner") }), ...rows.map((i) => make("th", { scope: "col", textContent: short(i) })));
    const body = rows.map((i, row) => {
      const cellsOf = cells[row].map((value, column) => {
        const cell = make("td", { className: row === column ? "diagonal" : "" });
        if (value === null) return cell.append("·"), cell;
        cell.style.setProperty("--share", `${value}%`);
        const pair = [i, rows[column]];
        const button = make("button", { type: "button", value: String(pair), textContent: n(value), onclick: () => (choose(pair), look()) });
        button.setAttribute("aria-label", t("cell", { critic: n(pictures[i]), generator: n(pictures[rows[column]]), share: n(value) }));
        button.setAttribute("aria-pressed", String(String(pair) === String(chosen)));
        cell.append(button);
        return cell;
      });
      return make("tr", {}, make("th", { scope: "row", textContent: short(i) }), ...cellsOf);
    });
    table.replaceChildren(make("caption", { textContent: t("caption") }), make("thead", {}, head), make("tbody", {}, ...body));
    if (focused !== null) [...table.querySelectorAll("button")].find((each) => each.value === focused)?.focus();
    if (chosen) return;
    const last = cells.length - 1;
    const corner = { early: cells[Math.min(1, last)][last], late: cells[last][Math.min(1, last)], own: cells[last][last] };
    if (Object.values(corner).every((value) => value !== null))
      seen(t("seen", { early: n(corner.early), late: n(corner.late), own: n(corner.own) }));
  }

  return { show: () => ((visible = true), draw(), look()), hide: () => (visible = false) };
}

// ---------------------------------------------------------------- a duel that happens now

const HALF = 160; // hundredths from the middle to the edge of what is drawn
const SHAPES = ["ring", "grid", "spiral", "drawn"];

function now(chapter) {
  const { stage, t, n, seen, link } = chapter;
  const pairs = (text) => (text ?? "").split("~").filter(Boolean).map((pair) => pair.split(",").map((v) => Number(v) / 100));
  const state = { shape: link.one("shape", SHAPES, "ring"), drawn: pairs(link.get("drawn")) };
  let drawing = null; // points set so far, while a shape is being drawn
  const plane = board(paint);
  const figures = make("dl", { className: "figures" });
  const duel = trainer(chapter, {
    verbs: ["begin", "advance"], names: { seed: "seed", did: "did", rates: "rates", speed: "speed", still: "still" }, rate: 0.002, batch: 128,
    subject: () => (state.shape === "drawn" && drawing ? null : { shape: state.shape, drawn: state.drawn }),
    refused: (program) => (state.shape === "ring" && !program ? null : restart()),
    shown: () => (plane.paint(), words()),
  });
  const restart = () => {
    plain();
    return duel.begin();
  };
  function plain() {
    drawing = null;
    state.shape = "ring";
    shapes.set("ring");
    duel.restore();
    link.set({ shape: null, did: null, drawn: null });
  }

  const shapes = choice({
    label: t("shape"),
    options: SHAPES.map((name) => [name, t(`shapes.${name}`)]),
    value: state.shape,
    run: (name) => {
      state.shape = name;
      drawing = name === "drawn" ? [] : null;
      if (drawing) (duel.forget(), draw_now());
      link.set({ shape: name === "ring" ? null : name, did: null, drawn: null });
      if (!drawing) duel.begin();
    },
  });
  // What the lesson promises: train, then let the critic stand still before a quick generator.
  const collapse = () => (plain(), duel.begin("n800_G0.02_g300", "provoking"));
  const controls = make("div", { className: "controls" }, duel.controls.first, shapes.node, ...duel.controls.rest, group(press(t("provoke"), collapse)));
  const key = make("ul", { className: "key" }, ...["real", "made", "arrow", "field", "undecided"].map((name) => make("li", { className: `key-${name}`, textContent: t(`keys.${name}`) })));
  stage.classList.add("side-by-side");
  const sheet = pen(plane.canvas, { step: 1 / 32, on: () => drawing !== null, down: (at) => put(on_plane(at)), move: (at) => put(on_plane(at)), up: let_go });
  stage.append(make("div", { className: "plane" }, sheet, key), make("div", { className: "aside" }, controls, figures, duel.curve));

  // ---- drawing by hand
  function draw_now() {
    drawing = [];
    figures.replaceChildren();
    seen(t("draw_now"));
    says(plane.canvas, t("draw_now"));
    plane.paint();
  }
  function on_plane([across, down]) {
    const to = (share) => Math.max(-150, Math.min(150, Math.round((share - 0.5) * 2 * HALF))) / 100;
    return [to(across), -to(down)];
  }
  const place = (event) => {
    const box = plane.canvas.getBoundingClientRect();
    return on_plane([(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]);
  };
  let pressed = false;
  const put = ([x, y]) => {
    const last = drawing.at(-1);
    if (drawing.length < 200 && (!last || Math.hypot(x - last[0], y - last[1]) > 0.06)) drawing.push([x, y]);
    plane.paint();
  };
  plane.canvas.addEventListener("pointerdown", (event) => {
    if (!drawing) return;
    pressed = true;
    plane.canvas.setPointerCapture(event.pointerId);
    put(place(event));
  });
  plane.canvas.addEventListener("pointermove", (event) => pressed && put(place(event)));
  plane.canvas.addEventListener("pointerup", () => pressed && ((pressed = false), let_go()));
  function let_go() {
    if (!drawing) return;
    if (drawing.length < 5) return seen(t("draw_more"));
    state.drawn = drawing;
    drawing = null;
    link.set({ drawn: state.drawn.map((pair) => pair.map((v) => Math.round(v * 100)).join(",")).join("~") });
    duel.begin();
  }

  // ---- painting
  function paint(context, side) {
    const at = (v) => (v / HALF / 2 + 0.5) * side;
    context.fillStyle = colour("sheet");
    context.fillRect(0, 0, side, side);
    if (drawing) {
      context.fillStyle = colour("ink");
      for (const [x, y] of drawing) dot(context, at(x * 100), at(-y * 100), 3);
      if (!drawing.length) written(context, t("draw_now"), side);
      return;
    }
    const { view } = duel;
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
    context.strokeStyle = colour("ink");
    context.lineWidth = 1;
    context.setLineDash([5, 4]); // where the critic is undecided: what lies on either side is told apart without colours, too
    context.beginPath();
    for (const line of levelLines(beliefs, cells, 0)) line.forEach(([x, y], i) => (i ? context.lineTo : context.moveTo).call(context, (x / cells) * side, (y / cells) * side));
    context.stroke();
    context.setLineDash([]);
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
    const { figures: found, steps, planned } = duel.view;
    const rows = [
      [t("steps"), `${n(steps.g)} · ${n(steps.d)}`],
      ...(found.of ? [[t("covered"), t("of", { covered: n(found.covered), of: n(found.of) })]] : []),
      [t("share"), `${n(100 * found.share)} %`],
      [t("extent"), `${n(100 * found.extent)} %`],
    ];
    figures.replaceChildren(...rows.flatMap(([name, value]) => [make("dt", { textContent: name }), make("dd", { textContent: value })]));
    const sentence = t(`states.${found.state}`, { covered: n(found.covered), of: n(found.of ?? 0), share: n(100 * found.share), steps: n(Math.max(steps.g, steps.d)) });
    seen(planned ? t(duel.saying, { left: n(planned) }) : sentence);
    says(plane.canvas, `${t("plane_says")} ${sentence}`);
  }

  const few = state.shape === "drawn" && state.drawn.length < 5;
  if (few && link.get("drawn") !== null) ["drawn", "shape"].forEach(link.refuse), (state.shape = "ring");
  shapes.set(state.shape);
  if (few && state.shape === "drawn") draw_now();
  else duel.begin(duel.program);
  const keys = { keys: ["←", "→", "↑", "↓", "Space"], says: t("keys_pen") };
  return { show: () => (duel.show(), plane.paint()), hide: duel.hide, keys };
}

// ---------------------------------------------------------------- the same with pictures

function garments(chapter) {
  const { stage, t, n, seen, link, settings } = chapter;
  const [model, classes] = Object.entries(settings.taught)[0];
  const first = classes.includes("ankle-boot") ? classes.indexOf("ankle-boot") : null;
  const asked = link.one("kind", ["all", ...classes], first === null ? "all" : classes[first]);
  let label = asked === "all" ? null : classes.indexOf(asked);
  const real = tiles({ count: 16, columns: 8, words: () => "" });
  const made = tiles({ count: 16, columns: 8, words: () => "" });
  const figures = make("dl", { className: "figures" });
  const duel = trainer(chapter, {
    verbs: ["begin_garments", "advance_garments"], names: { seed: "sown", did: "done", rates: "dials", speed: "pace", still: "rests" }, rate: 0.0005, batch: 32,
    subject: () => ({ model, label }),
    refused: (program) => program && (duel.restore(), duel.begin()),
    shown: draw,
  });
  const kinds = pick({
    label: t("class"), options: [["", t("every_class")], ...classes.map((name, i) => [String(i), spoken(t, name)])], value: label === null ? "" : String(label),
    run: (value) => {
      label = value === "" ? null : Number(value);
      link.set({ kind: label === null ? "all" : classes[label], done: null });
      duel.begin();
    },
  });
  const collapse = () => (duel.restore(), duel.begin("n500_G0.02_g800", "provoking"));
  const controls = make("div", { className: "controls" }, duel.controls.first, kinds.node, ...duel.controls.rest, group(press(t("provoke"), collapse)));
  stage.classList.add("side-by-side");
  stage.append(
    make("div", { className: "wide pixelated" }, make("h3", { textContent: t("made") }), made.node, make("h3", { textContent: t("real") }), real.node, make("p", { className: "note", textContent: t("bars") }), make("p", { className: "note", textContent: t("taught", { model }) })),
    make("div", { className: "aside" }, controls, figures, duel.curve),
  );

  function draw(view) {
    const { beliefs, figures: found, steps, planned } = view;
    if (view.examples) real.show(view.examples);
    made.show(view.made);
    made.mark(beliefs.made, (i, share) => t("tile_made", { number: i + 1, share: n(share ?? 0) }));
    real.mark(beliefs.real, (i, share) => t("tile_real", { number: i + 1, share: n(share ?? 0) }));
    const rows = [[t("steps"), `${n(steps.g)} · ${n(steps.d)}`], ...(found.near === null ? [] : [[t("near"), t("times", { times: n(found.near, 1) })], [t("extent"), `${n(100 * found.extent)} %`]])];
    figures.replaceChildren(...rows.flatMap(([name, value]) => [make("dt", { textContent: name }), make("dd", { textContent: value })]));
    const sentence = t(`states.${found.state}`, { steps: n(Math.max(steps.g, steps.d)), near: n(found.near ?? 0, 1) });
    seen(planned ? t(duel.saying, { left: n(planned) }) : sentence);
  }

  duel.begin(duel.program);
  return { show: duel.show, hide: duel.hide };
}

/** A sentence on an empty sheet, in its middle. */
function written(context, sentence, side) {
  Object.assign(context, { font: `italic ${Math.max(15, side / 30)}px Georgia, serif`, fillStyle: colour("ink-2"), textAlign: "center" });
  const lines = [""];
  for (const word of sentence.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    context.measureText(longer).width > side * 0.7 && lines.at(-1) ? lines.push(word) : (lines[lines.length - 1] = longer);
  }
  lines.forEach((line, i) => context.fillText(line, side / 2, side / 2 + 1.5 * Math.max(15, side / 30) * (i - (lines.length - 1) / 2)));
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
