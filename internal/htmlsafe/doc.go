// Package htmlsafe turns text written by strangers into HTML that is safe to
// show, and back into plain text.
//
// Remote HTML passes Remote once, where it enters (rule 7 of SECURITY.md), and
// is stored clean; local text is stored as typed and passes Render when it is
// shown. Scan finds the mentions, hashtags and links that both the renderer and
// the posting rules must agree on. Callers: federation (remote posts, profiles),
// internal/social (posting, profiles), api/render, dashboard, mail and RSS.
//
// It must not touch the database or the network, must not know tenants, and
// must not use a regular expression that can backtrack or any algorithm whose
// time is not linear in its input: everything here runs on hostile bytes.
package htmlsafe
