// Loaded before a program (node --import): makes *.localhost mean loopback, as
// browsers do (RFC 6761 section 6.3) and the C library does not, and adds what
// Node 20 lacks for libraries that were written for Node 22.
import dns from "node:dns";
import { WebSocket } from "ws";

const lookup = dns.lookup;

// More names, of tests that have a whole domain: PEER_HOSTS=company.test=127.88.1.3,…
const hosts = new Map((process.env.PEER_HOSTS ?? "").split(",").filter(Boolean).map((pair) => pair.split("=")));

dns.lookup = function (hostname, options, callback) {
  if (typeof options === "function") {
    callback = options;
    options = {};
  }
  const address = hosts.get(hostname) ?? (hostname === "localhost" || hostname.endsWith(".localhost") ? "127.0.0.1" : "");
  if (!address) {
    return lookup.call(dns, hostname, options, callback);
  }
  if (typeof options === "object" && options?.all) {
    return process.nextTick(callback, null, [{ address, family: 4 }]);
  }
  return process.nextTick(callback, null, address, 4);
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
