// Everything that is shown goes through here, as text: nothing from outside ever becomes markup.

export const byId = (id) => document.getElementById(id);

// Make an element; what it holds is elements, and texts that stay texts.
export function element(name, attributes = {}, ...content) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(attribute, value === true ? "" : value);
  }
  made.append(...content.filter((each) => each !== undefined).map(asNode));
  return made;
}

const asNode = (content) =>
  content instanceof Node ? content : document.createTextNode(String(content));

// A text of somebody else: its direction is its own, and it does not turn its neighbours round.
export const foreign = (text) => element("bdi", { class: "value" }, shown(text));

// A value of JSON as one line of text; control characters are made visible.
export function shown(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

export const replace = (parent, ...content) => parent.replaceChildren(...content.map(asNode));

// Change a text only when it differs: a live region says nothing twice.
export function say(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

// Rows of a table by name: a row that is there already stays as it is, and keeps the focus.
export function rows(body, wanted) {
  const there = new Map([...body.children].map((each) => [each.dataset.row, each]));
  const kept = wanted.map(([name, print, make]) => {
    const old = there.get(name);
    if (old && old.dataset.print === print) return old;
    const made = make();
    made.dataset.row = name;
    made.dataset.print = print;
    return made;
  });
  const same = kept.length === body.children.length && kept.every((each, i) => each === body.children[i]);
  if (!same) body.replaceChildren(...kept);
}

export const row = (...cells) =>
  element("tr", {}, ...cells.map((each) => element("td", {}, each)));

export function facts(list, pairs) {
  const print = JSON.stringify(pairs);
  if (list.dataset.print === print) return;
  list.dataset.print = print;
  list.replaceChildren(...pairs.flatMap(([name, value]) =>
    [element("dt", {}, name), element("dd", {}, foreign(value))]));
}

// A time as people read it, with the exact one behind it.
export function time(text) {
  const at = new Date(text);
  if (Number.isNaN(at.valueOf())) return foreign(text);
  const ms = String(at.getMilliseconds()).padStart(3, "0");
  return element("time", { datetime: text, title: text }, `${at.toLocaleString()} .${ms}`);
}

export function button(label, about, act) {
  const made = element("button", { type: "button", "aria-label": `${label} ${shown(about)}` }, label);
  made.addEventListener("click", act);
  return made;
}
