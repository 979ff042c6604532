// Places on a line, moved apart. Pure.

/** Places that are at least `gap` apart, in the order of `places` and each as near to its own as that leaves room for, between
 * `from` and `to`; where there is not room enough, closer together. */
export function spreadOut(places, gap, from, to) {
  const n = places.length;
  const step = n > 1 ? Math.min(gap, (to - from) / (n - 1)) : 0;
  const order = places.map((_, i) => i).sort((a, b) => places[a] - places[b]);
  // Less their steps, the places must not decrease: pool neighbours that do (isotonic regression), then put the steps back.
  const pools = [];
  order.forEach((i, rank) => {
    pools.push({ sum: places[i] - rank * step, count: 1 });
    while (pools.length > 1 && mean(pools.at(-2)) > mean(pools.at(-1))) {
      const { sum, count } = pools.pop();
      pools.at(-1).sum += sum;
      pools.at(-1).count += count;
    }
  });
  const level = pools.flatMap((pool) => Array(pool.count).fill(Math.min(Math.max(mean(pool), from), to - (n - 1) * step)));
  const spread = [];
  order.forEach((i, rank) => (spread[i] = level[rank] + rank * step));
  return spread;
}

const mean = ({ sum, count }) => sum / count;
