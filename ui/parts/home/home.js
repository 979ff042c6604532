// Take home: what is on the plate as a print, a palette, or the files of a trade. The sheet is drawn as it will be cut.
import { Job, plateValues, saveFile, worked } from "../../assets/bench.js";
import { make, text, toast } from "../../assets/dom.js";
import { copied } from "../../assets/leaving.js";

const NAMES = { png: "PNG, 16 bit", tiff: "TIFF, 16 bit", whole: "whole, with a margin", fill: "fill the sheet", lanczos: "smoothing", learned: "a learned network" };

export default function ({ element, settings, backend, action }) {
  const find = (selector) => element.querySelector(selector);
  const job = new Job(backend.progress, find(".bar"));
  const image = find(".paper img");
  let values = null; // of the plate when it was last looked at

  const options = (select, names) => select.append(...names.map((name) => make("option", { value: name, textContent: NAMES[name] ?? name })));
  for (const [selector, names] of [[".size", settings.sizes], [".kind", settings.kinds], [".fit", settings.fits], [".method", settings.methods]]) options(find(selector), names);
  find(".method-field").hidden = settings.methods.length < 2;
  find(".method").value = settings.methods.at(-1);
  find(".size").value = "A4";
  [find(".dpi").min, find(".dpi").max] = settings.dpi;
  [find(".bleed").min, find(".bleed").max] = settings.bleed;
  find(".count").max = settings.colours;

  const wish = () => ({
    size: find(".size").value,
    kind: find(".kind").value,
    fit: find(".fit").value,
    method: find(".method").value,
    dpi: Number(find(".dpi").value),
    bleed: Number(find(".bleed").value),
    cut_out: find(".cut-out").checked,
    grey: find(".grey").checked,
  });

  // ---------------------------------------------------------------- what is shown

  let wanted = 0;
  async function show() {
    const mine = ++wanted;
    const onPaper = find(".size").value in settings.millimetres;
    for (const label of element.querySelectorAll(".paper-only")) label.hidden = !onPaper;
    const answer = await backend.sheet({ values, print: wish() });
    if (mine !== wanted || !worked(answer)) return;
    const share = (part, whole) => `${(100 * part) / whole}%`;
    const paper = find(".paper");
    paper.classList.toggle("see-through", !answer.opaque);
    Object.assign(paper.style, {
      aspectRatio: `${answer.width} / ${answer.height}`,
      "--ratio": answer.width / answer.height,
      background: answer.opaque ? `rgb(${answer.ground.map((each) => Math.round(255 * each)).join(" ")})` : "",
      filter: find(".grey").checked ? "grayscale(1)" : "",
    });
    paper.style.setProperty("--ratio", answer.width / answer.height);
    Object.assign(image.style, { left: share(answer.left, answer.width), top: share(answer.top, answer.height), width: share(answer.inner_width, answer.width), height: share(answer.inner_height, answer.height) });
    image.src = answer.picture;
    find(".cut").hidden = !answer.bleed;
    find(".cut").style.inset = `${share(answer.bleed, answer.height)} ${share(answer.bleed, answer.width)}`;
    const millimetres = [answer.width, answer.height].map((side) => Math.round((side / answer.dpi) * 25.4));
    text(find(".view figcaption"), `${answer.width} × ${answer.height} px · ${millimetres.join(" × ")} mm at ${answer.dpi} dpi${answer.bleed ? ", bleed included; cut at the line" : ""}`);
  }

  async function palette() {
    const answer = await backend.palette({ values, count: Number(find(".count").value) });
    if (!worked(answer)) return;
    find(".swatches").replaceChildren(...answer.colours.map(({ hex, share }) => {
      const button = make("button", { type: "button", title: `Copy ${hex}` }, make("span", { className: "chip" }), make("span", { textContent: hex }), make("span", { className: "share", textContent: `${Math.round(100 * share)} %` }));
      button.firstChild.style.background = hex;
      button.addEventListener("click", () => copied(hex).then((done) => toast(done ? `Copied ${hex}.` : hex)));
      return make("li", {}, button);
    }));
  }

  for (const selector of [".size", ".kind", ".fit", ".method", ".dpi", ".bleed", ".cut-out", ".grey"]) find(selector).addEventListener("change", show);
  find(".count").addEventListener("change", palette);

  // ---------------------------------------------------------------- files

  async function save(begin) {
    const answer = await job.run(begin);
    if (answer.stopped) return toast("Stopped; nothing was written.");
    if (worked(answer)) saveFile(answer);
  }

  async function savePalette(kind) {
    const answer = await backend.palette({ values, count: Number(find(".count").value), kind });
    if (worked(answer)) saveFile(answer);
  }

  find(".palette-files").append(...settings.palettes.map((kind) => {
    const button = make("button", { type: "button", className: "bench-button", textContent: kind.toUpperCase() });
    button.addEventListener("click", () => savePalette(kind));
    return button;
  }));

  find(".trades").append(...settings.trades.map(({ name, title, says, choices }) => {
    const selects = Object.entries(choices).map(([choice, words]) => {
      const select = make("select", {});
      options(select, words);
      return [choice, select];
    });
    const button = make("button", { type: "button", className: "bench-button strong", textContent: "Zip", title: `${title}, as a zip` });
    button.setAttribute("aria-label", `${title}, as a zip`);
    button.addEventListener("click", () => save((job) => backend.trade({ values, trade: name, choices: Object.fromEntries(selects.map(([choice, select]) => [choice, select.value])), job })));
    const tools = make("p", { className: "bench-tools" }, ...selects.map(([choice, select]) => make("label", { textContent: `${choice} ` }, select)), button);
    return make("li", {}, make("p", {}, make("strong", { textContent: title }), ` ${says}`), tools);
  }));

  action("print", { run: () => save((job) => backend.print_file({ values, print: wish(), job })) });
  action("stop", { keys: ["Escape"], says: "stop what is being written", run: () => job.stop() });

  // What is on the plate is looked at whenever the tab is.
  new IntersectionObserver(async ([{ isIntersecting }]) => {
    const now = isIntersecting && (await plateValues());
    if (!now || JSON.stringify(now) === JSON.stringify(values)) return;
    values = now;
    show();
    palette();
  }).observe(element);
}
