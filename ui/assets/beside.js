// What opens beside a button: a popover, which the browser opens and closes by itself at a tap, a key, Escape or a tap elsewhere.

const WIDTH = 288;
const EDGE = 8; // px that stay free at the edges of the window, and between button and popover

/** Where it stands: {left, width} and {top} or {bottom}, px in a window of that size, near a button's box. */
export function placeBeside({ left, right, top, bottom }, { innerWidth, innerHeight }) {
  const width = Math.min(WIDTH, innerWidth - 2 * EDGE);
  const x = Math.min(Math.max((left + right - width) / 2, EDGE), innerWidth - width - EDGE);
  return innerHeight - bottom > top ? { left: x, width, top: bottom + EDGE } : { left: x, width, bottom: innerHeight - top + EDGE };
}

/** `button` opens and closes `popover`, an element with that attribute, which opens beside it. */
export function beside(popover, button) {
  popover.classList.add("beside");
  button.popoverTargetElement = popover;
  popover.addEventListener("beforetoggle", ({ newState }) => {
    if (newState !== "open") return;
    const place = placeBeside(button.getBoundingClientRect(), window);
    for (const side of ["left", "width", "top", "bottom"]) popover.style[side] = side in place ? `${place[side]}px` : "auto";
    const room = innerHeight - (place.top ?? place.bottom) - EDGE;
    popover.style.maxHeight = `${room}px`;
  });
}
