"""A drafter's afternoon with Mastodon.py: what a bot of somebody sees whose posts wait.

Takes a token; prints "RESULT <json>" in the end.
"""
import json
import sys

from mastodon import Mastodon, MastodonAPIError

base, token, other = sys.argv[1:]
api = Mastodon(access_token=token, api_base_url=base)


def refused(act):
    try:
        act()
        return "allowed"
    except MastodonAPIError as error:
        return str(error.args[1])


answer = api.status_post("Drafted by Mastodon.py")
print("RESULT", json.dumps({
    "answer": {
        "id": str(answer["id"]), "scheduledAt": answer["scheduled_at"].isoformat(),
        "text": answer["params"]["text"], "content": answer.get("content"),
    },
    "waiting": [str(w["id"]) for w in api.scheduled_statuses()],
    "posts": len(api.account_statuses(api.account_verify_credentials()["id"])),
    "boost": refused(lambda: api.status_reblog(other)),
    "favourite": refused(lambda: api.status_favourite(other)),
    "rename": refused(lambda: api.account_update_credentials(display_name="Mine")),
    "left": (api.scheduled_status_delete(answer), len(api.scheduled_statuses()))[1],
}), flush=True)
