// The live view: what controls say becomes a picture on the plate. It knows the values of all controls, in the order of
// settings.names; Gradio owns the controls, and takes new values from `controls` when the event "apply" reaches it.
import { base64, goTo, toast } from "../../assets/dom.js";
import { History, same } from "../../assets/history.js";
import { remember as keepInMind, remembered as inMind } from "../../assets/session.js";
import { Asking } from "./asking.js";
import { copyLink, download, receiveFiles } from "./exchange.js";
import { neighbourStrip } from "./neighbours.js";
import { pastStrip } from "./past.js";
import { Plate } from "./plate.js";
import { sizesAt } from "./sizes.js";

const MOST_KEPT = 1_000_000; // characters of history that a tab remembers, of some five million that a browser allows for all

const randomSeed = () => crypto.getRandomValues(new Uint32Array(1))[0];

export default function ({ element, settings, backend, action, trigger }) {
  const plate = new Plate(element);
  const history = new History();
  const filePicker = element.querySelector("input[type=file]");
  const at = (name) => settings.names.indexOf(name);
  let foreign = ""; // what others have put into the address: it stays there
  let unread = null; // the values shown in place of a link that could not be read: while they are, the address stays
  let rested = null; // the values for which all has been done that is done once the hand rests
  const asking = new Asking({
    initial: settings.initial,
    stepsAt: at("steps"),
    slow: settings.slow,
    backend,
    on: { draw, refuse, rest, stopped, slow: (...how) => plate.slow(...how), share: (share) => plate.share(share), unpainted: () => plate.unpainted() },
  });
  const showNeighbours = neighbourStrip(element.querySelector(".neighbours"), settings.neighbours, (seed) => show(withValues({ seed, latent: null })));

  document.addEventListener("pointerdown", () => asking.press(), true);
  for (const event of ["pointerup", "pointercancel"]) document.addEventListener(event, () => asking.letGo(), true);

  // ---------------------------------------------------------------- values

  /** A control has a new value. `quiet`: it is half typed, and refused without a word; `settled`: it was set by one act of the
   * hand, which is over (a click, a choice, a thumb let go), and so is a step of history by itself. */
  function change(name, value, { quiet = false, settled = false } = {}) {
    touched();
    const others = name === "seed" || (name === "label" && typeof asking.current[at("latent")] === "string"); // styles have no class
    const changes = { ...(others && { latent: null }), [name]: value };
    if (name === "mix" && value) changes.mix_seed = besides(asking.current[at("seed")], asking.current[at("mix_seed")]);
    const values = withValues(changes);
    if (changes.mix_seed !== undefined && !same(values[at("mix_seed")], asking.current[at("mix_seed")])) return show(values);
    if (settled) remember(values);
    asking.feed(values, { quiet, draft: true });
  }

  /** A second seed to be mixed in: a picture mixed with itself is the same picture. */
  const besides = (seed, second) => (Number(second) !== Number(seed) ? second : Number(seed) < settings.max_seed ? Number(seed) + 1 : 0);

  /** The same values with some replaced, by name. */
  function withValues(changes) {
    const values = [...asking.current];
    for (const [name, value] of Object.entries(changes)) values[at(name)] = value === "" ? null : value; // an empty field
    return values;
  }

  /** The values of Gradio's controls: all but the latent, which has none. */
  const controls = () => asking.current.slice(1);

  /** The hand has found the controls: the words that lead to them go. */
  function touched() {
    element.classList.add("touched");
    keepInMind("touched", "yes");
  }
  if (inMind("touched")) element.classList.add("touched");

  function setControls(values) {
    asking.current = values;
    trigger("apply");
  }

  /** Show what was asked for at once. It is a step of history, even if the next one is asked for before its picture came. */
  function show(values) {
    touched();
    if (asking.isGood) remember(asking.good); // a drag that has not come to rest yet is a step of its own
    remember(values);
    setControls(values);
    asking.feed(values);
  }

  // ---------------------------------------------------------------- answers

  function draw(answer, earlier) {
    plate.draw(answer, earlier);
    if (history.isNow(asking.good)) past.keep(answer.picture);
    if (plate.compares) details();
    document.dispatchEvent(new CustomEvent("atelier:answer", { detail: answer }));
  }

  /** A sentence, and everything as it was before. */
  function refuse(sentence) {
    toast(sentence, { alert: true });
    withdraw(asking.current);
    if (asking.good) setControls(asking.good);
  }

  /** The hand rests: one step of history, the address, the accent, the neighbours. */
  async function rest() {
    const { good, answer } = asking;
    remember(good);
    past.keep(answer.picture);
    const accompanied = details();
    plate.describe(answer);
    if (!unread || !same(good, unread)) window.history.replaceState(null, "", address([answer.query, foreign]));
    if (settings.neighbours) { // none where each of them would take seconds, too
      const { neighbours } = await backend.neighbours({ values: good, job: asking.job });
      if (neighbours && same(good, asking.good)) showNeighbours(neighbours);
    }
    await accompanied;
    rested = good;
  }

  /** What need not follow every move of the hand: the accent, and the picture before post-processing. */
  async function details() {
    const values = asking.good;
    const answer = await backend.details({ values });
    if (!answer.error && !answer.busy && same(values, asking.good)) plate.accompany(answer);
  }

  /** A picture that takes seconds was stopped.
   *
   * The controls go back with it: they describe the picture on the plate, as after a refusal, and so do the link and the file that is
   * saved. A visitor who cancels wants things as they were; who wants the picture after all finds its recipe one step ahead, at "redo".
   */
  function stopped(wanted) {
    history.withdraw(wanted);
    remember(asking.good);
    history.leaveAhead(wanted);
    markHistory();
    setControls(asking.good);
    toast("Stopped: the picture and its controls are as they were. Redo (r) paints it after all.");
  }

  /** This page's address with these parts of a query string; those that are empty are left out. */
  const address = (parts) => `${location.origin}${location.pathname}?${parts.filter(Boolean).join("&")}`.replace(/\?$/, "");

  // ---------------------------------------------------------------- history

  function remember(values) {
    history.remember(values);
    markHistory();
  }

  function withdraw(values) {
    history.withdraw(values);
    markHistory();
  }

  /** Show the step that `there()` goes to, if there is one. */
  function goBack(there) {
    if (asking.isGood) history.remember(asking.good); // as in `show`
    const step = there();
    if (step) {
      setControls(step);
      asking.feed(step);
    }
    markHistory();
  }

  const travel = (by) => goBack(() => history.travel(by));

  const past = pastStrip(element.querySelector(".past-button"), {
    history,
    go: (id) => goBack(() => history.goTo(id)),
    describe: (step) => [step[at("label")], step[at("latent")] ? "own latent" : step[at("seed")]].filter((each) => each !== undefined).join(" "),
  });

  function markHistory() {
    plate.enable("undo", history.canUndo);
    plate.enable("redo", history.canRedo);
  }

  /** What this tab remembers of this model's history. It may be of anybody's making: the server says what each step is. */
  async function before() {
    const kept = History.read(inMind(settings.past) ?? "");
    if (!kept) return null;
    const were = kept.nodes.map(([step]) => step);
    const { steps } = await backend.past({ steps: were });
    if (!steps) return null;
    const nodes = kept.nodes.map(([, ...places], i) => [steps[i], ...places]);
    return { kept: { ...kept, nodes }, steps: were.map((step, i) => [step, steps[i]]) };
  }

  function keepHistory() {
    if (history.now === null) return;
    keepInMind(settings.past, history.text(MOST_KEPT));
    keepInMind(`${settings.past} pictures`, past.text(MOST_KEPT));
  }
  addEventListener("pagehide", keepHistory);
  document.addEventListener("visibilitychange", () => document.hidden && keepHistory()); // a phone may end the page unseen

  // ---------------------------------------------------------------- files and links

  async function restore(source) {
    const answer = await backend.restore(source);
    const { rest } = answer; // what could be read of a link that was cut
    const offer = rest && { says: "Show what could be read", run: () => (rest.elsewhere ? goTo(rest.elsewhere) : show(rest.values)) };
    if (answer.error) toast(answer.error, { alert: true, offer });
    if (answer.elsewhere) goTo(answer.elsewhere);
    return answer;
  }

  async function openFile(file) {
    if (file.size > settings.max_file_bytes) return toast(`“${file.name}” is too large to be a picture saved here.`, { alert: true });
    const { values } = await restore({ png: await base64(file) });
    if (!values) return;
    show(values);
    toast("Restored from the picture.");
  }

  receiveFiles(element, filePicker, openFile);

  /** The size of the picture on the plate, as it was made and as it is shown, in pixels of the screen. */
  const measure = () =>
    asking.answer && { width: asking.answer.width, height: asking.answer.height, shown: Math.round(plate.width * devicePixelRatio) };

  async function save(width) {
    if (!asking.good) return;
    const size = `${width ?? asking.answer.width} px wide`;
    download(await backend.save({ values: asking.good, width }), size);
  }

  sizesAt(element.querySelector(".save"), { most: settings.max_width, measure, save });

  // ---------------------------------------------------------------- buttons and keys

  /** Fetch "before" if the hand has not rested since the picture changed. */
  function compare() {
    if (plate.compares && asking.good && !plate.hasBefore) details();
  }

  const step = (by) => {
    const seed = Math.min(Math.max(Math.trunc(Number(asking.current[at("seed")]) || 0) + by, 0), settings.max_seed);
    show(withValues({ seed, latent: null }));
  };

  action("dice", { keys: ["d"], says: "roll a seed", run: () => show(withValues({ seed: randomSeed(), latent: null })) });
  action("previous", { keys: ["p", "["], says: "previous seed", run: () => step(-1) });
  action("next", { keys: ["n", "]"], says: "next seed", run: () => step(1) });
  action("mix-dice", { keys: ["m"], says: "roll the second seed and mix it in", run: () => show(withValues({ mix: true, mix_seed: randomSeed() })) });
  action("before", { keys: ["b"], says: "hold: before post-processing", hold: (on) => (plate.hold(on), compare()) });
  action("split", { keys: ["s"], says: "split: before and after", run: () => (plate.split(), compare()) });
  action("actual", { keys: ["1"], says: "actual pixels", run: () => plate.actualPixels() });
  action("undo", { keys: ["u", "z"], says: "undo", run: () => travel(-1) });
  action("redo", { keys: ["r", "y"], says: "redo", run: () => travel(1) });
  action("past", { keys: ["h"], says: "all steps and branches", run: () => past.toggle() });
  action("copy", { keys: ["c"], says: "copy the link", run: () => asking.answer && copyLink(asking.answer.query && address([asking.answer.query]), asking.answer.no_link) });
  action("cancel", { keys: ["Escape"], says: "stop a picture that takes seconds", run: () => asking.cancel() });
  action("paint", { run: () => asking.feed(asking.current) });
  action("reset", { run: () => show(settings.initial) });
  action("open", { run: () => filePicker.click() });

  element.classList.toggle("takes-seconds", settings.slow);

  /** The page opens: with the recipe in its address, if there is one. */
  async function open() {
    const link = location.search.length > 1 ? restore({ query: location.search.slice(1) }) : {};
    const [linked, earlier] = await Promise.all([link, before()]);
    foreign = linked.foreign ?? "";
    if (linked.error) unread = settings.initial;
    asking.current = linked.values ?? settings.initial;
    if (earlier) {
      history.revive(earlier.kept);
      past.revive(inMind(`${settings.past} pictures`), earlier.steps);
    }
    history.resume(asking.current);
    markHistory();
    asking.feed(asking.current);
    return controls();
  }

  /** What is shown and was asked for; `rests`: nothing is on its way, and nothing more follows by itself. */
  const latest = () => {
    const { answer, good, asked, shown, isGood, isIdle } = asking;
    return { answer, values: good, asked, shown, rests: isGood && isIdle && rested === good };
  };
  return { change, open, controls, show, withValues, latest };
}
