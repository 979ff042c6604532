// Walks between favourites: scrubbed and played by asking for one frame at a time, exported by the server.
import { Job, saveFile, worked } from "../../assets/bench.js";
import { base64, make, text, toast } from "../../assets/dom.js";
import { part } from "../../assets/page.js";

export default function ({ element, settings, backend, action }) {
  const find = (selector) => element.querySelector(selector);
  const at = find(".at");
  const image = find(".view img");
  const picker = find(".music input[type=file]");
  const job = new Job(backend.progress, find(".film .bar"));
  let keys = [];
  let sound = null; // {data, name}
  let playing = 0;

  const options = (selector, entries, chosen) => find(selector).append(...entries.map(([value, textContent]) => make("option", { value, textContent, selected: value === chosen })));
  options(".path", settings.paths.map((name) => [name, name]), "spline");
  options(".easing", settings.easings.map((name) => [name, name]), "none");
  options(".noise", settings.noises.map((name) => [name, name]), "fixed");
  options(".kind", Object.entries(settings.films).map(([name, { title }]) => [name, title]), "mp4");
  options(".size", settings.factors.flatMap((factor) => settings.methods.filter((method) => factor > 1 || method === "lanczos").map((method) => [`${factor} ${method}`, factor === 1 ? "as painted" : `×${factor}${method === "learned" ? ", learned" : ""}`])), "2 lanczos");

  const fps = () => Number(find(".fps").value);
  const frames = () => Math.max(1, Math.min(Math.round((Number(find(".seconds").value) || 4) * fps()), settings.most + 1));
  const walk = () => ({
    keys: keys.map(({ recipe }) => recipe),
    frames: frames(),
    path: find(".path").value,
    easing: find(".easing").value,
    noise: find(".noise").value,
    closed: find(".closed").checked,
  });

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
      const answer = await backend.frame({ walk: walk(), number: now });
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
    text(find("output"), `${(at.value / fps()).toFixed(2)} s`);
  }

  const stop = () => {
    cancelAnimationFrame(playing);
    playing = 0;
    text(find("[data-action=play]"), "▶");
  };

  function play() {
    if (playing) return stop();
    if (!keys.length) return;
    text(find("[data-action=play]"), "❚❚");
    const began = performance.now() - (Number(at.value) / fps()) * 1000;
    const step = () => {
      const number = Math.floor(((performance.now() - began) / 1000) * fps());
      if (number >= frames() && !find(".closed").checked) return stop();
      at.value = number % frames();
      if (!asking) show(Number(at.value)); // frames that would come too late are left out
      tell();
      playing = element.getClientRects().length ? requestAnimationFrame(step) : stop();
    };
    playing = requestAnimationFrame(step);
  }

  at.addEventListener("input", () => (stop(), tell(), show(Number(at.value))));
  for (const selector of [".path", ".easing", ".noise", ".closed", ".seconds", ".fps"]) find(selector).addEventListener("change", () => (tell(), show(Math.min(Number(at.value), frames() - 1))));

  // ---------------------------------------------------------------- keys

  function keyframes({ list, picked }) {
    const mine = (entries) => entries.filter(({ recipe }) => recipe.model === settings.model);
    const next = mine(picked).length >= 2 ? mine(picked) : mine(list);
    if (JSON.stringify(next.map(({ id }) => id)) === JSON.stringify(keys.map(({ id }) => id))) return;
    keys = next.slice(0, 100);
    find(".keys-strip").replaceChildren(...keys.map(({ picture, name, caption }, i) => {
      const button = make("button", { type: "button", className: "picture", title: name || caption }, make("img", { src: picture ?? "", alt: name || caption }));
      button.addEventListener("click", () => {
        at.value = Math.round((i * frames()) / Math.max(find(".closed").checked ? keys.length : keys.length - 1, 1));
        tell();
        show(Math.min(Number(at.value), frames() - 1));
      });
      return make("li", {}, button);
    }));
    element.classList.toggle("no-keys", !keys.length);
    for (const name of ["play", "export"]) find(`[data-action=${name}]`).disabled = !keys.length;
    show(Number(at.value));
  }
  part("tray").then((tray) => tray.onChange((state) => keyframes(state)));

  // ---------------------------------------------------------------- sound

  async function choose(file) {
    if (!file) return;
    const data = await base64(file);
    const answer = await backend.hear_sound({ sound: data });
    if (!worked(answer)) return;
    sound = { data, name: file.name };
    text(find(".heard"), `${file.name}: ${answer.seconds.toFixed(1)} s, ${answer.onsets} onsets${answer.beat ? `, ${answer.beat} beats a minute` : ""}`);
    find(".seconds").value = Math.min(answer.seconds, 240).toFixed(1);
    tell();
    if (!find(".drives").children.length) drive();
  }

  function drive() {
    const select = (entries) => make("select", {}, ...entries.map(([value, textContent]) => make("option", { value, textContent })));
    const what = select([...Object.entries(settings.directions).map(([name, title]) => [`moves.${name}`, title]), ["psi", "variety ψ"], ["noise", "noise"]]);
    const curve = select(settings.curves.map((name) => [name, name]));
    const low = make("input", { type: "number", step: 0.1, value: 0 });
    const high = make("input", { type: "number", step: 0.1, value: 2 });
    const gone = make("button", { type: "button", className: "bench-button", textContent: "×", title: "Remove" });
    const node = make("li", { className: "bench-tools" }, make("label", { textContent: "its " }, curve), make("label", { textContent: "drives " }, what), make("label", { textContent: "from " }, low), make("label", { textContent: "to " }, high), gone);
    gone.addEventListener("click", () => node.remove());
    node.read = () => ({ what: what.value, curve: curve.value, low: Number(low.value), high: Number(high.value) });
    find(".drives").append(node);
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
    const drives = [...find(".drives").children].map((node) => node.read());
    const answer = await job.run((job) => backend.film({ walk: walk(), film, job, ...(sound && { sound: sound.data, drives }) }));
    if (answer.stopped) return toast("Stopped; nothing was written.");
    if (!worked(answer)) return;
    saveFile(answer);
    saveFile(answer.beside);
  }

  action("play", { keys: [" "], says: "play the walk", run: play });
  action("sound", { run: () => picker.click() });
  action("drive", { run: drive });
  action("export", { run: exportFilm });
  tell();
}
