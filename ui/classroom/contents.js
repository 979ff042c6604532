// The classroom's first page: the lessons with a picture each, what a teacher wants to know, the field's words.
import { make } from "../assets/dom.js";
import { svg } from "./draw.js";
import { link, reader } from "./lesson.js";

const PARTS = ["lessons", "for_teachers", "glossary"];

export default function ({ element, settings }) {
  const { t, whole, lang } = reader(settings);
  const root = element.querySelector(".lesson");
  const lessons = settings.order.filter((name) => whole.lessons[name]);
  const wanted = link.get("part");
  const part = PARTS.includes(wanted) ? wanted : PARTS[0];
  const languages = make(
    "p",
    { className: "lesson-tools" },
    ...Object.entries(settings.texts).map(([code, texts]) => {
      const other = make("a", { href: link.to(".", { lang: code, ...(part !== PARTS[0] && { part }) }), textContent: texts.language, lang: code });
      if (code === lang) other.setAttribute("aria-current", "true");
      return other;
    }),
  );
  const tabs = make("nav", { className: "chapters" });
  for (const name of PARTS) {
    const tab = make("a", { href: link.to(".", name === PARTS[0] ? {} : { part: name }), textContent: t(name) });
    if (name === part) tab.setAttribute("aria-current", "page");
    tabs.append(tab);
  }
  const draw = { lessons: list, for_teachers: teachers, glossary };
  root.replaceChildren(
    make("header", { className: "lesson-head" }, make("h2", { textContent: t("classroom") }), languages),
    make("p", { className: "question", textContent: t("welcome") }),
    tabs,
    draw[part](),
  );

  function list() {
    const items = settings.order.map((name) => {
      const lesson = whole.lessons[name] ?? settings.listed[name];
      const words = make("div", {}, make("h3", { textContent: `${settings.order.indexOf(name) + 1}  ${lesson.title}` }), make("p", { textContent: lesson.summary }));
      return make("li", {}, make("a", { href: link.to(name) }, vignette(name), words));
    });
    return make("ol", { className: "lessons" }, ...items);
  }

  function teachers() {
    const each = lessons.map((name) => {
      const lesson = whole.lessons[name];
      const items = (list) => make("ul", {}, ...list.map((item) => make("li", { textContent: item })));
      return make(
        "section",
        {},
        make("h3", {}, `${settings.order.indexOf(name) + 1}  `, make("a", { href: link.to(name), textContent: lesson.title })),
        make("p", { className: "note", textContent: t("facts", { minutes: lesson.minutes, age: lesson.age }) }),
        make(
          "p",
          { className: "lesson-tools" },
          make("a", { href: link.to(name, { present: "1" }), textContent: t("present") }),
          make("a", { href: link.to(name, { print: "1" }), textContent: t("worksheet_answers") }),
        ),
        make("h4", { textContent: t("chapters_ask") }),
        make("ul", {}, ...Object.entries(lesson.chapters).map(([part, chapter]) => make("li", {}, make("a", { href: link.to(name, { part }), textContent: chapter.title }), `${/\?$/.test(chapter.title) ? "" : ":"} ${chapter.question}`))),
        make("h4", { textContent: t("aims") }),
        items(lesson.aims),
        make("h4", { textContent: t("ask_class") }),
        items(lesson.ask_class),
      );
    });
    const minutes = lessons.reduce((sum, name) => sum + whole.lessons[name].minutes, 0);
    const all = make("p", { textContent: t("all_together", { count: lessons.length, minutes }) });
    return make("div", { className: "teachers" }, make("p", { textContent: t("teachers_intro") }), make("p", { textContent: t("keys_help") }), all, ...each);
  }

  function glossary() {
    const list = make("dl", { className: "glossary" });
    const sorted = Object.entries(whole.glossary).sort(([, a], [, b]) => a.term.localeCompare(b.term, document.documentElement.lang));
    for (const [key, entry] of sorted) {
      const first = lessons.find((name) => whole.lessons[name].terms.includes(key));
      const means = make("dd", { textContent: entry.means });
      if (first) means.append(make("span", { className: "note" }, ` ${t("first_in")} `, make("a", { href: link.to(first), textContent: whole.lessons[first].title })));
      list.append(make("div", {}, make("dt", { textContent: entry.term }), means));
    }
    return list;
  }
}

// ---------------------------------------------------------------- a picture for each lesson, in lines

const ring = (count, radius) => [...Array(count).keys()].map((i) => [60 + radius * Math.cos((2 * Math.PI * i) / count), 60 + radius * Math.sin((2 * Math.PI * i) / count)]);
const dots = (points, size, name) => points.map(([cx, cy]) => svg("circle", { cx, cy, r: size, class: name }));
const line = (d, name = "thin") => svg("path", { d, class: name });
const squares = (rows, columns, shade) =>
  [...Array(rows * columns).keys()].map((i) => {
    const side = 88 / columns;
    return svg("rect", { x: 16 + side * (i % columns), y: 16 + side * Math.floor(i / columns), width: side - 3, height: side - 3, class: "full", "fill-opacity": shade(i) });
  });

const VIGNETTES = {
  data: () => squares(4, 4, (i) => (i % 4 === 3 ? 0.06 : 0.2 + ((i * 7) % 5) * 0.12)),
  duel: () => [...dots(ring(8, 38), 5, "full"), ...dots(ring(8, 38).flatMap(([x, y], i) => [[x + 7 * Math.cos(i * 2.4), y + 7 * Math.sin(i * 2.4)], [x - 6 * Math.cos(i), y + 8 * Math.sin(i)]]), 2.6, "accent"), line("M60 60L84 36", "accent-line"), line("M60 60L60 24", "accent-line")],
  layers: () => [0, 1, 2, 3].map((i) => svg("rect", { x: 18 + 11 * i, y: 58 - 12 * i, width: 40, height: 44, class: "leaf" })).concat(line("M88 30l14 -10", "accent-line")),
  dice: () => [svg("rect", { x: 28, y: 28, width: 64, height: 64, rx: 9, class: "leaf" }), ...dots([[44, 44], [76, 44], [60, 60], [44, 76], [76, 76]], 5.5, "accent")],
  trust: () => [svg("rect", { x: 16, y: 32, width: 40, height: 52, class: "leaf" }), svg("rect", { x: 64, y: 32, width: 40, height: 52, class: "leaf" }), svg("text", { x: 36, y: 68, class: "mark" }, "?"), svg("text", { x: 84, y: 68, class: "mark" }, "?")],
  bottleneck: () => [line("M16 20L54 50V70L16 100Z", "leaf"), line("M104 20L66 50V70L104 100Z", "leaf"), ...dots([[60, 54], [60, 66]], 3.5, "accent")],
  sequence: () => squares(5, 5, (i) => (i < 12 ? 0.55 : i === 12 ? 1 : 0.07)),
  afterwards: () => [...[8, 16, 30, 46, 60, 52, 34, 20, 10].map((h, i) => svg("rect", { x: 18 + 9.5 * i, y: 96 - h, width: 7, height: h, class: "full", "fill-opacity": 0.25 + 0.08 * i })), line("M16 97H106")],
  uses: () => [line("M16 84L44 46L62 70L78 52L104 84Z", "leaf"), ...dots([[82, 32]], 8, "accent"), line("M12 98H108")],
};

function vignette(name) {
  const root = svg("svg", { viewBox: "0 0 120 120", class: "vignette", "aria-hidden": "true" });
  root.append(...(VIGNETTES[name]?.() ?? []));
  return root;
}
