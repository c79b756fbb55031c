// Asking for one, and repeating it.
import { call, told, Problem } from "./api.js";
import { byId, button, element, foreign, replace, row, rows, say } from "./dom.js";
import { bodyOf, buildForm, keyInForm, showErrors } from "./form.js";
import { contentOf } from "./domains.js";
import { pause } from "./loop.js";

const SENT = "sent";
const SENT_MAX = 20;
const INVALID = [400, 401, 413, 415]; // whatever was asked for, it is of no key
const LOOKS_MAX = 60;
const RECOVERY_MS_MAX = 120_000;
const PAUSE_MS = 250;
const VISIBLE_ASCII = /^[\x21-\x7e]+$/;

export class Create {
  constructor({ changed, tellStory }) {
    this.changed = changed;
    this.tellStory = tellStory;
    byId("create").addEventListener("submit", (event) => {
      event.preventDefault();
      this.send(this.fresh());
    });
    byId("repeat").addEventListener("click", () => this.send(this.last()));
  }

  show(domain) {
    this.domain = domain;
    buildForm(byId("fields"), domain);
    replace(byId("answer"));
    this.showSent();
  }

  // A new request of what is in the form.
  fresh() {
    const requestId = byId("request-id").value || madeUp();
    return { domain: this.domain.name, key: keyInForm(this.domain), requestId, body: bodyOf(this.domain) };
  }

  last() { return this.sent()[0]; }

  async send(request) {
    if (!VISIBLE_ASCII.test(request.requestId)) {
      say(byId("answer"), "The request id must be visible ASCII without spaces.");
      return undefined;
    }
    const began = performance.now();
    say(byId("answer"), `sending ${request.requestId} ...`);
    showErrors(this.domain, []);
    const outcome = await post(this.domain, request);
    const ms = Math.round(performance.now() - began);
    this.note({ ...request, ms, answer: outcome.short });
    this.showAnswer(request, outcome, ms);
    this.changed(request.key, !INVALID.includes(outcome.status));
    if (outcome.status === 202) this.follow(request, outcome);
    return outcome;
  }

  // Send a new request, have the worker killed meanwhile, and repeat until there is an answer.
  async demonstrate(kill) {
    const request = this.fresh();
    const [first] = await Promise.all([this.send(request), kill().catch(() => undefined)]);
    const end = performance.now() + RECOVERY_MS_MAX;
    for (let attempt = 1; performance.now() < end; attempt += 1) {
      const again = await this.send(request);
      if (again?.replayed) {
        return `The first answer was "${first.short}"; repeated ${attempt === 1 ? "once" : `${attempt} times`}, it is "${again.short}". The log has it once.`;
      }
      if (again?.status >= 400 && again.status < 500) return `It cannot be asked for: ${again.text}`;
      await pause(PAUSE_MS);
    }
    return "There was no answer; the request is safe, and can be repeated above.";
  }

  showAnswer(request, outcome, ms) {
    const bad = outcome.error !== undefined;
    const line = element("p", { class: bad ? "problem" : "good" }, `${outcome.text} (${ms} ms)`);
    const parts = [line, element("p", {}, "Request id: ", foreign(request.requestId))];
    if (outcome.entry) parts.push(element("pre", {}, foreign(outcome.entry)));
    replace(byId("answer"), ...parts);
    showErrors(this.domain, outcome.errors ?? []);
    if (bad && outcome.status === undefined) byId("repeat").focus();
  }

  // Accepted and without a place: ask where the answer says, until it has one.
  async follow(request, outcome) {
    for (let look = 0; look < LOOKS_MAX && this.last()?.requestId === request.requestId; look += 1) {
      await pause(outcome.pause * 1000);
      try {
        const found = await call(outcome.location);
        if (found.status !== 200) continue;
        say(byId("answer"), `${request.requestId}: it has its place now, ${found.body[this.domain.place]}`);
        this.note({ ...request, answer: `then 200, ${this.domain.place} ${found.body[this.domain.place]}` });
        return;
      } catch (error) {
        if (error instanceof Problem && error.status < 500) return;
      }
    }
  }

  sent() {
    try {
      const all = JSON.parse(sessionStorage.getItem(SENT) ?? "[]");
      return all.filter((each) => each.domain === this.domain?.name);
    } catch {
      return [];
    }
  }

  // The latest first, each request once.
  note(request) {
    const same = (each) => each.requestId === request.requestId && each.key === request.key && each.body === request.body;
    const before = this.sent().find(same);
    const others = this.sent().filter((each) => !same(each));
    const all = [{ ...before, ...request }, ...others].slice(0, SENT_MAX);
    sessionStorage.setItem(SENT, JSON.stringify(all));
    this.showSent();
  }

  showSent() {
    const all = this.sent();
    byId("repeat").disabled = all.length === 0;
    rows(byId("sent"), all.map((each, place) => [
      `${each.key} ${each.requestId} ${each.body}`, JSON.stringify([each, place]), () => row(
        foreign(each.requestId),
        foreign(each.answer),
        each.ms === undefined ? "" : `${each.ms} ms`,
        element("span", { class: "buttons" },
          button("Repeat", each.requestId, () => this.send(each)),
          button("Story", each.requestId, () => this.tellStory(each.key, each.requestId))),
      ),
    ]));
  }
}

// Send once; return what came of it and never raise. `error` is there when it is no success.
export async function post(domain, request) {
  const quoted = request.requestId.startsWith('"')
    ? `"${request.requestId.replaceAll('"', '\\"')}"` : request.requestId;
  try {
    const { status, headers, body } = await call(domain.post, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": quoted },
      body: request.body,
    });
    if (status === 202) {
      return {
        status, text: "202 accepted: it has no place yet", short: "202 accepted",
        location: headers.get("Location"), pause: Number(headers.get("Retry-After")) || 1,
      };
    }
    const replayed = headers.get("Idempotency-Replayed") === "true";
    const place = `${domain.place} ${body[domain.place]}`;
    const text = replayed
      ? `201 replayed: the same ${domain.name} as before, ${place}` : `201 created: ${place}`;
    return { status, replayed, text, short: `201${replayed ? " replayed" : ""}, ${place}`, entry: contentOf(domain, body) };
  } catch (error) {
    const status = error instanceof Problem ? error.status : undefined;
    const safe = status === undefined || status >= 500 ? " Repeat it: that is safe." : "";
    return { error, status, text: told(error) + safe, short: String(status ?? "no answer"), errors: error.body?.errors };
  }
}

function madeUp() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return `page-${[...bytes].map((each) => each.toString(16).padStart(2, "0")).join("")}`;
}
