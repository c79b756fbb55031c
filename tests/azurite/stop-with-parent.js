// Loaded into Azurite before anything else. Its standard input is a pipe from the process that
// started it; the pipe ends when that process ends, however it ends. Nothing is left running.
"use strict";

const GRACE_MILLISECONDS = 5000; // to write its files and close its connections

process.stdin.on("end", () => {
  setTimeout(() => process.exit(1), GRACE_MILLISECONDS).unref();
  process.kill(process.pid, "SIGINT"); // on which Azurite closes in good order
});
process.stdin.on("error", () => process.exit(1));
process.stdin.resume();
