// Package timeline reads lists of posts: home, public, tags, accounts, favourites,
// bookmarks.
//
// The APIs and public pages call it. Every list is filtered in SQL by the one
// condition of who may see what and by the viewer's blocks and mutes, and is read
// from an index by keyset. It must write nothing but the trimming of home
// timelines: package status fills them.
package timeline

import (
	"context"

	"rookery/internal/fault"
	"rookery/internal/htmlsafe"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// Page asks for a part of a list, newest first.
type Page = store.Page

// List is a page of a list, described and not read yet. Render shows it to apps; Read
// returns its posts.
type List = store.List

// Result is one page. Newest and Oldest are the ids to page by, which are not
// those of the posts where a list has its own (favourites, bookmarks). They are 0
// on an empty page.
type Result struct {
	Statuses       []*social.Status
	Newest, Oldest int64
}

// Read reads a page.
func Read(ctx context.Context, scope *pg.Scope, list List) (Result, error) {
	rows, err := store.ReadList(ctx, scope, list)
	r := Result{Statuses: make([]*social.Status, len(rows))}
	for i, row := range rows {
		r.Statuses[i] = &row.Status
	}
	if len(rows) > 0 {
		r.Newest, r.Oldest = rows[0].Place, rows[len(rows)-1].Place
	}
	return r, err
}

// Home is what arrived for a local owner.
func Home(owner social.AccountID, page Page) List { return store.HomeList(owner, page) }

// PublicFilter narrows the public timeline.
type PublicFilter struct {
	Local, Remote bool
	OnlyMedia     bool
}

func origin(local, remote bool) store.Origin {
	switch {
	case local:
		return store.OnlyLocal
	case remote:
		return store.OnlyRemote
	}
	return store.Anywhere
}

// Public is the public posts that answer nobody else, for a viewer (0: anybody).
func Public(viewer social.AccountID, f PublicFilter, page Page) List {
	return store.PublicList(viewer, origin(f.Local, f.Remote), f.OnlyMedia, page)
}

// TagFilter narrows a tag's timeline, by tags as they were typed.
type TagFilter struct {
	Any, All, None []string
	Local, Remote  bool
	OnlyMedia      bool
}

// maxFilterTags is how many tags each list of a TagFilter may hold (Mastodon's limit).
const maxFilterTags = 4

// Tagged is the public posts with a tag, for a viewer (0: anybody).
func Tagged(viewer social.AccountID, tag string, f TagFilter, page Page) (List, error) {
	name := htmlsafe.NormaliseTag(tag)
	if name == "" {
		return List{}, fault.New(fault.NotFound, "Record not found")
	}
	return store.TagList(viewer, store.TagQuery{
		Any: normalised(append([]string{name}, f.Any...), maxFilterTags+1), All: normalised(f.All, maxFilterTags),
		None: normalised(f.None, maxFilterTags), From: origin(f.Local, f.Remote), OnlyMedia: f.OnlyMedia,
	}, page), nil
}

// Tag reads a page of Tagged.
func Tag(ctx context.Context, scope *pg.Scope, viewer social.AccountID, tag string, f TagFilter, page Page) (Result, error) {
	list, err := Tagged(viewer, tag, f, page)
	if err != nil {
		return Result{}, err
	}
	return Read(ctx, scope, list)
}

func normalised(tags []string, limit int) []string {
	var out []string
	seen := make(map[string]bool)
	for _, tag := range tags {
		if name := htmlsafe.NormaliseTag(tag); name != "" && !seen[name] && len(out) < limit {
			seen[name] = true
			out = append(out, name)
		}
	}
	return out
}

// AccountFilter narrows an account's timeline.
type AccountFilter struct {
	ExcludeReplies bool
	ExcludeBoosts  bool
	OnlyMedia      bool
	Pinned         bool
	Tagged         string
}

// By is the posts of an account that a viewer (0: anybody) may see. Pinned ones page
// by the time they were pinned.
func By(viewer, account social.AccountID, f AccountFilter, page Page) List {
	if f.Pinned {
		return store.PinnedList(viewer, account, page)
	}
	return store.AccountList(viewer, account, store.AccountQuery{
		ExcludeReplies: f.ExcludeReplies, ExcludeBoosts: f.ExcludeBoosts, OnlyMedia: f.OnlyMedia, Tag: htmlsafe.NormaliseTag(f.Tagged),
	}, page)
}

// Account reads a page of By.
func Account(ctx context.Context, scope *pg.Scope, viewer, account social.AccountID, f AccountFilter, page Page) (Result, error) {
	return Read(ctx, scope, By(viewer, account, f, page))
}

// Favourites is what an account likes, the latest like first.
func Favourites(account social.AccountID, page Page) List { return store.FavouriteList(account, page) }

// Bookmarks is what an account keeps, the latest first.
func Bookmarks(account social.AccountID, page Page) List { return store.BookmarkList(account, page) }

// Keep is how many posts a home timeline holds (Mastodon's number).
const Keep = 800

// Trim cuts the tenant's home timelines to Keep entries. It deletes at most limit
// entries and returns how many: upkeep calls it until it says 0, each time in a
// transaction of its own.
func Trim(ctx context.Context, scope *pg.Scope, limit int) (int64, error) {
	return store.TrimHomes(ctx, scope, Keep, limit)
}
