package export

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"rookery/internal/pg"
	"rookery/internal/social/moderate"
	"rookery/internal/store"
)

// The company's rules about other servers: all that is known of them, and as the lists that
// Mastodon's moderation exports and imports. They are few enough to be written at once.

type serverRow struct {
	Domain         string    `json:"domain"`
	Severity       string    `json:"severity"`
	RejectMedia    bool      `json:"reject_media"`
	RejectReports  bool      `json:"reject_reports"`
	Obfuscate      bool      `json:"obfuscate"`
	PublicComment  string    `json:"public_comment"`
	PrivateComment string    `json:"private_comment"`
	MadeBy         string    `json:"made_by"`
	CreatedAt      time.Time `json:"created_at"`
	UpdatedAt      time.Time `json:"updated_at"`
}

type allowRow struct {
	Domain    string    `json:"domain"`
	Comment   string    `json:"comment"`
	MadeBy    string    `json:"made_by"`
	CreatedAt time.Time `json:"created_at"`
}

func (w *writer) serverRules(ctx context.Context) (list []*store.ServerRule, err error) {
	err = w.read(ctx, func(scope *pg.Scope) error {
		list, err = store.ServerRules(ctx, scope, "", "", moderate.MaxRules)
		return err
	})
	return list, err
}

func (w *writer) serverAllows(ctx context.Context) (list []*store.ServerAllow, err error) {
	err = w.read(ctx, func(scope *pg.Scope) error {
		list, err = store.ServerAllows(ctx, scope, "", "", moderate.MaxRules)
		return err
	})
	return list, err
}

// servers has the mode, the rules and the allow-list, with what the team told itself.
func servers(ctx context.Context, w *writer) (bool, error) {
	var policy *store.ServerPolicy
	err := w.read(ctx, func(scope *pg.Scope) (err error) {
		policy, err = store.ServerPolicyOf(ctx, scope)
		return err
	})
	if err != nil {
		return false, err
	}
	rules, err := w.serverRules(ctx)
	if err != nil {
		return false, err
	}
	allows, err := w.serverAllows(ctx)
	if err != nil {
		return false, err
	}
	blocks, allowed := make([]serverRow, len(rules)), make([]allowRow, len(allows))
	for i, r := range rules {
		blocks[i] = serverRow(*r)
	}
	for i, a := range allows {
		allowed[i] = allowRow(*a)
	}
	body, err := json.MarshalIndent(map[string]any{
		"mode": policy.Mode, "show_blocks": policy.ShowBlocks, "show_reasons": policy.ShowReasons, "rules": blocks, "allowed": allowed,
	}, "", "  ")
	if err != nil {
		return false, err
	}
	return w.whole("company/servers.json", append(body, '\n'))
}

func domainBlocks(ctx context.Context, w *writer) (bool, error) {
	list, err := w.serverRules(ctx)
	if err != nil {
		return false, err
	}
	var out bytes.Buffer
	if err := moderate.WriteCSV(&out, list); err != nil {
		return false, err
	}
	return w.whole("company/domain_blocks.csv", out.Bytes())
}

func domainAllows(ctx context.Context, w *writer) (bool, error) {
	list, err := w.serverAllows(ctx)
	if err != nil {
		return false, err
	}
	out := []byte("#domain\n")
	for _, a := range list {
		line, err := cells(a.Domain)
		if err != nil {
			return false, err
		}
		out = append(out, line...)
	}
	return w.whole("company/domain_allows.csv", out)
}
