// Layer by layer: the value is the recipe's `layers`; a row has what the layer has of its own, and is empty otherwise.
import { make, toast } from "../../assets/dom.js";
import { part } from "../../assets/page.js";
import { ownOf, withOwn } from "./own.js";

const LIMITS = { psi: [-1, 1.5], noise: [0, 2] };
const NAMES = { psi: "variety ψ", noise: "noise" };

export default function ({ element, settings, action, props, trigger, watch }) {
  const body = element.querySelector("tbody");
  let layers = [];

  function change(layer, key, value) {
    layers = withOwn(layers, layer, key, value);
    draw();
    props.value = structuredClone(layers);
    queueMicrotask(() => trigger("release"));
  }

  function field(layer, key) {
    const [min, max] = LIMITS[key];
    const input = make("input", { type: "number", min, max, step: 0.05, placeholder: "–" });
    input.setAttribute("aria-label", `Layer ${layer}: ${NAMES[key]}`);
    input.addEventListener("change", () => {
      const wrong = input.value !== "" && !(Number(input.value) >= min && Number(input.value) <= max);
      if (wrong || input.validity.badInput) {
        toast(`Layer ${layer}: ${NAMES[key]} goes from ${min} to ${max}.`.replace("-", "−"), { alert: true });
        return draw();
      }
      change(layer, key, input.value === "" ? null : Number(input.value));
    });
    return input;
  }

  function frozen(layer) {
    const box = make("input", { type: "checkbox" });
    box.setAttribute("aria-label", `Layer ${layer}: frozen`);
    box.addEventListener("change", async () => {
      if (!box.checked) return change(layer, "seed", null);
      const values = (await part("live")).latest().values ?? [];
      const [latent, seed] = values;
      if (!latent) return change(layer, "seed", seed);
      draw();
      toast("This picture does not grow from a seed, at which a layer could be frozen.", { alert: true });
    });
    const label = make("label", {}, box, make("span"));
    return label;
  }

  body.append(
    ...settings.layers.map((side, layer) =>
      make("tr", {}, make("th", { scope: "row", textContent: `${layer} · ${side} px` }), make("td", {}, field(layer, "psi")),
        make("td", {}, ...(layer < settings.noisy ? [field(layer, "noise")] : [])), make("td", {}, frozen(layer))),
    ),
  );

  function draw() {
    [...body.children].forEach((row, layer) => {
      const own = ownOf(layers, layer);
      const [psi, noise] = ["psi", "noise"].map((key) => row.querySelector(`[aria-label$="${NAMES[key]}"]`));
      psi.value = own.psi ?? "";
      if (noise) noise.value = own.noise ?? "";
      row.querySelector("[type=checkbox]").checked = "seed" in own;
      row.querySelector("label span").textContent = own.seed ?? "";
    });
    element.querySelector("button").disabled = !layers.length;
  }

  action("none-own", {
    run: () => {
      layers = [];
      draw();
      props.value = [];
      queueMicrotask(() => trigger("release"));
    },
  });
  const take = () => {
    layers = JSON.parse(JSON.stringify(Array.isArray(props.value) ? props.value : []));
    draw();
  };
  watch("value", take); // a link, a dropped picture, undo
  take();
}
