package assets

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

//go:embed css js icons templates
var files embed.FS

// Prefix is where Handler is mounted. Everything under it is immutable: a
// changed file has another name.
const Prefix = "/assets/"

// The cascades: values first, widths and media queries last. A tenant's pages need none of
// what the console's rooms do, and are what followers open on a phone.
var (
	siteSheet    = []string{"tokens", "base", "controls", "parts", "post", "site", "gate", "own", "narrow"}
	consoleSheet = []string{"tokens", "base", "controls", "parts", "post", "site", "gate", "console", "domains", "company", "publish", "own", "narrow"}
)

// File is one static file, ready to be served.
type File struct {
	Path string // public address, with the hash in it
	Type string // Content-Type
	Body []byte
	Gzip []byte // Body compressed once; nil where it does not pay
}

// library is every file by its public path, and the public path by plain name.
type library struct {
	byPath map[string]*File
	byName map[string]string
}

var load = sync.OnceValue(func() *library {
	lib := &library{byPath: map[string]*File{}, byName: map[string]string{}}
	lib.add("app.css", "text/css; charset=utf-8", sheet(siteSheet))
	lib.add("console.css", "text/css; charset=utf-8", sheet(consoleSheet))
	lib.add("app.js", "text/javascript; charset=utf-8", []byte(mustRead("js/app.js")+mustRead("js/passkey.js")))
	lib.add("inbox.css", "text/css; charset=utf-8", []byte(minifyCSS(mustRead("css/inbox.css"))))
	lib.add("inbox.js", "text/javascript; charset=utf-8", []byte(mustRead("js/inbox.js")))
	lib.add("favicon.svg", "image/svg+xml", []byte(mustRead("icons/favicon.svg")))
	lib.add("logo.svg", "image/svg+xml", []byte(mustRead("icons/logo.svg")))
	return lib
})

func sheet(parts []string) []byte {
	var css strings.Builder
	for _, name := range parts {
		css.WriteString(mustRead("css/" + name + ".css"))
	}
	return []byte(minifyCSS(css.String()))
}

func (l *library) add(name, contentType string, body []byte) {
	sum := sha256.Sum256(body)
	ext := path.Ext(name)
	public := Prefix + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
	l.byPath[public] = &File{Path: public, Type: contentType, Body: body, Gzip: squeeze(body)}
	l.byName[name] = public
}

// squeeze compresses once at start, so that no request pays for it.
func squeeze(body []byte) []byte {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil
	}
	if _, err := w.Write(body); err != nil || w.Close() != nil || out.Len() >= len(body) {
		return nil
	}
	return out.Bytes()
}

func mustRead(name string) string {
	b, err := fs.ReadFile(files, name)
	if err != nil {
		panic("assets: " + err.Error()) // a file missing from the binary is a fault of the build
	}
	return string(b)
}

// URL is the public address of app.css, console.css, app.js, favicon.svg, logo.svg or what a
// page needs besides.
func URL(name string) string {
	public, ok := load().byName[name]
	if !ok {
		panic("assets: no file " + name)
	}
	return public
}

// Lookup finds a static file by the path of its address.
func Lookup(public string) (*File, bool) {
	f, ok := load().byPath[public]
	return f, ok
}

// Handler serves the static files; mount it under Prefix on every host. It
// needs no session and no tenant.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := Lookup(r.URL.Path)
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", f.Type)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Vary", "Accept-Encoding")
		body := f.Body
		if f.Gzip != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			body = f.Gzip
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	})
}
