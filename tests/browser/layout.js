// Runs inside the page: how many controls there are, and what is wrong with which.
() => {
  const reached = (node) => {
    node.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
    const box = node.getBoundingClientRect();
    const within = ({ left, top, right, bottom }) =>
      box.left >= left - 1 && box.top >= top - 1 && box.right <= right + 1 && box.bottom <= bottom + 1;
    if (!within({ left: 0, top: 0, right: innerWidth, bottom: innerHeight })) return "outside of the window";
    for (let up = node.parentElement; up && up !== document.body; up = up.parentElement) {
      const { overflow, display } = getComputedStyle(up);
      if (overflow !== "visible" && display !== "contents" && !within(up.getBoundingClientRect())) return `cut by ${up.id || up.className}`;
    }
    const hit = document.elementFromPoint((box.left + box.right) / 2, (box.top + box.bottom) / 2);
    const own = node.contains(hit) || hit?.contains(node) || [...(node.labels ?? [])].some((label) => label.contains(hit));
    if (!own) return `covered by ${hit?.id || hit?.className}`;
    if (node.type === "number" && node.scrollWidth > node.clientWidth + 1) return `shows less than ${node.value}`;
    const target = node.matches("[type=radio]") ? node.closest("label").getBoundingClientRect() : box;
    if (Math.min(target.width, target.height) < 23.5) return `${box.width.toFixed()} × ${box.height.toFixed()} px small`;
    return "";
  };
  const name = (node) => node.getAttribute("aria-label") || node.title || node.textContent.trim() || node.outerHTML.slice(0, 80);
  const unseen = ".off-screen, .visually-hidden"; // the latter is a second row of tabs, by which Gradio measures the first
  const seen = (node) =>
    node.checkVisibility({ visibilityProperty: true }) && node.getBoundingClientRect().width > 1 && !node.closest(unseen);
  const controls = [...document.querySelectorAll("button, input, select, textarea, a[href]")].filter(seen);
  const complaints = controls.map((node) => [name(node), reached(node)]).filter(([, what]) => what);
  for (const node of document.querySelectorAll("#page *, #masthead *"))
    if (getComputedStyle(node).textOverflow === "ellipsis" && seen(node) && node.scrollWidth > node.clientWidth + 1)
      complaints.push([node.textContent.trim().slice(0, 60), "truncated"]);
  const width = document.documentElement.scrollWidth;
  if (width > innerWidth) complaints.push(["the page", `${width} px wide`]);
  window.scrollTo(0, 0);
  return [controls.length, complaints];
}
