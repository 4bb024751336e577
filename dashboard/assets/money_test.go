package assets_test

import (
	"bytes"
	"embed"
	"strings"
	"testing"

	"rookery/dashboard/assets"
)

//go:embed testdata/money.html
var moneyPage embed.FS

func TestMoney(t *testing.T) {
	t.Parallel()
	set := assets.Parse(moneyPage, "testdata/money.html")
	set.Sheet = "console.css"
	for _, tt := range []struct {
		money  assets.Money
		en, de string
	}{
		{assets.Money{Amount: 4900, Currency: "eur"}, "€49.00", "49,00\u00a0€"},
		{assets.Money{Amount: 123456705, Currency: "usd"}, "$1,234,567.05", "1.234.567,05\u00a0$"},
		{assets.Money{Amount: -250, Currency: "gbp"}, "−£2.50", "−2,50\u00a0£"},
		{assets.Money{Amount: 9, Currency: "chf"}, "CHF\u00a00.09", "0,09\u00a0CHF"},
		{assets.Money{Amount: 1500, Currency: "jpy"}, "JPY\u00a01,500", "1.500\u00a0JPY"},
		{assets.Money{Currency: "eur"}, "€0.00", "0,00\u00a0€"},
	} {
		for lang, want := range map[string]string{"en": tt.en, "de": tt.de} {
			var out bytes.Buffer
			if err := set.Render(assets.In(&out, lang), assets.Page{}, "money-page", tt.money); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(out.String(), "<p>"+want+"</p>") {
				t.Errorf("%s, %+v: not %q", lang, tt.money, want)
			}
		}
	}
}
