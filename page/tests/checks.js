// What a checker of accessibility looks for, as far as a program can tell. Each list is of faults.
function checks() {
  const all = (selector, of = document) => [...of.querySelectorAll(selector)].filter((e) => e.checkVisibility());
  return { names: names(), ids: ids(), headings: headings(), tables: tables(), references: references(),
    targets: targets(), contrast: contrast() };

  function names() {
    const named = (e) => e.getAttribute("aria-label") || e.labels?.[0]?.textContent.trim() || (e.tagName === "BUTTON" && e.textContent.trim());
    return all("input, select, textarea, button").filter((e) => !named(e)).map((e) => e.outerHTML.slice(0, 80));
  }

  function ids() {
    const found = [...document.querySelectorAll("[id]")].map((e) => e.id);
    return [...new Set(found.filter((each, i) => found.indexOf(each) !== i))];
  }

  function headings() {
    const levels = all("h1, h2, h3, h4, h5, h6").map((e) => Number(e.tagName[1]));
    const faults = levels.filter((level, i) => level > (levels[i - 1] ?? 0) + 1).map((level) => `h${level} too deep`);
    return levels.filter((level) => level === 1).length === 1 ? faults : [...faults, "not one h1"];
  }

  function tables() {
    return all("table").filter((e) => !e.querySelector("th[scope]") || !e.closest("[role=region][aria-labelledby][tabindex]"))
      .map((e) => e.outerHTML.slice(0, 80));
  }

  function references() {
    const kinds = ["aria-describedby", "aria-labelledby", "for", "aria-controls"];
    return [...document.querySelectorAll(kinds.map((k) => `[${k}]`).join(","))]
      .flatMap((e) => kinds.flatMap((k) => (e.getAttribute(k) ?? "").split(/\s+/).filter(Boolean)))
      .filter((id) => !document.getElementById(id));
  }

  function targets() {
    return all("button").filter((e) => e.getBoundingClientRect().height < 24).map((e) => e.textContent);
  }

  function contrast() {
    const faults = [];
    for (const e of all("body *")) {
      const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
      if (!own && !["INPUT", "SELECT", "TEXTAREA"].includes(e.tagName)) continue;
      if (e.disabled || e.closest(".skip")) continue;
      const ratio = between(rgb(getComputedStyle(e).color), ground(e));
      if (ratio < 4.5) faults.push(`${e.tagName} ${e.id} ${e.textContent.slice(0, 20)}: ${ratio.toFixed(2)}`);
    }
    return faults;
  }

  function ground(e) {
    for (let at = e; at; at = at.parentElement) {
      const found = rgb(getComputedStyle(at).backgroundColor);
      if (found[3] > 0) return found;
    }
    return [255, 255, 255, 1];
  }

  function rgb(text) {
    const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
    return [r, g, b, a];
  }

  function between(one, other) {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  }

  function luminance([r, g, b]) {
    const part = (value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  }
}
