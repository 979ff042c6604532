// Lesson 9, what it is used for: five trades, each with one worked example and what would be wrong to do with it.
import { make } from "../assets/dom.js";
import { board, choice, colour, group, newest, pick, press, says, slider, specimen, svg } from "./draw.js";
import { lesson } from "./lesson.js";

const FRAME_MS = 84; // twelve frames a second, as drawn films have
const MOST_LETTERS = 60;

export default function (context) {
  lesson(context, { art, advertising, film, architecture, medicine });
}

const figure = (words) => {
  const image = make("img", { className: "specimen", alt: "" });
  return { image, node: make("figure", {}, image, make("figcaption", { textContent: words })) };
};

const wrong = (t) => make("p", { className: "wrong" }, make("strong", { textContent: t("wrong_title") }), t("wrong"));

/** The chapter over one model alone, where there is that one. */
const only = (chapter, model) => {
  const { models } = chapter.settings;
  return models[model] ? { ...chapter, settings: { ...chapter.settings, models: { [model]: models[model] } } } : chapter;
};

// ---------------------------------------------------------------- art and design

function art(chapter) {
  const { stage, t, n, seen, ask, link, settings } = chapter;
  const who = specimen(chapter, () => draw(), { prefer: "terra", begin: "mountains" });
  const [low, high] = settings.overlap;
  const share = slider({
    label: t("overlap"), term: t("overlap_term"), min: low, max: high, step: 0.05, value: link.number("overlap", 0.25, low, high), format: (v) => `${n(100 * v)} %`,
    run: (v) => (link.set({ overlap: v.toFixed(2) }), draw()),
  });
  const plain = figure(t("plain"));
  const tiled = figure(t("tiled"));
  stage.append(make("div", { className: "wide" }, who.node, share.node), make("div", { className: "example" }, plain.node, tiled.node), wrong(t));
  const ask_tiles = newest(ask, "tiled", (reply) => {
    const [before, after] = reply.seams.map((v) => n(v, 1));
    plain.image.src = reply.plain;
    tiled.image.src = reply.tiled;
    plain.image.alt = t("plain_says", { seam: before });
    tiled.image.alt = t("tiled_says", { seam: after });
    seen(t("seen", { before, after }));
  });
  const draw = () => ask_tiles({ ...who.state, overlap: share.value });
  return { show: draw };
}

// ---------------------------------------------------------------- advertising

function advertising(chapter) {
  const { stage, t, n, seen, ask, link, settings } = chapter;
  const who = specimen(chapter, () => draw(), { prefer: "orchard" });
  const shape = { value: link.one("shape", settings.shapes, settings.shapes[0]) };
  const shapes = pick({ label: t("shape"), options: settings.shapes.map((name) => [name, t(`shapes.${name}`)]), value: shape.value, run: (name) => ((shape.value = name), link.set({ shape: name }), draw()) });
  const words = make("input", { type: "text", className: "words-of-poster", maxLength: MOST_LETTERS, value: (link.get("words") ?? t("slogan")).slice(0, MOST_LETTERS) });
  words.setAttribute("aria-label", t("words"));
  words.addEventListener("input", () => (link.set({ words: words.value }), lay()));
  const size = slider({ label: t("size"), min: 3, max: 14, step: 0.5, value: link.number("size", 6, 3, 14), format: (v) => `${n(v, 1)} %`, run: (v) => (link.set({ size: v }), lay()) });
  const image = make("img", { alt: "" });
  const text = make("div", { className: "words" });
  const sheet = make("div", { className: "poster" }, image, text);
  const inks = make("ol", { className: "inks" });
  const low = (contrast) => Math.floor(10 * contrast) / 10; // 4.46 is no 4.5
  let last = null;
  let ink = null; // its place in the list; null for the best one
  stage.classList.add("side-by-side");
  stage.append(
    make("div", { className: "wide" }, who.node, sheet, wrong(t)),
    make("div", { className: "aside" }, shapes.node, make("label", {}, t("words"), words), size.node, make("h3", { textContent: t("inks") }), inks, make("p", { className: "note", textContent: t("readable", { least: n(settings.readable, 1) }) })),
  );

  function lay() {
    if (!last) return;
    const [width, height] = last.sheet;
    const [left, top, wide, tall] = last.place;
    const share = (v, of) => `${(100 * v) / of}%`;
    sheet.style.aspectRatio = `${width} / ${height}`;
    sheet.style.width = `min(100%, calc(70vh * ${width / height}))`;
    sheet.style.background = last.ground;
    Object.assign(image.style, { left: share(left, width), top: share(top, height), width: share(wide, width), height: share(tall, height) });
    const room = { left: [0, 0, left, height], above: [0, 0, width, top], below: [0, top + tall, width, height - top - tall] }[last.side];
    Object.assign(text.style, { left: share(room[0], width), top: share(room[1], height), width: share(room[2], width), height: share(room[3], height) });
    const chosen = last.inks[ink ?? last.best];
    text.style.color = chosen.colour;
    text.style.fontSize = `${size.value}cqw`;
    text.textContent = words.value;
    [...inks.children].forEach((item, i) => item.firstChild.setAttribute("aria-pressed", String(i === (ink ?? last.best))));
    const fields = { colour: chosen.colour, contrast: n(low(chosen.contrast), 1), least: n(settings.readable, 1) };
    image.alt = t("picture");
    seen(t(chosen.contrast >= settings.readable ? "seen" : "seen_faint", fields));
  }

  const ask_sheet = newest(ask, "advertised", (reply) => {
    last = reply;
    image.src = reply.picture;
    const known = reply.inks.findIndex((each) => each.colour === link.get("ink")); // another picture has other inks
    ink = known < 0 ? null : known;
    inks.replaceChildren(
      ...reply.inks.map((each, i) => {
        const patch = make("i", {});
        patch.style.background = each.colour;
        const told = make("span", { textContent: t(each.contrast >= settings.readable ? "can_be_read" : "cannot_be_read", { contrast: n(low(each.contrast), 1) }) });
        const button = make("button", { type: "button" }, patch, make("span", { textContent: each.colour }), told);
        button.addEventListener("click", () => ((ink = i), link.set({ ink: each.colour }), lay()));
        return make("li", {}, button);
      }),
    );
    lay();
  });
  const draw = () => ask_sheet({ ...who.state, shape: shape.value });
  return { show: draw };
}

// ---------------------------------------------------------------- film

function film(chapter) {
  const { stage, t, n, seen, ask, link, settings } = chapter;
  const count = settings.frames;
  const who = specimen(chapter, () => anew(), { prefer: "orchard" });
  const [low, high] = settings.radius;
  const radius = slider({
    label: t("radius"), term: t("radius_term"), min: low, max: high, step: 0.1, value: link.number("radius", 0.8, low, high), format: (v) => n(v, 1),
    run: (v, done) => done && (link.set({ radius: v.toFixed(1) }), anew()),
  });
  let closed = link.one("way", ["circle", "line"], "circle") === "circle";
  const way = choice({ label: t("way"), options: [["circle", t("circle")], ["line", t("line")]], value: closed ? "circle" : "line", run: (name) => ((closed = name === "circle"), link.set({ way: closed ? null : name }), anew()) });
  const screen = make("img", { className: "specimen", alt: t("screen") });
  const chart = make("figure", {});
  let frames = [];
  let at = link.whole("frame", 0, 0, count - 1);
  let timer = 0;
  let playing = link.get("frame") === null && !matchMedia("(prefers-reduced-motion: reduce)").matches;
  const remember = () => link.set({ frame: playing ? null : at });
  const play = press("", () => ((playing = !playing), run(), remember()), { strong: true });
  const step = press(t("one_step"), () => ((playing = false), run(), move(), remember()));
  stage.classList.add("side-by-side");
  stage.append(make("div", { className: "wide" }, make("div", { className: "framed" }, screen), group(play, step), wrong(t)), make("div", { className: "aside" }, who.node, radius.node, way.node, chart));

  function run() {
    clearInterval(timer);
    play.textContent = t(playing ? "pause" : "play");
    if (playing && !hidden) timer = setInterval(move, FRAME_MS);
  }
  function move() {
    const ready = frames.length;
    if (!ready) return;
    at = (at + 1) % ready;
    show();
  }
  function show() {
    const shown = frames[Math.min(at, frames.length - 1)]; // the last one, until those up to it are painted
    if (!shown) return;
    screen.src = shown.picture;
    [...chart.querySelectorAll("rect")].forEach((bar, i) => bar.classList.toggle("playing", i === at));
  }

  function bars() {
    const width = 420, height = 130, foot = 18;
    const most = Math.max(...frames.map((each) => each.changed), 0.1);
    const wide = width / count;
    const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "steps-of-loop" });
    frames.forEach(({ changed }, i) => {
      const tall = ((height - foot - 14) * changed) / most;
      root.append(svg("rect", { x: i * wide + 1, y: height - foot - tall, width: wide - 2, height: tall, class: i === 0 ? "seam" : "" }));
    });
    root.append(svg("text", { x: 0, y: height - 4 }, t("bars_begin")), svg("text", { x: 0, y: 10 }, t("bars", { most: n(most, 1) })));
    says(root, `${t("chart")} ${frames.map(({ changed }) => n(changed, 1)).join(", ")}.`);
    chart.replaceChildren(root, make("figcaption", { textContent: t("chart") }));
    return root;
  }

  let number = 0;
  const anew = () => ((at = 0), remember(), begin());
  async function begin() {
    const mine = ++number;
    const asked = { ...who.state, radius: radius.value, closed };
    frames = [];
    run();
    for (let i = 0; i < count; i++) {
      const reply = await ask("frame", { ...asked, number: i });
      if (!reply || mine !== number || hidden) return;
      frames.push(reply);
      bars();
      if (i === 0 || !playing) show();
      if (i + 1 < count) seen(t("painting", { done: n(i + 1), all: n(count) }));
    }
    const changes = frames.map((each) => each.changed);
    const rest = changes.slice(1).reduce((a, b) => a + b, 0) / (count - 1);
    const fields = { seam: n(changes[0], 1), rest: n(rest, 1), times: n(changes[0] / Math.max(rest, 0.01), 1) };
    const words = t(rest < 0.05 ? "seen_still" : changes[0] > 3 * rest ? "seen_cut" : "seen", fields);
    says(bars(), words);
    seen(words);
  }

  let hidden = false;
  run();
  return { show: () => ((hidden = false), run(), begin()), hide: () => ((hidden = true), clearInterval(timer)) };
}

// ---------------------------------------------------------------- architecture

function architecture(original) {
  const chapter = only(original, "terra");
  const { stage, t, n, seen, ask, link, settings } = chapter;
  const who = specimen(chapter, () => draw(), { prefer: "terra", begin: "mountains" });
  const side = settings.grid;
  let kind = link.one("from", settings.grounds, "shading");
  const kinds = choice({ label: t("from"), options: settings.grounds.map((name) => [name, t(`grounds.${name}`)]), value: kind, run: (name) => ((kind = name), link.set({ from: name }), draw()) });
  const turn = slider({ label: t("turn"), min: 0, max: 355, step: 5, value: link.number("turn", 30, 0, 355), format: (v) => `${n(v)}°`, run: (v) => (link.set({ turn: v }), view.paint()) });
  const tall = slider({ label: t("tall"), min: 0, max: 2, step: 0.1, value: link.number("tall", 0.6, 0, 2), format: (v) => `× ${n(v, 1)}`, run: (v) => (link.set({ tall: v.toFixed(1) }), view.paint()) });
  const picture = figure(t("picture"));
  let ground = null;
  const view = board(paint);
  stage.classList.add("side-by-side");
  stage.append(make("div", { className: "plane" }, view.canvas, wrong(t)), make("div", { className: "aside" }, who.node, kinds.node, turn.node, tall.node, picture.node));

  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const ask_ground = newest(ask, "ground", (reply) => {
    picture.image.src = reply.picture;
    picture.image.alt = t("picture");
    ground = { heights: bytes(reply.heights), colours: bytes(reply.colours) };
    view.paint();
    const fields = { likeness: n(reply.likeness, 2), steep: n(100 * reply.steepest, 1) };
    const words = t(kind === "shading" ? "seen_shading" : "seen_lightness", fields);
    says(view.canvas, `${t("view_says")} ${words}`);
    seen(words);
  });
  const draw = () => ask_ground({ ...who.state, kind });

  /** The ground seen from the south, from above at a slant, after it was turned; what is farther is drawn first. */
  function paint(context, size) {
    context.fillStyle = colour("sheet");
    context.fillRect(0, 0, size, size);
    if (!ground) return;
    const across = Math.round(Math.sqrt(ground.heights.length)) || side;
    const angle = (turn.value * Math.PI) / 180;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const scale = size / (across * 1.42);
    const lift = tall.value * size * 0.18;
    const place = (x, y) => {
      const [dx, dy] = [x - (across - 1) / 2, y - (across - 1) / 2];
      return [size / 2 + (cos * dx - sin * dy) * scale, size * 0.55 + (sin * dx + cos * dy) * scale * 0.55 - (ground.heights[y * across + x] / 255 - 0.5) * lift];
    };
    const far = (x, y) => sin * (x + 0.5) + cos * (y + 0.5);
    const cells = [];
    for (let y = 0; y + 1 < across; y++) for (let x = 0; x + 1 < across; x++) cells.push([far(x, y), x, y]);
    cells.sort(([a], [b]) => a - b);
    for (const [, x, y] of cells) {
      const at = y * across + x;
      const slope = (ground.heights[at + across + 1] - ground.heights[at]) / 255;
      const light = 1 + Math.max(-0.5, Math.min(0.5, 1.6 * slope * tall.value)); // lit from the upper left, as the map is
      const [r, g, b] = [0, 1, 2].map((i) => Math.min(255, ground.colours[3 * at + i] * light));
      context.fillStyle = context.strokeStyle = `rgb(${r} ${g} ${b})`;
      context.lineWidth = 0.6;
      context.beginPath();
      for (const [i, j] of [[0, 0], [1, 0], [1, 1], [0, 1]]) context.lineTo(...place(x + i, y + j));
      context.closePath();
      context.fill();
      context.stroke();
    }
  }

  return { show: () => (view.paint(), draw()) };
}

// ---------------------------------------------------------------- medicine

function medicine(chapter) {
  const { stage, t, n, seen, ask, link } = chapter;
  const who = specimen(chapter, () => draw(), { prefer: "orchard" });
  const count = slider({ label: t("regions"), min: 2, max: 8, step: 1, value: link.whole("regions", 5, 2, 8), format: (v) => n(v), run: (v) => (link.set({ regions: v }), draw()) });
  const limit = slider({ label: t("threshold"), min: 0, max: 100, step: 1, value: link.number("threshold", 90, 0, 100), format: (v) => `${n(v)} %`, run: (v) => (link.set({ threshold: v }), draw()) });
  const parts = { coloured: figure(t("coloured")), outlined: figure(t("outlined")), mask: figure(t("mask")) };
  const table = make("table", { className: "measures" });
  stage.append(
    make("div", { className: "wide" }, who.node, make("div", { className: "halves stage" }, count.node, limit.node)),
    make("div", { className: "triple" }, ...Object.values(parts).map(({ node }) => node)),
    make("div", { className: "scroller" }, table),
    wrong(t),
  );
  const ask_label = newest(ask, "marked", (reply) => {
    for (const [name, { image }] of Object.entries(parts)) image.src = reply[name];
    parts.coloured.image.alt = t("coloured");
    parts.outlined.image.alt = t("outlined_says", { count: n(reply.rows.length) });
    parts.mask.image.alt = t("mask_says", { dice: n(reply.dice, 2) });
    const head = ["region", "share", "centre", "mean", "spread", "belongs"].map((name) => make("th", { scope: "col", textContent: t(`columns.${name}`) }));
    const lines = reply.rows.map((row, i) => {
      const cells = [`${n(100 * row.share, 1)} %`, row.centre.map((v) => n(100 * v)).join(" · "), n(100 * row.mean), n(100 * row.spread), t(row.subject ? "subject" : "ground")];
      return make("tr", {}, make("th", { scope: "row", textContent: i + 1 }), ...cells.map((text) => make("td", { textContent: text })));
    });
    table.replaceChildren(make("caption", { textContent: t("measured") }), make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...lines));
    seen(t(reply.dice > 0.9 ? "seen_good" : reply.dice < 0.5 ? "seen_poor" : "seen", { dice: n(reply.dice, 2), side: t(reply.below ? "darker" : "lighter"), threshold: n(limit.value) }));
  });
  const draw = () => ask_label({ ...who.state, count: count.value, threshold: limit.value });
  return { show: draw };
}
