// The page: what is looked at, and the loops that keep it fresh.
import { get, key, told, watch } from "./api.js";
import { byId, element, facts, say } from "./dom.js";
import { readDomains, words } from "./domains.js";
import { Check } from "./check.js";
import { Create } from "./create.js";
import { Localhost } from "./localhost.js";
import { Log } from "./log.js";
import { Pending } from "./pending.js";
import { Story } from "./story.js";
import { showHealth, showVersions } from "./service.js";
import * as state from "./state.js";
import { every, isIdle } from "./loop.js";

const ANONYMOUS = ["/api/health", "/api/openapi.json"];

let domains = [];
let looked = {}; // the parts that show one key of one domain
const loops = [];
const refresh = () => loops.forEach((each) => each());

const create = new Create({
  changed: (of, valid) => (valid && of !== state.read().key ? state.change({ key: of, domain: looked.domain.name }) : refresh()),
  tellStory: (of, requestId) => {
    state.change({ key: of, request: requestId });
    byId("story-title").focus();
  },
});
const host = new Localhost((kill) => create.demonstrate(kill));

async function start() {
  wireKey();
  wireForms();
  const read = await readDomains();
  domains = read.all;
  byId("domain").replaceChildren(...domains.map((each) => element("option", { value: each.name }, words(each.plural))));
  showVersions(read.info, domains);
  state.onChange(look);
  look(state.read());
  await host.probe();
  loops.push(
    every(10, showHealth), every(2, follow), every(3, check), every(1, tellStory), every(3, () => host.show()));
  setInterval(showAge, 1000);
  setInterval(() => say(byId("paused"), isIdle() ? "Paused: nobody has touched this page for ten minutes. Move or press a key to go on." : ""), 1000);
}

// Show what the address says.
function look(wanted) {
  const domain = domains.find((each) => each.name === wanted.domain) ?? domains[0];
  const of = wanted.key || String(domain.example[domain.key] ?? "");
  const other = domain !== looked.domain;
  byId("domain").value = domain.name;
  byId("item-key").value = of;
  say(byId("item-key-label"), words(domain.key));
  byId("status").value = wanted.status;
  byId("id").value = wanted.id;
  byId("story-id").value = wanted.request;
  document.title = `${words(domain.key)} ${of}: effectively once`;
  if (other) create.show(domain);
  if (other || of !== looked.of) {
    looked = {
      domain, of,
      log: new Log(domain, of),
      pending: new Pending(domain, of, create.tellStory),
      check: new Check(domain, of, get),
    };
    say(byId("violation"), "");
    showAge();
  }
  if (other || of !== looked.story?.key || wanted.request !== looked.story?.requestId) {
    looked.story?.clear();
    looked.story = new Story(domain, of, wanted.request);
    looked.story.clear();
  }
  looked.sought = undefined;
  show();
  refresh();
}

async function follow() {
  const { log, pending } = looked;
  const { id } = state.read();
  try {
    while (await log.readOn() && log === looked.log) show();
    await pending.read();
    if (id !== looked.sought) {
      await log.lookFor(id);
      looked.sought = id;
    }
    say(byId("failure"), "");
  } catch (error) {
    say(byId("failure"), `The log cannot be shown: ${told(error)}`);
    throw error;
  } finally {
    if (log === looked.log) show();
  }
}

function show() {
  const filter = state.read();
  looked.log.show(filter);
  looked.pending.show(filter);
  const { summary } = looked.log;
  facts(byId("summary"), summary ? [["Last place", String(summary.last)], ["Pending", String(summary.pending)]] : []);
}

async function check() {
  const { check: own } = looked;
  looked.unchecked = undefined;
  try {
    await own.round();
  } catch (error) {
    looked.unchecked = told(error);
    throw error;
  } finally {
    showAge();
  }
  if (!own.caughtUp && own === looked.check) setTimeout(loops[2], 0); // there is more to read
}

function showAge() {
  const { check: own, unchecked } = looked;
  const now = Date.now();
  const place = byId("invariant");
  const failed = unchecked && !own.violations.length ? `; the last look failed: ${unchecked}` : "";
  say(place, own.text(now) + failed);
  place.className = `invariant ${own.violations.length ? "problem" : own.at && !unchecked ? "good" : ""}`;
  say(byId("violation"), own.violations.join("; "));
}

const tellStory = () => looked.story.tell();

function wireForms() {
  const on = (id, act) => byId(id).addEventListener("submit", (event) => {
    event.preventDefault();
    act();
  });
  on("where", () => {
    const domain = byId("domain").value;
    const same = domain === looked.domain.name;
    state.change({ domain, key: same ? byId("item-key").value : "", status: "", id: "", request: "" });
  });
  byId("domain").addEventListener("change", () => byId("where").requestSubmit());
  on("filter", () => state.change({ status: byId("status").value, id: byId("id").value.trim() }));
  byId("clear").addEventListener("click", () => state.change({ status: "", id: "" }));
  on("story-form", () => state.change({ request: byId("story-id").value.trim() }));
  byId("older").addEventListener("click", async () => {
    await looked.log.readOlder();
    show();
  });
}

function wireKey() {
  const place = byId("key-told");
  watch.refused = () => {
    say(place, key.get() ? "This key was refused." : "Enter a function key: this app shows no data without one.");
    byId("key").setAttribute("aria-invalid", "true");
  };
  watch.accepted = (path) => {
    if (ANONYMOUS.includes(path)) return;
    say(place, key.get() ? "The key is used, and kept for this tab only." : "");
    byId("key").removeAttribute("aria-invalid");
  };
  byId("key-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    key.set(byId("key").value.trim());
    byId("key").value = "";
    await host.probe();
    refresh();
  });
  byId("key-forget").addEventListener("click", () => {
    key.forget();
    location.reload();
  });
}

start().catch((error) => say(byId("failure"), `The page cannot start: ${told(error)}`));
