package assets

import (
	"slices"
	"strconv"
	"strings"
)

// withoutCents are the currencies whose smallest unit is the whole one
// (https://docs.stripe.com/currencies#zero-decimal).
var withoutCents = []string{"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"}

// Cents is how many of a currency's smallest unit make a whole one.
func Cents(currency string) int64 {
	if slices.Contains(withoutCents, strings.ToLower(currency)) {
		return 1
	}
	return 100
}

// amount is an amount of money in a currency's smallest unit, as the language writes it:
// "1,290.00 EUR".
func (c calendar) amount(n int64, currency string) string {
	sign := ""
	if n < 0 {
		sign, n = "−", -n
	}
	code := strings.ToUpper(currency)
	if Cents(currency) == 1 {
		return sign + c.count(int(n)) + " " + code
	}
	point := "."
	if c.language.Tag() == "de" {
		point = ","
	}
	cents := strconv.FormatInt(n%100, 10)
	if len(cents) == 1 {
		cents = "0" + cents
	}
	return sign + c.count(int(n/100)) + point + cents + " " + code
}
