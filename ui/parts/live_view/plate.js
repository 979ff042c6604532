// The plate: the picture, the one before post-processing beside or over it, its label, and how far the next one is.
import { text } from "../../assets/dom.js";

export class Plate {
  #find;
  #sheet;
  #after;
  #before;
  #splitAt;

  constructor(element) {
    this.element = element;
    this.#find = (selector) => element.querySelector(selector);
    this.#sheet = this.#find(".sheet");
    this.#after = this.#find("img.after");
    this.#before = this.#find("img.before");
    this.#splitAt = this.#find(".split-at");
    this.#splitAt.addEventListener("input", () => this.#sheet.style.setProperty("--split", `${this.#splitAt.value}%`));
  }

  /** Show an answer; `earlier` is the one that was shown. */
  draw(answer, earlier) {
    if (this.#after.src !== answer.picture) this.#after.src = answer.picture; // the same with a reading is no new picture
    if (earlier?.width !== answer.width) this.#sheet.style.setProperty("--actual", `${answer.width}px`);
    this.element.classList.toggle("cut-out", answer.cut_out);
    this.element.classList.toggle("processed", answer.stages.length > 0);
    if (!this.compares) this.#before.removeAttribute("src"); // it belongs to another picture
    const [told, exists = ""] = answer.caption.split(/ · generated(?:, )?/); // the badge before it says so
    text(this.#find(".specimen"), told.replaceAll(" ", "\u00a0").replaceAll("·\u00a0", "· ")); // breaks after dots only
    text(this.#find(".attribution"), [exists, answer.attribution].filter(Boolean).join(" · "));
  }

  /** What need not follow each frame: the words for those who do not see it. */
  describe(answer) {
    this.#after.alt = `Generated picture: ${answer.caption}`;
    this.#find("[role=status]").textContent = [answer.caption, answer.spoken?.headline, answer.spoken?.words].filter(Boolean).join(". ");
  }

  /** The picture before post-processing, null if there is none; and the page's accent. */
  accompany({ before, accent }) {
    document.documentElement.style.setProperty("--accent-light", accent.light);
    document.documentElement.style.setProperty("--accent-dark", accent.dark);
    if (before) this.#before.src = before;
  }

  /** How wide the picture is shown, in CSS pixels. */
  get width() {
    return this.#after.clientWidth;
  }

  /** Whether "before" is to be seen. */
  get compares() {
    return this.element.matches(".holding, .split");
  }

  /** Whether it is there to be seen. */
  get hasBefore() {
    return this.#before.hasAttribute("src");
  }

  /** Show "before": over the picture (`on`: as long as a hand holds), or beside it. */
  hold(on) {
    this.element.classList.toggle("holding", on);
  }

  split() {
    const on = this.element.classList.toggle("split");
    this.#splitAt.hidden = !on;
    this.#press("split", on);
  }

  actualPixels() {
    this.#press("actual", this.element.classList.toggle("actual"));
  }

  /** A thin line while a picture is slow, or how far it is while one is painted for seconds. */
  slow(isSlow, isPainting) {
    this.element.classList.toggle("slow", isSlow);
    this.element.classList.toggle("painting", isPainting);
  }

  share(share) {
    this.element.classList.remove("unpainted");
    const bar = this.#find(".waiting progress");
    if (share) bar.value = share;
    else bar.removeAttribute("value"); // it has not begun: another visitor's may be before it
    text(this.#find(".how-far"), share ? `Painting · ${Math.floor(share * 100)} %` : "Painting …");
  }

  unpainted() {
    this.element.classList.add("unpainted");
    text(this.#find(".how-far"), "Not painted.");
  }

  enable(name, on) {
    this.#find(`[data-action=${name}]`).disabled = !on;
  }

  #press(name, on) {
    this.#find(`[data-action=${name}]`).setAttribute("aria-pressed", String(on));
  }
}
