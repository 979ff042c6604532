// Lesson 6, rolling the dice: the dial between quality and variety, and a map of latent space to walk on.
import { make } from "../assets/dom.js";
import { board, chooser, colour, direction, levelLines, newest, says, slider, tiles } from "./draw.js";
import { lesson } from "./lesson.js";

const TRIED = 12; // settings of the dial that a link remembers

export default function (context) {
  lesson(context, { dial, map, mapping, ...(Object.keys(context.settings.three).length && { three }) });
}

// ---------------------------------------------------------------- the dial

function dial({ stage, t, n, seen, ask, link, settings, ...rest }) {
  const who = chooser({ settings, link, t, ...rest }, () => draw(), { every: true });
  let psi = link.number("psi", 0.7, ...settings.psi);
  const turn = slider({
    label: t("variety"), term: t("truncation"), min: settings.psi[0], max: settings.psi[1], step: settings.step, value: psi,
    format: (v) => n(v, 2),
    run: (v) => ((psi = v), link.set({ psi: v.toFixed(2) }), draw()),
  });
  const sheet = tiles({ count: settings.count, columns: 16, words: (i, v) => t("tile", { seed: i, share: n(v ?? 0) }) });
  sheet.node.classList.add("dense");
  const figures = make("dl", { className: "figures large" });
  const trail = new Map(); // figures of each setting seen so far, so that one can compare
  const table = make("table", { className: "trail" });
  const own = ({ model, label }) => `${model} ${label}`;
  const tried = (link.get("tried") ?? "").split("~").filter(Boolean).map(Number); // at the picture that the link is of
  if (tried.length > TRIED || !tried.every((at) => at >= settings.psi[0] && at <= settings.psi[1])) (link.refuse("tried"), (tried.length = 0));
  let again = { key: own(who.state), tried };
  stage.classList.add("with-charts");
  stage.append(make("div", { className: "wide" }, who.node, turn.node, sheet.node), make("div", { className: "aside" }, figures, table));

  let number = 0;
  async function draw() {
    const mine = ++number;
    const asked = { ...who.state, psi };
    await new Promise((resolve) => setTimeout(resolve, 40));
    while (mine === number && !hidden) {
      const reply = await ask("roll", asked);
      if (!reply || mine !== number) return;
      if (reply.sheet) sheet.show(reply.sheet);
      sheet.mark(reply.readings);
      if (!reply.figures) {
        figures.querySelectorAll("dd").forEach((each) => (each.textContent = "…")); // those were of another sheet
        if (reply.sheet) seen(t("rolling", { done: n(reply.done), all: n(settings.count) }));
        continue;
      }
      tell(asked, reply.figures);
      break;
    }
    if (again.key !== own(asked)) return;
    for (const at of again.tried) {
      while (!trail.get(again.key).has(at)) {
        const reply = await ask("roll", { ...asked, psi: at });
        if (!reply || mine !== number || hidden) return;
        if (reply.figures) note(again.key, at, reply.figures);
      }
      compare(asked);
    }
  }

  function tell(asked, { reading, spread, doubles }) {
    const rows = [[t("reading"), t("of_100", { share: n(reading) })]];
    if (spread !== null) rows.push([t("spread"), n(spread, 2)]);
    if (doubles !== null) rows.push([t("doubles"), t("of_64", { count: n(doubles) })]);
    figures.replaceChildren(...rows.flatMap(([name, value]) => [make("dt", { textContent: name }), make("dd", { textContent: value })]));
    note(own(asked), asked.psi, { reading, spread, doubles });
    compare(asked);
    const which = asked.psi <= 0.2 ? "seen_low" : asked.psi > 1.05 ? "seen_high" : "seen";
    seen(t(which, { psi: n(asked.psi, 2), share: n(reading), doubles: n(doubles ?? 0) }));
  }

  const note = (key, at, { reading, spread, doubles }) => trail.set(key, (trail.get(key) ?? new Map()).set(at, [reading, spread, doubles]));

  function compare(asked) {
    const all = trail.get(own(asked));
    const waiting = again.key === own(asked) ? again.tried : [];
    link.set({ tried: [...new Set([...waiting, ...all.keys()])].filter((at) => at !== asked.psi).slice(-TRIED).join("~") });
    const cell = (value, digits = 0) => make("td", { textContent: value === null ? "–" : n(value, digits) });
    const lines = [...all].sort(([a], [b]) => a - b).map(([at, [r, s, d]]) => {
      const row = make("tr", { className: at === asked.psi ? "now" : "" }, make("th", { scope: "row", textContent: `ψ ${n(at, 2)}` }), cell(r), cell(s, 2), cell(d));
      return row;
    });
    const head = make("tr", {}, ...["", t("reading_short"), t("spread_short"), t("doubles_short")].map((words) => make("th", { scope: "col", textContent: words })));
    table.replaceChildren(make("caption", { textContent: t("compare") }), make("thead", {}, head), make("tbody", {}, ...lines));
  }

  let hidden = false;
  return { show: () => ((hidden = false), draw()), hide: () => (hidden = true) };
}

// ---------------------------------------------------------------- the map

function map({ stage, t, n, seen, ask, link, settings, ...rest }) {
  const who = chooser({ settings, link, t, ...rest }, () => begin());
  const { across, reach } = settings;
  const image = new Image();
  image.addEventListener("load", () => chart.paint());
  let readings = [];
  let place = [link.number("x", 0, -reach, reach), link.number("y", 0, -reach, reach)];
  let hidden = false;
  const chart = board(paint);
  chart.canvas.tabIndex = 0;
  chart.canvas.setAttribute("aria-describedby", "map-help");
  const picture = make("img", { className: "under-pointer", alt: "" });
  const reading = make("p", { className: "note" });
  const axes = make("p", { className: "note" });
  stage.classList.add("side-by-side");
  stage.append(
    make("div", { className: "plane" }, who.node, chart.canvas, axes, make("p", { className: "note", id: "map-help", textContent: t("help") })),
    make("div", { className: "aside" }, picture, reading),
  );

  const at = (v, side) => ((v / reach) * (1 - 1 / across) * 0.5 + 0.5) * side; // the middle of a thumbnail is its place
  const from = (v) => Math.max(-reach, Math.min(reach, ((v - 0.5) / 0.5) * (reach / (1 - 1 / across))));

  async function begin() {
    readings = [];
    const asked = { ...who.state };
    const same = () => JSON.stringify(asked) === JSON.stringify(who.state) && !hidden;
    const [right, up] = settings.models[asked.model].titles;
    axes.textContent = t("axes", { right: direction(t, right), up: direction(t, up) });
    look();
    while (same()) {
      const reply = await ask("chart", asked);
      if (!reply || !same()) return;
      readings = reply.readings;
      if (reply.sheet) image.src = reply.sheet;
      if (reply.done === across ** 2) break;
    }
  }

  let busy = false;
  let again = false;
  async function look() {
    if (busy) return (again = true);
    busy = true;
    do {
      again = false;
      const [x, y] = place;
      const reply = await ask("at", { ...who.state, x, y });
      if (!reply) break;
      picture.src = reply.picture;
      const words = t("here", { x: n(x, 1), y: n(y, 1), share: n(reply.reading) });
      picture.alt = words;
      reading.textContent = words;
      seen(t(Math.hypot(x, y) < 0.75 ? "seen_middle" : Math.hypot(x, y) > 2.5 ? "seen_far" : "seen", { share: n(reply.reading) }));
      chart.canvas.setAttribute("aria-label", `${t("map_says")} ${words}`);
      link.set({ x: x.toFixed(2), y: y.toFixed(2) });
    } while (again);
    busy = false;
  }

  const move = (x, y) => {
    place = [Math.round(x * 100) / 100, Math.round(y * 100) / 100];
    chart.paint();
    look();
  };
  const point = (event) => {
    const box = chart.canvas.getBoundingClientRect();
    move(from((event.clientX - box.left) / box.width), -from((event.clientY - box.top) / box.height));
  };
  chart.canvas.addEventListener("pointerdown", (event) => (chart.canvas.setPointerCapture(event.pointerId), point(event)));
  chart.canvas.addEventListener("pointermove", (event) => (event.buttons || event.pointerType === "mouse") && point(event));
  chart.canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const clip = (v) => Math.max(-reach, Math.min(reach, v));
    move(clip(place[0] + step[0] * 0.15), clip(place[1] + step[1] * 0.15));
  });

  function paint(context, side) {
    context.fillStyle = colour("well");
    context.fillRect(0, 0, side, side);
    if (image.naturalWidth && readings.length) {
      context.drawImage(image, 0, 0, side, (side * image.naturalHeight) / image.naturalWidth);
      contours(context, side); // the sheet has room for all, and shows as many rows as there are
    }
    const [x, y] = [at(place[0], side), at(-place[1], side)];
    for (const [width, ink] of [[4, colour("paper")], [2, colour("made")]]) {
      context.lineWidth = width;
      context.strokeStyle = ink;
      context.strokeRect(x - side / across / 2, y - side / across / 2, side / across, side / across);
    }
  }

  /** Lines of equal reading between the middles of thumbnails; each carries its number. */
  function contours(context, side) {
    const cell = side / across;
    context.font = "600 11px system-ui";
    for (const level of [10, 25, 50, 75]) {
      const lines = levelLines(readings, across, level).map((line) => line.map(([x, y]) => [x * cell, y * cell]));
      context.beginPath();
      for (const [from, to] of lines) (context.moveTo(...from), context.lineTo(...to));
      for (const [width, ink] of [[3.5, "rgb(0 0 0 / 55%)"], [1.6, "#ffd76a"]]) {
        context.lineWidth = width;
        context.strokeStyle = ink;
        context.stroke();
      }
      if (!lines.length) continue;
      const [[x, y]] = lines[0];
      context.lineWidth = 3;
      context.strokeStyle = "rgb(0 0 0 / 75%)";
      context.strokeText(level, x + 3, y - 3);
      context.fillStyle = "#ffd76a";
      context.fillText(level, x + 3, y - 3);
    }
  }

  const keys = { keys: ["←", "→", "↑", "↓"], says: t("keys_drawing") };
  return { show: () => ((hidden = false), begin()), hide: () => (hidden = true), keys };
}

// ---------------------------------------------------------------- from z to w

function mapping(chapter) {
  const { stage, t, n, seen, ask, link, settings } = chapter;
  const who = chooser(chapter, () => draw());
  let psi = link.number("psi", 1, ...settings.psi);
  let seed = link.whole("dot", 0, 0, settings.dots - 1);
  let clouds = null;
  const turn = slider({
    label: t("variety"), term: t("truncation"), min: settings.psi[0], max: settings.psi[1], step: settings.step, value: psi, format: (v) => n(v, 2),
    run: (v) => ((psi = v), link.set({ psi: v.toFixed(2) }), draw()),
  });
  const boards = ["z", "w"].map((name) => {
    const each = board((context, side) => paint(context, side, name));
    each.canvas.tabIndex = 0;
    const nearest = (event) => {
      if (!clouds || (event.type === "pointermove" && !event.buttons && event.pointerType !== "mouse")) return;
      const area = each.canvas.getBoundingClientRect();
      const spread = reach();
      const [x, y] = [((event.clientX - area.left) / area.width - 0.5) * 2 * spread, (0.5 - (event.clientY - area.top) / area.height) * 2 * spread];
      const apart = clouds[name].map(([a, b]) => (a - x) ** 2 + (b - y) ** 2);
      look(apart.indexOf(Math.min(...apart)));
    };
    each.canvas.addEventListener("pointermove", nearest);
    each.canvas.addEventListener("pointerdown", nearest);
    each.canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      look((seed + step + settings.dots) % settings.dots);
    });
    return { name, ...each };
  });
  const picture = make("img", { className: "under-pointer", alt: "" });
  const words = make("p", { className: "note" });
  const plot = ({ name, canvas }) => make("figure", {}, canvas, make("figcaption", { textContent: t(name) }));
  stage.append(who.node, make("div", { className: "triple" }, plot(boards[0]), plot(boards[1]), make("figure", {}, picture, words, turn.node)));

  const reach = () => Math.max(3.2, ...(clouds ? [...clouds.z, ...clouds.w].flat().map((v) => 1.04 * Math.abs(v)) : []));
  function paint(context, side, name) {
    context.fillStyle = colour("sheet");
    context.fillRect(0, 0, side, side);
    const spread = reach();
    const at = ([x, y]) => [side / 2 + (x / spread) * (side / 2), side / 2 - (y / spread) * (side / 2)];
    context.strokeStyle = colour("rule");
    context.lineWidth = 1;
    context.beginPath();
    for (const [from, to] of [[[-spread, 0], [spread, 0]], [[0, -spread], [0, spread]]]) {
      context.moveTo(...at(from));
      context.lineTo(...at(to));
    }
    context.stroke();
    if (!clouds) return;
    context.fillStyle = colour("two");
    for (const point of clouds[name]) {
      context.beginPath();
      context.arc(...at(point), Math.max(side / 160, 1.6), 0, 7);
      context.fill();
    }
    const [x, y] = at(clouds[name][seed]);
    context.strokeStyle = context.fillStyle = colour("made");
    context.lineWidth = 2;
    context.beginPath();
    context.arc(x, y, side / 80, 0, 7);
    context.fill();
    context.beginPath();
    context.arc(x, y, side / 32, 0, 7);
    context.stroke();
  }

  const ask_dot = newest(ask, "dot", (reply, asked) => {
    picture.src = reply.picture;
    words.textContent = t("here", { seed: n(asked.seed), share: n(reply.reading) });
    picture.alt = words.textContent;
  });
  function look(which) {
    seed = which;
    link.set({ dot: seed || null });
    boards.forEach(({ paint: again }) => again());
    ask_dot({ ...who.state, seed, psi });
  }
  const ask_clouds = newest(ask, "clouds", (reply) => {
    clouds = reply;
    const told = { dots: n(settings.dots), z: n(100 * (reply.share_z[0] + reply.share_z[1])), w: n(100 * (reply.share[0] + reply.share[1])), psi: n(psi, 2) };
    boards.forEach(({ name, canvas }) => says(canvas, t(`${name}_says`, told)));
    look(seed);
    seen(t(psi < 0.05 ? "seen_point" : "seen", told));
  });
  const draw = () => ask_clouds({ ...who.state, psi });
  return { show: draw, keys: { keys: ["←", "→"], says: t("keys_drawing") } };
}

// ---------------------------------------------------------------- three ways to a picture

function three(chapter) {
  const { stage, t, n, seen, ask, settings } = chapter;
  const who = chooser({ ...chapter, settings: { ...settings, models: settings.three } }, () => draw(), { every: true });
  const columns = settings.kinds.map((kind) => {
    const sheet = tiles({ count: settings.painted, columns: 8, words: (i) => t("tile", { kind: t(`kinds.${kind}`), seed: i }) });
    sheet.node.classList.add("dense");
    const figures = make("dl", { className: "figures" });
    const node = make("section", { className: "aside" }, make("h3", { textContent: t(`kinds.${kind}`) }), make("p", { className: "note", textContent: t(`how.${kind}`) }), sheet.node, figures);
    return { kind, sheet, figures, node };
  });
  stage.append(who.node, make("div", { className: "triple" }, ...columns.map(({ node }) => node)), make("p", { className: "note", textContent: t("alike") }));
  let turn = 0;
  let hidden = false;
  async function draw() {
    const mine = ++turn;
    const asked = { ...who.state };
    const found = {};
    for (const { kind, sheet, figures } of columns) {
      for (let done = 0; done < settings.painted; ) {
        const reply = await ask("painted", { ...asked, kind });
        if (!reply || mine !== turn || hidden) return;
        done = reply.done;
        sheet.show(reply.sheet);
        sheet.mark(null);
        if (!reply.figures) continue;
        found[kind] = reply.figures;
        const told = Object.entries(reply.told).map(([name, value]) => [t(`told.${name}`), name.startsWith("class") ? t("per_cent", { share: n(100 * value) }) : n(value, 1)]);
        const rows = [[t("recognised"), t("per_cent", { share: n(100 * reply.figures.recognised) })], [t("spread"), n(reply.figures.spread, 1)], [t("speed"), t("ms", { ms: n(reply.figures.ms, 1) })], ...told];
        figures.replaceChildren(...rows.flatMap(([name, value]) => [make("dt", { textContent: name }), make("dd", { textContent: value })]));
      }
    }
    const share = (kind) => n(100 * found[kind].recognised);
    seen(t("seen", { gan: share("gan"), autoencoder: share("autoencoder"), recurrent: share("recurrent") }));
  }
  return { show: () => ((hidden = false), draw()), hide: () => (hidden = true) };
}
