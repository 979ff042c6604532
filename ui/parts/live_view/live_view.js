// The live view.
//
// Controls tell it their values; it knows them all, in the order of settings.names. At most IN_FLIGHT requests are on their way; of what
// waits only the newest is kept; an answer older than the one shown is dropped; so the last value is always drawn.
//
// A model whose pictures take seconds (settings.slow) is not asked at each move of the hand but when it lets go or rests, says how far
// it is, and can be stopped; what changes no more than the post-processing stays live.
import { base64, text, toast } from "../../assets/dom.js";

const IN_FLIGHT = 2;
const READ_MS = 110; // in a drag the critic reads the picture this often, not at each frame: it takes as long as the picture
const DRAFT_MS = 150; // after which a draft, shown while a drag goes on, is finished; at once if the hand has let go
const REST_MS = 350; // after which a drag counts as one edit: it goes into the history, the address and the neighbours
const SLOW_MS = 250; // after which the thin line shows
const HISTORY = 200;
const PAUSE_MS = 200; // after the last change, with no pointer down, a picture that takes seconds is begun
const POLL_MS = 250; // how often it is asked how far it is

export default function ({ element, settings, backend, action, trigger }) {
  const find = (selector) => element.querySelector(selector);
  const sheet = find(".sheet");
  const after = find("img.after");
  const before = find("img.before");
  const splitAt = find(".split-at");
  const filePicker = find("input[type=file]");
  const seedAt = settings.names.indexOf("seed");
  const stepsAt = settings.names.indexOf("steps");
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

  // ---------------------------------------------------------------- asking

  let asked = 0; // number of the newest request
  let shown = 0; // number of the answer on the plate
  let inFlight = 0;
  let pending = null;
  let current = settings.initial; // the controls' values, as far as we were told
  let good = null; // the last values that made a picture
  let answer = null; // and what came back for them
  let restTimer = 0;
  let slowTimer = 0;
  let readAt = 0; // when the critic was last asked
  let readTimer = 0; // to ask it of the last picture of a drag
  let held = false; // a pointer is down: more may follow
  let letGoAt = -Infinity; // when it last went up
  let due = null; // a picture that takes seconds, to be asked for once the hand lets go or rests
  let dueTimer = 0;
  let painting = null; // the newest such request on its way
  const key = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join(""); // of this page alone

  /** A control has a new value. `quiet`: it is half typed, and refused without a word. */
  function change(name, value, quiet) {
    feed(withValues({ ...(name === "seed" && { latent: null }), [name]: value }), { quiet, draft: true });
  }

  /** Ask for the picture of these values. `draft`: it may be a coarser one, of a network too heavy to follow the hand. */
  function feed(values, how = {}) {
    if (good && same(values, current) && same(values, good)) return;
    current = values;
    clearTimeout(restTimer);
    clearTimeout(readTimer);
    forgetDue();
    if (!takesSeconds(values)) {
      painting = null; // what was waited for is not any more
      request(values, how);
    } else if (!painting || !same(values, painting.values)) {
      due = () => request(values, how);
      if (!held) dueTimer = setTimeout(beginDue, PAUSE_MS);
    }
  }

  /** Whether the picture of these values must be painted anew, by a network that takes seconds. */
  const takesSeconds = (values) =>
    settings.slow && !(good && values.every((value, i) => i === stepsAt || same(value, good[i])));

  function forgetDue() {
    clearTimeout(dueTimer);
    due = null;
  }

  function beginDue() {
    const begin = due;
    forgetDue();
    begin?.();
  }

  /** `how`: quiet, draft, and unread, for a picture that shall come without waiting for the critic. */
  function request(values, how) {
    pending = { number: ++asked, values, ...how };
    pump();
  }

  /** The whole picture in place of its draft. */
  function finish() {
    clearTimeout(readTimer);
    answer.draft = false; // asked for once
    if (same(good, current)) request(good, { quiet: true, unread: true });
  }

  document.addEventListener("pointerdown", () => (held = true), true);
  for (const event of ["pointerup", "pointercancel"])
    document.addEventListener(
      event,
      () => {
        held = false;
        letGoAt = performance.now();
        if (due) dueTimer = setTimeout(beginDue, PAUSE_MS);
        if (answer?.draft && !inFlight && !pending) finish();
      },
      true,
    );

  function pump() {
    while (pending && inFlight < IN_FLIGHT) {
      const next = pending;
      pending = null;
      inFlight++;
      ask(next).finally(() => {
        inFlight--;
        pump();
        if (!inFlight && !pending) idle();
      });
    }
  }

  async function ask(request) {
    soonSlow(); // since the last picture, see `draw`
    const seconds = takesSeconds(request.values);
    if (seconds && painting !== request) follow(request);
    const read = !request.unread && !seconds && performance.now() - readAt >= READ_MS;
    if (read) readAt = performance.now();
    const job = settings.slow && { job: { key, number: request.number } };
    const reply = await backend.picture({ values: request.values, read, draft: request.draft === true, ...job });
    if (reply.busy) {
      await new Promise((resolve) => setTimeout(resolve, reply.busy));
      if (request.number === asked) pending = request;
      return;
    }
    if (painting === request) painting = null;
    if (reply.stopped) return;
    if (request.number < shown) return;
    if (reply.error) {
      if (request.number === asked && !request.quiet) refuse(reply.error);
      return;
    }
    shown = request.number;
    good = request.values;
    draw(reply);
  }

  /** Show how far a request for a picture that takes seconds has come, as long as it is the newest. */
  async function follow(request) {
    painting = request;
    element.classList.remove("unpainted");
    tellShare(0);
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      if (painting !== request) return;
      const { share } = await backend.progress({ job: { key, number: request.number } });
      if (painting === request) tellShare(share ?? 0);
    }
  }

  function tellShare(share) {
    const bar = find(".waiting progress");
    if (share) bar.value = share;
    else bar.removeAttribute("value"); // it has not begun: another visitor's may be before it
    text(find(".how-far"), share ? `Painting · ${Math.floor(share * 100)} %` : "Painting …");
  }

  /** Stop the picture that is waited for.
   *
   * The controls go back with it: they describe the picture on the plate, as after a refusal, and so do the link and the file that is saved. A
   * visitor who cancels wants things as they were; who wants the picture after all finds its recipe one step ahead, at "redo".
   */
  function cancel() {
    if (!painting && !due) return;
    const wanted = current;
    forgetDue();
    pending = painting = null;
    shown = ++asked; // whatever is still on its way is older than that, and dropped
    backend.progress({ job: { key, number: asked }, stop: true });
    notSlow();
    if (!good) {
      element.classList.add("unpainted");
      return text(find(".how-far"), "Not painted.");
    }
    remember(good);
    past.splice(at + 1, past.length, wanted);
    markHistory();
    setControls(good);
    toast("Stopped: the picture and its controls are as they were. Redo (r) paints it after all.");
  }

  function soonSlow() {
    slowTimer ||= setTimeout(() => {
      element.classList.add("slow");
      element.classList.toggle("painting", painting !== null);
    }, SLOW_MS);
  }

  function notSlow() {
    clearTimeout(slowTimer);
    slowTimer = 0;
    element.classList.remove("slow", "painting");
  }

  function idle() {
    notSlow();
    clearTimeout(restTimer);
    clearTimeout(readTimer);
    if (answer?.draft) readTimer = setTimeout(finish, !held && performance.now() - letGoAt < REST_MS ? 0 : DRAFT_MS);
    else if (answer && !answer.read) readTimer = setTimeout(() => same(good, current) && request(good, { quiet: true }), READ_MS);
    restTimer = setTimeout(rest, REST_MS);
  }

  /** A sentence, and everything as it was before. */
  function refuse(sentence) {
    toast(sentence, { alert: true });
    if (good) setControls(good);
  }

  // ---------------------------------------------------------------- showing

  function draw(reply) {
    notSlow();
    if (painting) soonSlow();
    if (after.src !== reply.picture) after.src = reply.picture; // the same with a reading is no new picture
    if (answer?.width !== reply.width) sheet.style.setProperty("--actual", `${reply.width}px`);
    answer = reply;
    element.classList.toggle("cut-out", reply.cut_out);
    element.classList.toggle("processed", reply.stages.length > 0);
    if (element.matches(".holding, .split")) details();
    else before.removeAttribute("src"); // it belongs to another picture: `details` brings the right one
    text(find(".caption"), reply.caption.replaceAll(" ", "\u00a0").replaceAll("·\u00a0", "· ")); // breaks after dots only
    text(find(".attribution"), reply.attribution);
    document.dispatchEvent(new CustomEvent("atelier:answer", { detail: reply }));
  }

  /** The hand rests: one step of history, the address, the accent, the neighbours. */
  function rest() {
    if (!good || !same(good, current)) return;
    remember(good);
    details();
    after.alt = `Generated picture: ${answer.caption}`;
    find("[role=status]").textContent = [answer.caption, answer.critic?.headline].filter(Boolean).join(". "); // not at each frame
    const address = new URL(link());
    for (const [key, value] of new URLSearchParams(location.search)) if (key.startsWith("__")) address.searchParams.set(key, value);
    window.history.replaceState(null, "", address);
    showNeighbours(good);
  }

  /** What need not follow every move of the hand: the accent, and the picture before post-processing. */
  async function details() {
    const values = good;
    const reply = await backend.details({ values });
    if (reply.error || reply.busy || !same(values, good)) return;
    document.documentElement.style.setProperty("--accent-light", reply.accent.light);
    document.documentElement.style.setProperty("--accent-dark", reply.accent.dark);
    if (reply.before) before.src = reply.before;
  }

  const link = () => `${location.origin}${location.pathname}?${answer.query}`;

  // ---------------------------------------------------------------- setting Gradio's controls

  /** Gradio owns the controls: it takes the new values from `controls` when the event "apply" reaches it. */
  function setControls(values) {
    current = values;
    trigger("apply");
  }

  /** The values of Gradio's controls: all but the latent, which has none. */
  const controls = () => current.slice(1);

  function show(values) {
    setControls(values);
    feed(values);
  }

  /** The same values with some replaced, by name. */
  function withValues(changes) {
    const values = [...current];
    for (const [name, value] of Object.entries(changes)) values[settings.names.indexOf(name)] = value === "" ? null : value; // an empty field
    return values;
  }

  // ---------------------------------------------------------------- history

  const past = [];
  let at = -1;

  function remember(values) {
    if (at >= 0 && same(past[at], values)) return;
    past.splice(at + 1, past.length, values);
    if (past.length > HISTORY) past.shift();
    at = past.length - 1;
    markHistory();
  }

  function travel(by) {
    if (good && same(good, current)) remember(good); // a drag that has not come to rest yet is a step of its own
    if (!past[at + by]) return;
    at += by;
    show(past[at]);
    markHistory();
  }

  function markHistory() {
    find("[data-action=undo]").disabled = at <= 0;
    find("[data-action=redo]").disabled = at >= past.length - 1;
  }

  // ---------------------------------------------------------------- neighbours

  const strip = find(".neighbours");
  for (let i = 0; i < settings.neighbours; i++) {
    const thumb = document.createElement("button");
    thumb.type = "button";
    thumb.append(document.createElement("img"));
    thumb.firstChild.alt = "";
    thumb.addEventListener("click", () => thumb.dataset.seed && show(withValues({ seed: Number(thumb.dataset.seed), latent: null })));
    strip.append(thumb);
  }

  async function showNeighbours(values) {
    if (!settings.neighbours) return; // each of them would take seconds, too
    const reply = await backend.neighbours({ values });
    if (!reply.neighbours || !same(values, good)) return;
    [...strip.children].forEach((thumb, i) => {
      const neighbour = reply.neighbours[i];
      thumb.disabled = !neighbour;
      if (!neighbour) return thumb.firstChild.removeAttribute("src");
      thumb.firstChild.src = neighbour.picture;
      thumb.dataset.seed = neighbour.seed;
      thumb.title = `Seed ${neighbour.seed}`;
      thumb.setAttribute("aria-label", `Go to seed ${neighbour.seed}`);
    });
  }

  // ---------------------------------------------------------------- files and links

  async function restore(source) {
    const reply = await backend.restore(source);
    if (reply.error) toast(reply.error, { alert: true });
    if (reply.elsewhere) location.assign(reply.elsewhere); // the page of another model
    return reply.values ?? null;
  }

  async function openFile(file) {
    if (file.size > settings.max_file_bytes)
      return toast(`“${file.name}” is too large to be a picture saved here.`, { alert: true });
    const values = await restore({ png: await base64(file) });
    if (values) {
      show(values);
      toast("Restored from the picture.");
    }
  }

  async function save() {
    if (!good) return;
    const reply = await backend.save({ values: good });
    if (reply.error) return toast(reply.error, { alert: true });
    const anchor = document.createElement("a");
    anchor.href = `data:image/png;base64,${reply.png}`;
    anchor.download = reply.name;
    anchor.click();
    toast(`Saved ${reply.name}; its recipe is inside.`);
  }

  async function copy() {
    if (!answer) return;
    try {
      await navigator.clipboard.writeText(link());
    } catch {
      // No clipboard without https or a permission: the old way, from a text field that is there for a moment.
      const field = document.createElement("textarea");
      field.value = link();
      field.className = "off-screen";
      document.body.append(field);
      field.select();
      const copied = document.execCommand("copy");
      field.remove();
      if (!copied) return window.prompt("The link to this picture:", link());
    }
    toast("Link copied: it holds the whole recipe.");
  }

  let dragDepth = 0;
  const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  document.addEventListener("dragenter", (event) => hasFiles(event) && (dragDepth++, element.classList.add("dropping")));
  document.addEventListener("dragleave", (event) => hasFiles(event) && --dragDepth <= 0 && element.classList.remove("dropping"));
  document.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    dragDepth = 0;
    element.classList.remove("dropping");
    if (!hasFiles(event) || event.target.closest("[data-takes-files]")) return;
    event.preventDefault(); // a file dropped beside the plate must not replace the page
    openFile(event.dataTransfer.files[0]);
  });
  filePicker.addEventListener("change", () => {
    if (filePicker.files[0]) openFile(filePicker.files[0]);
    filePicker.value = "";
  });

  // ---------------------------------------------------------------- buttons and keys

  /** Show "before", held or beside; fetch it if the hand has not rested since the picture changed. */
  function compare(how, wanted) {
    const on = element.classList.toggle(how, wanted);
    if (on && good && !before.hasAttribute("src")) details();
    return on;
  }

  const pressed = (name, on) => find(`[data-action=${name}]`).setAttribute("aria-pressed", String(on));
  const randomSeed = () => crypto.getRandomValues(new Uint32Array(1))[0];
  const step = (by) => {
    const seed = Math.min(Math.max(Math.trunc(Number(current[seedAt]) || 0) + by, 0), settings.max_seed);
    show(withValues({ seed, latent: null }));
  };

  const roll = (name, also) => show(withValues({ ...also, [name]: randomSeed() }));
  const undo = () => travel(-1);
  const redo = () => travel(1);
  function split() {
    const on = compare("split");
    splitAt.hidden = !on;
    pressed("split", on);
  }

  action("dice", { keys: ["d"], says: "roll a seed", run: () => roll("seed", { latent: null }) });
  action("previous", { keys: ["p", "["], says: "previous seed", run: () => step(-1) });
  action("next", { keys: ["n", "]"], says: "next seed", run: () => step(1) });
  action("mix-dice", { keys: ["m"], says: "roll the second seed and mix it in", run: () => roll("mix_seed", { mix: true }) });
  action("before", { keys: ["b"], says: "hold: before post-processing", hold: (on) => compare("holding", on) });
  action("split", { keys: ["s"], says: "split: before and after", run: split });
  action("actual", { keys: ["1"], says: "actual pixels", run: () => pressed("actual", element.classList.toggle("actual")) });
  action("undo", { keys: ["u", "z"], says: "undo", run: undo });
  action("redo", { keys: ["r", "y"], says: "redo", run: redo });
  action("copy", { keys: ["c"], says: "copy the link", run: copy });
  action("cancel", { keys: ["Escape"], says: "stop a picture that takes seconds", run: cancel });
  action("paint", { run: () => feed(current) });
  action("reset", { run: () => show(settings.initial) });
  action("save", { run: save });
  action("open", { run: () => filePicker.click() });
  splitAt.addEventListener("input", () => sheet.style.setProperty("--split", `${splitAt.value}%`));

  element.classList.toggle("takes-seconds", settings.slow);

  /** The page opens: with the recipe in its address, if there is one. */
  async function open() {
    const linked = location.search.length > 1 ? await restore({ query: location.search.slice(1) }) : null;
    current = linked ?? settings.initial;
    feed(current);
    return controls();
  }

  return { change, open, controls, latest: () => ({ answer, values: good, asked, shown }) };
}
