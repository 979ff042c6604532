// Requests of which only the newest matters, as a hand makes them that moves a slider. Pure: it knows neither page nor server.

const OVERTAKE_MS = 150; // after which a hand rests

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * At most `atOnce` requests are on their way, and one more where those take long: that at which the hand rests overtakes them. Of
 * what waits only the newest is kept; an answer older than one already taken is dropped; so the last request is always answered,
 * and what is taken never goes back in time.
 *
 * `ask(request)` gives the answer, an object: {busy: ms} is asked again after that time if nothing newer was, {stopped: true}
 * is none, {error: sentence} goes to `refuse(sentence, request)` if nothing newer was asked, all else to `take(answer, request)`.
 * `idle()` hears when nothing is on its way or waits. A request is what was pushed, with its `number`.
 */
export class Queue {
  asked = 0; // number of the newest request
  taken = 0; // number of the newest answer that was taken
  #onTheirWay = 0;
  #waiting = null;
  #restTimer = 0;

  constructor({ ask, take, refuse = () => {}, idle = () => {}, atOnce = 2, overtakeMs = OVERTAKE_MS }) {
    Object.assign(this, { ask, take, refuse, idle, atOnce, overtakeMs });
  }

  push(request) {
    this.#waiting = { ...request, number: ++this.asked };
    this.#pump();
  }

  /** Whatever waits or is on its way comes too late. */
  drop() {
    this.#waiting = null;
    this.taken = ++this.asked;
  }

  get isIdle() {
    return !this.#onTheirWay && !this.#waiting;
  }

  #pump() {
    clearTimeout(this.#restTimer);
    while (this.#waiting && this.#onTheirWay < this.atOnce) this.#send();
    if (this.#waiting && this.#onTheirWay === this.atOnce)
      this.#restTimer = setTimeout(() => this.#waiting && this.#onTheirWay === this.atOnce && this.#send(), this.overtakeMs);
  }

  #send() {
    const next = this.#waiting;
    this.#waiting = null;
    this.#onTheirWay++;
    this.#run(next).finally(() => {
      this.#onTheirWay--;
      this.#pump();
      if (this.isIdle) this.idle();
    });
  }

  async #run(request) {
    const answer = await this.ask(request);
    const isNewest = () => request.number === this.asked;
    if (answer.busy) {
      await pause(answer.busy);
      if (isNewest()) this.#waiting = request;
      return;
    }
    if (answer.stopped || request.number < this.taken) return;
    if (answer.error) {
      if (isNewest()) this.refuse(answer.error, request);
      return;
    }
    this.taken = request.number;
    this.take(answer, request);
  }
}
