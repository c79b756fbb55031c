// Calls of this host: the key travels in a header, and never in an address.

const KEY = "function-key";
const SECONDS_MAX = 40; // an answer to a POST may take 30

export const key = {
  get: () => sessionStorage.getItem(KEY) ?? "",
  set: (value) => sessionStorage.setItem(KEY, value),
  forget: () => sessionStorage.removeItem(KEY),
};

// Told when an answer was 401, and when one was not.
export const watch = { refused: () => {}, accepted: () => {} };

export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail ?? body?.title ?? `answered ${status}`);
    this.status = status;
    this.body = body;
  }

  get text() {
    const title = this.body?.title;
    return title && title !== this.message ? `${this.status} ${title}. ${this.message}` : `${this.status} ${this.message}`;
  }
}

// Send; return {status, headers, body}. Raises Problem for what is no success, TypeError for no answer.
export async function call(path, { method = "GET", headers = {}, body } = {}) {
  const sent = new Headers(headers);
  if (key.get()) sent.set("x-functions-key", key.get());
  const answer = await fetch(path, {
    method, headers: sent, body,
    cache: "no-store", credentials: "same-origin", redirect: "error", referrerPolicy: "no-referrer",
    signal: AbortSignal.timeout(SECONDS_MAX * 1000),
  });
  const text = await answer.text();
  const told = parsed(text);
  if (path.startsWith("/api/")) (answer.status === 401 ? watch.refused : watch.accepted)(path);
  if (!answer.ok) throw new Problem(answer.status, told);
  return { status: answer.status, headers: answer.headers, body: told };
}

export const get = async (path) => (await call(path)).body;

export const segment = encodeURIComponent;

// Integers beyond 2^53 stay the digits that they were, where the browser can tell.
function parsed(text) {
  try {
    return JSON.parse(text, (_, value, context) =>
      Number.isInteger(value) && !Number.isSafeInteger(value) && context?.source ? context.source : value);
  } catch {
    return undefined;
  }
}

export const told = (error) =>
  error instanceof Problem ? error.text : `no answer (${error.name}): it may have happened, or not`;
