// A real foreign server: Fedify, on which Ghost and Hollo run too, with one
// actor. It checks signatures, signs RFC 9421 first and draft-cavage if that is
// refused, keeps inbox and outbox queues, and does what the test says.
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import {
  createFederation,
  generateCryptoKeyPair,
  InProcessMessageQueue,
  MemoryKvStore,
} from "@fedify/fedify";
import {
  Accept,
  Activity,
  Announce,
  Create,
  Delete,
  Endpoints,
  Follow,
  Image,
  Like,
  Mention,
  Note,
  Person,
  PUBLIC_COLLECTION,
  Tombstone,
  Undo,
  Update,
} from "@fedify/vocab";
import { lookupWebFinger } from "@fedify/webfinger";
import { Temporal } from "@js-temporal/polyfill";
import { listen, readBody, ready, serve } from "./control.mjs";

const user = "bob";
const host = process.env.PEER_HOST;

const received = []; // activities as they came, after Fedify had verified them
const followers = new Map(); // id of the actor -> actor
const notes = new Map(); // id within the path -> Note
const sent = new Map(); // id of the activity -> { activity, recipients }

const server = createServer(
  { cert: readFileSync(process.env.PEER_CERT), key: readFileSync(process.env.PEER_KEY) },
  handle,
);
const origin = `https://${host}:${await listen(server)}`;

const federation = createFederation({
  kv: new MemoryKvStore(),
  queue: new InProcessMessageQueue({ pollInterval: { milliseconds: 50 } }),
  origin,
  allowPrivateAddress: true, // everything of a test is on loopback
});

const keys = [
  await generateCryptoKeyPair("RSASSA-PKCS1-v1_5"),
  await generateCryptoKeyPair("Ed25519"),
];

federation
  .setActorDispatcher("/users/{identifier}", async (ctx, identifier) => {
    if (identifier !== user) return null;
    const pairs = await ctx.getActorKeyPairs(identifier);
    return new Person({
      id: ctx.getActorUri(identifier),
      preferredUsername: identifier,
      name: "Bob of Fedify",
      summary: "<p>A <b>foreign</b> actor</p>",
      url: new URL(`/@${identifier}`, origin),
      icon: new Image({ url: new URL("/icon.png", origin), mediaType: "image/png" }),
      inbox: ctx.getInboxUri(identifier),
      outbox: ctx.getOutboxUri(identifier),
      followers: ctx.getFollowersUri(identifier),
      following: ctx.getFollowingUri(identifier),
      endpoints: new Endpoints({ sharedInbox: ctx.getInboxUri() }),
      publicKey: pairs[0].cryptographicKey,
      assertionMethods: pairs.map((pair) => pair.multikey),
      published: Temporal.Instant.from("2024-02-03T04:05:06Z"),
    });
  })
  .setKeyPairsDispatcher((_ctx, identifier) => (identifier === user ? keys : []));

federation.setOutboxDispatcher("/users/{identifier}/outbox", () => ({
  items: [...sent.values()].map(({ activity }) => activity),
}));
federation.setFollowersDispatcher("/users/{identifier}/followers", () => ({
  items: [...followers.values()],
}));
federation.setFollowingDispatcher("/users/{identifier}/following", () => ({ items: [] }));
federation.setObjectDispatcher(Note, "/notes/{id}", (_ctx, { id }) => notes.get(id) ?? null);

federation
  .setInboxListeners("/users/{identifier}/inbox", "/inbox")
  .on(Follow, async (ctx, follow) => {
    await record(follow);
    const follower = await follow.getActor(ctx);
    followers.set(follower.id.href, follower);
    const accept = new Accept({ id: activityId(), actor: ctx.getActorUri(user), object: follow });
    await ctx.sendActivity({ identifier: user }, follower, accept);
  })
  .on(Activity, (_ctx, activity) => record(activity));

async function record(activity) {
  received.push(await activity.toJsonLd());
}

async function handle(request, response) {
  const headers = new Headers();
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    headers.append(request.rawHeaders[i], request.rawHeaders[i + 1]);
  }
  const hasBody = request.method !== "GET" && request.method !== "HEAD";
  const answer = await federation.fetch(
    new Request(new URL(request.url, origin), {
      method: request.method,
      headers,
      body: hasBody ? await readBody(request) : undefined,
    }),
    { contextData: undefined },
  );
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  response.end(Buffer.from(await answer.arrayBuffer()));
}

const context = () => federation.createContext(new URL(origin), undefined);

function activityId() {
  return new URL(`/activities/${crypto.randomUUID()}`, origin);
}

/** find looks up an actor or object by handle or URI, and fails if there is none. */
async function find(what) {
  const found = await context().lookupObject(what);
  if (found == null) throw new Error(`Fedify finds nothing behind ${what}`);
  return found;
}

async function authorOf(object) {
  const author = await object.getAttribution(context());
  if (author == null) throw new Error(`${object.id} has no author`);
  return author;
}

async function send(activity, recipients) {
  sent.set(activity.id.href, { activity, recipients });
  await context().sendActivity({ identifier: user }, recipients, activity);
  return { id: activity.id.href };
}

/** addressing is that of a public post which names some people. */
function addressing(people) {
  const followersUri = context().getFollowersUri(user);
  return { to: PUBLIC_COLLECTION, ccs: [followersUri, ...people.map((person) => person.id)] };
}

function audience(people) {
  const all = new Map(followers);
  for (const person of people) all.set(person.id.href, person);
  return [...all.values()];
}

/** note writes a public post; handles in mentions are named in it. */
async function note({ content, mentions = [], inReplyTo }) {
  const people = await Promise.all(mentions.map(find));
  const id = crypto.randomUUID();
  const actor = context().getActorUri(user);
  const post = new Note({
    id: new URL(`/notes/${id}`, origin),
    attribution: actor,
    content,
    url: new URL(`/@${user}/${id}`, origin),
    published: Temporal.Now.instant(),
    replyTarget: inReplyTo ? new URL(inReplyTo) : undefined,
    tags: people.map((person, i) => new Mention({ href: person.id, name: mentions[i] })),
    ...addressing(people),
  });
  notes.set(id, post);
  const activity = new Create({ id: activityId(), actor, object: post, published: post.published, ...addressing(people) });
  return { note: post.id.href, ...(await send(activity, audience(people))) };
}

async function edit({ note: uri, content }) {
  const id = uri.split("/").pop();
  const post = notes.get(id).clone({ content, updated: Temporal.Now.instant() });
  notes.set(id, post);
  return send(new Update({ id: activityId(), actor: context().getActorUri(user), object: post, ...addressing([]) }), audience([]));
}

async function remove({ note: uri }) {
  notes.delete(uri.split("/").pop());
  const object = new Tombstone({ id: new URL(uri) });
  return send(new Delete({ id: activityId(), actor: context().getActorUri(user), object, ...addressing([]) }), audience([]));
}

async function follow({ actor }) {
  const target = await find(actor);
  return send(new Follow({ id: activityId(), actor: context().getActorUri(user), object: target.id }), target);
}

async function like({ object }) {
  const author = await authorOf(await find(object));
  return send(new Like({ id: activityId(), actor: context().getActorUri(user), object: new URL(object), to: author.id }), author);
}

async function boost({ object }) {
  const author = await authorOf(await find(object));
  const activity = new Announce({
    id: activityId(),
    actor: context().getActorUri(user),
    object: new URL(object),
    published: Temporal.Now.instant(),
    ...addressing([author]),
  });
  return send(activity, audience([author]));
}

async function undo({ activity: id }) {
  const { activity, recipients } = sent.get(id);
  return send(new Undo({ id: activityId(), actor: activity.actorId, object: activity }), recipients);
}

const control = await serve({
  find: async ({ what }) => (await find(what)).toJsonLd({ format: "compact" }),
  webfinger: async ({ resource }) => lookupWebFinger(resource, { allowPrivateAddress: true }),
  received: () => received,
  followers: () => [...followers.keys()],
  note,
  edit,
  remove,
  follow,
  like,
  boost,
  undo,
});
ready({ control, origin, handle: `@${user}@${new URL(origin).host}`, actor: `${origin}/users/${user}` });
