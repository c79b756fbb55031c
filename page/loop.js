// Work that is done again and again while somebody looks: never twice at once, and less often after
// failures.
const SECONDS_MAX = 30;

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
      if (!document.hidden) await work();
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
  run();
  return run; // at once
}
