// What is looked at, and the filter: in the fragment of the address, so that a link shows the same
// and no server log gets to see it.
const NAMES = ["domain", "key", "status", "id", "request"];

const listeners = [];

export function read() {
  const given = new URLSearchParams(location.hash.slice(1));
  return Object.fromEntries(NAMES.map((each) => [each, given.get(each) ?? ""]));
}

// Change some of it; empty values are left out. A new address is a new step of the history.
export function change(values) {
  const next = { ...read(), ...values };
  const given = new URLSearchParams();
  for (const name of NAMES) if (next[name]) given.set(name, next[name]);
  const text = given.toString();
  if (text === location.hash.slice(1)) return tell();
  history.pushState(null, "", text ? `#${text}` : location.pathname);
  tell();
}

export const onChange = (listener) => listeners.push(listener);

export const tell = () => listeners.forEach((each) => each(read()));

addEventListener("popstate", tell);
