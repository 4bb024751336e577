package site_test

import (
	"net/http"
	"strings"
	"testing"

	"rookery/internal/audit"
	"rookery/tenant/brand"
)

// What a company writes about itself is on its pages, as text.
func TestPagesOfWhatACompanyWrites(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.server.Browser(t)
	at := "https://" + w.A.Tenant.Host
	if got := b.Get(at + "/privacy-policy"); got.Status != http.StatusNotFound {
		t.Errorf("before it is written: %d", got.Status)
	}
	brands := brand.New(w.PG, w.Registry)
	by := audit.BySystem("test")
	for _, err := range []error{
		brands.SetWords(t.Context(), by, w.A.Tenant, brand.Words{Name: "Acme Cycles", ShortDescription: "Bikes <since> 1899.", Description: "Many bikes.", ContactAccountID: w.support.ID, Colour: "#1D2A6B"}),
		brands.SetTexts(t.Context(), by, w.A.Tenant, map[brand.Text]string{brand.About: "First <script>alert(1)</script>\n\nSecond", brand.Privacy: "We keep nothing."}),
		brands.AddRule(t.Context(), by, w.A.Tenant, "Be <b>kind</b>.", "Please"),
		brands.SetThumbnail(t.Context(), by, w.A.Tenant, "abc", "LKO2"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for path, wants := range map[string][]string{
		"/":               {"Acme Cycles", "Bikes &lt;since&gt; 1899.", "https://media.test/" + w.A.Tenant.ID.String() + "/abc/original", `href="/privacy-policy"`},
		"/about":          {"<p>First &lt;script&gt;alert(1)&lt;/script&gt;</p><p>Second</p>", "Be &lt;b&gt;kind&lt;/b&gt;.", "Please", "@support@"},
		"/privacy-policy": {"<p>We keep nothing.</p>", "last changed"},
	} {
		got := b.Get(at + path)
		for _, want := range wants {
			if !strings.Contains(got.Body, want) {
				t.Errorf("%s lacks %q", path, want)
			}
		}
	}
	if got := b.Get(at + "/terms-of-service"); got.Status != http.StatusNotFound {
		t.Errorf("terms that nobody wrote: %d", got.Status)
	}
	if got := b.Get(at + "/brand.css"); !strings.Contains(got.Body, "--brand:#1D2A6B") {
		t.Errorf("the colour: %d %s", got.Status, got.Body)
	}
	if got := b.Get("https://" + w.B.Tenant.Host + "/privacy-policy"); got.Status != http.StatusNotFound {
		t.Errorf("another company's: %d", got.Status)
	}
}
