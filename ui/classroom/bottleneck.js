// Lesson 4, the bottleneck: a picture as a table of whole numbers, and back.
import { make } from "../assets/dom.js";
import { group, newest, packed, pad, press, slider, subject, tiles, unpacked } from "./draw.js";
import { lesson } from "./lesson.js";

export default function (context) {
  lesson(context, { squeeze, between });
}

function squeeze(chapter) {
  const { stage, t, n, seen, ask, link, settings } = chapter;
  const who = subject(chapter, () => ((drawing = false), forget(), begin()), { label: 0 });
  const told = settings.models[who.state.model];
  const drawn = unpacked(link.get("drawing"), told.resolution);
  let drawing = drawn !== null;
  let given = link.numbers("codes", told.codes, told.side ** 2); // changed by hand, from the link
  const forget = () => link.set({ drawing: null, codes: null, keep: null });
  let original = null; // the codes as they came out of the picture
  let rows = null; // the picture itself, to compare with
  let table = null;
  let chosen = [0, 0];
  const sketch = pad(told.resolution, t("pad"), () => ((drawing = true), forget(), link.set({ drawing: packed(sketch.rows()) }), begin()));
  if (drawn) sketch.load(drawn);
  const again = make("img", { className: "specimen", alt: "" });
  const grid = make("div", { className: "codes" });
  grid.style.setProperty("--columns", told.side);
  grid.setAttribute("role", "group");
  grid.setAttribute("aria-label", t("table"));
  const cells = [...Array(told.side ** 2).keys()].map((i) => {
    const button = make("button", { type: "button" });
    button.addEventListener("click", () => pickCell(i));
    grid.append(button);
    return button;
  });
  const code = slider({
    label: t("code"), min: 0, max: told.codes - 1, step: 1, value: 0, format: (v) => n(v),
    run: (v) => {
      if (!table) return;
      table = table.map((row, y) => (y === chosen[1] ? row.with(chosen[0], v) : row));
      link.set({ codes: table.flat().join("~"), keep: null });
      fill();
      change();
    },
  });
  const powers = Math.round(Math.log2(told.codes));
  const keep = slider({
    label: t("keep"), term: t("keep_term"), min: 0, max: powers, step: 1, value: link.number("keep", powers, 0, powers), format: (v) => n(Math.min(2 ** v, told.codes)),
    run: (v) => {
      table = original;
      link.set({ keep: v === powers ? null : v, codes: null });
      change();
    },
  });
  const caption = (words) => make("figcaption", { textContent: words });
  const clear = press(t("clear"), () => sketch.clear());
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
    seen(t(kept < told.codes ? "seen_narrow" : "seen_changed", { kept: n(kept), lost: n(decibels, 1), others: n(others) }));
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
