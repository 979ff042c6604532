// What of the page shown cannot be read: words of too little contrast (WCAG 2, level AA), and what has no name for the ear.
() => {
  const found = [];
  const shown = (node) => node.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const known = new Map(); // a page has few colours, and each is dear to ask for
  const parsed = (colour) => {
    if (known.has(colour)) return known.get(colour);
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    known.set(colour, [r, g, b, a / 255]);
    return known.get(colour);
  };
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a)];
  /** What lies behind a node; null over a picture, whose colours are its own. */
  const ground = (node) => {
    const layers = [];
    for (let each = node; each; each = each.parentElement) {
      const { backgroundColor, backgroundImage } = getComputedStyle(each);
      if (backgroundImage !== "none") return null;
      layers.push(parsed(backgroundColor));
      if (layers.at(-1)[3] === 1) break;
    }
    return layers.reverse().reduce((under, layer) => over(layer, under), [255, 255, 255]);
  };
  const light = (colour) => {
    const [r, g, b] = colour.map((v) => (v /= 255) && (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [high, low] = [light(a), light(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };
  const page = document.querySelector("#page") ?? document.body;
  for (const node of page.querySelectorAll("*")) {
    const words = [...node.childNodes].filter((each) => each.nodeType === 3).map((each) => each.data.trim()).join(" ").trim();
    if (!words || !shown(node) || node.closest(".poster, .worksheet, style, script, template, [disabled], option")) continue;
    const style = getComputedStyle(node);
    const behind = ground(node.closest("svg")?.parentElement ?? node);
    if (!behind || style.clipPath !== "none") continue;
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    const ink = over(parsed(node.closest("svg") ? style.fill : style.color), behind);
    const ratio = contrast(ink, behind);
    if (ratio < least) found.push(`${ratio.toFixed(2)} of ${least}: ${node.tagName} "${words.slice(0, 40)}"`);
  }
  const named = (node) =>
    node.getAttribute("aria-label") || node.getAttribute("alt") || node.title || node.innerText?.trim() || [...(node.labels ?? [])].map((each) => each.innerText.trim()).join("") ||
    document.getElementById(node.getAttribute("aria-labelledby"))?.innerText || [...node.querySelectorAll("img[alt]")].map((each) => each.alt).join("");
  for (const node of page.querySelectorAll("button, a[href], input, select, textarea, canvas, svg, img, [role=img], [role=group]")) {
    if (!shown(node) || node.closest("[aria-hidden=true], .worksheet") || (node.tagName === "IMG" && !node.getAttribute("src"))) continue;
    if (!named(node)) found.push(`no name: ${node.outerHTML.slice(0, 90)}`);
  }
  return [...new Set(found)].slice(0, 20);
}
