// What is accepted and has no place yet.
import { get } from "./api.js";
import { byId, button, foreign, row, rows, say, time } from "./dom.js";

const ORDERED = { true: "yes", false: "not yet", null: "it did not answer" };
const OF_PENDING = ["accepted", "ordered"];

export class Pending {
  constructor(domain, key, tellStory) {
    this.domain = domain;
    this.key = key;
    this.tellStory = tellStory;
    this.found = { pending: [], more: false };
  }

  async read() {
    this.found = await get(`${this.domain.of(this.key)}/pending`);
  }

  show({ status, id }) {
    const ofOthers = status && !OF_PENDING.includes(status);
    const all = this.found.pending;
    const shown = ofOthers ? [] : all.filter((each) => this.matches(each, status, id));
    rows(byId("pending"), shown.map((each) => this.line(each)));
    say(byId("pending-told"), this.told(all, shown, ofOthers));
  }

  matches(each, status, id) {
    const own = each.ordered === true ? "ordered" : "accepted";
    return (!status || own === status) && (!id || each[this.domain.requestId].includes(id));
  }

  told(all, shown, ofOthers) {
    if (ofOthers) return "The filter is for entries of the log.";
    if (!all.length) return "Nothing is waiting.";
    const more = this.found.more ? ` The first ${all.length}; there are more.` : "";
    return `${shown.length} of ${all.length} that wait.${more}`;
  }

  line(each) {
    const id = each[this.domain.requestId];
    return [id, JSON.stringify(each), () => row(
      foreign(id), time(each.acceptedAt), ORDERED[each.ordered],
      button("Story", id, () => this.tellStory(this.key, id)),
    )];
  }
}
