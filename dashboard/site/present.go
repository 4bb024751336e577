package site

import (
	"context"
	"net/url"
	"slices"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/internal/htmlsafe"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/entitled"
)

// view is the tenant as pages show it.
func view(t *tenant.Tenant) Tenant {
	v := Tenant{
		Name: t.Name, Host: t.Host, HandleHost: t.HandleDomain, Description: t.Summary(),
		Logo: assets.Avatar{Name: t.Name, Seed: t.ID.String()}, BrandHash: assets.BrandHash(t.BrandColour), Standing: standingOf(t),
	}
	if entitled.ToRead(t) == nil {
		v.Links = append(v.Links, Link{Text: "About", URL: "/about"})
	}
	if t.HasPrivacy {
		v.Links = append(v.Links, Link{Text: "Privacy", URL: PrivacyPath})
	}
	if t.HasTerms {
		v.Links = append(v.Links, Link{Text: "Terms", URL: TermsPath})
	}
	if t.State == tenant.Active {
		v.SignInURL = signInPath
	}
	return v
}

// presenter turns what the stores return into views.
type presenter struct {
	*Handlers
	tenant *tenant.Tenant
	view   Tenant
}

func (h *Handlers) presenter(c echo.Context) presenter { return presenter{h, home(c), h.view(c)} }

const maxSummary = 140

// account is an account as a line of a list.
func (p presenter) account(a *social.Account) Account {
	name := htmlsafe.Name(a.DisplayName)
	if name == "" {
		name = a.Username
	}
	host := a.Domain
	page := htmlsafe.WebURL(a.URL)
	if a.IsLocal() {
		host, page = p.tenant.HandleDomain, "/@"+a.Username
	} else if page == "" {
		page = htmlsafe.WebURL(a.URI)
	}
	avatar := assets.Avatar{Name: name, Seed: ids.Format(int64(a.ID))}
	if a.AvatarKey != "" || a.AvatarURL != "" {
		avatar.URL = htmlsafe.WebURL(p.Media.Avatar(p.tenant.ID, a))
	}
	return Account{
		ID: ids.Format(int64(a.ID)), Name: name, Handle: "@" + a.Username + "@" + host, URL: page, Avatar: avatar,
		Summary: htmlsafe.Truncate(plainText(a.Note), maxSummary),
	}
}

// surroundings is what a list of posts needs besides themselves.
type surroundings struct {
	boosted  map[social.StatusID]*social.Status
	accounts map[social.AccountID]*social.Account
	media    map[social.StatusID][]*social.Media
}

// posts presents statuses, in the order given, with a handful of queries for all.
func (p presenter) posts(ctx context.Context, scope *pg.Scope, list []*social.Status) ([]Post, error) {
	if len(list) == 0 {
		return nil, nil
	}
	around, err := lookUp(ctx, scope, list)
	if err != nil {
		return nil, err
	}
	out := make([]Post, 0, len(list))
	for _, st := range list {
		if post, ok := p.listed(st, around); ok {
			out = append(out, post)
		}
	}
	return out, nil
}

func lookUp(ctx context.Context, scope *pg.Scope, list []*social.Status) (*surroundings, error) {
	var originals []social.StatusID
	for _, st := range list {
		if st.BoostOfID != 0 {
			originals = append(originals, st.BoostOfID)
		}
	}
	around := &surroundings{}
	var err error
	if len(originals) > 0 {
		if around.boosted, err = store.StatusesByIDs(ctx, scope, originals); err != nil {
			return nil, err
		}
	}
	all := slices.Clone(list)
	for _, st := range around.boosted {
		all = append(all, st)
	}
	statuses, accounts := make([]social.StatusID, 0, len(all)), make([]social.AccountID, 0, 2*len(all))
	for _, st := range all {
		statuses = append(statuses, st.ID)
		accounts = append(accounts, st.AccountID)
		if st.InReplyToAccountID != 0 {
			accounts = append(accounts, st.InReplyToAccountID)
		}
	}
	if around.accounts, err = store.AccountsByIDs(ctx, scope, accounts); err != nil {
		return nil, err
	}
	around.media, err = store.MediaOfStatuses(ctx, scope, statuses)
	return around, err
}

// listed is a post, or the post that a boost repeats.
func (p presenter) listed(st *social.Status, around *surroundings) (Post, bool) {
	if st.BoostOfID == 0 {
		return p.post(st, around)
	}
	original := around.boosted[st.BoostOfID]
	if original == nil {
		return Post{}, false
	}
	post, ok := p.post(original, around)
	if by := around.accounts[st.AccountID]; by != nil {
		booster := p.account(by)
		post.BoostedBy = &booster
	}
	return post, ok
}

func (p presenter) post(st *social.Status, around *surroundings) (Post, bool) {
	author := around.accounts[st.AccountID]
	if author == nil {
		return Post{}, false // deleted between two queries
	}
	post := Post{
		ID: ids.Format(int64(st.ID)), By: p.account(author), Content: assets.SafeHTML(st.Body), Lang: st.Language,
		Warning: st.SpoilerText, IsSensitive: st.Sensitive, At: st.CreatedAt, IsRemote: !st.IsLocal,
		Replies: st.RepliesCount, Boosts: st.BoostsCount, Favourites: st.FavouritesCount, Media: p.files(around.media[st.ID]),
	}
	if st.EditedAt != nil {
		post.EditedAt = *st.EditedAt
	}
	if st.IsLocal {
		post.URL = "/@" + author.Username + "/" + post.ID
	} else {
		post.URL = remotePage(st)
		if u, err := url.Parse(post.URL); err == nil {
			post.OriginHost = u.Host
		}
	}
	if to := around.accounts[st.InReplyToAccountID]; to != nil && to.ID != st.AccountID {
		post.ReplyTo = p.account(to).Handle
	}
	return post, true
}

func remotePage(st *social.Status) string {
	if page := htmlsafe.WebURL(st.URL); page != "" {
		return page
	}
	return htmlsafe.WebURL(st.URI)
}

func (p presenter) files(list []*social.Media) []Media {
	var out []Media
	for _, m := range list {
		file := Media{
			Kind: MediaKind(m.Kind), URL: htmlsafe.WebURL(p.Media.URL(p.tenant.ID, m)), Type: m.MIME, Size: int(m.Size), Alt: m.Description,
			Width: m.SmallWidth, Height: m.SmallHeight,
		}
		if file.URL == "" || m.Kind == social.MediaUnknown {
			continue
		}
		if m.Kind == social.MediaImage {
			file.Preview = htmlsafe.WebURL(p.Media.PreviewURL(p.tenant.ID, m))
		}
		if file.Width == 0 {
			file.Width, file.Height = m.Width, m.Height
		}
		out = append(out, file)
	}
	return out
}
