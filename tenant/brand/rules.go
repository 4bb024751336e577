package brand

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/htmlsafe"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant"
)

var (
	errRule     = fault.Newf(fault.Invalid, "A rule has 1 to %d characters, best one sentence.", MaxRule)
	errHint     = fault.Newf(fault.Invalid, "An explanation has at most %d characters.", MaxHint)
	errManyRule = fault.Newf(fault.Invalid, "There are %d rules already. More nobody reads: join some of them.", MaxRules)
	errNoRule   = fault.New(fault.NotFound, "This rule is gone. Somebody else removed it.")
)

// AddRule puts a rule at the end.
func (s *Service) AddRule(ctx context.Context, by audit.Actor, t *tenant.Tenant, text, hint string) error {
	made, err := newRule(ids.New(), text, hint)
	if err != nil {
		return err
	}
	return s.changeRules(ctx, by, t, "rule.add", made.ID, func(rules []*store.Rule) ([]*store.Rule, error) {
		if len(rules) >= MaxRules {
			return nil, errManyRule
		}
		return append(rules, made), nil
	})
}

// ChangeRule changes the words of a rule. Its id stays: reports name it.
func (s *Service) ChangeRule(ctx context.Context, by audit.Actor, t *tenant.Tenant, id int64, text, hint string) error {
	next, err := newRule(id, text, hint)
	if err != nil {
		return err
	}
	return s.changeRules(ctx, by, t, "rule.change", id, func(rules []*store.Rule) ([]*store.Rule, error) {
		i := find(rules, id)
		if i < 0 {
			return nil, errNoRule
		}
		rules[i] = next
		return rules, nil
	})
}

// RemoveRule takes a rule away.
func (s *Service) RemoveRule(ctx context.Context, by audit.Actor, t *tenant.Tenant, id int64) error {
	return s.changeRules(ctx, by, t, "rule.remove", id, func(rules []*store.Rule) ([]*store.Rule, error) {
		i := find(rules, id)
		if i < 0 {
			return nil, errNoRule
		}
		return slices.Delete(rules, i, i+1), nil
	})
}

// MoveRule swaps a rule with the one above it (up) or below. At the end nothing changes.
func (s *Service) MoveRule(ctx context.Context, by audit.Actor, t *tenant.Tenant, id int64, up bool) error {
	return s.changeRules(ctx, by, t, "rule.move", id, func(rules []*store.Rule) ([]*store.Rule, error) {
		i := find(rules, id)
		if i < 0 {
			return nil, errNoRule
		}
		other := i + 1
		if up {
			other = i - 1
		}
		if other >= 0 && other < len(rules) {
			rules[i], rules[other] = rules[other], rules[i]
		}
		return rules, nil
	})
}

func (s *Service) changeRules(ctx context.Context, by audit.Actor, t *tenant.Tenant, action string, id int64, fn func([]*store.Rule) ([]*store.Rule, error)) error {
	entry := audit.Entry{Actor: by, Action: action, Detail: map[string]string{"rule": ids.Format(id)}}
	return s.change(ctx, t, entry, func(tx *pg.PlatformTx, _ *store.Brand, rules []*store.Rule) error {
		next, err := fn(rules)
		if err != nil {
			return err
		}
		return store.SaveRules(ctx, tx, t.ID, next)
	})
}

func newRule(id int64, text, hint string) (*store.Rule, error) {
	r := &store.Rule{ID: id, Text: strings.TrimSpace(htmlsafe.Clean(text)), Hint: strings.TrimSpace(htmlsafe.Clean(hint))}
	if r.Text == "" || utf8.RuneCountInString(r.Text) > MaxRule {
		return nil, errRule
	}
	if utf8.RuneCountInString(r.Hint) > MaxHint {
		return nil, errHint
	}
	return r, nil
}
