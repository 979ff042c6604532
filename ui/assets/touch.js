// Under a finger: a tap on a slider's track sets it, and a long press, or a tap on what does nothing else, shows what a pointer's
// tooltip says. (A swipe that begins on a track scrolls the page: under a finger only the thumb takes hold of a slider.)
import { make } from "./dom.js";

const PRESS_MS = 450; // from here on a press is a long one
const TIP_MS = 5000;
const SLACK = 10; // px that a resting finger may move

const isTouch = (event) => event.pointerType === "touch" || event.pointerType === "pen";

// ---------------------------------------------------------------- sliders

document.addEventListener("click", (event) => {
  if (!isTouch(event) || event.target.matches("input, button, select, a")) return;
  const slider = [...event.target.querySelectorAll(":scope > input[type=range]")].find((input) => {
    const { left, right, top, bottom } = input.getBoundingClientRect();
    return left <= event.clientX && event.clientX <= right && top <= event.clientY && event.clientY <= bottom;
  });
  if (!slider || slider.disabled) return;
  const { left, width } = slider.getBoundingClientRect();
  const [min, max] = [Number(slider.min), Number(slider.max)];
  slider.value = min + ((max - min) * (event.clientX - left)) / width; // the input rounds to its step
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  slider.dispatchEvent(new Event("change", { bubbles: true }));
});

// ---------------------------------------------------------------- tooltips

let tip = null;
let timer = 0;
let began = null;

function hideTip() {
  tip?.remove();
  tip = null;
}

function showTip(node) {
  hideTip();
  tip = make("p", { className: "tip", textContent: node.title });
  tip.setAttribute("role", "status");
  document.body.append(tip);
  const { left, width, top, bottom } = node.getBoundingClientRect();
  const room = document.documentElement.clientWidth - tip.offsetWidth - 8;
  tip.style.left = `${Math.max(8, Math.min(left + width / 2 - tip.offsetWidth / 2, room))}px`;
  tip.style.top = `${top > tip.offsetHeight + 16 ? top - tip.offsetHeight - 8 : bottom + 8}px`;
  const own = tip;
  setTimeout(() => own === tip && hideTip(), TIP_MS);
}

document.addEventListener("pointerdown", (event) => {
  hideTip();
  clearTimeout(timer);
  const node = isTouch(event) && event.target.closest?.("[title]:not([title=''])");
  if (!node || node.dataset.hold) return; // what is held does something else
  began = { x: event.clientX, y: event.clientY };
  timer = setTimeout(() => {
    showTip(node);
    // The press has told what it is for, and does nothing else.
    const swallow = (click) => (click.preventDefault(), click.stopImmediatePropagation());
    window.addEventListener("click", swallow, { capture: true, once: true });
    window.addEventListener("pointerup", () => setTimeout(() => window.removeEventListener("click", swallow, true), 50), { once: true });
  }, PRESS_MS);
});
document.addEventListener("pointermove", (event) => {
  if (began && Math.hypot(event.clientX - began.x, event.clientY - began.y) > SLACK) clearTimeout(timer);
});
for (const over of ["pointerup", "pointercancel"]) window.addEventListener(over, () => clearTimeout(timer));
document.addEventListener("click", (event) => {
  const node = isTouch(event) && event.target.closest?.("[title]:not([title=''])");
  if (node && !node.closest("button, a, input, select, label")) showTip(node);
});
document.addEventListener("scroll", hideTip, { capture: true, passive: true });
document.addEventListener("contextmenu", (event) => {
  if (isTouch(event) && event.target.closest?.("button[title]")) event.preventDefault(); // a long press shows our tip instead
});
