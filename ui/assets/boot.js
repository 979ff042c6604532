// Makes the modules: blobs that import each other by address. Runs in <head>, before any component; the only script that
// is no module itself. Gradio's `js=` strings and the first lines of components find the page's own things in `atelier`.
window.atelier = (() => {
  "use strict";
  const addresses = {};
  for (const [name, source] of /* modules */ []) {
    const linked = source.replace(/"module:([^"]+)"/g, (_, wanted) => `"${addresses[wanted]}"`);
    const named = `${linked}\n//# sourceURL=atelier/${name}`;
    addresses[name] = URL.createObjectURL(new Blob([named], { type: "text/javascript" }));
  }
  const page = import(addresses["assets/page.js"]);
  return {
    start: async (name, ...rest) => (await page).start((await import(addresses[name.includes("/") ? `${name}.js` : `parts/${name}/${name}.js`])).default, ...rest),
    part: async (id) => (await page).part(id),
    toast: async (...what) => (await page).toast(...what),
    standIn: async (...what) => (await page).standIn(...what),
  };
})();
