// Lesson 8, can you trust it? Real or generated, have I seen this before, what a file says of itself, what cards admit.
import { base64, make } from "../assets/dom.js";
import { choice, group, newest, pick, press, says, specimen, spoken, svg } from "./draw.js";
import { lesson } from "./lesson.js";

export default function (context) {
  const { quiz, models, cards } = context.settings;
  const indexed = Object.values(models).some(({ index }) => index);
  lesson(context, { ...(quiz.length && { quiz: tell }), ...(indexed && { seen: before }), file, ...(Object.keys(cards).length && { faults }) });
}

const MOST_MB = 8;

// ---------------------------------------------------------------- real or generated?

/** Receiver operating characteristic: {name, className, points, area} each, on a square with its diagonal. */
function rocs(series, t, n) {
  const [left, foot, side] = [40, 40, 300];
  const root = svg("svg", { viewBox: `0 0 ${left + side + 14} ${side + foot + 12}`, class: "curves roc" });
  const at = ([x, y]) => `${left + side * x} ${10 + side * (1 - y)}`;
  root.append(svg("path", { class: "axis", d: `M${at([0, 1])}L${at([0, 0])}L${at([1, 0])}` }), svg("path", { class: "curve three", d: `M${at([0, 0])}L${at([1, 1])}` }));
  for (const { className, points } of series) root.append(svg("path", { class: `curve ${className}`, d: points.map((point, i) => `${i ? "L" : "M"}${at(point)}`).join("") }));
  root.append(svg("text", { class: "tick", x: left, y: side + 30 }, t("roc_x")), svg("text", { class: "tick", x: 14, y: 10 + side, transform: `rotate(-90 14 ${10 + side})` }, t("roc_y")));
  says(root, t("roc_says", { areas: series.map(({ name, area }) => `${name} ${n(area, 2)}`).join(", ") }));
  const key = make("ul", { className: "roc-key" }, ...series.map(({ name, className, area }) => make("li", { className }, `${name}: ${t("area", { area: n(area, 2) })}`)));
  return make("figure", {}, root, key, make("figcaption", { textContent: t("roc") }));
}

function tell(chapter) {
  const { stage, t, n, seen, ask, link, settings } = chapter;
  const named = settings.quiz;
  let model = named.includes(link.get("model")) ? link.get("model") : (named.includes("orchard") ? "orchard" : named[0]);
  let round = link.number("round", 0, 0, settings.rounds - 1);
  let answers = (link.get("answers") ?? "").split("~").filter(Boolean).map(Number);
  if (!answers.every((a) => settings.certainties.includes(a))) answers = [];
  answers = answers.slice(0, settings.pairs);
  const head = make("div", { className: "group" });
  const place = make("div", { className: "wide" });
  stage.append(head, place);
  const remember = () => link.set({ model, round: round || null, answers: answers.join("~") });
  let own = 0;

  async function begin() {
    const found = await ask("here");
    if (!found) return;
    const here = Object.fromEntries(named.map((name) => [name, found.models[name]]));
    if (!here[model].here && !link.get("model")) model = named.find((name) => here[name].here) ?? model;
    const models = pick({
      label: t("model"), options: named.map((name) => [name, here[name].here ? name : t("away", { model: name })]), value: model,
      run: (name) => ((model = name), (answers = []), remember(), draw()),
    });
    const again = press(t("again"), () => ((round = (round + 1) % settings.rounds), (answers = []), remember(), draw()));
    head.replaceChildren(models.node, again);
    const note = () => (t(`notes.${model}`) === `notes.${model}` ? "" : t(`notes.${model}`));

    function draw() {
      again.hidden = !here[model].here;
      if (!here[model].here) return without(here[model].known);
      return answers.length < settings.pairs ? question(note()) : score();
    }
    draw();

    async function question(words) {
      const mine = ++own;
      const number = answers.length;
      const pair = await ask("pair", { model, round, number });
      if (!pair || mine !== own) return;
      const sides = ["left", "right"].map((side) => {
        const image = make("img", { className: "specimen", src: pair[side], alt: t(`side_${side}`) });
        return { side, node: make("figure", { className: "candidate" }, image, make("figcaption", { textContent: t(`side_${side}`) })) };
      });
      const choices = [...settings.certainties].reverse().map((certainty) => press(t(`certain.${certainty > 0 ? "left" : "right"}_${Math.abs(certainty)}`), () => answer(certainty)));
      const buttons = group(...choices);
      place.replaceChildren(make("p", { className: "note", textContent: words }), make("div", { className: "pair" }, ...sides.map(({ node }) => node)), buttons);
      seen(t("which", { number: n(number + 1), all: n(settings.pairs) }));

      async function answer(certainty) {
        choices.forEach((button) => (button.disabled = true));
        const told = await ask("told", { model, round, number });
        if (!told || mine !== own) return choices.forEach((button) => (button.disabled = false));
        answers = [...answers, certainty];
        remember();
        for (const { side, node } of sides) {
          const real = side === told.real;
          node.classList.toggle("real", real);
          const words = node.querySelector("figcaption");
          words.textContent = real ? t("real", { record: told.record }) : t("made", { seed: told.seed });
          if (real && told.source) words.append(" ", make("a", { href: told.source, textContent: t("source"), rel: "noreferrer", target: "_blank" }));
        }
        const right = certainty > 0 === (told.real === "left");
        const on = press(answers.length < settings.pairs ? t("next_pair") : t("score"), () => draw(), { strong: true });
        buttons.replaceChildren(on);
        on.focus();
        seen(t(`${right ? "right" : "wrong"}_${told.critic === told.real ? "too" : "not"}`));
      }
    }

    async function score() {
      const mine = ++own;
      const found = await ask("result", { model, round, answers });
      if (!found || mine !== own) return;
      const series = [{ name: t("you"), className: "one", ...found.you }, { name: t("critic"), className: "two", ...found.critic }];
      if (found.known) series.push({ name: t("known"), className: "four", ...found.known });
      const rows = [[t("you"), found.you.right], [t("critic"), found.critic.right]];
      const figures = make("dl", { className: "figures large" }, ...rows.flatMap(([name, value]) => [make("dt", { textContent: name }), make("dd", { textContent: t("of_pairs", { count: n(value), all: n(settings.pairs) }) })]));
      place.replaceChildren(make("div", { className: "stage side-by-side" }, rocs(series, t, n), make("div", { className: "aside" }, figures, make("p", { className: "note", textContent: t("few") }))));
      const sum = { you: n(found.you.right), critic: n(found.critic.right), area: n(found.you.area, 2), other: n(found.critic.area, 2) };
      seen(t(found.you.right > found.critic.right ? "seen_you" : found.you.right < found.critic.right ? "seen_critic" : "seen_even", sum));
    }

    function without(known) {
      ++own;
      place.replaceChildren(make("p", { className: "note", textContent: t("no_data") }), ...(known ? [rocs([{ name: t("known"), className: "four", ...known }], t, n)] : []));
      seen(known ? t("seen_away", { area: n(known.area, 2) }) : t("no_data"));
    }
  }
  let begun = false;
  return { show: () => begun || ((begun = true), begin()) };
}

// ---------------------------------------------------------------- have I seen this before?

function before(chapter) {
  const { stage, t, n, seen, ask, link, settings } = chapter;
  const models = Object.fromEntries(Object.entries(settings.models).filter(([, { index }]) => index));
  const who = specimen({ ...chapter, settings: { ...settings, models } }, () => draw());
  const image = make("img", { className: "specimen", alt: t("this") });
  const wall = make("ol", { className: "wall nearest" });
  const close = make("div", { className: "group" });
  stage.classList.add("side-by-side");
  stage.append(
    make("div", { className: "wide" }, who.node, make("figure", {}, image, make("figcaption", { textContent: t("this") }))),
    make("div", { className: "aside" }, make("h3", { textContent: t("nearest") }), wall, make("p", { className: "note", textContent: t("closest") }), close),
  );
  const asked = newest(ask, "nearest", (reply) => {
    image.src = reply.picture;
    wall.replaceChildren(
      ...reply.nearest.map(({ record, url, source, closer_than }) => {
        const face = url ? make("img", { src: url, alt: t("training", { record }) }) : make("span", { className: "away", textContent: record });
        const words = make("span", { className: "note", textContent: t("farther", { share: n(100 * closer_than) }) });
        return make("li", {}, source ? make("a", { href: source, target: "_blank", rel: "noreferrer", title: record }, face) : face, words);
      }),
    );
    const share = reply.closer_than;
    seen(t(share > 0.99 ? "seen_copy" : share > 0.9 ? "seen_near" : "seen", { share: n(100 * share) }));
  });
  function draw() {
    const pairs = settings.cards[who.state.model]?.closest ?? [];
    const classes = settings.models[who.state.model].classes;
    close.replaceChildren(
      ...pairs.map((each) =>
        press(each.class ? `${spoken(t, each.class)} ${each.seed}` : String(each.seed), () => {
          who.state.seed = each.seed;
          link.set({ seed: each.seed });
          if (classes.includes(each.class)) who.set(classes.indexOf(each.class));
          draw();
        }),
      ),
    );
    asked(who.state);
  }
  return { show: draw };
}

// ---------------------------------------------------------------- what a file says of itself

function file(chapter) {
  const { stage, t, n, seen, ask } = chapter;
  const who = specimen(chapter, () => make_one());
  const input = make("input", { type: "file", accept: "image/png", className: "away-input", id: "png-to-read" });
  const zone = make("label", { className: "drop", htmlFor: "png-to-read", textContent: t("drop") }, input);
  zone.tabIndex = 0;
  const sides = { whole: panel("whole"), bare: panel("bare") };
  stage.append(make("div", { className: "wide" }, who.node, zone), make("div", { className: "halves stage" }, sides.whole.node, sides.bare.node));

  function panel(name) {
    const image = make("img", { className: "specimen small", alt: t(name) });
    const label = make("p", { className: "verdict" });
    const list = make("table", { className: "trail" });
    const save = make("a", { className: "press", textContent: t("save"), download: `${name}.png` });
    const node = make("section", { className: "aside" }, make("h3", { textContent: t(name) }), image, label, make("div", { className: "scroller" }, list), group(save));
    return {
      node,
      show({ url, chunks, recipe, type, facts, size }) {
        image.src = url;
        save.href = url;
        label.textContent = [
          t(type === "trainedAlgorithmicMedia" ? "label_ai" : type ? "label_other" : "label_none", { type, system: facts.system ?? "?", version: facts.version ?? "?" }),
          recipe ? t("recipe", { model: recipe.model, seed: recipe.seed, label: recipe.label ?? "–" }) : t("no_recipe"),
        ].join(" ");
        const rows = chunks.map(({ kind, length, count, text }) =>
          make("tr", {}, make("th", { scope: "row", textContent: count > 1 ? `${kind} × ${count}` : kind }), make("td", { textContent: n(length) }), make("td", { className: "words", textContent: text || t(kind === "IDAT" ? "pixels" : kind === "IHDR" ? "header" : "other_chunk") })),
        );
        list.replaceChildren(make("caption", { textContent: t("bytes", { size: n(size) }) }), make("thead", {}, make("tr", {}, ...["chunk", "length", "content"].map((each) => make("th", { scope: "col", textContent: t(each) })))), make("tbody", {}, ...rows));
      },
    };
  }
  function show(reply) {
    sides.whole.show(reply.whole);
    sides.bare.show(reply.bare);
    const lost = reply.whole.size - reply.bare.size;
    const says = reply.whole.type || reply.whole.recipe;
    seen(t(says ? "seen" : "seen_silent", { lost: n(lost) }));
  }
  async function read(found) {
    if (!found) return;
    if (found.size > MOST_MB << 20) return seen(t("too_large", { most: n(MOST_MB) }));
    const reply = await ask("statement", { file: await base64(found) });
    if (reply) show(reply);
  }
  const make_one = newest(ask, "saved", show);
  input.addEventListener("change", () => read(input.files[0]));
  zone.addEventListener("keydown", (event) => ["Enter", " "].includes(event.key) && (event.preventDefault(), input.click()));
  zone.addEventListener("dragover", (event) => (event.preventDefault(), zone.classList.add("over")));
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => (event.preventDefault(), zone.classList.remove("over"), read(event.dataTransfer.files[0])));
  let begun = false;
  return { show: () => begun || ((begun = true), make_one(who.state)) };
}

// ---------------------------------------------------------------- what the cards admit

function faults(chapter) {
  const { stage, t, n, seen, ask, link, settings } = chapter;
  const names = Object.keys(settings.cards);
  let model = names.includes(link.get("card")) ? link.get("card") : names[0];
  const which = choice({ label: t("model"), options: names.map((name) => [name, name]), value: model, run: (name) => ((model = name), link.set({ card: name }), draw()) });
  const words = make("blockquote", { className: "admitted", lang: "en" });
  const figures = make("dl", { className: "figures" });
  const sheet = make("img", { className: "samples", alt: "" });
  stage.classList.add("side-by-side");
  stage.append(
    make("div", { className: "wide" }, which.node, make("figure", {}, sheet, make("figcaption", { textContent: t("samples") }))),
    make("div", { className: "aside" }, make("h3", { textContent: t("admits") }), words, make("p", { className: "note", textContent: t("language_of_cards") }), figures),
  );
  const asked = newest(ask, "samples", (reply) => {
    sheet.hidden = !reply.sheet;
    if (reply.sheet) sheet.src = reply.sheet;
    sheet.alt = t("samples_of", { model });
  });
  function draw() {
    const { faults: text, figures: told } = settings.cards[model];
    words.textContent = text;
    figures.replaceChildren(...Object.entries(told).flatMap(([name, value]) => [make("dt", { textContent: t(`figures.${name}`) }), make("dd", { textContent: n(value, 2) })]));
    asked({ model });
    seen(t("seen", { model, recall: n(100 * (told.recall ?? 0)), precision: n(100 * (told.precision ?? 0)) }));
  }
  return { show: draw };
}
