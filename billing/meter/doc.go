// Package meter keeps count of what tenants use of their plans, and tells their owners in time.
//
// A Tally counts in memory what files, pages and deliveries amount to, and is written down
// each minute: what a crash loses is at most that. The Meter counts each hour what is there
// (accounts, people, domains, stored bytes), all tenants with one statement, has the ledger
// look anew at those whose entitlement follows from it, and queues mails at four fifths of a
// limit, at the limit, and while a tenant has more than its plan allows. Only cmd starts
// either, where billing is on. It must stop nothing: what follows from use is billing's to say.
package meter
