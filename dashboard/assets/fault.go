package assets

import "time"

// FaultCard is what the page of a fault says, the same on every host. The template
// "fault" shows it.
type FaultCard struct {
	Title     string // what happened
	Why       string
	Do        string
	Status    int
	HasWait   bool          // name a time to try again instead of what to do
	Wait      time.Duration // 0 says "in a minute"
	RequestID string        // of faults of ours, so that they can be found
	BackURL   string        // a way on; "" shows none
	BackText  string
}
