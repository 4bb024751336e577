package inbox

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/riverqueue/river"

	"rookery/federation/convert"
	"rookery/federation/fetch"
	"rookery/federation/vocab"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/safehttp"
	"rookery/internal/social"
	"rookery/internal/social/account"
	"rookery/internal/store"
	"rookery/tenant"
)

// atOnce is how many activities of a batch may use the network at the same time.
const atOnce = 8

// lookTime is what all look-ups of a job may take together: each has a deadline of its
// own, and what is not looked up by then is tried again.
const lookTime = 60 * time.Second

// prepare finds out everything that the activities name, before any transaction: from
// the database for all of them together and, if it may, from the network for those that
// still lack something. If it may not, it passes those on, and returns the others: what
// somebody else's server does not answer must hold up nobody's activities but its own.
func (i *Inbox) prepare(ctx context.Context, t *tenant.Tenant, items []*item, mayLook bool) ([]*item, error) {
	for _, it := range items {
		if !it.isSettled() && i.Servers.Of(t.ID, vocab.HostOf(it.activity.Actor)).IsRefused() {
			it.ignore(blockedServer) // since it came
		}
	}
	if err := i.findActors(ctx, t, items); err != nil {
		return nil, err
	}
	for _, it := range items {
		if it.isReady() {
			i.open(t, it)
		}
	}
	looking, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	if mayLook {
		i.look(looking, t, items)
	}
	known, err := i.namedAccounts(ctx, t, items)
	if err != nil {
		return nil, err
	}
	if !mayLook {
		var lacking []*item
		items, lacking = separate(items, func(it *item) bool { return i.lacks(t, it, known) })
		if err := i.passOn(ctx, t, lacking); err != nil {
			return nil, err
		}
	}
	each(items, func(it *item) {
		if it.isReady() && it.note != nil {
			i.mention(looking, t, it, known)
		}
	})
	return items, nil
}

// look reads strangers who act, and then the objects that activities only name.
func (i *Inbox) look(ctx context.Context, t *tenant.Tenant, items []*item) {
	_, strangers := separate(items, func(it *item) bool { return !it.isSettled() && it.actor == nil })
	each(strangers, func(it *item) {
		i.meetActor(ctx, t, it)
		if it.isReady() {
			i.open(t, it)
		}
	})
	_, lacking := separate(items, func(it *item) bool { return it.isReady() && i.needsNetwork(t, it) })
	each(lacking, func(it *item) { i.lookUp(ctx, t, it) })
}

// lacks reports whether an activity names something that is not known here.
func (i *Inbox) lacks(t *tenant.Tenant, it *item, known map[string]*social.Account) bool {
	switch {
	case it.isSettled():
		return false
	case it.actor == nil || i.needsNetwork(t, it):
		return true
	case it.note == nil:
		return false
	}
	return slices.ContainsFunc(named(t, it.note), func(uri string) bool { return known[uri] == nil && vocab.HostOf(uri) != t.Host })
}

// passOn leaves activities to the queue of look-ups, so many in a job as are looked up at
// the same time: none waits there for another one's server.
func (i *Inbox) passOn(ctx context.Context, t *tenant.Tenant, items []*item) error {
	if len(items) == 0 {
		return nil
	}
	var params []river.InsertManyParams
	for some := range slices.Chunk(items, atOnce) {
		args := jobs.ApplyActivities{Scoped: jobs.Scoped{TenantID: t.ID}}
		for _, it := range some {
			args.IDs = append(args.IDs, it.id)
		}
		params = append(params, river.InsertManyParams{Args: args, InsertOpts: &river.InsertOpts{Queue: jobs.QueueFetch}})
	}
	return i.DB.Tenant(ctx, t.ID, func(scope *pg.Scope) error { return scope.EnqueueWith(ctx, params) })
}

// separate divides items, in their order.
func separate(items []*item, is func(*item) bool) (no, yes []*item) {
	for _, it := range items {
		if is(it) {
			yes = append(yes, it)
		} else {
			no = append(no, it)
		}
	}
	return no, yes
}

// blockedServer is why an activity is ignored.
const blockedServer = "from a server that is blocked"

func (it *item) isReady() bool { return !it.isSettled() && it.retry == nil && it.actor != nil }

// each runs fn for all items, a few at a time, and waits.
func each(items []*item, fn func(*item)) {
	slots := make(chan struct{}, atOnce)
	var wait sync.WaitGroup
	for _, it := range items {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			fn(it)
		})
	}
	wait.Wait()
}

// findActors loads the actors that are known, and has stale copies read anew.
func (i *Inbox) findActors(ctx context.Context, t *tenant.Tenant, items []*item) error {
	uris := make([]string, len(items))
	for n, it := range items {
		uris[n] = it.activity.Actor
	}
	known, err := i.accounts(ctx, t, uris)
	if err != nil {
		return err
	}
	for _, it := range items {
		it.actor = known[it.activity.Actor]
	}
	var stale []river.JobArgs
	for _, a := range known {
		if account.IsStale(a) {
			stale = append(stale, jobs.RefreshAccount{Scoped: jobs.Scoped{TenantID: t.ID}, AccountID: int64(a.ID)})
		}
	}
	if len(stale) == 0 {
		return nil
	}
	return i.DB.Tenant(ctx, t.ID, func(scope *pg.Scope) error { return scope.Enqueue(ctx, stale...) })
}

// accounts returns those of the actors that are known.
func (i *Inbox) accounts(ctx context.Context, t *tenant.Tenant, uris []string) (known map[string]*social.Account, err error) {
	slices.Sort(uris)
	err = i.DB.Read(ctx, t.ID, func(scope *pg.Scope) error {
		known, err = store.AccountsByURIs(ctx, scope, slices.Compact(uris))
		return err
	})
	return known, err
}

// meetActor reads an actor that is not known yet.
func (i *Inbox) meetActor(ctx context.Context, t *tenant.Tenant, it *item) {
	if it.activity.Object.ID == it.activity.Actor {
		it.ignore("about an account that is not known here")
		return
	}
	a, err := i.Fetcher.Actor(safehttp.WithBudget(ctx, fetch.NewBudget()), t, it.activity.Actor)
	if err != nil {
		it.cannot("read the actor", err)
		return
	}
	it.actor = a
}

// cannot records that something could not be looked up: now, or for good. Only what the
// other server or a rule says is for good. That somebody else stored the same at the same
// moment, or that this process is ending, says nothing of the activity.
func (it *item) cannot(what string, err error) {
	switch fault.CodeOf(err) {
	case fault.Unavailable, fault.Internal, fault.Conflict:
		if !safehttp.IsPermanent(err) {
			it.retry, it.lacking = err, true
			return
		}
	}
	it.ignore(what + ": " + err.Error())
}

// open reads the objects of activities, as far as the activity itself has them.
func (i *Inbox) open(t *tenant.Tenant, it *item) {
	if it.actor.IsLocal() {
		it.fail("by an account of this server")
		return
	}
	server, named := i.Servers.Of(t.ID, vocab.HostOf(it.actor.URI)), i.Servers.Of(t.ID, it.actor.Domain)
	if named.IsRefused() {
		it.ignore(blockedServer)
		return
	}
	it.noMedia = server.RejectMedia || named.RejectMedia
	if it.actor.SuspendedAt != nil && it.activity.Type != vocab.TypeDelete && it.activity.Type != vocab.TypeUndo {
		it.ignore("by a suspended account")
		return
	}
	switch it.activity.Type {
	case vocab.TypeCreate, vocab.TypeUpdate:
		i.openPost(t, it)
	case vocab.TypeAnnounce:
		it.object = repeated(it.activity)
	}
}

// repeated returns the id of the post that an Announce repeats. Groups announce
// whole activities (FEP-1b12): of a Create its post is meant; the rest is about
// things that we would have to hear from their own servers.
func repeated(a vocab.Activity) string {
	inner := vocab.ReadActivity(a.Object.Doc)
	if !vocab.IsActivity(inner.Type) {
		return a.Object.ID
	}
	if inner.Type == vocab.TypeCreate || inner.Type == vocab.TypeUpdate {
		return inner.Object.ID
	}
	return ""
}

// openPost reads the post of a Create or Update that carries it.
func (i *Inbox) openPost(t *tenant.Tenant, it *item) {
	object := it.activity.Object
	switch {
	case object.ID == it.actor.URI, object.ID == "" && object.Doc.IsZero():
		return
	case vocab.HostOf(object.ID) == t.Host:
		it.ignore("the id is ours")
		return
	case object.Doc.IsZero():
		return // it has to be read where it lives
	}
	note := vocab.ReadNote(object.Doc)
	if note.IsVote() {
		it.ignore("polls are not supported")
		return
	}
	post, err := convert.RemoteNote(note, it.actor)
	if err != nil {
		it.ignore(err.Error())
		return
	}
	it.note = &post
}

// needsNetwork reports whether an activity names something that must be read elsewhere.
func (i *Inbox) needsNetwork(t *tenant.Tenant, it *item) bool {
	switch it.activity.Type {
	case vocab.TypeCreate, vocab.TypeUpdate:
		return it.note == nil
	case vocab.TypeAnnounce:
		return it.object != "" && vocab.HostOf(it.object) != t.Host
	}
	return false
}

// lookUp reads what an activity only names.
func (i *Inbox) lookUp(ctx context.Context, t *tenant.Tenant, it *item) {
	ctx = safehttp.WithBudget(ctx, fetch.NewBudget())
	switch object := it.activity.Object; {
	case it.activity.Type == vocab.TypeAnnounce:
		// The embedded copy is a hint; what its own server shows is the post.
		if _, err := i.Fetcher.Status(ctx, t, it.object); err != nil {
			it.cannot("read the boosted post", err)
		}
	case object.ID == it.actor.URI:
		i.lookUpProfile(ctx, t, it)
	case object.ID == "":
		it.ignore("without an object")
	default:
		found, err := i.Fetcher.Object(ctx, t, object.ID)
		if err != nil {
			it.cannot("read the post", err)
			return
		}
		if found.Author.URI != it.actor.URI {
			it.ignore("the post is not the actor's")
			return
		}
		post, err := convert.RemoteNote(found.Note, it.actor)
		if err != nil {
			it.ignore(err.Error())
			return
		}
		it.note = &post
	}
}

// lookUpProfile brings a changed actor up to date. What the owner signed counts as
// its own document, and where its handle stays no network is needed. Keys that it changed
// are read from its server when the next signature asks for them.
func (i *Inbox) lookUpProfile(ctx context.Context, t *tenant.Tenant, it *item) {
	if it.activity.Type != vocab.TypeUpdate {
		it.ignore("an actor cannot be created")
		return
	}
	actor := vocab.ReadActor(it.activity.Object.Doc)
	var err error
	if actor.ID == it.actor.URI && vocab.IsActor(actor.Type) && actor.Inbox != "" {
		if actor.Updated.IsZero() {
			actor.Updated = ids.Time(it.id) // when it came
		}
		it.profile, err = i.Fetcher.SaveSent(ctx, t, actor)
	} else {
		it.profile, err = i.Fetcher.Refresh(ctx, t, it.actor.URI)
	}
	if err != nil {
		it.cannot("read the changed actor", err)
		return
	}
	if err := i.Keys.Forget(ctx, it.actor.URI, actor.Keys); err != nil {
		it.cannot("forget the keys of the changed actor", err)
	}
}

// newMentions is how many strangers that a post names are read; the others stay links.
const newMentions = 5

// namedAccounts returns those of the accounts that posts name which are known, in one query.
func (i *Inbox) namedAccounts(ctx context.Context, t *tenant.Tenant, items []*item) (map[string]*social.Account, error) {
	var uris []string
	for _, it := range items {
		if it.isReady() && it.note != nil {
			uris = append(uris, named(t, it.note)...)
		}
	}
	if len(uris) == 0 {
		return nil, nil
	}
	return i.accounts(ctx, t, uris)
}

// named are the actors that a post names, and those of ours that it is addressed to
// without naming them: some servers leave the tags of a direct message out.
func named(t *tenant.Tenant, note *convert.Note) []string {
	out := note.MentionURIs
	for _, uri := range note.Addressees {
		if vocab.HostOf(uri) == t.Host {
			out = append(out, uri)
		}
	}
	return out
}

// mention turns the names in a post into accounts: the known ones, and a few strangers.
func (i *Inbox) mention(ctx context.Context, t *tenant.Tenant, it *item, known map[string]*social.Account) {
	ctx = safehttp.WithBudget(ctx, fetch.NewBudget())
	seen := map[social.AccountID]bool{}
	strangers := 0
	for _, uri := range named(t, it.note) {
		a := known[uri]
		if a == nil && vocab.HostOf(uri) != t.Host && strangers < newMentions {
			strangers++
			a, _ = i.Fetcher.Actor(ctx, t, uri) // who cannot be read stays a link
		}
		if a != nil && !seen[a.ID] {
			seen[a.ID] = true
			it.mentions = append(it.mentions, a.ID)
		}
	}
	if it.to != 0 && it.note.Visibility == social.Direct && !seen[it.to] {
		it.mentions = append(it.mentions, it.to) // addressed by bto or bcc
	}
}
