// A form made of a JSON Schema. The service checks what is entered and says what is wrong where; here
// every text is sent as it is, so nobody has two sets of rules to keep the same.
import { element, byId, say } from "./dom.js";
import { words } from "./domains.js";

export function buildForm(place, domain) {
  const names = Object.keys(domain.schema.properties);
  place.replaceChildren(...names.map((each) => line(domain, each)));
}

function line(domain, name) {
  const schema = domain.resolved(domain.schema.properties[name]);
  const required = domain.schema.required.includes(name);
  const id = idOf(name);
  const input = control(schema, id, domain.example[name]);
  input.setAttribute("aria-describedby", `${id}-hint ${id}-error`);
  if (required && input.type !== "checkbox") input.setAttribute("aria-required", "true");
  const label = element("label", { for: id }, words(name), required ? "" : " (may be left out)");
  const hint = element("small", { id: `${id}-hint` }, hintOf(schema));
  const error = element("span", { id: `${id}-error`, class: "error" });
  const tick = input.type === "checkbox";
  return element("p", { class: tick ? "check" : undefined, "data-name": name },
    ...(tick ? [input, " ", label] : [label, input]), hint, error);
}

const idOf = (name) => `field-${name}`;

function control(schema, id, example) {
  const kind = kindOf(schema);
  if (kind === "choice") {
    const options = schema.enum.map((each) =>
      element("option", { value: JSON.stringify(each), selected: each === example }, each));
    return element("select", { id, "data-kind": kind }, ...options);
  }
  if (kind === "boolean") return element("input", { id, type: "checkbox", "data-kind": kind, checked: example === true });
  const text = example === undefined ? "" : kind === "json" ? JSON.stringify(example) : String(example);
  const numeric = kind === "integer" ? "numeric" : kind === "number" ? "decimal" : undefined;
  const made = element(kind === "json" ? "textarea" : "input",
    { id, "data-kind": kind, inputmode: numeric, spellcheck: "false", rows: kind === "json" ? 3 : undefined });
  made.value = text;
  return made;
}

function kindOf(schema) {
  if (Array.isArray(schema.enum)) return "choice";
  if (["integer", "number", "string", "boolean"].includes(schema.type)) return schema.type;
  return "json"; // objects, lists, and what may be one of several
}

function hintOf(schema) {
  const { minimum, maximum, minLength, maxLength, description, format } = schema;
  const told = [];
  if (minimum !== undefined && maximum !== undefined) told.push(`${minimum} to ${maximum}`);
  if (maxLength !== undefined) told.push(`${minLength ?? 0} to ${maxLength} characters`);
  if (kindOf(schema) === "json") told.push("JSON");
  if (format) told.push(format);
  if (description) told.push(description);
  return told.join("; ");
}

// The body, as JSON text: digits go as they were entered, however many there are.
export function bodyOf(domain) {
  const parts = [];
  for (const name of Object.keys(domain.schema.properties)) {
    const input = byId(idOf(name));
    const value = json(input);
    if (value === "" || (value === '""' && !domain.schema.required.includes(name))) continue;
    parts.push(`${JSON.stringify(name)}:${value}`);
  }
  return `{${parts.join(",")}}`;
}

function json(input) {
  const kind = input.dataset.kind;
  if (kind === "boolean") return String(input.checked);
  if (kind === "choice") return input.value;
  const text = input.value;
  if (kind === "string") return JSON.stringify(text);
  if (text.trim() === "") return "";
  return isJson(text) ? text.trim() : JSON.stringify(text);
}

function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

// Show what the service says is wrong, beside the field that it names.
export function showErrors(domain, errors) {
  let first;
  for (const name of Object.keys(domain.schema.properties)) {
    const own = errors.filter((each) => pointerName(each.pointer) === name);
    const input = byId(idOf(name));
    say(byId(`${idOf(name)}-error`), own.map((each) => each.detail).join("; "));
    if (own.length) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
    if (own.length && !first) first = input;
  }
  first?.focus();
}

const pointerName = (pointer) =>
  pointer.startsWith("#/") ? pointer.slice(2).split("/")[0].replaceAll("~1", "/").replaceAll("~0", "~") : "";

export function keyInForm(domain) {
  return byId(idOf(domain.key))?.value ?? "";
}
