"""A person's afternoon with Mastodon.py: log in, read, post, stream.

Prints "AUTHORIZE <url>" and waits for the code on stdin, as an app waits for
its redirect; prints "RESULT <json>" in the end.
"""
import json
import queue
import sys
import time

from mastodon import Mastodon, StreamListener

base, picture, visitor = sys.argv[1:]
REDIRECT = "http://127.0.0.1:1/callback"
SCOPES = ["read", "write", "follow", "push"]


class Listener(StreamListener):
    def __init__(self):
        self.updates = queue.Queue()

    def on_update(self, status):
        self.updates.put(status)


client_id, client_secret = Mastodon.create_app(
    "Mastodon.py under test", scopes=SCOPES, redirect_uris=REDIRECT, api_base_url=base
)
api = Mastodon(client_id, client_secret, api_base_url=base)
url = api.auth_request_url(redirect_uris=REDIRECT, scopes=SCOPES, state="state of mind")
print("AUTHORIZE", url, flush=True)
api.log_in(code=sys.stdin.readline().strip(), redirect_uri=REDIRECT, scopes=SCOPES)

me = api.account_verify_credentials()
instance = api.instance()
notifications = api.notifications()
relationship = api.account_relationships(notifications[0].account.id)[0]
followed = api.account_follow(notifications[0].account.id)

listener = Listener()
stream = api.stream_user(listener, run_async=True, reconnect_async=False)
deadline = time.monotonic() + 30
while not stream.is_receiving():
    if time.monotonic() > deadline:
        sys.exit("the stream does not open")
    time.sleep(0.05)

media = api.media_post(picture, description="A picture of nothing")
post = api.status_post(
    "Posted by Mastodon.py, @" + visitor, media_ids=[media], visibility="public",
    spoiler_text="Snakes", language="en", idempotency_key="only once",
)
again = api.status_post("Posted twice", idempotency_key="only once")
streamed = listener.updates.get(timeout=30)

edited = api.status_update(post.id, "Edited by Mastodon.py", spoiler_text="Snakes", media_ids=[media])
reply = api.status_reply(post, "An answer to myself")
context = api.status_context(post.id)
api.status_favourite(post.id)
favourited_by = api.status_favourited_by(post.id)
api.status_bookmark(post.id)
bookmarks = api.bookmarks()
older = api.timeline_home(max_id=post.id, limit=1)
home = api.timeline_home()
found = api.search(visitor, resolve=True)
api.status_delete(reply.id)
left = api.account_statuses(me.id)
for domain in ("one.example", "two.example"):
    api.domain_block(domain)
api.domain_unblock("one.example")
blocked = api.domain_blocks()



def ids(entities):
    """Mastodon.py makes numbers of ids; our API speaks of strings."""
    return [str(entity.id) for entity in entities]


print("RESULT", json.dumps({
    "me": me.username,
    "title": instance.title,
    "notifications": [n.type for n in notifications],
    "followedBy": relationship.followed_by,
    "following": followed.following or followed.requested,
    "media": str(media.id),
    "postedMedia": ids(post.media_attachments),
    "post": str(post.id),
    "again": str(again.id),
    "streamed": str(streamed.id),
    "edited": edited.content,
    "editedAt": str(edited.edited_at),
    "descendants": ids(context.descendants),
    "reply": str(reply.id),
    "favouritedBy": [a.username for a in favourited_by],
    "bookmarks": ids(bookmarks),
    "home": ids(home),
    "older": ids(older),
    "found": [a.acct for a in found.accounts],
    "left": ids(left),
    "blocked": list(blocked),
}), flush=True)
