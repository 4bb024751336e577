// Package imaging turns image files written by strangers into image files
// written by us.
//
// Everything is decoded and encoded again, so that nothing of the original
// bytes but the pixels is served (rule 17 of SECURITY.md): no EXIF position, no
// HTML named .png, no second format hidden behind the first. Callers: media
// upload, profile pictures, and the fetching of remote avatars and attachments.
//
// It must not touch the database, the network or files, must not trust a
// content type or a file name, and must not decode before the header has been
// checked against the limits. Decode through a Limiter, never in an unbounded
// number of goroutines.
package imaging
