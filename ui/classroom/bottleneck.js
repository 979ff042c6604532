// Lesson 4, the bottleneck: a picture as a table of whole numbers, and back.
import { make } from "../assets/dom.js";
import { choice, group, newest, packed, pad, pick, press, slider, specimen, spoken, subject, tiles, unpacked } from "./draw.js";
import { lesson } from "./lesson.js";

const SHOWN_FIRST = 8; // in colour: a whole apple above a cut one; the first pictures of the data are twigs in blossom

const SHOE = 7; // of wardrobe's classes: the chapter asks how few numbers are enough for one

export default function (context) {
  const { models, encoded } = context.settings;
  lesson(context, { ...(Object.keys(models).length && { squeeze, between }), ...(Object.keys(encoded).length && { colour }) });
}

function squeeze(chapter) {
  const { stage, t, n, seen, ask, link, settings } = chapter;
  const who = subject(chapter, () => ((drawing = false), forget(), begin()), { label: SHOE });
  const told = settings.models[who.state.model];
  const drawn = unpacked(link.get("drawing"), told.resolution);
  if (!drawn && link.get("drawing") !== null) link.refuse("drawing");
  let drawing = drawn !== null;
  let given = link.numbers("codes", told.codes, told.side ** 2); // changed by hand, from the link
  if (given.length && given.length !== told.side ** 2) (link.refuse("codes"), (given = []));
  const forget = () => link.set({ drawing: null, codes: null, keep: null });
  let original = null; // the codes as they came out of the picture
  let rows = null; // the picture itself, to compare with
  let table = null;
  const first = link.whole("cell", 0, 0, told.side ** 2 - 1);
  let chosen = [first % told.side, Math.floor(first / told.side)];
  const sketch = pad(told.resolution, t("pad"), () => ((drawing = true), forget(), link.set({ drawing: packed(sketch.rows()) }), begin()));
  if (drawn) sketch.load(drawn);
  const again = make("img", { className: "specimen", alt: "" });
  const grid = make("div", { className: "codes" });
  grid.style.setProperty("--columns", told.side);
  grid.setAttribute("role", "group");
  grid.setAttribute("aria-label", t("table"));
  const cells = [...Array(told.side ** 2).keys()].map((i) => {
    const button = make("button", { type: "button" });
    button.addEventListener("click", () => (link.set({ cell: i || null }), pickCell(i)));
    grid.append(button);
    return button;
  });
  const code = slider({
    label: t("code"), min: 0, max: told.codes - 1, step: 1, value: 0, format: (v) => n(v),
    run: (v) => {
      if (!table) return;
      keep.set(powers); // what is set by hand is set, whatever there was to choose from
      table = table.map((row, y) => (y === chosen[1] ? row.with(chosen[0], v) : row));
      link.set({ codes: table.flat().join("~"), keep: null });
      fill();
      change();
    },
  });
  const powers = Math.round(Math.log2(told.codes));
  const keep = slider({
    label: t("keep"), term: t("keep_term"), min: 0, max: powers, step: 1, value: link.whole("keep", powers, 0, powers), format: (v) => n(Math.min(2 ** v, told.codes)),
    run: (v) => {
      table = original;
      link.set({ keep: v === powers ? null : v, codes: null });
      change();
    },
  });
  const caption = (words) => make("figcaption", { textContent: words });
  const clear = press(t("clear"), () => (sketch.clear(), seen(t("draw_first"))));
  const back = press(t("back"), () => ((table = original), keep.set(powers), link.set({ codes: null, keep: null }), fill(), change()));
  stage.append(
    who.node,
    make(
      "div",
      { className: "triple" },
      make("figure", {}, sketch.node, caption(t("draw")), group(clear)),
      make("figure", {}, grid, caption(t("bits", { count: n(told.side ** 2), bits: n(told.bits), pixels: n(8 * told.resolution ** 2) })), code.node, keep.node, group(back)),
      make("figure", {}, again, caption(t("again"))),
    ),
  );

  function pickCell(i) {
    chosen = [i % told.side, Math.floor(i / told.side)];
    if (table) code.set(table[chosen[1]][chosen[0]]);
    fill();
  }

  function fill() {
    if (!table) return;
    cells.forEach((cell, i) => {
      const [x, y] = [i % told.side, Math.floor(i / told.side)];
      const value = table[y][x];
      cell.textContent = value;
      cell.className = value === original[y][x] ? "" : "other";
      cell.setAttribute("aria-pressed", String(x === chosen[0] && y === chosen[1]));
      cell.setAttribute("aria-label", t("cell", { row: y + 1, column: x + 1, code: value }));
    });
  }

  const ask_picture = newest(ask, "squeeze", (reply) => {
    original = table = reply.table;
    rows = reply.rows;
    if (!drawing) sketch.load(reply.rows);
    again.src = reply.again;
    again.alt = t("again");
    const narrow = keep.value < powers && link.get("keep") !== null;
    if (given.length === told.side ** 2) table = original.map((row, y) => given.slice(y * told.side, (y + 1) * told.side));
    pickCell(chosen[1] * told.side + chosen[0]);
    const changed = given.length === told.side ** 2;
    given = [];
    if (narrow || changed) return change();
    keep.set(powers);
    seen(t(drawing ? "seen_drawn" : "seen", { lost: n(reply.lost, 1), count: n(told.side ** 2) }));
  });
  const ask_change = newest(ask, "changed", (reply) => {
    again.src = reply.again;
    const kept = Math.min(2 ** keep.value, told.codes);
    if (kept < told.codes) {
      table = reply.table;
      fill();
    }
    const error = rows.flat().reduce((sum, v, i) => sum + (v - reply.rows.flat()[i]) ** 2, 0) / rows.length ** 2;
    const decibels = error ? Math.min(-10 * Math.log10(error / 255 ** 2), 99) : 99;
    const others = reply.table.flat().filter((v, i) => v !== original.flat()[i]).length;
    const which = kept < told.codes ? "seen_narrow" : others ? "seen_changed" : drawing ? "seen_drawn" : "seen";
    seen(t(which, { count: n(told.side ** 2), kept: n(kept), lost: n(decibels, 1), others: n(others) }));
  });
  const begin = () => ask_picture({ ...who.state, ...(drawing && { drawing: sketch.rows() }) });
  const change = () => ask_change({ model: who.state.model, table, keep: Math.min(2 ** keep.value, told.codes) });
  return { show: begin };
}

function between(chapter) {
  const { stage, t, seen, ask } = chapter;
  const first = subject(chapter, () => draw(), { label: 9 });
  const last = subject(chapter, () => draw(), { seedName: "to", className: "into", seed: 1, label: 0 });
  const way = tiles({ count: 9, columns: 9, words: (i) => t("step", { number: i + 1 }) });
  way.node.classList.add("way");
  const end = (words, { node }) => make("div", { className: "wide" }, make("h3", { textContent: words }), node);
  stage.append(make("div", { className: "halves stage" }, end(t("from"), first), end(t("to"), last)), way.node);
  const ask_way = newest(ask, "walk", (reply) => {
    way.show(reply.sheet);
    way.mark(null);
    seen(t("seen"));
  });
  const draw = () =>
    ask_way({ model: first.state.model, seed_first: first.state.seed, label_first: first.state.label, seed_last: last.state.seed, label_last: last.state.label });
  return { show: draw };
}

// ---------------------------------------------------------------- in colour

function colour(original) {
  const [[model, told]] = Object.entries(original.settings.encoded);
  const chapter = { ...original, settings: { ...original.settings, models: { [model]: told } } };
  const { stage, t, n, seen, ask, link, settings } = chapter;
  const { limit, between: steps } = settings;
  const who = specimen(chapter, () => (forget(), draw(), walk()), { seed: SHOWN_FIRST });
  const { state } = who;
  const length = told.numbers;
  let kind = link.one("of", ["made", ...(told.real ? [settings.real] : [])], told.real ? settings.real : "made");
  let changed = read();
  let chosen = link.whole("number", 0, 0, length - 1);
  let last = link.whole("to", 1, 0, 2 ** 32 - 1);
  const forget = () => ((changed = new Map()), remember());
  const remember = () => link.set({ code: [...changed].map(([place, v]) => `${place}:${v}`).join("~") });

  /** "3:1.5~7:-2" as a map; what fits no code is left out, and said. */
  function read() {
    const found = new Map();
    for (const part of (link.get("code") ?? "").split("~").filter(Boolean)) {
      const [place, value] = part.split(":").map(Number);
      if (Number.isInteger(place) && place >= 0 && place < length && Math.abs(value) <= limit) found.set(place, value);
      else link.refuse("code");
    }
    return found;
  }

  const figure = (words) => {
    const image = make("img", { className: "specimen", alt: "" });
    const caption = make("figcaption", { textContent: words });
    return { image, caption, node: make("figure", {}, image, caption) };
  };
  const picture = figure(t("picture"));
  const again = figure(t("again"));
  const kinds = choice({
    label: t("of"), options: [["made", t("ofs.made")], [settings.real, t("ofs.real")]], value: kind,
    run: (name) => ((kind = name), link.set({ of: name }), forget(), draw(), walk()),
  });
  kinds.node.hidden = !told.real;
  const grid = make("div", { className: "codes numbers" });
  grid.setAttribute("role", "group");
  grid.setAttribute("aria-label", t("table", { count: n(length) }));
  grid.style.setProperty("--columns", 16);
  const cells = [...Array(length).keys()].map((i) => {
    const button = make("button", { type: "button" });
    button.addEventListener("click", () => ((chosen = i), link.set({ number: i || null }), fill()));
    grid.append(button);
    return button;
  });
  const number = slider({
    label: t("number"), min: -limit, max: limit, step: 0.1, value: 0, format: (v) => n(v, 1),
    run: (v) => (changed.set(chosen, Number(v.toFixed(1))), remember(), draw()),
  });
  const powers = Math.ceil(Math.log2(length));
  const kept = () => Math.min(2 ** keep.value, length);
  const keep = slider({
    label: t("keep"), term: t("keep_term"), min: 0, max: powers, step: 1, value: link.whole("numbers", powers, 0, powers), format: (v) => n(Math.min(2 ** v, length)),
    run: (v) => (link.set({ numbers: v === powers ? null : v }), draw()),
  });
  const back = press(t("back"), () => (keep.set(powers), link.set({ numbers: null }), forget(), draw()));
  const way = [...Array(steps).keys()].map((i) => make("img", { className: "specimen", alt: t("step", { number: i + 1 }) }));
  const other = press(t("other"), () => ((last = (last + 1) % 2 ** 32), link.set({ to: last }), walk()));
  const names = told.classes;
  let into = names.length ? Math.max(names.indexOf(link.one("into", names, names[(state.label + Math.floor(0.75 * names.length)) % names.length])), 0) : null;
  const classes = pick({ label: t("to"), options: names.map((name, i) => [i, spoken(t, name)]), value: into, run: (i) => ((into = Number(i)), link.set({ into: names[into] }), walk()) });
  classes.select.value = String(into);
  classes.node.hidden = !names.length;
  stage.append(
    make("div", { className: "wide" }, who.node, kinds.node),
    make("div", { className: "triple" }, picture.node, make("figure", {}, grid, make("figcaption", { textContent: t("cells", { count: n(length), pixels: n(told.pixels) }) }), number.node, keep.node, group(back)), again.node),
    make("h3", { textContent: t("between") }),
    group(classes.node, other),
    make("div", { className: "ways" }, ...way),
  );

  function fill(code = null) {
    cells.forEach((cell, i) => {
      const value = code?.[i] ?? Number(cell.dataset.value ?? 0);
      const grey = Math.round(Math.min(Math.max(128 + 42 * value, 0), 255));
      cell.dataset.value = value;
      cell.style.background = `rgb(${grey} ${grey} ${grey})`;
      cell.style.color = grey > 128 ? "#000" : "#fff";
      cell.textContent = changed.has(i) ? "●" : "";
      cell.setAttribute("aria-pressed", String(i === chosen));
      cell.setAttribute("aria-label", t("cell", { number: i + 1, value: n(value, 1) }));
    });
    number.set(Number(cells[chosen].dataset.value ?? 0));
  }

  const ask_code = newest(ask, "encoded", (reply, asked) => {
    picture.image.src = reply.picture;
    picture.image.alt = picture.caption.textContent = reply.record ? t("real_picture", { record: reply.record }) : t("picture");
    again.image.src = reply.again;
    again.image.alt = t("again");
    fill(reply.code);
    const fields = { count: n(length), kept: n(asked.keep), lost: n(reply.lost, 1), others: n(asked.changed.length) };
    seen(t(asked.changed.length ? "seen_changed" : asked.keep < length ? "seen_narrow" : "seen", fields));
  });
  const asked = () => ({ model: state.model, kind, seed: state.seed, label: state.label });
  const draw = () => ask_code({ ...asked(), changed: [...changed], keep: kept() });
  let turn = 0;
  async function walk() {
    const mine = ++turn;
    for (let i = 0; i < steps; i++) {
      const reply = await ask("step", { ...asked(), seed_last: last, label_last: into, step: i });
      if (!reply || mine !== turn) return;
      way[i].src = reply.picture;
    }
  }
  return { show: () => (draw(), walk()), hide: () => ++turn };
}
