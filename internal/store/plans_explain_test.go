package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"rookery/internal/testkit"
)

var errRollback = errors.New("nothing is kept")

// What one statement may do unless its entry says otherwise. A page of twenty posts
// with all the questions of visibility looks at some hundred rows.
const (
	mostRows   = 1500
	mostBlocks = 4000
	mostSorted = 1000
	mostScan   = 700 // rows of a table that may be read from end to end
)

// plan is what Postgres did.
type plan struct {
	rows   float64 // looked at in tables and indexes
	blocks float64
	sorted float64 // rows into the largest sort
	spilt  float64 // blocks that did not fit into memory
	scans  []string
	time   float64
	text   string
}

// node is one step of a plan, as EXPLAIN (FORMAT JSON) names it.
type node struct {
	Type     string  `json:"Node Type"`
	Relation string  `json:"Relation Name"`
	Index    string  `json:"Index Name"`
	Cond     string  `json:"Index Cond"`
	Filter   string  `json:"Filter"`
	Rows     float64 `json:"Actual Rows"`
	Loops    float64 `json:"Actual Loops"`
	Removed  float64 `json:"Rows Removed by Filter"`
	Rechecks float64 `json:"Rows Removed by Index Recheck"`
	Hit      float64 `json:"Shared Hit Blocks"`
	Read     float64 `json:"Shared Read Blocks"`
	Spilt    float64 `json:"Temp Written Blocks"`
	Plans    []node  `json:"Plans"`
}

// explain runs a statement once more, as the serving role behind row-level security or as the
// platform's.
func (l *large) explain(t *testing.T, s testkit.Statement, mode string, onPlatform bool) *plan {
	t.Helper()
	ctx, as := t.Context(), l.AppURL
	if onPlatform {
		as = l.PlatformURL
	}
	conn, err := pgx.Connect(ctx, as)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, `BEGIN; SET LOCAL app.tenant_id = '1'; SET LOCAL plan_cache_mode = '`+mode+`'`); err != nil {
		t.Fatal(err)
	}
	prepared, err := conn.Prepare(ctx, "asked", s.SQL)
	if err != nil {
		t.Fatalf("prepare %s: %v", s.SQL, err)
	}
	call := "EXECUTE asked"
	if len(s.Args) > 0 {
		call += "(" + literals(t, conn, prepared.ParamOIDs, s.Args) + ")"
	}
	var raw string
	if err := conn.QueryRow(ctx, `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) `+call, pgx.QueryExecModeSimpleProtocol).Scan(&raw); err != nil {
		t.Fatalf("explain %s: %v", s.SQL, err)
	}
	var answer []struct {
		Plan node
		Time float64 `json:"Execution Time"`
	}
	if err := json.Unmarshal([]byte(raw), &answer); err != nil || len(answer) != 1 {
		t.Fatalf("read %s: %v", raw, err)
	}
	p := &plan{blocks: answer[0].Plan.Hit + answer[0].Plan.Read, spilt: answer[0].Plan.Spilt, time: answer[0].Time}
	var text strings.Builder
	p.walk(answer[0].Plan, 0, &text)
	p.text = text.String()
	return p
}

// literals writes arguments as EXECUTE takes them.
func literals(t *testing.T, conn *pgx.Conn, oids []uint32, args []any) string {
	t.Helper()
	out := make([]string, len(args))
	for i, arg := range args {
		text, err := conn.TypeMap().Encode(oids[i], pgx.TextFormatCode, arg, []byte{}) // nil is NULL; "" is not
		if err != nil {
			t.Fatalf("write argument %d (%v): %v", i+1, arg, err)
		}
		out[i] = "NULL"
		if text != nil {
			out[i] = "E'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(string(text)) + "'"
		}
	}
	return strings.Join(out, ", ")
}

func (p *plan) walk(n node, depth int, text *strings.Builder) {
	looked := (n.Rows + n.Removed + n.Rechecks) * n.Loops
	fmt.Fprintf(text, "%s%s %s %s rows=%.0f removed=%.0f loops=%.0f blocks=%.0f %s %s\n", strings.Repeat("  ", depth), n.Type, n.Relation, n.Index,
		n.Rows, n.Removed+n.Rechecks, n.Loops, n.Hit+n.Read, n.Cond, n.Filter)
	switch n.Type {
	case "Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan", "Bitmap Index Scan":
		p.rows += looked
		if n.Type == "Seq Scan" && n.Rows+n.Removed > mostScan {
			p.scans = append(p.scans, n.Relation)
		}
	case "Sort", "Incremental Sort":
		for _, input := range n.Plans {
			p.sorted = max(p.sorted, input.Rows)
		}
	}
	for _, child := range n.Plans {
		p.walk(child, depth+1, text)
	}
}

// judge says what is wrong with a plan.
func (p *plan) judge(r read) (complaints []string) {
	say := func(format string, args ...any) { complaints = append(complaints, fmt.Sprintf(format, args...)) }
	if limit := max(r.rows, mostRows); p.rows > limit {
		say("looks at %.0f rows, more than %.0f", p.rows, limit)
	}
	if limit := max(4*r.rows, mostBlocks); p.blocks > limit {
		say("touches %.0f blocks, more than %.0f", p.blocks, limit)
	}
	if limit := max(r.rows, mostSorted); p.sorted > limit {
		say("sorts %.0f rows, more than %.0f", p.sorted, limit)
	}
	for _, table := range p.scans {
		if table != r.whole {
			say("reads all of %s", table)
		}
	}
	return complaints
}
