// What was there before, and may be again: a tree, so that what is done after going back is a branch, and nothing is lost. Pure:
// a step is any value that JSON can hold.

const LIMIT = 200; // steps, as the server takes at once

/** Whether two such values say the same. */
export const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** Steps, each with the one it came from; one of them is the present one. Back leads to where a step came from, on to where one
 * went from there last. */
export class History {
  #nodes = []; // {id, step, parent, on}: in the order in which they were made; `on`: the child to go on to
  #now = null;
  #made = null; // {node, before}: the newest step as long as nothing else was done, and where one would have gone on to before it
  #count = 0;

  constructor(limit = LIMIT) {
    this.limit = limit;
  }

  get canUndo() {
    return Boolean(this.#now?.parent);
  }

  get canRedo() {
    return Boolean(this.#now?.on);
  }

  /** Whether that is the present step. */
  isNow(step) {
    return this.#now !== null && same(this.#now.step, step);
  }

  /** The next step: a branch, if there was one from here already; none if it is the present one. */
  remember(step) {
    const from = this.#now;
    if (from && same(from.step, step)) return;
    const known = this.#children(from).find((node) => same(node.step, step));
    const before = from?.on;
    this.#now = known ?? this.#add(step, from);
    if (from) from.on = this.#now;
    this.#made = known ? null : { node: this.#now, before };
    this.#forget();
  }

  /** The newest step came to nothing: if it is this one, all is as it was before it. */
  withdraw(step) {
    const { node, before } = this.#made ?? {};
    if (!node?.parent || node !== this.#now || !same(node.step, step)) return;
    this.#nodes.splice(this.#nodes.indexOf(node), 1);
    this.#now = node.parent;
    this.#now.on = before;
    this.#made = null;
  }

  /** A step that was left before it was reached: it is the one to redo. */
  leaveAhead(step) {
    this.#made = null;
    const known = this.#children(this.#now).find((node) => same(node.step, step));
    this.#now.on = known ?? this.#add(step, this.#now);
    this.#forget();
  }

  /** Go that many steps on, or back; the step that is there, undefined (and nothing moves) if there is none. */
  travel(by) {
    let node = this.#now;
    for (let i = 0; i < Math.abs(by) && node; i++) node = by < 0 ? node.parent : node.on;
    return node ? this.goTo(node.id) : undefined;
  }

  /** Go to any step by its `id`; the step, undefined (and nothing moves) if it is forgotten. */
  goTo(id) {
    const node = this.#nodes.find((each) => each.id === id);
    if (!node) return undefined;
    if (node !== this.#now) this.#made = null;
    this.#now = node;
    for (let at = node; at.parent; at = at.parent) at.parent.on = at; // going back and on leads here again
    return node.step;
  }

  /** Begin where one stands: at this step if it is the present one or on the way to it, so that the way on stays, else at a new one. */
  resume(step) {
    let node = this.#now;
    while (node && !same(node.step, step)) node = node.parent;
    if (node) this.goTo(node.id);
    else this.remember(step);
  }

  /** All steps as text of at most `most` characters, for `History.read`: without the oldest if they are too many, "" if even the last
   * two are too long. */
  text(most) {
    const text = JSON.stringify(this);
    if (text.length <= most || this.#nodes.length <= 2) return text.length <= most ? text : "";
    const fewer = new History();
    fewer.revive(JSON.parse(text));
    fewer.limit = Math.max(2, this.#nodes.length >> 1); // the present step and the one to go on to are never forgotten
    fewer.#forget();
    return fewer.text(most);
  }

  toJSON() {
    const places = new Map(this.#nodes.map((node, i) => [node, i]));
    const place = (node) => places.get(node) ?? null;
    return { now: place(this.#now), nodes: this.#nodes.map(({ step, parent, on }) => [step, place(parent), place(on)]) };
  }

  /** What `text` made, {now, nodes: [[step, the place of its parent, the place to go on to], …]}; null if anything else was kept. */
  static read(text, limit = LIMIT) {
    let kept;
    try {
      kept = JSON.parse(text);
    } catch {
      return null;
    }
    const { now, nodes } = kept ?? {};
    if (!Array.isArray(nodes) || nodes.length > limit || !Number.isInteger(now) || !nodes[now]) return null;
    const sound = (node, i) => {
      if (!Array.isArray(node) || node.length !== 3) return false;
      const [, parent, on] = node;
      const comes = parent === null || (Number.isInteger(parent) && parent >= 0 && parent < i);
      return comes && (on === null || (Number.isInteger(on) && nodes[on]?.[1] === i));
    };
    return nodes.every(sound) ? { now, nodes } : null;
  }

  /** Stand where that was read. */
  revive({ now, nodes }) {
    this.#nodes = nodes.map(([step], id) => ({ id, step, parent: null, on: undefined }));
    for (const [i, [, parent, on]] of nodes.entries()) Object.assign(this.#nodes[i], { parent: this.#nodes[parent] ?? null, on: this.#nodes[on] });
    this.#now = this.#nodes[now];
    this.#made = null;
    this.#count = nodes.length;
  }

  /** The id of the present step, null before the first. */
  get now() {
    return this.#now?.id ?? null;
  }

  /** All steps as they stand in a strip: [{id, step, depth, lane, from}], in the order in which they were made. A first child goes on
   * in the lane of where it came from, every other one begins a lane of its own; `from`: the lane it came from. */
  strip() {
    const places = new Map();
    let lanes = 0;
    for (const node of this.#nodes) {
      const parent = places.get(node.parent);
      const first = !parent || this.#children(node.parent)[0] === node;
      const lane = parent && first ? parent.lane : lanes++;
      places.set(node, { id: node.id, step: node.step, depth: parent ? parent.depth + 1 : 0, lane, from: parent?.lane ?? lane });
    }
    return [...places.values()];
  }

  #children(parent) {
    return this.#nodes.filter((node) => node.parent === parent);
  }

  #add(step, parent) {
    const node = { id: this.#count++, step, parent, on: undefined };
    this.#nodes.push(node);
    return node;
  }

  /** Too many: the oldest end of a branch goes that is not on the way to here, or else where all began. */
  #forget() {
    while (this.#nodes.length > this.limit) {
      const way = new Set();
      for (let at = this.#now.on ?? this.#now; at; at = at.parent) way.add(at);
      const gone = this.#nodes.find((node) => !way.has(node) && !this.#children(node).length) ?? this.#nodes[0];
      this.#nodes.splice(this.#nodes.indexOf(gone), 1);
      for (const node of this.#nodes) {
        if (node.parent === gone) node.parent = null;
        if (node.on === gone) node.on = undefined;
      }
    }
  }
}
