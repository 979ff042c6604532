// Which picture to ask for, and when. Knows the controls' values and the backend, and no page.
//
// In a drag the critic reads a picture now and then, a network too heavy to follow the hand answers with drafts, and what is
// missing is asked for when the hand rests. A model whose pictures take seconds (`slow`) is not asked at each move of the hand
// but when it lets go or rests; it says how far it is, and can be stopped; what changes no more than the post-processing
// stays live.
import { same } from "../../assets/history.js";
import { Queue } from "../../assets/queue.js";

const READ_MS = 110; // in a drag the critic reads the picture this often, not at each frame: it takes as long as the picture
const DRAFT_MS = 150; // after which a draft, shown while a drag goes on, is finished; at once if the hand has let go
const REST_MS = 350; // after which a drag counts as one edit: it goes into the history, the address and the neighbours
const SLOW_MS = 250; // after which a picture counts as slow
const PAUSE_MS = 200; // after the last change, with no pointer down, a picture that takes seconds is begun
const LATE_MS = 150; // after letting go, from which on the last picture counts as late
const POLL_MS = 250; // how often it is asked how far it is

/** A key that nobody guesses, of this page alone: by it the server knows whose turn it is, and whose picture is to stop. */
const makeKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/**
 * `initial`: values to begin with; `stepsAt`: where the post-processing is among them; `backend`: `picture`, `progress`.
 * `on`: what hears of it all: `draw(answer)`, `refuse(sentence)`, `rest()`, `slow(isSlow, isPainting)`, `share(0 … 1)`,
 * `unpainted()` when the first picture was stopped, and `stopped(wanted)` when another was.
 */
export class Asking {
  good = null; // the last values that made a picture
  answer = null; // and what came back for them
  #queue;
  #key = makeKey();
  #restTimer = 0;
  #slowTimer = 0;
  #readAt = -Infinity; // when the critic was last asked
  #readTimer = 0; // to ask it of the last picture of a drag
  #held = false; // a pointer is down: more may follow
  #letGoAt = -Infinity; // when it last went up
  #due = null; // a picture that takes seconds, to be asked for once the hand lets go or rests
  #dueTimer = 0;
  #lateTimer = 0;
  #painting = null; // the newest such request on its way

  constructor({ initial, stepsAt, slow, backend, on, now = () => performance.now() }) {
    Object.assign(this, { current: initial, stepsAt, slow, backend, on, now }); // current: the values as far as we were told
    this.#queue = new Queue({
      ask: (request) => this.#ask(request),
      take: (answer, request) => this.#take(answer, request),
      refuse: (sentence, { quiet }) => quiet || this.on.refuse(sentence),
      idle: () => this.#idle(),
    });
  }

  /** Numbers of the newest request and of the answer that is shown. */
  get asked() {
    return this.#queue.asked;
  }

  get job() {
    return this.#job(this.asked);
  }

  get shown() {
    return this.#queue.taken;
  }

  /** Whether what is shown is what the controls say. */
  get isGood() {
    return this.good !== null && same(this.good, this.current);
  }

  /** Whether nothing is on its way, waits or is held back. */
  get isIdle() {
    return this.#queue.isIdle && !this.#due;
  }

  /** Ask for the picture of these values. `draft`: it may be a coarser one, of a network too heavy to follow the hand;
   * `quiet`: they are half typed, and refused without a word. */
  feed(values, how = {}) {
    if (this.isGood && same(values, this.good)) return;
    this.current = values;
    clearTimeout(this.#restTimer);
    clearTimeout(this.#readTimer);
    this.#forgetDue();
    if (!this.#takesSeconds(values)) {
      this.#painting = null; // what was waited for is not any more
      this.#request(values, how);
    } else if (!this.#painting || !same(values, this.#painting.values)) {
      this.#due = () => this.#request(values, how);
      if (!this.#held) this.#dueTimer = setTimeout(() => this.#beginDue(), PAUSE_MS);
    }
  }

  /** A pointer went down, somewhere. */
  press() {
    this.#held = true;
  }

  /** And up. */
  letGo() {
    this.#held = false;
    this.#letGoAt = this.now();
    if (this.#due) this.#dueTimer = setTimeout(() => this.#beginDue(), PAUSE_MS);
    if (this.answer?.draft && this.#queue.isIdle) this.#finish();
    clearTimeout(this.#lateTimer);
    this.#lateTimer = setTimeout(() => this.#askAgain(), LATE_MS);
  }

  /** Stop the picture that is waited for, if one is. */
  cancel() {
    if (!this.#painting && !this.#due) return;
    const wanted = this.current;
    this.#forgetDue();
    this.#painting = null;
    this.#queue.drop();
    this.backend.progress({ job: this.#job(this.asked), stop: true });
    this.#notSlow();
    if (this.good) this.on.stopped(wanted);
    else this.on.unpainted();
  }

  /** Whether the picture of these values must be painted anew, by a network that takes seconds. */
  #takesSeconds(values) {
    const { good, slow, stepsAt } = this;
    return slow && !(good && values.every((value, i) => i === stepsAt || same(value, good[i])));
  }

  #job(number) {
    return { key: this.#key, number };
  }

  /** What is on its way went as one frame of many: where many wait it is asked for once more as the last one, which overtakes. */
  #askAgain() {
    const isLate = !this.#held && !this.#queue.isIdle && !this.isGood && !this.#painting && !this.#due;
    if (isLate) this.#request(this.current, { quiet: true, draft: true });
  }

  #request(values, how) {
    this.#queue.push({ values, ...how });
  }

  #forgetDue() {
    clearTimeout(this.#dueTimer);
    this.#due = null;
  }

  #beginDue() {
    const begin = this.#due;
    this.#forgetDue();
    begin?.();
  }

  /** The whole picture in place of its draft. */
  #finish() {
    clearTimeout(this.#readTimer);
    this.answer.draft = false; // asked for once
    if (this.isGood) this.#request(this.good, { quiet: true, unread: true });
  }

  async #ask(request) {
    this.#soonSlow(); // since the last picture, see `#take`
    const seconds = this.#takesSeconds(request.values);
    if (seconds && this.#painting !== request) this.#follow(request);
    const read = !request.unread && !seconds && this.now() - this.#readAt >= READ_MS;
    if (read) this.#readAt = this.now();
    const job = this.#job(request.number); // by the key visitors take turns, and of one's requests the newest is painted
    const rests = !this.#held; // the hand has let go: whoever looks and waits comes before frames of hands that move
    const answer = await this.backend.picture({ values: request.values, read, draft: request.draft === true, rests, job });
    if (!answer.busy && this.#painting === request) this.#painting = null;
    return answer;
  }

  #take(answer, request) {
    this.good = request.values;
    this.#notSlow();
    if (this.#painting) this.#soonSlow();
    const before = this.answer;
    this.answer = answer;
    this.on.draw(answer, before);
  }

  /** Show how far a request for a picture that takes seconds has come, as long as it is the newest. */
  async #follow(request) {
    this.#painting = request;
    this.on.share(0);
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      if (this.#painting !== request) return;
      const { share } = await this.backend.progress({ job: this.#job(request.number) });
      if (this.#painting === request) this.on.share(share ?? 0);
    }
  }

  #soonSlow() {
    this.#slowTimer ||= setTimeout(() => this.on.slow(true, this.#painting !== null), SLOW_MS);
  }

  #notSlow() {
    clearTimeout(this.#slowTimer);
    this.#slowTimer = 0;
    this.on.slow(false, false);
  }

  #idle() {
    this.#notSlow();
    clearTimeout(this.#restTimer);
    clearTimeout(this.#readTimer);
    const { answer } = this;
    const hasLetGo = !this.#held && this.now() - this.#letGoAt < REST_MS;
    if (answer?.draft) this.#readTimer = setTimeout(() => this.#finish(), hasLetGo ? 0 : DRAFT_MS);
    else if (answer && !answer.read)
      this.#readTimer = setTimeout(() => this.isGood && this.#request(this.good, { quiet: true }), READ_MS);
    this.#restTimer = setTimeout(() => this.isGood && this.on.rest(), REST_MS);
  }
}
