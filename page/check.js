// The invariant, checked on the log as anybody can read it: places 1..n, none left out, none twice,
// and an entry that was seen never changes. It reads on where it ended, a bounded part at a time.
import { Problem } from "./api.js";
import { statusOf } from "./domains.js";

export const PAGE = 250; // entries
const PAGES_PER_ROUND = 20;
const REMEMBERED_MAX = 1_000_000; // entries; later ones are checked for their places only

export class Check {
  // `get` reads the JSON of an address, or raises Problem.
  constructor(domain, key, get) {
    this.domain = domain;
    this.key = key;
    this.get = get;
    this.end = 0; // the last place that was read in order
    this.last = 0; // what the head said
    this.digests = [];
    this.again = 0; // after which place to read again next
    this.violations = [];
    this.at = undefined; // of the last whole round, in ms
  }

  // Read on, and once more what was read before. Raises Problem and TypeError when it cannot.
  async round() {
    // The head first: the log may only be longer by the time that it is read.
    const { last } = await this.get(this.domain.of(this.key));
    this.last = Math.max(last, this.end);
    if (last < this.end) this.violation(`the log ends at ${last}, and ${this.end} was there`);
    const atEnd = await this.readOn();
    if (atEnd && this.end < last) this.violation(`the log ends at ${this.end}, and its head says ${last}`);
    if (atEnd) await this.readAgain();
    this.last = Math.max(this.last, this.end);
    this.at = Date.now();
  }

  get caughtUp() { return this.end >= this.last; }

  async readOn() {
    for (let page = 0; page < PAGES_PER_ROUND; page += 1) {
      const entries = await this.read(this.end);
      for (const each of entries) this.take(each);
      if (entries.length < PAGE) return true;
    }
    return false;
  }

  take(entry) {
    const place = entry[this.domain.place];
    if (place <= this.end) {
      this.violation(`place ${place} comes twice`);
      return;
    }
    if (place !== this.end + 1) this.violation(`place ${this.end + 1} is missing: ${place} follows ${this.end}`);
    this.end = place;
    if (place <= REMEMBERED_MAX) this.digests[place] = digest(entry);
  }

  async readAgain() {
    if (this.again >= Math.min(this.end, REMEMBERED_MAX)) this.again = 0;
    const entries = await this.read(this.again);
    for (const each of entries) this.compare(each);
    this.again += PAGE;
  }

  compare(entry) {
    const place = entry[this.domain.place];
    const before = this.digests[place];
    if (before === undefined || before === digest(entry)) return;
    // Somebody may have erased its content; its place is what stays.
    if (statusOf(entry) !== "erased") this.violation(`the entry at ${place} is not what it was`);
    this.digests[place] = digest(entry);
  }

  async read(after) {
    try {
      return (await this.get(this.domain.page(this.key, after, PAGE)))[this.domain.plural];
    } catch (error) {
      if (error instanceof Problem && error.status === 503) await this.findHole(after);
      throw error;
    }
  }

  // The service gives out no page with a hole; so look for the first place that is not there.
  async findHole(after) {
    if (this.violations.length) return; // it is known, and looking costs a request per place
    for (let place = after + 1; place <= Math.min(after + PAGE, this.last); place += 1) {
      try {
        await this.get(this.domain.entry(this.key, place));
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        if (error.status === 404) {
          this.violation(`place ${place} is missing, and the head says ${this.last}`);
          return;
        }
        if (error.status >= 500) return; // the store does not answer at all: nothing is proved
      }
    }
  }

  violation(text) {
    if (!this.violations.includes(text)) this.violations.push(text);
  }

  text(now) {
    if (this.violations.length) return `violated, seen ${this.age(now)}`;
    if (this.at === undefined) return "not checked yet";
    if (!this.caughtUp) return `1..${this.end} of ${this.last} dense so far, no duplicates, checked ${this.age(now)}`;
    if (this.end === 0) return `the log is empty, checked ${this.age(now)}`;
    return `1..${this.end} dense, no duplicates, checked ${this.age(now)}`;
  }

  age(now) {
    return this.at === undefined ? "just now" : `${Math.max(0, Math.round((now - this.at) / 1000))} s ago`;
  }
}

// 53 bits of a text; two entries that share them by chance would hide a change, one in 10^15.
function digest(entry) {
  const text = JSON.stringify(entry);
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return 4294967296 * (2097151 & low) + (high >>> 0);
}
