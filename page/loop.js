// Work that is done again and again while somebody looks: never twice at once, less often after
// failures, and not at all in a tab that is hidden or was left alone. An open page asks a few times a
// second; on Azure that keeps an instance awake, and costs.
const SECONDS_MAX = 30;
const IDLE_MS = 10 * 60 * 1000;

const runs = [];
let usedAt = Date.now();

export const isIdle = () => Date.now() - usedAt > IDLE_MS;

function used() {
  const wasIdle = isIdle();
  usedAt = Date.now();
  if (wasIdle) runs.forEach((each) => each());
}

for (const each of ["pointermove", "keydown", "focus"]) addEventListener(each, used, { passive: true });

// Waits once.
export const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

export function every(seconds, work) {
  let failures = 0;
  let timer;
  let running = false;
  let wanted = false;
  async function run() {
    if (running) {
      wanted = true;
      return;
    }
    clearTimeout(timer);
    running = true;
    wanted = false;
    try {
      if (!document.hidden && !isIdle()) await work();
      failures = 0;
    } catch (error) {
      failures += 1;
      console.debug(error);
    }
    running = false;
    const pause = Math.min(SECONDS_MAX, seconds * 2 ** Math.min(failures, 6));
    timer = setTimeout(run, wanted ? 0 : pause * 1000);
  }
  document.addEventListener("visibilitychange", () => { if (!document.hidden) run(); });
  runs.push(run);
  run();
  return run; // at once
}
