// How a test steers a peer: each operation is a POST with a JSON body to
// /<name>, answered with JSON, or with 500 and {"error"}.
import { createServer } from "node:http";

/** listen opens a server on loopback, on a port of the system's choice. */
export function listen(server) {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}

/** readBody returns the whole body of a request. */
export async function readBody(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}

/** serve answers operations until the process ends, and returns its URL. */
export async function serve(operations) {
  const server = createServer(async (request, response) => {
    const answer = (status, value) => {
      response.writeHead(status, { "Content-Type": "application/json" });
      response.end(JSON.stringify(value ?? {}));
    };
    const operation = operations[request.url.slice(1)];
    if (!operation) return answer(404, { error: `no operation ${request.url}` });
    try {
      const body = await readBody(request);
      answer(200, await operation(body.length ? JSON.parse(body) : {}));
    } catch (error) {
      answer(500, { error: error.stack ?? String(error) });
    }
  });
  return `http://127.0.0.1:${await listen(server)}`;
}

/** ready tells the test where everything is, and ends with it, however it ends. */
export function ready(addresses) {
  process.stdin.on("end", () => process.exit(0));
  process.stdin.resume();
  process.stdout.write(JSON.stringify(addresses) + "\n");
}
