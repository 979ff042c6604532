// Lesson 5, one piece after another: a picture written code by code, and one completed from its upper half.
import { make } from "../assets/dom.js";
import { group, newest, packed, pad, press, slider, subject, unpacked } from "./draw.js";
import { lesson } from "./lesson.js";

export default function (context) {
  lesson(context, { write, complete });
}

const SHOWN = 4; // rows that are written when the lesson opens: an empty sheet would tell nothing

const heat = (chapter, run) =>
  slider({
    label: chapter.t("daring"), term: chapter.t("temperature"), min: 0, max: 2, step: 0.1, value: chapter.link.number("heat", 1, 0, 2),
    format: (v) => chapter.n(v, 1),
    run: (v) => (chapter.link.set({ heat: v.toFixed(1) }), run()),
  });

function write(chapter) {
  const { stage, t, n, seen, ask, link, settings } = chapter;
  const who = subject(chapter, () => begin(), { label: 7 });
  const told = settings.models[who.state.model];
  const all = told.side ** 2;
  let codes = link.numbers("codes", told.codes, all);
  let ahead = link.get("codes") === null ? SHOWN : 0; // rows that are still to be written by themselves
  let running = false;
  const warm = heat(chapter, () => more(0));
  const picture = make("img", { className: "specimen", alt: "" });
  const frame = make("div", { className: "framed" }, picture);
  const next = make("span", { className: "field-box" });
  frame.append(next);
  const bars = make("ol", { className: "chances" });
  const play = press(t("run"), () => {
    running = !running;
    ahead = 0;
    play.textContent = running ? t("pause") : t("run");
    if (running) more(1);
  }, { strong: true });
  stage.classList.add("side-by-side");
  stage.append(
    make("div", { className: "wide" }, frame),
    make(
      "div",
      { className: "aside" },
      who.node, warm.node,
      group(play, press(t("one"), () => more(1)), press(t("row"), () => more(told.side - (codes.length % told.side))), press(t("begin"), () => begin())),
      make("h3", { textContent: t("next") }), bars,
    ),
  );

  const stop = () => {
    running = false;
    ahead = 0;
    play.textContent = t("run");
  };
  function begin() {
    stop();
    codes = [];
    more(0);
  }

  const ask_write = newest(ask, "write", async (reply) => {
    codes = reply.codes;
    link.set({ codes: codes.join("~") });
    picture.src = reply.picture;
    picture.alt = t("so_far", { done: n(codes.length), all: n(all) });
    const [x, y] = [codes.length % told.side, Math.floor(codes.length / told.side)];
    const size = 100 / told.side;
    next.hidden = codes.length === all;
    Object.assign(next.style, { left: `${x * size}%`, top: `${y * size}%`, width: `${size}%`, height: `${size}%` });
    bars.replaceChildren(
      ...reply.chances.map(([code, share]) => {
        const bar = make("i", {});
        bar.style.width = `${100 * share}%`;
        return make("li", {}, make("button", { type: "button", textContent: code, onclick: () => choose(code), title: t("choose") }), make("b", {}, bar), make("em", { textContent: `${n(100 * share, 1)} %` }));
      }),
    );
    if (codes.length === all) {
      stop();
      return seen(t("done", { all: n(all) }));
    }
    const [[best, share]] = reply.chances;
    seen(t("seen", { done: n(codes.length), all: n(all), best, share: n(100 * share, 1) }));
    if (ahead > 0) setTimeout(() => ahead-- > 0 && more(told.side), 60);
    if (running && stage.isConnected && !stage.closest("[hidden]")) setTimeout(() => running && more(1), 60);
  });
  const choose = (code) => {
    codes = [...codes, code];
    more(0);
  };
  const more = (count) => codes.length + count <= all && ask_write({ model: who.state.model, label: who.state.label, seed: who.state.seed, codes, temperature: warm.value, count });
  return { show: () => more(0), hide: stop };
}

function complete(chapter) {
  const { stage, t, seen, ask, link, settings } = chapter;
  let drawing = false;
  let drawnAt = null; // the seed while a drawing is completed: another picture takes its place, another class does not
  const who = subject(chapter, () => ((drawing &&= who.state.seed === drawnAt), drawing || link.set({ drawing: null }), draw()), { label: 7 });
  const told = settings.models[who.state.model];
  const sketch = pad(told.resolution, t("pad"), () => ((drawing = true), (drawnAt = who.state.seed), link.set({ drawing: packed(sketch.rows()) }), draw()));
  const drawn = unpacked(link.get("drawing"), told.resolution);
  if (!drawn && link.get("drawing") !== null) link.refuse("drawing");
  if (drawn) {
    sketch.load(drawn);
    drawing = true;
    drawnAt = who.state.seed;
  }
  const warm = heat(chapter, () => draw());
  const given = make("img", { className: "specimen", alt: t("given") });
  const ways = [...Array(settings.ways).keys()].map((i) => make("img", { className: "specimen", alt: t("way", { number: i + 1 }) }));
  const whole = make("img", { className: "specimen", alt: t("whole") });
  const caption = (words) => make("figcaption", { textContent: words });
  const truth = caption(t("whole"));
  stage.append(
    make("div", { className: "halves stage" }, make("div", { className: "wide" }, who.node, warm.node), make("p", { className: "note", textContent: t("how") })),
    make(
      "div",
      { className: "completions" },
      make("figure", {}, sketch.node, caption(t("draw")), group(press(t("clear"), () => (sketch.clear(), seen(t("draw_first")))))),
      make("figure", {}, given, caption(t("given"))),
      ...ways.map((image, i) => make("figure", {}, image, caption(t("way", { number: i + 1 })))),
      make("figure", { className: "whole" }, whole, truth),
    ),
  );
  let number = 0;
  async function draw() {
    const mine = ++number;
    const request = { model: who.state.model, label: who.state.label, seed: who.state.seed, temperature: warm.value, ...(drawing && { drawing: sketch.rows() }) };
    for (let way = 0; way < ways.length; way++) {
      const reply = await ask("complete", { ...request, way });
      if (!reply || mine !== number) return;
      given.src = reply.given;
      whole.src = reply.picture;
      whole.alt = truth.textContent = t(drawing ? "drawn_whole" : "whole"); // of a drawing there is no truth
      ways[way].src = reply.way;
    }
    seen(t(warm.value === 0 ? "seen_cold" : drawing ? "seen_drawn" : "seen"));
  }
  return { show: draw };
}
