// Steps are dragged by their grip. While one is dragged the others make room; let go of it, and `moved(from, to)` is called.

/** Where an item comes to lie that was dragged by `offset` px, of items of these heights in a column: past every other whose
 * middle its own leading edge has crossed. */
export function placeAfter(heights, from, offset) {
  let to = from;
  let way = 0; // px from the item's edge to the middle of the next one
  const step = Math.sign(offset);
  for (let i = from + step; i >= 0 && i < heights.length && step; i += step) {
    if (Math.abs(offset) <= way + heights[i] / 2) break;
    way += heights[i];
    to = i;
  }
  return to;
}

export function dragByGrip(list, moved) {
  list.addEventListener("pointerdown", (down) => {
    const grip = down.target.closest(".grip");
    if (!grip || down.button !== 0) return;
    down.preventDefault(); // no text is selected
    const item = grip.closest("li");
    const items = [...list.children];
    const from = items.indexOf(item);
    const heights = items.map((each) => each.getBoundingClientRect().height);
    let to = from;
    grip.setPointerCapture(down.pointerId);
    item.classList.add("dragged");

    const follow = (move) => {
      const offset = move.clientY - down.clientY;
      to = placeAfter(heights, from, offset);
      items.forEach((each, i) => {
        const makesRoom = i !== from && i >= Math.min(from, to) && i <= Math.max(from, to);
        const shift = i === from ? offset : makesRoom ? Math.sign(from - to) * heights[from] : 0;
        each.style.transform = shift ? `translateY(${shift}px)` : "";
      });
    };
    const end = (keeps) => {
      for (const [name, listener] of listeners) grip.removeEventListener(name, listener);
      document.removeEventListener("keydown", escape, true);
      item.classList.remove("dragged");
      for (const each of items) each.style.transform = "";
      if (keeps && to !== from) moved(from, to);
    };
    const escape = (event) => event.key === "Escape" && (event.stopPropagation(), end(false));
    const listeners = [
      ["pointermove", follow],
      ["pointerup", () => end(true)],
      ["pointercancel", () => end(false)],
    ];
    for (const [name, listener] of listeners) grip.addEventListener(name, listener);
    document.addEventListener("keydown", escape, true);
  });
}
