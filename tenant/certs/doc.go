// Package certs gets certificates and serves them.
//
// It runs CertMagic in two halves that never meet (docs/domains.md). The edge answers
// handshakes in every process: it loads what is stored, decides from memory who may have
// a certificate at all, and never orders one. The worker orders and renews from jobs,
// within the authority's limits, in whatever process a job lands; any process answers the
// authority's challenges from the shared storage. It must not decide which names are live
// (package domains does) nor serve anything but handshakes and challenges.
package certs
