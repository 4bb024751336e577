package stripefake

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"
)

//go:embed pages
var pageFiles embed.FS

var pageTemplates = template.Must(template.ParseFS(pageFiles, "pages/pages.html"))

// view is what all pages share.
type view struct {
	Title, Style, Problem string
	Back, BackText        string
	Cards                 []cardChoice
	Form                  Purchase
	Again                 Card   // the card a bank asks about
	Action                string // the portal's form that a bank asks about
	Amount                string // what a bank asks to confirm
	Text                  string
}

type cardChoice struct {
	Value        Card
	Number, Text string
	Checked      bool
}

// bill is the table of an invoice or quote.
type bill struct {
	Lines        []billLine
	Off, Tax     string
	DueText, Due string
}

type billLine struct{ Text, Amount string }

func (s *Server) pages() {
	s.mux.HandleFunc("GET /_fake/style.css", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, pageFiles, "pages/style.css")
	})
	s.mux.HandleFunc("GET /c/pay/{id}", s.checkoutPage)
	s.mux.HandleFunc("POST /c/pay/{id}", s.checkoutPage)
	s.mux.HandleFunc("GET /p/session/{id}", s.portalPage)
	s.mux.HandleFunc("POST /p/session/{id}", s.portalPage)
	s.mux.HandleFunc("GET /i/{id}", s.invoicePage)
	s.mux.HandleFunc("POST /i/{id}", s.invoicePage)
}

// paymentCards are the choices where something is paid now.
func paymentCards(optional bool) []cardChoice {
	var out []cardChoice
	if optional {
		out = append(out, cardChoice{"", "No card", "Begin without one; it is asked for later.", true})
	}
	return append(out,
		cardChoice{CardPays, "4242 4242 4242 4242", "Pays.", !optional},
		cardChoice{CardDeclines, "4000 0000 0000 0002", "Is declined.", false},
		cardChoice{CardPoor, "4000 0000 0000 9995", "Is declined: insufficient funds.", false},
		cardChoice{Card3DS, "4000 0025 0000 3155", "The bank asks first (3-D Secure); you confirm, refuse, or leave.", false},
		cardChoice{CardFirstTimeBad, "4000 0000 0000 0085", "Pays once and is declined from then on.", false},
	)
}

// savedCards are the choices where a card is kept for later.
func savedCards() []cardChoice {
	return []cardChoice{
		{CardPays, "4242 4242 4242 4242", "Pays from now on.", true},
		{CardFailsLater, "4000 0000 0000 0341", "Can be saved; every payment fails.", false},
		{Card3DSAlways, "4000 0027 6000 3184", "The bank asks at every payment.", false},
		{CardDeclines, "4000 0000 0000 0002", "Is declined and can not be saved.", false},
	}
}

func (s *Server) view(title string) view {
	return view{Title: title, Style: s.url("/_fake/style.css")}
}

// show writes a page. Its forms may lead to the addresses given: browsers
// hold redirects of a form against form-action too.
func (s *Server) show(w http.ResponseWriter, status int, name string, data any, targets ...string) {
	var page bytes.Buffer
	if err := pageTemplates.ExecuteTemplate(&page, name, data); err != nil {
		http.Error(w, "The page could not be made.", http.StatusInternalServerError)
		return
	}
	forms := "'self'"
	for _, target := range targets {
		if u, err := url.Parse(target); err == nil && u.Host != "" && !strings.ContainsAny(u.Host, "; ,'\"") {
			forms += " " + u.Scheme + "://" + u.Host
		}
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action "+forms)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // nobody is left to tell
}

func (s *Server) message(w http.ResponseWriter, status int, title, text, back string) {
	data := s.view(title)
	data.Text, data.Back, data.BackText = text, back, "Go on"
	s.show(w, status, "message", data)
}

// purchaseOf reads a page's form.
func purchaseOf(w http.ResponseWriter, r *http.Request) (Purchase, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		return Purchase{}, err
	}
	in := Purchase{
		Card: Card(r.PostForm.Get("card")), Answer: r.PostForm.Get("answer"), Name: r.PostForm.Get("name"),
		Country: strings.ToUpper(r.PostForm.Get("country")), PostalCode: r.PostForm.Get("postal_code"), Code: r.PostForm.Get("code"),
	}
	if _, known := cardKinds[in.Card]; !known && in.Card != "" {
		return in, errors.New("no such test card")
	}
	return in, nil
}

// plainly is an error as a person reads it.
func plainly(err error) string {
	var e *apiError
	if errors.As(err, &e) {
		return e.message
	}
	return err.Error()
}

func money(amount int64, currency string) string {
	sign := ""
	if amount < 0 {
		sign, amount = "−", -amount
	}
	symbol := map[string]string{"eur": "€", "usd": "$"}[currency]
	return fmt.Sprintf("%s%s%d.%02d", sign, symbol, amount/100, amount%100)
}

func date(at int64) string { return time.Unix(at, 0).UTC().Format("2 January 2006") }

func billOf(inv *invoice, dueText string) bill {
	out := bill{DueText: dueText, Due: money(inv.due, inv.currency)}
	for _, l := range inv.lines {
		out.Lines = append(out.Lines, billLine{l.description, money(l.amount, inv.currency)})
	}
	if inv.off > 0 {
		out.Off = money(inv.off, inv.currency)
	}
	if inv.tax > 0 {
		out.Tax = money(inv.tax, inv.currency)
	}
	return out
}
