// A real OpenID Connect provider: oidc-provider, certified, with one confidential client and
// one person, who is signed in there and says yes to everything.
import { createServer } from "node:http";
import Provider from "oidc-provider";
import { listen, ready, serve } from "./control.mjs";

let person = { sub: "zoe" };

const server = createServer((request, response) => handle(request, response));
const issuer = `http://127.0.0.1:${await listen(server)}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "rookery",
      client_secret: process.env.PEER_SECRET,
      redirect_uris: [process.env.PEER_REDIRECT],
      grant_types: ["authorization_code"],
      response_types: ["code"],
    },
  ],
  // Claims of scopes are at the UserInfo endpoint alone, as the standard would have it.
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "preferred_username"] },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  cookies: { keys: ["a key of a test"] },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, id) => ({ accountId: id, claims: () => person }),
  async loadExistingGrant(ctx) {
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope("openid email profile");
    await grant.save();
    return grant;
  },
});
const callback = provider.callback();

async function handle(request, response) {
  if (!request.url.startsWith("/interaction/")) return callback(request, response);
  await provider.interactionFinished(request, response, { login: { accountId: person.sub } });
}

const control = await serve({
  person: (claims) => {
    person = claims;
  },
  stop: async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  },
});
ready({ control, origin: issuer });
