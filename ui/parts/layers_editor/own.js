// A recipe's `layers` as plain values: [{layer, psi, noise, seed}], in order, each with what the layer has of its own.

/** What a layer has of its own. */
export const ownOf = (layers, layer) => layers.find((use) => use.layer === layer) ?? {};

/** The same with one value of one layer set, or (null) as the picture's again. */
export function withOwn(layers, layer, key, value) {
  const { [key]: _, ...rest } = { ...ownOf(layers, layer), layer };
  const next = value === null ? rest : { ...rest, [key]: value };
  const others = layers.filter((use) => use.layer !== layer);
  return [...others, ...(Object.keys(next).length > 1 ? [next] : [])].sort((one, two) => one.layer - two.layer);
}
