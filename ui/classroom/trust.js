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
  const asked = link.one("model", named, null);
  let model = asked ?? (named.includes("orchard") ? "orchard" : named[0]);
  let round = link.whole("round", 0, 0, settings.rounds - 1);
  let answers = link.numbers("answers", Math.max(...settings.certainties) + 1, settings.pairs, Math.min(...settings.certainties));
  if (!answers.every((a) => settings.certainties.includes(a))) (link.refuse("answers"), (answers = []));
  const head = make("div", { className: "group" });
  const place = make("div", { className: "wide" });
  stage.append(head, place);
  let told = answers.length > 0 && link.one("told", ["1"], null) === "1"; // the last pair is still looked at
  const remember = () => link.set({ model, round: round || null, answers: answers.join("~"), told: told ? "1" : null });
  const anew = (change) => ((told = false), (answers = []), change(), remember());
  let own = 0;

  async function begin() {
    const found = await ask("here");
    if (!found) return;
    const here = Object.fromEntries(named.map((name) => [name, found.models[name]]));
    if (asked === null && here[model].shows !== "real") model = named.find((name) => here[name].shows === "real") ?? named.find((name) => here[name].shows) ?? model;
    const spelt = (name) => (here[name].shows === "real" ? name : t(here[name].shows ? "as_remembered" : "away", { model: name }));
    const models = pick({
      label: t("model"), options: named.map((name) => [name, spelt(name)]), value: model,
      run: (name) => (anew(() => (model = name)), draw()),
    });
    const again = press(t("again"), () => (anew(() => (round = (round + 1) % settings.rounds)), draw()));
    head.replaceChildren(models.node, again);
    const note = () => (here[model].shows === "remembered" ? t("how_remembered") : t(`notes.${model}`) === `notes.${model}` ? "" : t(`notes.${model}`));

    function draw() {
      again.hidden = !here[model].shows;
      if (!here[model].shows) return without(here[model].known);
      if (told) return question(note(), answers.length - 1);
      return answers.length < settings.pairs ? question(note(), answers.length) : score();
    }
    draw();

    async function question(words, number) {
      const mine = ++own;
      const pair = await ask("pair", { model, round, number });
      if (!pair || mine !== own) return;
      const sides = ["left", "right"].map((side) => {
        const image = make("img", { className: "specimen", src: pair[side], alt: t(`side_${side}`) });
        return { side, node: make("figure", { className: "candidate" }, image, make("figcaption", { textContent: t(`side_${side}`) })) };
      });
      const choices = [...settings.certainties].reverse().map((certainty) => press(t(`certain.${certainty > 0 ? "left" : "right"}_${Math.abs(certainty)}`), () => answer(certainty)));
      const buttons = group(...choices);
      place.replaceChildren(make("p", { className: "note", textContent: words }), make("div", { className: "pair" }, ...sides.map(({ node }) => node)), buttons);
      seen(t(here[model].shows === "real" ? "which" : "which_remembered", { number: n(number + 1), all: n(settings.pairs) }));

      if (told) answer(answers[number]);

      async function answer(certainty) {
        choices.forEach((button) => (button.disabled = true));
        const truth = await ask("told", { model, round, number });
        if (!truth || mine !== own) return choices.forEach((button) => (button.disabled = false));
        answers = [...answers.slice(0, number), certainty];
        told = true;
        remember();
        for (const { side, node } of sides) {
          const real = side === truth.real;
          node.classList.toggle("real", real);
          const words = node.querySelector("figcaption");
          words.textContent = real ? t(truth.is_remembered ? "remembered" : "real", { record: truth.record }) : t("made", { seed: truth.seed });
          node.querySelector("img").alt = words.textContent;
          if (real && truth.source) words.append(" ", make("a", { href: truth.source, textContent: t("source"), rel: "noreferrer", target: "_blank" }));
        }
        const right = certainty > 0 === (truth.real === "left");
        const on = press(answers.length < settings.pairs ? t("next_pair") : t("score"), () => ((told = false), remember(), draw()), { strong: true });
        buttons.replaceChildren(on);
        on.focus();
        seen(t(`${right ? "right" : "wrong"}_${truth.critic === truth.real ? "too" : "not"}`));
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
  const wall = make("ol", { className: "wall neighbours" });
  const close = make("div", { className: "group" });
  const how = make("p", { className: "note", textContent: t("how_remembered"), hidden: true });
  stage.classList.add("side-by-side", "compared");
  stage.append(
    make("div", { className: "wide" }, who.node, make("figure", {}, image, make("figcaption", { textContent: t("this") }))),
    make("div", { className: "aside" }, make("h3", { textContent: t("nearest") }), wall, how, make("p", { className: "note", textContent: t("closest") }), close),
  );
  const asked = newest(ask, "nearest", (reply) => {
    image.src = reply.picture;
    wall.replaceChildren(
      ...reply.nearest.map(({ record, url, source, closer_than, is_remembered }) => {
        const face = url ? make("img", { src: url, alt: t(is_remembered ? "remembered_one" : "training", { record }) }) : make("span", { className: "away", textContent: record });
        const notes = [t("farther", { share: n(100 * closer_than) }), ...(is_remembered ? [t("remembered")] : [])];
        const words = notes.map((textContent) => make("span", { className: "note", textContent }));
        return make("li", {}, source ? make("a", { href: source, target: "_blank", rel: "noreferrer", title: record }, face) : face, ...words);
      }),
    );
    how.hidden = !reply.nearest.some((each) => each.is_remembered);
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
  const who = specimen(chapter, () => make_one(who.state));
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
          recipe ? t("recipe", { model: recipe.model, seed: recipe.seed, label: recipe.label ? spoken(t, recipe.label) : "–" }) : t("no_recipe"),
        ].join(" ");
        const rows = chunks.map(({ kind, length, count, text }) =>
          make("tr", {}, make("th", { scope: "row", textContent: count > 1 ? `${kind} × ${count}` : kind }), make("td", { textContent: n(length) }), make("td", { className: "words", textContent: text || t(kind === "IDAT" ? "pixels" : kind === "IHDR" ? "header" : "other_chunk") })),
        );
        list.replaceChildren(make("caption", { textContent: t("bytes", { size: n(size) }) }), make("thead", {}, make("tr", {}, ...["chunk", "length", "content"].map((each) => make("th", { scope: "col", className: each === "content" ? "leading" : "", textContent: t(each) })))), make("tbody", {}, ...rows));
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
  let model = link.one("card", names, names[0]);
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
