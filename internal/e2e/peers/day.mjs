// Somebody signs in with an app (masto.js), and perhaps says something.
//
// Prints "AUTHORIZE <url>" and waits for the code on stdin; prints "RESULT <json>" in the end.
import { createInterface } from "node:readline";
import { createOAuthAPIClient, createRestAPIClient } from "masto";

const [url, redirectUri, status] = process.argv.slice(2);
const scope = "read write follow";

const app = await createRestAPIClient({ url }).v1.apps.create({
  clientName: "Elk", redirectUris: redirectUri, scopes: scope, website: "https://elk.zone",
});
const query = new URLSearchParams({ response_type: "code", client_id: app.clientId, redirect_uri: redirectUri, scope, state: "a day" });
console.log(`AUTHORIZE ${url}/oauth/authorize?${query}`);
const lines = createInterface({ input: process.stdin });
const code = await new Promise((resolve) => lines.once("line", resolve));
lines.close();
const { accessToken } = await createOAuthAPIClient({ url }).token.create({
  grantType: "authorization_code", clientId: app.clientId, clientSecret: app.clientSecret, redirectUri, code,
});
const rest = createRestAPIClient({ url, accessToken });
const me = await rest.v1.accounts.verifyCredentials();
const result = { accessToken, me: me.acct, id: me.id };
if (status) {
  const answer = await rest.v1.statuses.create({ status, visibility: "public" });
  result.scheduled = answer.scheduledAt ?? "";
  result.waiting = (await rest.v1.scheduledStatuses.list()).map((plan) => plan.params.text);
  result.posts = (await rest.v1.accounts.$select(me.id).statuses.list()).length;
}
console.log("RESULT " + JSON.stringify(result));
process.exit(0);
