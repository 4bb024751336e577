package assets

import (
	"strconv"
	"strings"

	"rookery/dashboard/words"
)

// Money is an amount in a currency's smallest unit. Pages write it with the template
// function "money": €49.00, and 49,00 € in German.
type Money struct {
	Amount   int64
	Currency string // ISO 4217, lower case
}

var currencySymbols = map[string]string{"eur": "€", "usd": "$", "gbp": "£"}

// wholeCurrencies are those without a smaller unit (https://docs.stripe.com/currencies#zero-decimal).
var wholeCurrencies = map[string]bool{
	"bif": true, "clp": true, "djf": true, "gnf": true, "jpy": true, "kmf": true, "krw": true, "mga": true, "pyg": true,
	"rwf": true, "ugx": true, "vnd": true, "vuv": true, "xaf": true, "xof": true, "xpf": true,
}

// Whole is the amount in whole units, without what is less than one.
func (m Money) Whole() int {
	if wholeCurrencies[m.Currency] {
		return int(m.Amount)
	}
	return int(m.Amount / 100)
}

const noBreak = "\u00a0"

func (c calendar) money(m Money) string {
	thousands, point := ",", "."
	isGerman := c.language.Tag() != words.English
	if isGerman {
		thousands, point = ".", ","
	}
	amount, sign := m.Amount, ""
	if amount < 0 {
		amount, sign = -amount, "−"
	}
	var figures string
	if wholeCurrencies[m.Currency] {
		figures = separated(int(amount), thousands)
	} else {
		cents := strconv.Itoa(int(amount%100) + 100)[1:]
		figures = separated(int(amount/100), thousands) + point + cents
	}
	symbol, ok := currencySymbols[m.Currency]
	switch {
	case !ok && isGerman:
		return sign + figures + noBreak + strings.ToUpper(m.Currency)
	case !ok:
		return sign + strings.ToUpper(m.Currency) + noBreak + figures
	case isGerman:
		return sign + figures + noBreak + symbol
	}
	return sign + symbol + figures
}
