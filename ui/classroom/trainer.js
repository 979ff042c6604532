// A training that happens now: it asks for one slice after another, and knows what was done, so that a link can do it again.
import { make, toast } from "../assets/dom.js";
import { choice, curves, group, pick, press, says, slider } from "./draw.js";

const SPEEDS = { slow: 1, middle: 10, fast: 400 };
const RATES = { generator: [1e-5, 1], critic: [1e-5, 1], batch: [2, 512] };
const MOST_SEED = 2 ** 32 - 1;

/**
 * Two networks against each other, on the server under a token that this page draws. Of `options`:
 *   verbs       [begin, advance], the server's functions
 *   names       {seed, did, rates, speed, still}: names in the link
 *   rate, batch what both sides begin with
 *   subject()   what is trained on, for `begin`; null while there is nothing yet
 *   refused(program)  what to do where the server would not begin
 *   shown(view) draws a view: all that the server has told so far
 * It has {begin(program, saying), go(kind, most), controls, curve, state, view, program, restore(), show(), hide()}.
 */
export function trainer(chapter, options) {
  const { stage, t, n, seen, ask, link } = chapter;
  const { verbs, names, subject, refused, shown } = options;
  const token = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const { rate, batch } = options;
  const state = {
    seed: link.whole(names.seed, 0, 0, MOST_SEED), generator: rate, critic: rate, batch, running: false,
    speed: link.one(names.speed, Object.keys(SPEEDS), "middle"), still: link.one(names.still, ["none", "generator", "critic"], "none"),
  };
  let saying = "replaying"; // the sentence while a program is followed: the link's, or one that a button began
  let turned = linked(); // rates as they were turned, before a step was made with them
  let view = null;
  let program = link.get(names.did, "");
  let busy = false;
  let hidden = false;
  let number = 0;
  const curve = make("div", {});

  /** "0.002~0.0002~128", or null. */
  function linked() {
    const told = link.get(names.rates);
    if (told === null) return null;
    const values = told.split("~").map(Number);
    const found = Object.fromEntries(Object.keys(RATES).map((name, i) => [name, values[i]]));
    if (values.length === 3 && Object.entries(RATES).every(([name, [low, high]]) => found[name] >= low && found[name] <= high) && Number.isInteger(found.batch)) return found;
    link.refuse(names.rates);
    return null;
  }

  /** What is turned and not yet in the program stands in the link by itself. */
  function remember() {
    const waits = view && Object.keys(RATES).some((name) => state[name] !== view.rates[name]);
    link.set({
      [names.rates]: waits ? Object.keys(RATES).map((name) => state[name]).join("~") : null,
      [names.speed]: state.speed === "middle" ? null : state.speed,
      [names.still]: state.still === "none" ? null : state.still,
    });
  }

  // ---- asking
  const rest = () => ((state.running = false), (play.textContent = t("run")));
  async function begin(withProgram = "", following = "replaying") {
    rest();
    saying = following;
    const mine = ++number;
    const asked = subject();
    if (!asked) return;
    let reply;
    do {
      reply = await ask(verbs[0], { token, seed: state.seed, program: withProgram, ...asked });
      if (mine !== number) return;
      if (reply?.preparing !== undefined) seen(t("preparing", { done: n(reply.preparing), of: n(reply.of) }));
    } while (reply?.preparing !== undefined && stage.isConnected && !hidden);
    if (!reply) return rest(), refused(withProgram);
    if (reply.preparing !== undefined) return rest();
    accept(reply);
    if (reply.planned || state.running) go(); // what the link says was done is done again; or "run" was pressed meanwhile
  }

  async function step(kind, most) {
    const { generator, critic, batch: size } = state;
    const mine = number;
    let reply = await ask(verbs[1], { token, kind, most, generator, critic, batch: size });
    if (reply?.lost && mine === number) reply = await ask(verbs[0], { token, seed: state.seed, program, ...subject() });
    if (mine !== number) return null; // another duel has begun meanwhile
    return Boolean(reply) && accept(reply);
  }

  function accept(reply) {
    view = { ...view, ...reply };
    if (view.figures.state === "diverged") view.planned = 0; // nothing more can come of it
    if (!view.planned) program = view.program;
    for (const [name, control] of Object.entries(rates)) {
      if (view.planned || document.activeElement !== control.input) (control.set(view.rates[name]), (state[name] = view.rates[name]));
    }
    link.set({ [names.did]: program || null });
    if (turned && !view.planned) {
      for (const [name, control] of Object.entries(rates)) (control.set(turned[name]), (state[name] = turned[name]));
      turned = null;
    }
    if (!turned) remember(); // else it still has to be read from there
    losses();
    shown(view);
    return true;
  }

  /** What was asked for while the duel before this one was still at work. */
  const again = () => (state.running || view?.planned) && go();
  const kindOf = () => ({ generator: "d", critic: "g" })[state.still] ?? "n";
  async function go(kind, most) {
    if (busy || !view) return;
    busy = true;
    const first = await step(kind ?? kindOf(), most ?? 1);
    busy = false;
    if (first === null) return again();
    if (!first) state.running = false;
    while (state.running || view?.planned) {
      busy = true;
      const at = performance.now();
      const good = await step(kindOf(), SPEEDS[state.speed]);
      busy = false;
      if (good === null) return again();
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
  const seed = make("input", { type: "number", min: 0, max: MOST_SEED, value: state.seed, id: `duel-${names.seed}` });
  const reseed = (value) => {
    state.seed = value;
    seed.value = value;
    link.set({ [names.seed]: value || null, [names.did]: null });
  };
  seed.addEventListener("change", () => {
    const value = seed.value.trim() === "" ? NaN : Number(seed.value);
    if (Number.isInteger(value) && value >= 0 && value <= MOST_SEED) return reseed(value), begin();
    seed.value = state.seed;
    toast(t("seed_wrong", { most: n(MOST_SEED) }), { alert: true });
  });
  const turn = (name) =>
    slider({
      label: t(`rate_${name}`), term: t("learning_rate"), min: RATES[name][0], max: RATES[name][1], step: 0.05, value: state[name], log: true,
      format: (v) => n(Number(v.toPrecision(2)), 6),
      run: (v, done) => done && ((state[name] = Number(v.toPrecision(2))), remember()),
    });
  const rates = {
    generator: turn("generator"),
    critic: turn("critic"),
    batch: slider({ label: t("batch"), term: t("batch_term"), min: RATES.batch[0], max: RATES.batch[1], step: 2, value: batch, format: (v) => n(v), run: (v, done) => done && ((state.batch = Math.round(v)), remember()) }),
  };
  const still = choice({
    label: t("still"),
    options: ["none", "generator", "critic"].map((name) => [name, t(`stills.${name}`)]),
    value: state.still,
    run: (name) => ((state.still = name), remember()),
  });
  const speed = pick({ label: t("speed"), options: Object.keys(SPEEDS).map((name) => [name, t(`speeds.${name}`)]), value: state.speed, run: (name) => ((state.speed = name), remember()) });
  const controls = {
    first: group(play, press(t("step_g"), () => go("g", 1)), press(t("step_d"), () => go("d", 1)), press(t("again"), () => begin())),
    rest: [make("div", { className: "control pick" }, make("label", { htmlFor: seed.id, textContent: t("seed") }), seed), speed.node, rates.generator.node, rates.critic.node, rates.batch.node, still.node],
  };

  function losses() {
    const points = view.losses;
    const last = points.at(-1);
    if (!last) return curve.replaceChildren();
    const drawn = curves({
      series: [
        { name: t("generator"), className: "one", points: points.map(([s, g]) => [s, g]) },
        { name: t("critic"), className: "two", points: points.map(([s, , d]) => [s, d]) },
      ],
      n, x: t("steps_axis"), y: t("loss"), low: 0, high: Math.min(6, Math.max(2, ...points.flatMap(([, g, d]) => [g, d]))),
    });
    says(drawn, t("losses_now", { g: n(last[1], 2), d: n(last[2], 2) }));
    curve.replaceChildren(drawn);
  }

  return {
    begin, go, controls, curve, state,
    get view() {
      return view;
    },
    get saying() {
      return saying;
    },
    get program() {
      return program;
    },
    forget: () => (number++, rest(), (view = null), curve.replaceChildren()),
    /** As at the very beginning: nobody stands still, the first seed. */
    restore: () => (still.set("none"), (state.still = "none"), reseed(0)),
    show: () => (hidden = false),
    hide: () => ((hidden = true), (state.running = false)),
  };
}
