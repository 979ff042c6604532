// Lesson 1, what it learned from: one network on four diets, and the pictures themselves.
import { make } from "../assets/dom.js";
import { choice, group, pick, press, spoken, tiles } from "./draw.js";
import { lesson } from "./lesson.js";

export default function (context) {
  const { diets, real } = context.settings;
  lesson(context, { ...(Object.keys(diets).length && { spoiled }), ...(Object.keys(real).length && { real: realOnes }) });
}

// ---------------------------------------------------------------- four diets

function spoiled({ stage, t, n, seen, ask, link, settings }) {
  const model = Object.keys(settings.diets)[0];
  const { runs, pictures } = settings.diets[model];
  const classes = settings.classes[model];
  const asked = link.one("class", classes, null);
  let label = asked === null ? null : classes.indexOf(asked);
  const labels = pick({
    label: t("class"),
    options: [["", t("every_class")], ...classes.map((name, i) => [i, spoken(t, name)])],
    value: label === null ? "" : String(label),
    run: (value) => {
      label = value === "" ? null : Number(value);
      link.set({ class: label === null ? null : classes[label] });
      draw();
    },
  });
  labels.select.value = label === null ? "" : String(label);
  const rows = runs.map((run) => {
    const sheet = tiles({ count: 16, columns: 8, words: () => "" });
    const fact = make("p", { className: "note" });
    const node = make("section", { className: "diet" }, make("h3", { textContent: t(`runs.${run.name}`) }), fact, sheet.node);
    return { run, sheet, fact, node };
  });
  stage.classList.add("halves");
  const head = make("div", { className: "wide whole-row" }, labels.node, make("p", { className: "note", textContent: t("alike", { pictures: n(pictures) }) }));
  stage.append(head, ...rows.map(({ node }) => node));

  async function draw() {
    const wanted = label;
    for (const { run, sheet, fact } of rows) {
      const shares = Object.values(run.recognised);
      const share = label === null ? shares.reduce((a, b) => a + b, 0) / shares.length : run.recognised[classes[label]];
      fact.textContent = t("fact", { ratio: n(run.frechet), share: n(100 * share) });
    }
    for (const { run, sheet } of rows) {
      const reply = await ask("spoiled", { model, run: run.name, label: wanted });
      if (wanted !== label || !reply) return;
      sheet.show(reply.sheet);
      sheet.mark(null, (i) => t("tile", { seed: i, run: t(`runs.${run.name}`) }));
    }
    if (label === null) return seen(t("seen"));
    const share = (name) => n(100 * (runs.find((run) => run.name === name)?.recognised[classes[label]] ?? 0));
    seen(t("seen_class", { class: spoken(t, classes[label]), whole: share("whole"), missing: share("missing"), tenth: share("tenth"), noisy: share("noisy") }));
  }
  draw();
}

// ---------------------------------------------------------------- the pictures themselves

function realOnes({ stage, t, n, seen, ask, link, settings }) {
  const names = Object.keys(settings.real).sort((a, b) => (b === "wardrobe") - (a === "wardrobe")); // its data come as a package
  let model = link.one("model", names, names[0]);
  let label = link.one("kind", Object.keys(settings.real[model].balance), null);
  let page = link.whole("page", 0, 0, 999);
  const models = choice({
    label: t("model"), options: names.map((name) => [name, name]), value: model,
    run: (name) => {
      model = name;
      label = null;
      page = 0;
      link.set({ model: name === names[0] ? null : name });
      draw();
    },
  });
  const wall = make("ol", { className: "wall" });
  const bars = make("div", {});
  stage.classList.add("with-charts");
  stage.append(
    make("div", { className: "wide" }, group(models.node, press(t("others"), () => ((page = (page + 1) % 1000), draw()))), wall),
    make("figure", {}, bars, make("figcaption", {}), make("p", { className: "note about-data" }), make("p", { className: "note", lang: "en" })),
  );
  const [caption, about, thanks] = stage.querySelectorAll("figcaption, figure > p");

  function balance() {
    const { balance: counts, count, data, attribution } = settings.real[model];
    const all = Object.entries(counts);
    caption.textContent = all.length ? t("balance", { count: n(count) }) : t("even");
    about.textContent = t(`about.${model}`) === `about.${model}` ? data : t(`about.${model}`);
    thanks.textContent = attribution; // asked for word for word
    if (!all.length) return bars.replaceChildren();
    const most = all[0][1];
    const list = make("ol", { className: "balance" });
    for (const [name, count] of all) {
      const button = make("button", { type: "button", ariaPressed: String(label === name) });
      button.setAttribute("aria-label", t("bar", { class: spoken(t, name), count: n(count) }));
      const bar = make("i", {});
      bar.style.width = `${(100 * count) / most}%`;
      button.append(make("span", { textContent: spoken(t, name) }), make("b", {}, bar), make("em", { textContent: n(count) }));
      button.addEventListener("click", () => {
        label = label === name ? null : name;
        page = 0;
        draw();
      });
      list.append(make("li", {}, button));
    }
    bars.replaceChildren(list);
  }

  async function draw() {
    balance();
    link.set({ kind: label, page: page || null });
    const asked = JSON.stringify([model, label, page]);
    const reply = await ask("real_ones", { model, class: label, page });
    if (!reply || asked !== JSON.stringify([model, label, page])) return;
    wall.replaceChildren(
      ...reply.pictures.map(({ record, url, source, is_remembered }) => {
        const words = t(is_remembered ? "remembered_one" : "real_one", { record });
        const face = url ? make("img", { src: url, alt: words }) : make("span", { className: "away", textContent: record });
        const told = is_remembered ? [make("span", { className: "note", textContent: t("remembered") })] : [];
        return make("li", {}, source ? make("a", { href: source, target: "_blank", rel: "noopener", title: record }, face) : face, ...told);
      }),
    );
    const which = reply.pictures.some((each) => each.is_remembered) ? "seen_remembered" : reply.pictures.some(({ url }) => url) ? "seen" : "seen_away";
    seen(t(which, { count: n(settings.real[model].count), model }));
  }
  draw();
}
