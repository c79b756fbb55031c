// What our own host tells of itself, below /admin: shown where it answers, and nowhere else.
import { Problem, call, get, told } from "./api.js";
import { byId, facts, foreign, row, rows, say, time } from "./dom.js";
import { pause } from "./loop.js";

const OWN = "/admin/localhost";
const DURABLE = "/runtime/webhooks/durabletask";
const SHOWN_MAX = 50;
const RECOVERY_SECONDS_MAX = 120;
const LOOK_MS = 200;

export class Localhost {
  // `demonstrate` sends a request while `kill` goes on, and repeats it; it returns what to say.
  constructor(demonstrate) {
    this.found = false;
    byId("kill").addEventListener("click", () => this.kill());
    byId("kill-during").addEventListener("click", async () => {
      say(byId("kill-told"), "Sending, and killing the worker ...");
      say(byId("kill-told"), await demonstrate(() => call(`${OWN}/worker`, { method: "DELETE" })));
    });
    byId("faults-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.follow(byId("faults").value);
    });
  }

  // Look once whether this is such a host, and whether the key opens it.
  async probe() {
    try {
      const own = await get(OWN);
      this.found = own?.role !== undefined;
    } catch {
      this.found = false;
    }
    byId("host").hidden = !this.found;
    if (this.found) byId("faults").value = JSON.stringify(await get(`${OWN}/faults`));
  }

  async show() {
    if (!this.found) return;
    const [own, status, functions, entities, instances] = await Promise.all([
      get(OWN), get("/admin/host/status"), get("/admin/functions"),
      get(`${DURABLE}/entities?fetchState=true&top=${SHOWN_MAX}`),
      get(`${DURABLE}/instances?showInput=false&top=${SHOWN_MAX}`),
    ]);
    facts(byId("host-facts"), [
      ["Role", own.role], ["State", status.state], ["Held against host", status.version],
      ["Up for", `${Math.round(status.processUptime / 1000)} s`],
    ]);
    const counts = own.statistics.invocations;
    rows(byId("functions"), functions.map((each) => this.functionLine(each, counts[each.name] ?? 0)));
    rows(byId("entities"), entities.map((each) => this.entityLine(each)));
    // Entities are instances, too.
    const orchestrations = instances.filter((each) => !each.instanceId.startsWith("@"));
    rows(byId("orchestrations"), orchestrations.map((each) => this.instanceLine(each)));
  }

  functionLine(each, count) {
    const trigger = each.config.bindings.map((b) => b.type).find((type) => /trigger$/i.test(type)) ?? "";
    const off = each.isDisabled ? " (disabled)" : "";
    return [each.name, JSON.stringify([trigger, off, count]),
      () => row(foreign(each.name), `${trigger}${off}`, String(count))];
  }

  entityLine(each) {
    const name = `${each.entityId.name} ${each.entityId.key}`;
    return [name, JSON.stringify(each),
      () => row(foreign(name), time(each.lastOperationTime), foreign(each.state))];
  }

  instanceLine(each) {
    return [each.instanceId, JSON.stringify(each), () => row(
      foreign(each.instanceId), foreign(each.name), foreign(each.runtimeStatus), time(each.lastUpdatedTime))];
  }

  // Kill the worker process, then wait until a function answers again.
  async kill() {
    const place = byId("kill-told");
    const began = performance.now();
    try {
      await call(`${OWN}/worker`, { method: "DELETE" });
    } catch (error) {
      say(place, error instanceof Problem && error.status === 404 ? "There is no worker to kill just now." : told(error));
      return;
    }
    say(place, "The worker is killed; waiting for the next one ...");
    while (performance.now() - began < RECOVERY_SECONDS_MAX * 1000) {
      if (await this.answers()) {
        const seconds = ((performance.now() - began) / 1000).toFixed(1);
        say(place, `The worker was killed; functions answered again after ${seconds} s.`);
        return;
      }
      await pause(LOOK_MS);
    }
    say(place, `No function has answered for ${RECOVERY_SECONDS_MAX} s.`);
  }

  async answers() {
    try {
      await call("/api/health");
      return true;
    } catch (error) {
      return error instanceof Problem && error.body !== undefined; // unhealthy, and there to say so
    }
  }

  async follow(plan) {
    const place = byId("faults-told");
    try {
      await call(`${OWN}/faults`, { method: "PUT", headers: { "Content-Type": "application/json" }, body: plan });
      say(place, "The host follows this plan from now on.");
    } catch (error) {
      say(place, error instanceof Problem ? `${error.status}: no such plan` : told(error));
    }
  }
}
