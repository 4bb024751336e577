package console_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"rookery/internal/imaging"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// An answer carries pictures with what they show, in a language of its own; approval keeps both.
func TestAnAnswerWithPictures(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t)
	ines := newGuest(t, n.World, n.A, "ines")
	path := room(n.A) + ines.asks(n.A.Account, social.Direct, "<p>what does it look like?</p>", "")
	none := n.send(t, n.drafter, path, nil, "text", "@ines@velo.test like this", "do", "attach")
	wants(t, none, http.StatusOK, "Choose a picture first.", "like this")
	broken := n.send(t, n.drafter, path, []byte("no picture"), "text", "@ines@velo.test like this", "do", "attach")
	if broken.Status != http.StatusUnprocessableEntity || !strings.Contains(broken.Body, "like this") {
		t.Fatalf("a broken picture: %d\n%s", broken.Status, broken.Body)
	}
	page := wants(t, n.send(t, n.drafter, path, imaging.MissingAvatar().Bytes, "text", "@ines@velo.test like this", "alt_new", "A nest", "language", "de", "visibility", "direct", "do", "attach"),
		http.StatusOK, "A nest", "like this", `value="de" selected`)
	media := n.drafter.Form(page, "seen", "").Values.Get("media_ids")
	if media == "" {
		t.Fatalf("the form has no picture\n%s", page.Body)
	}
	sent := n.sendFrom(t, n.drafter, page, nil, "text", "@ines@velo.test like this", "alt_"+media, "A nest on a chimney", "language", "de", "visibility", "direct", "do", "send")
	if sent.Status != http.StatusSeeOther {
		t.Fatalf("sent for approval: %d\n%s", sent.Status, sent.Body)
	}
	waiting := wants(t, n.owner.Get(path), http.StatusOK, "Waits for your approval", "A nest on a chimney", `value="de" selected`)
	plan := n.owner.Form(waiting, "plan", "")
	approved := n.sendFrom(t, n.owner, waiting, nil, "plan", plan.Values.Get("plan"), "plan_seen", plan.Values.Get("plan_seen"), "text", "@ines@velo.test like this", "alt_"+media, "A nest on a chimney",
		"language", "de", "visibility", "direct", "do", "send")
	if approved.Status != http.StatusSeeOther {
		t.Fatalf("approved: %d\n%s", approved.Status, approved.Body)
	}
	n.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		got, err := pg.Value[string](ctx, s, `SELECT s.language || '|' || m.description FROM statuses s JOIN media m ON m.tenant_id = @tenant_id AND m.status_id = s.id
			WHERE s.tenant_id = @tenant_id AND s.account_id = @account`, map[string]any{"account": n.A.Account.ID})
		if err == nil && got != "de|A nest on a chimney" {
			t.Errorf("the answer went out as %q", got)
		}
		return err
	})
	wants(t, n.owner.Get(path), http.StatusOK, `alt="A nest on a chimney"`)
}

// Other conversations with whoever asks are a click away.
func TestEarlierConversations(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.session(t, w.A.Person)
	ines, tom := newGuest(t, w.World, w.A, "ines"), newGuest(t, w.World, w.A, "tom")
	first := ines.asks(w.A.Account, social.Public, "<p>one</p>", "")
	second := ines.asks(w.A.Account, social.Public, "<p>two</p>", "")
	others := tom.asks(w.A.Account, social.Public, "<p>three</p>", "")
	page := b.Get(room(w.A) + second)
	has(t, "the second", page, 200, "1 other conversation")
	var from social.AccountID
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		a, err := store.AccountByURI(ctx, s, ines.as.URI)
		if err == nil {
			from = a.ID
		}
		return err
	})
	has(t, "those of one", b.Get(fmt.Sprintf("%s/inbox?state=all&with=%d", room(w.A), from)), 200, first, second, "!"+others)
}
