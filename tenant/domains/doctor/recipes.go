package doctor

import (
	"fmt"
	"slices"
	"strings"
)

// Names are what recipes are filled in with.
type Names struct {
	Handle  string // what handles end in, whose website stays where it is: company.com
	Service string // where pages and apps are: social.company.com
	Edge    string // what Service's alias is to be; "": addresses alone
	// Addresses of this platform, for names that cannot have an alias.
	Addresses []string
	Proofs    []Proof
}

// Proof is a TXT record that proves a name.
type Proof struct{ Record, Value string }

// Recipe is something to copy: rules of a web server, or steps in a console.
type Recipe struct {
	ID    string // stable: nginx, apache, …
	Title string
	Where string // where the text belongs
	Text  string
}

// redirected are the paths that lead to the service host. Never /api: apps would log in at
// the wrong server.
var redirected = []string{"/.well-known/webfinger", "/.well-known/host-meta"}

// Recipes are the ways to redirect the discovery of a split domain. The query must come
// along: it says who is looked for.
func Recipes(n Names) []Recipe {
	return []Recipe{
		nginx(n), apache(n), caddy(n), cloudflare301(n), netlify(n), vercel(n), wordPress(n), cloudFront(n),
	}
}

// rules writes one piece of text for each path.
func rules(format string, values func(path string) []any) string {
	var out strings.Builder
	for _, path := range redirected {
		fmt.Fprintf(&out, format, values(path)...)
	}
	return strings.TrimSuffix(out.String(), "\n")
}

func pattern(path string) string { return strings.ReplaceAll(path, ".", `\.`) }

func nginx(n Names) Recipe {
	return Recipe{"nginx", "nginx", "in the server block of " + n.Handle + " that listens with ssl", rules(
		"location = %s {\n    return 301 https://%s%s$is_args$args;\n}\n", func(path string) []any { return []any{path, n.Service, path} })}
}

func apache(n Names) Recipe {
	return Recipe{"apache", "Apache", "at the top of the VirtualHost of " + n.Handle + ", or of the .htaccess file in its root; it needs mod_rewrite",
		"RewriteEngine On\n" + rules("RewriteRule ^/?%s$ https://%s%s [R=301,L]\n", func(path string) []any {
			return []any{pattern(strings.TrimPrefix(path, "/")), n.Service, path} // the query is kept by itself
		})}
}

func caddy(n Names) Recipe {
	return Recipe{"caddy", "Caddy", "in the Caddyfile, inside the block of " + n.Handle,
		"@fediverse path " + strings.Join(redirected, " ") + "\nredir @fediverse https://" + n.Service + "{uri} permanent"}
}

func cloudflare301(n Names) Recipe {
	paths := make([]string, len(redirected))
	for i, path := range redirected {
		paths[i] = `http.request.uri.path eq "` + path + `"`
	}
	return Recipe{"cloudflare", "Cloudflare", "Rules → Redirect Rules → Create rule, in the zone " + n.Handle, strings.Join([]string{
		`When incoming requests match, custom filter expression:`,
		`  (http.host eq "` + n.Handle + `" and (` + strings.Join(paths, " or ") + `))`,
		`Then, URL redirect, type Dynamic, expression:`,
		`  concat("https://` + n.Service + `", http.request.uri.path)`,
		`Status code: 301. Preserve query string: on.`,
	}, "\n")}
}

func netlify(n Names) Recipe {
	return Recipe{"netlify", "Netlify", "in the file _redirects of the published folder, before all other lines", rules(
		"%s  https://%s%s  301!\n", func(path string) []any { return []any{path, n.Service, path} })} // the query is passed on by itself
}

func vercel(n Names) Recipe {
	list := make([]string, len(redirected))
	for i, path := range redirected {
		list[i] = fmt.Sprintf(`    { "source": "%s", "destination": "https://%s%s", "permanent": true }`, path, n.Service, path)
	}
	return Recipe{"vercel", "Vercel", "in vercel.json of the project of " + n.Handle, "{\n  \"redirects\": [\n" + strings.Join(list, ",\n") + "\n  ]\n}"}
}

func wordPress(n Names) Recipe {
	return Recipe{"wordpress", "WordPress", "as a file wp-content/mu-plugins/fediverse-redirect.php, where no .htaccess can be changed", strings.Join([]string{
		"<?php",
		"// Sends look-ups of @…@" + n.Handle + " to " + n.Service + ".",
		"add_action( 'init', function () {",
		"    $path = strtok( $_SERVER['REQUEST_URI'], '?' );",
		"    if ( in_array( $path, array( '" + strings.Join(redirected, "', '") + "' ), true ) ) {",
		"        header( 'Location: https://" + n.Service + "' . $_SERVER['REQUEST_URI'], true, 301 );",
		"        exit;",
		"    }",
		"}, 0 );",
	}, "\n")}
}

func cloudFront(n Names) Recipe {
	return Recipe{"cloudfront", "Amazon S3 and CloudFront", "as a CloudFront function for viewer requests, on the default behaviour of the distribution of " + n.Handle +
		" (S3 alone drops the query)", strings.Join([]string{
		"function handler(event) {",
		"    var request = event.request;",
		"    if (['" + strings.Join(redirected, "', '") + "'].indexOf(request.uri) < 0) {",
		"        return request;",
		"    }",
		"    var query = Object.keys(request.querystring).map(function (name) {",
		"        return name + '=' + request.querystring[name].value;",
		"    }).join('&');",
		"    return {",
		"        statusCode: 301,",
		"        statusDescription: 'Moved Permanently',",
		"        headers: { location: { value: 'https://" + n.Service + "' + request.uri + (query ? '?' + query : '') } }",
		"    };",
		"}",
	}, "\n")}
}

// ZoneLines are the records to add, as lines of a zone file with full names.
func ZoneLines(n Names) []string {
	var out []string
	for _, proof := range n.Proofs {
		out = append(out, fmt.Sprintf("%s. 300 IN TXT %q", proof.Record, proof.Value))
	}
	if n.Service == "" {
		return out
	}
	if n.Edge != "" && n.Service != registrable(n.Service) {
		return append(out, fmt.Sprintf("%s. 300 IN CNAME %s.", n.Service, n.Edge))
	}
	for _, address := range n.Addresses {
		kind := "A"
		if strings.Contains(address, ":") {
			kind = "AAAA"
		}
		out = append(out, fmt.Sprintf("%s. 300 IN %s %s", n.Service, kind, address))
	}
	return out
}

// IsSplit reports whether there is a website to add a redirect to.
func (n Names) IsSplit() bool { return n.Handle != "" && n.Handle != n.Service }

// MailToIT is a letter in plain text for whoever runs a company's domain: everything that
// is to be done, with the records and the rule of their web server, or with all rules where
// nobody said which one it is.
func MailToIT(n Names, servers ...string) string {
	var out strings.Builder
	fmt.Fprintf(&out, "Please add these records to the DNS of our domain:\n\n  %s\n\n", strings.Join(ZoneLines(n), "\n  "))
	out.WriteString("Some providers add the domain to what is entered: then leave it out of the name.\n")
	fmt.Fprintf(&out, "If %s has other A, AAAA or CNAME records, please remove them.\n", n.Service)
	if !n.IsSplit() {
		return out.String()
	}
	fmt.Fprintf(&out, "\nOur website on %s stays as it is, but for two addresses that it must redirect, with what stands\nbehind the question mark:\n\n", n.Handle)
	for _, path := range redirected {
		fmt.Fprintf(&out, "  https://%s%s\n  → https://%s%s\n", n.Handle, path, n.Service, path)
	}
	for _, r := range Recipes(n) {
		if len(servers) > 0 && !slices.Contains(servers, r.ID) {
			continue
		}
		fmt.Fprintf(&out, "\n--- %s: %s\n\n%s\n", r.Title, r.Where, r.Text)
	}
	fmt.Fprintf(&out, "\nTo try it out:\n\n  curl -sI 'https://%s/.well-known/webfinger?resource=acct:a@%s' | grep -i location\n\n"+
		"must print https://%s/.well-known/webfinger?resource=acct:a@%s\n", n.Handle, n.Handle, n.Service, n.Handle)
	return out.String()
}
