// Walks between favourites: scrubbed and played by asking for one frame at a time, exported by the server.
import { Job, keep, plateValues, saveFile, worked } from "../../assets/bench.js";
import { base64, make, text, toast } from "../../assets/dom.js";
import { part } from "../../assets/page.js";
import { TIME, bySound, byTime, circle } from "./changes.js";

const CIRCLE = "circle"; // the path that is none between keys: round one of them

export default function ({ element, settings, backend, action }) {
  const find = (selector) => element.querySelector(selector);
  const at = find(".at");
  const image = find(".view img");
  const picker = find(".music input[type=file]");
  const job = new Job(backend.progress, find(".film .bar"));
  let keys = [];
  let told = false; // of the keys that there are, be they none
  let centre = null; // of a circle: the key's id
  let sound = null; // {data, name, curves}, and how it is heard: {audio, address}
  let playing = 0;

  const options = (selector, entries, chosen) => find(selector).append(...entries.map(([value, textContent]) => make("option", { value, textContent, selected: value === chosen })));
  const directions = Object.entries(settings.directions);
  const round = directions.length > 1 ? [[CIRCLE, "round one picture"]] : [];
  options(".path", [...settings.paths.map((name) => [name, name]), ...round], "spline");
  options(".first", directions, directions[0]?.[0]);
  options(".second", directions, directions[1]?.[0]);
  options(".easing", settings.easings.map((name) => [name, name]), "none");
  options(".noise", settings.noises.map((name) => [name, name]), "fixed");
  options(".kind", Object.entries(settings.films).map(([name, { title }]) => [name, title]), "mp4");
  options(".size", settings.factors.flatMap((factor) => settings.methods.filter((method) => factor > 1 || method === "lanczos").map((method) => [`${factor} ${method}`, factor === 1 ? "as painted" : `×${factor}${method === "learned" ? ", learned" : ""}`])), "2 lanczos");

  const fps = () => Number(find(".fps").value);
  const frames = () => Math.max(1, Math.min(Math.round((Number(find(".seconds").value) || 4) * fps()), settings.most + 1));
  const isCircle = () => find(".path").value === CIRCLE;
  const isClosed = () => isCircle() || find(".closed").checked;
  const middle = () => keys.find(({ id }) => id === centre) ?? keys[0];
  const drives = () => [...find(".drives").children].map((node) => node.read());
  /** As the server reads it, without what a sound changes. */
  function walk() {
    const base = { frames: frames(), noise: find(".noise").value, closed: isClosed(), sweeps: byTime(drives()) };
    if (!isCircle()) return { ...base, keys: keys.map(({ recipe }) => recipe), path: find(".path").value, easing: find(".easing").value };
    const { recipe } = middle();
    const along = [find(".first").value, find(".second").value];
    const turns = circle(...along, Number(find(".radius").value) || 1, frames(), along.map((name) => recipe.moves?.[name] ?? 0));
    return { ...base, keys: [recipe], path: "linear", sweeps: [...turns, ...base.sweeps] };
  }
  /** The same for one frame: each sweep as its value there. */
  function frameOf(number) {
    const whole = walk();
    const sweeps = whole.sweeps.map((sweep) => (sweep.values.length === frames() ? { ...sweep, values: [sweep.values[number]] } : sweep));
    return { ...whole, sweeps: [...sweeps, ...bySound(drives(), sound?.curves ?? {}, number)] };
  }

  // ---------------------------------------------------------------- scrubbing: one request on its way, the newest waits

  let wanted = null;
  let asking = false;
  async function show(number) {
    wanted = number;
    if (asking || !keys.length) return;
    asking = true;
    while (wanted !== null) {
      const now = wanted;
      wanted = null;
      const answer = await backend.frame({ walk: frameOf(now), number: now });
      if (answer.error) {
        stop();
        worked(answer);
        break;
      }
      if (answer.picture) {
        image.src = answer.picture;
        text(find(".view figcaption"), `AI-generated · frame ${now + 1} of ${frames()} · ${(now / fps()).toFixed(2)} s`);
      }
    }
    asking = false;
  }

  function tell() {
    at.max = frames() - 1;
    for (const line of element.querySelectorAll(".round-line")) line.hidden = !isCircle();
    for (const name of [".easing", ".closed"]) find(name).closest("label").hidden = isCircle();
    [...find(".keys-strip").children].forEach((item, i) => item.firstChild.classList.toggle("chosen", isCircle() && keys[i] === middle()));
    text(find("output"), `${(at.value / fps()).toFixed(2)} s`);
  }

  const stop = () => {
    cancelAnimationFrame(playing);
    playing = 0;
    sound?.audio.pause();
    text(find("[data-action=play]"), "▶");
  };

  function play() {
    if (playing) return stop();
    if (!keys.length) return;
    text(find("[data-action=play]"), "❚❚");
    const began = performance.now() - (Number(at.value) / fps()) * 1000;
    let turns = 0;
    const hear = (number) => {
      if (!sound) return;
      sound.audio.currentTime = number / fps();
      sound.audio.play().catch(() => {}); // what this browser cannot play is driven by all the same
    };
    hear(Number(at.value));
    const step = () => {
      const number = Math.floor(((performance.now() - began) / 1000) * fps());
      if (number >= frames() && !isClosed()) return stop();
      if (Math.floor(number / frames()) > turns) hear(((turns = Math.floor(number / frames())), number % frames()));
      at.value = number % frames();
      if (!asking) show(Number(at.value)); // frames that would come too late are left out
      tell();
      playing = element.getClientRects().length ? requestAnimationFrame(step) : stop();
    };
    playing = requestAnimationFrame(step);
  }

  at.addEventListener("input", () => (stop(), tell(), show(Number(at.value))));
  /** Something of the walk is another: the same place again. */
  async function again() {
    tell();
    if (sound && sound.heardAs !== heardAs()) await hearCurves();
    show(Math.min(Number(at.value), frames() - 1));
  }
  for (const selector of [".path", ".easing", ".noise", ".closed", ".seconds", ".fps", ".first", ".second", ".radius"]) find(selector).addEventListener("change", again);

  // ---------------------------------------------------------------- keys

  function keyframes({ list, picked }) {
    const mine = (entries) => entries.filter(({ recipe }) => recipe.model === settings.model);
    const next = mine(picked).length >= 2 ? mine(picked) : mine(list);
    if (told && JSON.stringify(next.map(({ id }) => id)) === JSON.stringify(keys.map(({ id }) => id))) return;
    told = true;
    keys = next.slice(0, 100);
    find(".keys-strip").replaceChildren(...keys.map(({ picture, name, caption }, i) => {
      const button = make("button", { type: "button", className: "picture", title: name || caption }, make("img", { src: picture ?? "", alt: name || caption }));
      button.addEventListener("click", () => {
        if (isCircle()) return (centre = keys[i].id), again();
        at.value = Math.round((i * frames()) / Math.max(isClosed() ? keys.length : keys.length - 1, 1));
        tell();
        show(Math.min(Number(at.value), frames() - 1));
      });
      return make("li", {}, button);
    }));
    element.classList.toggle("no-keys", !keys.length);
    element.classList.toggle("no-way", keys.length < 2);
    for (const name of ["play", "export"]) find(`[data-action=${name}]`).disabled = !keys.length;
    again();
  }
  part("tray").then((tray) => tray.onChange((state) => keyframes(state)));

  // ---------------------------------------------------------------- sound

  async function choose(file) {
    if (!file) return;
    const data = await base64(file);
    const answer = await backend.hear_sound({ sound: data });
    if (!worked(answer)) return;
    stop();
    if (sound) URL.revokeObjectURL(sound.address);
    const address = URL.createObjectURL(file);
    sound = { data, name: file.name, curves: {}, address, audio: new Audio(address) };
    text(find(".heard"), `${file.name}: ${answer.seconds.toFixed(1)} s, ${answer.onsets} onsets${answer.beat ? `, ${answer.beat} beats a minute` : ""}`);
    find(".seconds").value = Math.min(answer.seconds, 240).toFixed(1);
    if (!drives().some(({ curve }) => curve !== TIME)) drive();
    again();
  }

  const heardAs = () => `${fps()} ${frames()}`;
  async function hearCurves() {
    const asked = sound;
    asked.heardAs = heardAs();
    const answer = await backend.curves({ sound: asked.data, fps: fps(), frames: frames() });
    if (worked(answer)) asked.curves = answer.curves;
  }

  function drive() {
    const select = (entries) => make("select", {}, ...entries.map(([value, textContent]) => make("option", { value, textContent })));
    const what = select([...Object.entries(settings.directions).map(([name, title]) => [`moves.${name}`, title]), ["psi", "variety ψ"], ["noise", "noise"]]);
    const curve = select([[TIME, "time"], ...settings.curves.map((name) => [name, `its ${name}`])]);
    if (sound) curve.value = settings.curves[0];
    const low = make("input", { type: "number", step: 0.1, value: 0 });
    const high = make("input", { type: "number", step: 0.1, value: 2 });
    const gone = make("button", { type: "button", className: "bench-button", textContent: "×", title: "Remove" });
    const node = make("li", { className: "bench-tools" }, curve, make("label", { textContent: "changes " }, what), make("label", { textContent: "from " }, low), make("label", { textContent: "to " }, high), gone);
    curve.setAttribute("aria-label", "What changes it");
    gone.setAttribute("aria-label", "Remove");
    gone.addEventListener("click", () => (node.remove(), again()));
    node.addEventListener("change", again);
    what.addEventListener("change", () => {
      if (what.value === "psi" || what.value === "noise") [low.value, high.value] = [0.3, 1];
    });
    node.read = () => ({ what: what.value, curve: curve.value, low: Number(low.value), high: Number(high.value) });
    find(".drives").append(node);
    again();
  }

  picker.addEventListener("change", async () => {
    await choose(picker.files[0]);
    picker.value = "";
  });

  // ---------------------------------------------------------------- films

  async function exportFilm() {
    if (!keys.length) return toast("Keep two pictures first (k).");
    stop();
    const [factor, method] = find(".size").value.split(" ");
    const kind = find(".kind").value;
    const film = { kind, fps: fps(), factor: Number(factor), method, card: find(".card").value, with_sound: Boolean(sound) && settings.films[kind].sound };
    const heard = drives().filter(({ curve }) => curve !== TIME);
    if (heard.length && !sound) return toast("Choose a sound first, or let time change it.");
    const answer = await job.run((job) => backend.film({ walk: walk(), film, job, ...(sound && { sound: sound.data, drives: heard }) }));
    if (answer.stopped) return toast("Stopped; nothing was written.");
    if (!worked(answer)) return;
    saveFile(answer);
    saveFile(answer.beside);
  }

  async function byChance() {
    const values = await plateValues();
    const answer = values && (await backend.by_chance({ values }));
    if (answer && worked(answer)) await keep(answer.entries);
  }

  action("by-chance", { run: byChance });
  action("play", { keys: [" "], says: "play the walk", run: play });
  action("sound", { run: () => picker.click() });
  action("drive", { run: drive });
  action("export", { run: exportFilm });
  tell();
}
