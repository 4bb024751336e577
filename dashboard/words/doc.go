// Package words puts the pages' English into other languages.
//
// English is the key. A template is translated as a whole before it is parsed (Template), so
// that it stays readable and costs nothing when a page is shown; words that Go code chose are
// looked up where they are printed (Language.Say), exactly, or as the printf format that made
// them. The catalogues are gettext files, <language>/*.po, which every translation tool reads.
// What has no entry stays English; a test lists it.
//
// dashboard/assets is its caller. It must not know a page, a view or a request. Mails have
// templates of their own, in internal/mail.
package words
