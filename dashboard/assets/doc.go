// Package assets holds what every page people open in a browser is made of:
// the one stylesheet, the one small script, the icons, the base layout and the
// functions templates call.
//
// Packages dashboard/site, dashboard/console and dashboard/staff build their
// template sets on it and call Render; the dashboard's router mounts Handler
// under /assets/. It must not know the database, sessions or who is asking,
// and no markup made here may need an inline style or an inline script: pages
// are served under a Content-Security-Policy that forbids both.
package assets
