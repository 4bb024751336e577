package render

import (
	"strconv"
	"time"

	"rookery/api/entity"
	"rookery/internal/htmlsafe"
	"rookery/internal/store"
	"rookery/tenant"
)

// HistoryDays is how many days of a tag's use are shown.
const HistoryDays = 7

// Tag shows a hashtag and how it was used. Days on which it was not are zero, as
// apps draw a curve through exactly seven; without a history (lists) there are none.
func (r *Renderer) Tag(t *tenant.Tenant, name string, following bool, history []*store.TagUse) entity.Tag {
	name = htmlsafe.NormaliseTag(name)
	return entity.Tag{ID: tagID(name), Name: name, URL: tagURL(t, name), History: usage(history, time.Now()), Following: following}
}

// tagID is made of the name (FNV-1a), because tags have no rows of their own and
// apps tell them apart by it.
func tagID(name string) entity.ID {
	sum := uint64(14695981039346656037)
	for i := range len(name) {
		sum = (sum ^ uint64(name[i])) * 1099511628211
	}
	return entity.ID(sum >> 1)
}

func usage(history []*store.TagUse, now time.Time) entity.Array[entity.TagUsage] {
	if history == nil {
		return nil
	}
	byDay := make(map[string]*store.TagUse, len(history))
	for _, use := range history {
		byDay[use.Day.Format(time.DateOnly)] = use
	}
	out := make(entity.Array[entity.TagUsage], HistoryDays)
	for i := range out {
		day := now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -i)
		out[i] = entity.TagUsage{Day: strconv.FormatInt(day.Unix(), 10), Uses: "0", Accounts: "0"}
		if use := byDay[day.Format(time.DateOnly)]; use != nil {
			out[i].Uses, out[i].Accounts = strconv.Itoa(use.Uses), strconv.Itoa(use.Accounts)
		}
	}
	return out
}
