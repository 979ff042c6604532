// What was there before, and may be again. Pure: a step is any value that JSON can hold.

/** Whether two such values say the same. */
export const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** Steps of which one is the present one. */
export class History {
  #steps = [];
  #at = -1;
  #cut = null; // what the newest step took the place of, as long as nothing else was done

  constructor(limit = 200) {
    this.limit = limit;
  }

  get canUndo() {
    return this.#at > 0;
  }

  get canRedo() {
    return this.#at < this.#steps.length - 1;
  }

  /** The next step, after which nothing comes; none if it is the present one. */
  remember(step) {
    if (this.#at >= 0 && same(this.#steps[this.#at], step)) return;
    this.#cut = this.#steps.splice(this.#at + 1, this.#steps.length, step);
    if (this.#steps.length > this.limit) this.#steps.shift();
    this.#at = this.#steps.length - 1;
  }

  /** The newest step came to nothing: if it is this one, all is as it was before it. */
  withdraw(step) {
    if (!this.#cut || this.#at < 1 || !same(this.#steps[this.#at], step)) return;
    this.#steps.splice(this.#at--, 1, ...this.#cut);
    this.#cut = null;
  }

  /** A step that was left before it was reached: it is the one to redo. */
  leaveAhead(step) {
    this.#cut = null;
    this.#steps.splice(this.#at + 1, this.#steps.length, step);
  }

  /** Go that many steps on, or back; the step that is there, undefined (and nothing moves) if there is none. */
  travel(by) {
    const step = this.#steps[this.#at + by];
    if (step !== undefined) [this.#at, this.#cut] = [this.#at + by, null];
    return step;
  }
}
