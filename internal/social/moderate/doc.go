// Package moderate holds which servers a tenant talks to: its blocks, its allow-list, and
// the platform's own blocks, which hold for every tenant.
//
// Servers answers from memory, for each activity, delivery and look-up: federation asks it
// at its edges, before any key or document is fetched (SECURITY.md rule 9). Service changes
// rules for the console and the operator's commands. What is here already follows by a walk
// over the known accounts (Walker), which marks those whose server has a rule: all that
// reads accounts and posts honours the marks. It must not use the network, and tells the
// servers concerned nothing.
package moderate
