// Lesson 7, afterwards: one step at a time with what it does to the values, regions, and the critic moved by post-processing alone.
import { make, toast } from "../assets/dom.js";
import { choice, group, newest, pick, press, says, slider, specimen, svg } from "./draw.js";
import { lesson } from "./lesson.js";

const GOAL = 50; // of 100 real pictures: as good as real

export default function (context) {
  lesson(context, { one, regions, challenge });
}

// ---------------------------------------------------------------- a step and its settings

/** Words of the language; where it has none, those of the step itself. */
const word = (t, path, otherwise) => (t(path) === path ? otherwise : t(path));
const stepName = ({ t }, step) => word(t, `steps.${step.name}`, step.title);

const fresh = (step) => ({ name: step.name, where: "all", parameters: Object.fromEntries(step.parameters.map((each) => [each.name, each.default])) });

/** Controls for one use of a step, changed in place: every kind of setting that there is. */
function controls(chapter, step, use, run) {
  const { t, n } = chapter;
  const nodes = step.parameters.map((each) => {
    const label = word(t, `settings.${each.name}`, each.title);
    const change = (value) => ((use.parameters[each.name] = value), run());
    if (each.kind === "number" || each.kind === "integer")
      return slider({ label, min: each.minimum, max: each.maximum, step: each.step, value: use.parameters[each.name], format: (v) => `${n(v, 2)}${each.unit && ` ${each.unit}`}`, run: change }).node;
    if (each.kind === "choice") {
      const list = pick({ label, options: each.choices.map((name) => [name, word(t, `choices.${name}`, name)]), value: use.parameters[each.name], run: change });
      return list.node;
    }
    const input = make("input", each.kind === "flag" ? { type: "checkbox", checked: use.parameters[each.name] } : { type: "color", value: use.parameters[each.name] });
    input.addEventListener("input", () => change(each.kind === "flag" ? input.checked : input.value));
    return make("label", { className: "control pick" }, `${label} `, input);
  });
  if (step.where.length > 1) nodes.unshift(choice({ label: t("where"), options: step.where.map((name) => [name, t(`places.${name}`)]), value: use.where, run: (name) => ((use.where = name), run()) }).node);
  return nodes;
}

/** Uses as a link holds them, "blur;all;sigma=2~…", and back; what no step has is left out, and `lost` says that. */
const written = (uses) => uses.map(({ name, where, parameters }) => [name, where, ...Object.entries(parameters).map(([key, value]) => `${key}=${value}`)].join(";")).join("~");
function read(text, steps) {
  let lost = false;
  const uses = [];
  for (const part of (text ?? "").split("~").filter(Boolean)) {
    const [name, where, ...pairs] = part.split(";");
    const step = steps.find((each) => each.name === name);
    if (!step) {
      lost = true;
      continue;
    }
    const use = fresh(step);
    step.where.includes(where) ? (use.where = where) : (lost ||= where !== undefined);
    for (const pair of pairs) {
      const [key, value] = pair.split("=");
      const known = step.parameters.find((each) => each.name === key);
      const number = Number(value);
      if (!known) lost = true;
      else if (known.kind === "number" || known.kind === "integer") number >= known.minimum && number <= known.maximum ? (use.parameters[key] = number) : (lost = true);
      else if (known.kind === "flag") use.parameters[key] = value === "true";
      else if (known.kind === "choice") known.choices.includes(value) ? (use.parameters[key] = value) : (lost = true);
      else /^#[0-9a-f]{6}$/i.test(value) ? (use.parameters[key] = value) : (lost = true);
    }
    uses.push(use);
  }
  return { uses, lost };
}

// ---------------------------------------------------------------- drawings

const figure = (words) => {
  const image = make("img", { className: "specimen", alt: "" });
  return { image, node: make("figure", {}, image, make("figcaption", { textContent: words })) };
};

/** The critic's readings along a line from 0 to 100: one mark a stage, the last one filled. */
function meter(chapter) {
  const { t, n } = chapter;
  const root = svg("svg", { viewBox: "0 0 420 64", class: "meter" });
  const show = (readings) => {
    const x = (v) => 14 + 3.92 * v;
    const known = readings.filter((v) => v !== null);
    root.replaceChildren(svg("path", { d: "M14 38H406", class: "axis" }));
    for (const at of [0, 50, 100]) root.append(svg("path", { d: `M${x(at)} 34v8`, class: "axis" }), svg("text", { x: x(at), y: 60, class: "tick mid" }, String(at)));
    if (!known.length) return says(root, t("no_reading"));
    root.append(svg("path", { d: `M${x(known[0])} 38H${x(known.at(-1))}`, class: "moved" }));
    known.forEach((v, i) => root.append(svg("circle", { cx: x(v), cy: 38, r: i === known.length - 1 ? 7 : 5, class: i === known.length - 1 ? "now" : "was" })));
    root.append(svg("text", { x: Math.min(Math.max(x(known.at(-1)), 24), 396), y: 22, class: "value mid" }, n(known.at(-1))));
    says(root, t("meter_says", { before: n(known[0]), after: n(known.at(-1)) }));
  };
  return { node: make("figure", {}, root, make("figcaption", { textContent: t("meter") })), show };
}

/** Shares of pixels from dark to bright: before as an outline, after as bars. */
function histogram(chapter, channels) {
  const { t, link } = chapter;
  const root = svg("svg", { viewBox: "0 0 420 120", class: "histogram" });
  let last = null;
  let channel = link.one("channel", channels, channels[0]);
  const draw = () => {
    if (!last) return;
    const [before, after] = last[channel];
    const top = Math.max(...before, ...after, 1e-6);
    const wide = 400 / before.length;
    const y = (v) => 104 - (92 * v) / top;
    root.replaceChildren(
      ...after.map((v, i) => svg("rect", { x: 10 + i * wide, y: y(v), width: wide - 1, height: 104 - y(v), class: "bin" })),
      svg("path", { class: "outline", d: before.map((v, i) => `${i ? "L" : "M"}${10 + i * wide} ${y(v)}H${10 + (i + 1) * wide}`).join("") }),
      svg("path", { class: "axis", d: "M10 104H410" }),
      svg("text", { x: 10, y: 117, class: "tick" }, t("dark")),
      svg("text", { x: 410, y: 117, class: "tick end" }, t("bright")),
    );
    const middle = (shares) => Math.round((100 * shares.reduce((sum, v, i) => sum + v * (i + 0.5), 0)) / shares.length);
    says(root, t("histogram_says", { channel: t(`channels.${channel}`), before: middle(before), after: middle(after) }));
  };
  const of = choice({ label: t("histogram_of"), options: channels.map((name) => [name, t(`channels.${name}`)]), value: channel, run: (name) => ((channel = name), link.set({ channel: name === channels[0] ? null : name }), draw()) });
  return { node: make("figure", { className: "aside" }, of.node, root, make("figcaption", { textContent: t("histogram") })), show: (found) => ((last = found), draw()) };
}

// ---------------------------------------------------------------- one by one

function one(chapter) {
  const { stage, t, n, seen, ask, link, settings } = chapter;
  const who = specimen(chapter, () => draw());
  const given = read(link.get("step"), settings.steps);
  if (given.lost) toast(t("no_step"), { alert: true });
  let use = given.uses[0] ?? fresh(settings.steps[0]);
  const step = () => settings.steps.find((each) => each.name === use.name);
  const groups = [...new Set(settings.steps.map((each) => each.group))];
  const list = pick({ label: t("step"), options: [], value: "", run: (name) => begin(settings.steps.find((each) => each.name === name)) });
  const kind = choice({ label: t("kind"), options: groups.map((name) => [name, t(`groups.${name}`)]), value: step().group, run: (name) => begin(settings.steps.find((each) => each.group === name)) });
  const about = make("p", { className: "note" });
  const knobs = make("div", { className: "aside" });
  const before = figure(t("before"));
  const after = figure(t("after"));
  const bar = meter(chapter);
  const bins = histogram(chapter, settings.channels);
  stage.classList.add("side-by-side");
  stage.append(
    make("div", { className: "wide" }, who.node, make("div", { className: "pair" }, before.node, after.node), bar.node),
    make("div", { className: "aside" }, kind.node, list.node, about, knobs, bins.node),
  );

  function fill() {
    const options = settings.steps.filter((each) => each.group === step().group);
    list.select.replaceChildren(...options.map((each) => make("option", { value: each.name, textContent: stepName(chapter, each), selected: each.name === use.name })));
    about.textContent = word(t, `about.${use.name}`, step().term);
    knobs.replaceChildren(...controls(chapter, step(), use, draw));
  }
  function begin(next) {
    use = fresh(next);
    fill();
    draw();
  }
  const asked = newest(ask, "treated", (reply) => {
    before.image.src = reply.before;
    after.image.src = reply.after;
    before.image.alt = t("before");
    after.image.alt = `${t("after")}: ${stepName(chapter, step())}`;
    bar.show(reply.readings);
    bins.show(reply.histograms);
    const [was, now] = [reply.readings[0], reply.readings.at(-1)];
    if (was === null) return seen(t("no_reading"));
    const change = n(now) === n(was) ? "same" : now > was ? "up" : "down";
    seen(t(`seen_${change}`, { step: stepName(chapter, step()), before: n(was), after: n(now) }));
  });
  function draw() {
    link.set({ step: written([use]) });
    asked({ ...who.state, steps: [use] });
  }
  fill();
  return { show: draw };
}

// ---------------------------------------------------------------- regions

function regions(chapter) {
  const { stage, t, n, seen, ask, link, settings } = chapter;
  const who = specimen(chapter, () => draw());
  let count = link.whole("regions", 6, ...settings.regions);
  const many = slider({ label: t("count"), min: settings.regions[0], max: settings.regions[1], step: 1, value: count, run: (v) => ((count = v), link.set({ regions: v }), draw()) });
  const picture = figure(t("picture"));
  const shown = figure(t("found"));
  const bars = make("ol", { className: "region-bars" });
  stage.classList.add("side-by-side");
  stage.append(
    make("div", { className: "wide" }, who.node, make("div", { className: "pair" }, picture.node, shown.node)),
    make("div", { className: "aside" }, many.node, make("h3", { textContent: t("shares") }), bars),
  );
  const asked = newest(ask, "regions", (reply) => {
    picture.image.src = reply.picture;
    picture.image.alt = t("picture");
    shown.image.src = reply.shown;
    shown.image.alt = t("found");
    bars.replaceChildren(
      ...reply.regions.map(({ colour, share }) => {
        const bar = make("i");
        Object.assign(bar.style, { width: `${100 * share}%`, background: colour });
        return make("li", {}, make("code", { textContent: colour }), make("b", {}, bar), make("em", { textContent: `${n(100 * share, 1)} %` }));
      }),
    );
    seen(t("seen", { count: n(reply.regions.length), subject: n(100 * reply.subject), largest: n(100 * reply.regions[0].share) }));
  });
  const draw = () => asked({ ...who.state, count });
  return { show: draw };
}

// ---------------------------------------------------------------- the challenge

function challenge(chapter) {
  const { stage, t, n, seen, ask, link, settings } = chapter;
  const who = specimen(chapter, () => ((best = null), draw()));
  const given = read(link.get("chain"), settings.steps);
  if (given.lost) toast(t("no_step"), { alert: true });
  const uses = given.uses.slice(0, settings.most);
  let best = link.number("best", null, 0, 100);
  const before = figure(t("before"));
  const after = figure(t("after"));
  const bar = meter(chapter);
  const chain = make("ol", { className: "chain" });
  const add = pick({
    label: t("add"), options: [["", "…"], ...settings.steps.map((each) => [each.name, stepName(chapter, each)])], value: "",
    run: (name) => {
      add.select.value = "";
      if (!name) return;
      if (uses.length >= settings.most) return seen(t("full", { most: n(settings.most) }));
      uses.push(fresh(settings.steps.find((each) => each.name === name)));
      fill();
      draw();
    },
  });
  const score = make("dl", { className: "figures large" });
  stage.classList.add("side-by-side");
  stage.append(
    make("div", { className: "wide" }, who.node, make("div", { className: "pair" }, before.node, after.node), bar.node, score),
    make("div", { className: "aside" }, make("p", { className: "note", textContent: t("rules", { goal: n(GOAL), most: n(settings.most) }) }), add.node, chain),
  );

  function fill() {
    chain.replaceChildren(
      ...uses.map((use, i) => {
        const step = settings.steps.find((each) => each.name === use.name);
        const away = press(t("remove"), () => (uses.splice(i, 1), fill(), draw()));
        const reading = make("em", { className: "reading" });
        return make("li", {}, make("details", { open: i === uses.length - 1 }, make("summary", {}, stepName(chapter, step), " ", reading), make("div", { className: "aside" }, ...controls(chapter, step, use, draw), group(away))));
      }),
    );
  }
  const asked = newest(ask, "treated", (reply) => {
    before.image.src = reply.before;
    after.image.src = reply.after;
    before.image.alt = t("before");
    after.image.alt = t("after");
    bar.show(reply.readings);
    [...chain.querySelectorAll(".reading")].forEach((node, i) => (node.textContent = reply.readings[i + 1] == null ? "" : `→ ${n(reply.readings[i + 1])}`));
    const [was, now] = [reply.readings[0], reply.readings.at(-1)];
    if (was === null) return seen(t("no_reading"));
    best = Math.max(best ?? was, now);
    link.set({ best });
    const rows = [[t("start"), was], [t("now"), now], [t("best"), best]];
    score.replaceChildren(...rows.flatMap(([name, value]) => [make("dt", { textContent: name }), make("dd", { textContent: t("of_100", { share: n(value) }) })]));
    const done = now >= GOAL && was < GOAL ? "seen_done" : uses.length ? "seen_on" : "seen";
    seen(t(done, { before: n(was), after: n(now), goal: n(GOAL), count: n(uses.length) }));
  });
  function draw() {
    link.set({ chain: written(uses) });
    asked({ ...who.state, steps: uses });
  }
  fill();
  return { show: draw };
}
