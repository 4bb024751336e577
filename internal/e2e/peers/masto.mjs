// A person's afternoon with masto.js: log in, read, post, stream over WebSocket.
//
// Prints "AUTHORIZE <url>" and waits for the code on stdin, as an app waits for
// its redirect; prints "RESULT <json>" in the end.
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createOAuthAPIClient, createRestAPIClient, createStreamingAPIClient } from "masto";
import { WebSocket } from "ws";

const [url, picture, visitor] = process.argv.slice(2);
const redirectUri = "http://127.0.0.1:1/callback";
const scope = "read write follow push";

const anonymous = createRestAPIClient({ url });
const app = await anonymous.v1.apps.create({ clientName: "masto.js under test", redirectUris: redirectUri, scopes: scope });

// With PKCE (RFC 7636), as newer apps do.
const verifier = randomBytes(32).toString("base64url");
const query = new URLSearchParams({
  response_type: "code",
  client_id: app.clientId,
  redirect_uri: redirectUri,
  scope,
  state: "a state & more",
  code_challenge: createHash("sha256").update(verifier).digest("base64url"),
  code_challenge_method: "S256",
});
console.log(`AUTHORIZE ${url}/oauth/authorize?${query}`);
const lines = createInterface({ input: process.stdin });
const code = await new Promise((resolve) => lines.once("line", resolve));
lines.close();
const token = await createOAuthAPIClient({ url }).token.create({
  grantType: "authorization_code",
  clientId: app.clientId,
  clientSecret: app.clientSecret,
  redirectUri,
  code,
  codeVerifier: verifier,
});

const accessToken = token.accessToken;
const rest = createRestAPIClient({ url, accessToken });
const instance = await rest.v2.instance.fetch();
const me = await rest.v1.accounts.verifyCredentials();
const notifications = await rest.v1.notifications.list();

const streaming = createStreamingAPIClient({
  streamingApiUrl: instance.configuration.urls.streaming,
  accessToken,
  implementation: WebSocket,
});
const subscription = streaming.user.subscribe();
// What happens before the server has the subscription is not sent: post until heard.
const heard = (async () => {
  for await (const event of subscription) {
    if (event.event === "update") return event.payload;
  }
})();
let streamed;
const early = [];
for (let i = 0; i < 30 && !streamed; i++) {
  early.push((await rest.v1.statuses.create({ status: `Is anybody there? ${i}`, visibility: "unlisted" })).id);
  streamed = await Promise.race([heard, new Promise((resolve) => setTimeout(resolve, 1000))]);
}
subscription.unsubscribe();
streaming.close();

const media = await rest.v2.media.create({
  file: new Blob([readFileSync(picture)], { type: "image/png" }),
  description: "A picture of nothing",
});
const post = await rest.v1.statuses.create({
  status: `Posted by masto.js, @${visitor} #e2e`,
  mediaIds: [media.id],
  visibility: "public",
});
const home = await rest.v1.timelines.home.list({ limit: 40 });
const pages = [];
for await (const page of rest.v1.timelines.home.list({ limit: 1 })) {
  pages.push(...page.map((status) => status.id));
  if (pages.length >= 2) break;
}
const tagged = await rest.v1.timelines.tag.$select("e2e").list();
const updated = await rest.v1.accounts.updateCredentials({ displayName: "Renamed by masto.js", note: "Hello" });
const markers = await rest.v1.markers.create({ home: { lastReadId: post.id } });

await rest.v1.domainBlocks.create({ domain: "one.example" });
await rest.v1.domainBlocks.create({ domain: "two.example" });
await rest.v1.domainBlocks.remove({ domain: "one.example" });
const blocked = await rest.v1.domainBlocks.list();

console.log(
  "RESULT " +
    JSON.stringify({
      me: me.username,
      title: instance.title,
      notifications: notifications.map((n) => n.type),
      streamed: streamed?.id,
      early,
      media: media.id,
      post: post.id,
      postedMedia: post.mediaAttachments.map((m) => m.id),
      tags: post.tags.map((tag) => tag.name),
      home: home.map((status) => status.id),
      pages,
      tagged: tagged.map((status) => status.id),
      displayName: updated.displayName,
      marker: markers.home?.lastReadId,
      blocked,
    }),
);
process.exit(0);
