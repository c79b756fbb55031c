// The end of a log as it grows, and what a filter leaves of it.
import { Problem, get } from "./api.js";
import { byId, foreign, row, rows, say } from "./dom.js";
import { contentOf, statusOf } from "./domains.js";

const SHOWN_MAX = 100;
const PAGE = 250;
const WINDOW_MAX = 2_000;
const OF_ENTRIES = ["created", "refused", "erased"];

export class Log {
  constructor(domain, key) {
    this.domain = domain;
    this.key = key;
    this.entries = []; // dense, in their order: a window that ends at the end of the log
    this.alone = undefined; // {id, entry}: found by place or request id outside the window
    this.summary = undefined;
  }

  get first() { return this.entries[0]?.[this.domain.place] ?? 0; }

  get end() { return this.entries.at(-1)?.[this.domain.place] ?? 0; }

  async readOn() {
    this.summary = await get(this.domain.of(this.key));
    const after = this.entries.length ? this.end : Math.max(0, this.summary.last - SHOWN_MAX);
    const page = await get(this.domain.page(this.key, after, PAGE));
    this.entries = [...this.entries, ...page[this.domain.plural]].slice(-WINDOW_MAX);
    return page.next !== null;
  }

  async readOlder() {
    if (this.first <= 1) return;
    const after = Math.max(0, this.first - 1 - SHOWN_MAX);
    const page = await get(this.domain.page(this.key, after, this.first - 1 - after));
    this.entries = [...page[this.domain.plural], ...this.entries].slice(0, WINDOW_MAX);
  }

  // Look for one that is not in the window: by its place, or by its request id.
  async lookFor(id) {
    this.alone = undefined;
    if (!id || this.matching({ status: "", id }).length) return;
    try {
      const entry = /^[1-9]\d*$/.test(id)
        ? await get(this.domain.entry(this.key, id))
        : (await get(this.domain.story(this.key, id))).entry;
      this.alone = { id, entry };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.alone = { id, entry: undefined };
    }
  }

  matching({ status, id }) {
    return this.entries.filter((each) =>
      (!status || statusOf(each) === status) && (!id || String(each[this.domain.place]) === id));
  }

  show(filter) {
    const { status, id } = filter;
    const ofOthers = status && !OF_ENTRIES.includes(status);
    let found = ofOthers ? [] : this.matching(filter);
    const alone = this.alone?.id === id ? this.alone.entry : undefined;
    if (!found.length && alone && (!status || statusOf(alone) === status)) found = [alone];
    const shown = found.slice(-SHOWN_MAX).reverse();
    rows(byId("log"), shown.map((each) => this.line(each)));
    say(byId("log-told"), this.told(filter, shown, ofOthers));
    byId("older").disabled = this.first <= 1 || this.entries.length >= WINDOW_MAX;
  }

  told({ status, id }, shown, ofOthers) {
    if (ofOthers) return "The filter is for pending requests.";
    if (!this.entries.length) return "Nothing is in the log yet.";
    const window = `${this.first} to ${this.end}`;
    if (status || id) return `${shown.length} of those loaded (${window}) match the filter.`;
    return `The latest ${shown.length} of ${window}.`;
  }

  line(entry) {
    const place = entry[this.domain.place];
    const status = statusOf(entry);
    const print = JSON.stringify(entry);
    return [String(place), print, () => row(String(place), status, this.content(entry, status))];
  }

  content(entry, status) {
    if (status === "erased") return "";
    if (status === "refused") return foreign(`${entry.refused.code}: ${entry.refused.detail}`);
    const content = contentOf(this.domain, entry);
    const names = Object.keys(content);
    return foreign(names.length === 1 ? content[names[0]] : content);
  }
}
