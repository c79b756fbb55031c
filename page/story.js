// The steps of one request, as far as the stores and the entity know them.
import { Problem, get, told } from "./api.js";
import { byId, element, foreign, replace, row, time } from "./dom.js";

const DONE = { true: "yes", false: "not yet", null: "not known" };
const STATUS = {
  accepted: "It is accepted and has no place yet.",
  logged: "It has its place in the log.",
  dead: "The function failed on it: it is a dead letter.",
};

export class Story {
  constructor(domain, key, requestId) {
    this.domain = domain;
    this.key = key;
    this.requestId = requestId;
    this.settled = false;
    this.print = undefined;
  }

  async tell() {
    if (this.settled || !this.requestId) return;
    try {
      const story = await get(this.domain.story(this.key, this.requestId));
      const steps = story.steps;
      const waiting = steps.some((each) => each.done === false && each.step === "published");
      this.settled = story.status === "dead" || (story.status === "logged" && !waiting);
      this.show(story);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.print = undefined;
      replace(byId("story"), element("p", { class: "problem" }, told(error)));
    }
  }

  show(story) {
    const print = JSON.stringify(story);
    if (print === this.print) return;
    this.print = print;
    const head = ["Step", "Done", "When"].map((each) => element("th", { scope: "col" }, each));
    const steps = story.steps.map((each) => row(each.step, DONE[each.done],
      each.at ? time(each.at) : element("span", { class: "note" }, each.detail ?? "")));
    const table = element("table", {},
      element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...steps));
    const asked = story.payload === null ? "erased" : story.payload;
    replace(byId("story"),
      element("p", {}, foreign(this.requestId), `: ${STATUS[story.status]}`),
      element("div", { class: "table", tabindex: "0", role: "region", "aria-labelledby": "story-title" }, table),
      element("p", {}, "Asked for: ", foreign(asked)),
      ...(story.entry ? [element("p", {}, "Entry: ", foreign(story.entry))] : []),
      ...(story.reason ? [element("p", {}, "Reason: ", foreign(story.reason))] : []));
  }

  clear() { replace(byId("story")); }
}
