package signature

import (
	"crypto/ed25519"
	"math/big"
	"slices"
	"strings"
)

// ed25519Prefix is the multicodec of an Ed25519 public key (0xed as a varint).
var ed25519Prefix = []byte{0xed, 0x01}

const base58Alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

// maxMultikeySize is far above the 48 characters of an Ed25519 key; base58 takes quadratic time.
const maxMultikeySize = 128

// MarshalMultikey writes a key as publicKeyMultibase holds it (W3C Controlled
// Identifiers, section 2.2.2; used by FEP-521a).
func MarshalMultikey(pub ed25519.PublicKey) string {
	return "z" + base58Encode(slices.Concat(ed25519Prefix, pub))
}

// ParseMultikey reads publicKeyMultibase. Only Ed25519 is known; all else is
// fault.Unauthorized.
func ParseMultikey(encoded string) (ed25519.PublicKey, error) {
	digits, ok := strings.CutPrefix(encoded, "z")
	if !ok || len(encoded) > maxMultikeySize {
		return nil, refuse("The multikey is of an unknown kind.")
	}
	raw, ok := base58Decode(digits)
	if !ok || len(raw) != len(ed25519Prefix)+ed25519.PublicKeySize || !slices.Equal(raw[:2], ed25519Prefix) {
		return nil, refuse("The multikey is of an unknown kind.")
	}
	return ed25519.PublicKey(raw[2:]), nil
}

func base58Encode(raw []byte) string {
	var digits []byte
	rest, base, digit := new(big.Int).SetBytes(raw), big.NewInt(58), new(big.Int)
	for rest.Sign() > 0 {
		rest.DivMod(rest, base, digit)
		digits = append(digits, base58Alphabet[digit.Int64()])
	}
	for _, b := range raw {
		if b != 0 {
			break
		}
		digits = append(digits, base58Alphabet[0])
	}
	slices.Reverse(digits)
	return string(digits)
}

func base58Decode(s string) ([]byte, bool) {
	number, base := new(big.Int), big.NewInt(58)
	for i := range len(s) {
		digit := strings.IndexByte(base58Alphabet, s[i])
		if digit < 0 {
			return nil, false
		}
		number.Add(number.Mul(number, base), big.NewInt(int64(digit)))
	}
	zeros := len(s) - len(strings.TrimLeft(s, base58Alphabet[:1]))
	return append(make([]byte, zeros), number.Bytes()...), true
}
