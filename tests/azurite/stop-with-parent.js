// Loaded into Azurite before anything else. Its standard input is a pipe from the process that
// started it; the pipe ends when that process ends, however it ends. Nothing is left running, and
// nothing that was answered is lost: Azurite writes its tables while it closes.
"use strict";

const http = require("http");

const GRACE_MILLISECONDS = 30000; // to write its files; a large store on a busy machine takes seconds

// The same process reads what Azurite prints. Without these, the line "Azurite is closing" meets a
// broken pipe, and the error ends Azurite before its files are written.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});

// Azurite writes its tables once every connection is closed. A client that goes on sending keeps
// its connection; cut off, it gets no answer and has to ask again, as after any lost connection.
const close = http.Server.prototype.close;
http.Server.prototype.close = function (callback) {
  const server = close.call(this, callback);
  this.closeAllConnections();
  return server;
};

function stop() {
  setTimeout(() => process.exit(1), GRACE_MILLISECONDS).unref();
  process.kill(process.pid, "SIGINT"); // on which Azurite closes in good order
}

process.stdin.on("end", stop);
process.stdin.on("error", stop);
process.stdin.resume();
