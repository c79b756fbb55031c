// Health and versions.
import { Problem, call } from "./api.js";
import { byId, element, facts, foreign, say } from "./dom.js";

export async function showHealth() {
  const badge = byId("health");
  try {
    await call("/api/health");
    say(badge, "health: ok");
    badge.className = "badge good";
    byId("health-parts").replaceChildren();
  } catch (error) {
    const parts = error instanceof Problem ? error.body?.parts ?? {} : {};
    say(badge, error instanceof Problem ? "health: not ok" : "health: no answer");
    badge.className = "badge problem";
    byId("health-parts").replaceChildren(...Object.entries(parts).map(([part, wrong]) =>
      element("li", {}, foreign(`${part}: ${wrong}`))));
    throw error;
  }
}

export function showVersions(info, domains) {
  const functions = domains.map((each) => [
    `Function of ${each.plural}`,
    `version ${each.versions.at(-1)}${each.versions.length > 1 ? `; kept: ${each.versions.slice(0, -1).join(", ")}` : ""}`,
  ]);
  facts(byId("service"), [["Contract", `${info.title}, version ${info.version}`], ...functions]);
}
