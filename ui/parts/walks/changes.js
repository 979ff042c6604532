// What changes along a walk beside its pictures, as sweeps {what, values, easing}. Pure. A drive is {what, curve, low, high}, its
// curve "time" or one of a sound's.

export const TIME = "time";

/** A circle of `radius` round a picture that is moved by `from` along the two directions `first` and `second`: closed, a turn in all. */
export function circle(first, second, radius, frames, [x, y] = [0, 0]) {
  const turns = Array.from({ length: frames }, (_, i) => (2 * Math.PI * i) / frames);
  return [
    { what: `moves.${first}`, values: turns.map((turn) => x + radius * Math.cos(turn)), easing: "none" },
    { what: `moves.${second}`, values: turns.map((turn) => y + radius * Math.sin(turn)), easing: "none" },
  ];
}

/** What time changes: from low to high, and back where the walk is closed. */
export const byTime = (drives) => drives.filter(({ curve }) => curve === TIME).map(({ what, low, high }) => ({ what, values: [low, high], easing: "none" }));

/** What a sound changes, at one frame: `curves` by name, a value in 0 … 1 a frame; silence where there is none yet. */
export const bySound = (drives, curves, number) =>
  drives.filter(({ curve }) => curve !== TIME).map(({ what, curve, low, high }) => ({ what, values: [low + (high - low) * (curves[curve]?.[number] ?? 0)], easing: "none" }));
