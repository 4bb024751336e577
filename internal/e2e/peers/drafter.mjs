// A drafter's afternoon with masto.js: what an app of somebody sees whose posts wait.
//
// Takes a token; prints "RESULT <json>" in the end.
import { createRestAPIClient } from "masto";

const [url, accessToken, other] = process.argv.slice(2);
const rest = createRestAPIClient({ url, accessToken });

const refused = async (act) => {
  try {
    await act();
    return "allowed";
  } catch (error) {
    return String(error.statusCode);
  }
};

const answer = await rest.v1.statuses.create({ status: "Drafted by masto.js", visibility: "public" });
const waiting = await rest.v1.scheduledStatuses.list();
const posts = await rest.v1.accounts.$select((await rest.v1.accounts.verifyCredentials()).id).statuses.list();
const result = {
  answer: { id: answer.id, scheduledAt: answer.scheduledAt, text: answer.params?.text, content: answer.content ?? null },
  waiting: waiting.map((w) => w.id),
  posts: posts.length,
  boost: await refused(() => rest.v1.statuses.$select(other).reblog()),
  favourite: await refused(() => rest.v1.statuses.$select(other).favourite()),
  rename: await refused(() => rest.v1.accounts.updateCredentials({ displayName: "Mine" })),
};
await rest.v1.scheduledStatuses.$select(answer.id).remove();
result.left = (await rest.v1.scheduledStatuses.list()).length;
console.log("RESULT " + JSON.stringify(result));
