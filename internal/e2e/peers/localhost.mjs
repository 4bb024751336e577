// Loaded before a program (node --import): makes *.localhost mean loopback, as
// browsers do (RFC 6761 section 6.3) and the C library does not, and adds what
// Node 20 lacks for libraries that were written for Node 22.
import dns from "node:dns";
import { WebSocket } from "ws";

const lookup = dns.lookup;

dns.lookup = function (hostname, options, callback) {
  if (typeof options === "function") {
    callback = options;
    options = {};
  }
  if (hostname !== "localhost" && !hostname.endsWith(".localhost")) {
    return lookup.call(dns, hostname, options, callback);
  }
  if (typeof options === "object" && options?.all) {
    return process.nextTick(callback, null, [{ address: "127.0.0.1", family: 4 }]);
  }
  return process.nextTick(callback, null, "127.0.0.1", 4);
};

globalThis.WebSocket ??= WebSocket;
globalThis.navigator ??= { userAgent: `Node.js/${process.versions.node}` };

Promise.withResolvers ??= function () {
  let resolve, reject;
  const promise = new Promise((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
};
