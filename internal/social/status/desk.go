package status

import (
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// queueDesk keeps the team's threads (package desk) in step with new posts: a mention that
// somebody was told of opens one, an own answer hands it back. It is queued before the
// counters, because who answers from the console holds the thread's row before them too.
func queueDesk(end *pg.Batch, fresh []*post, told []*social.Notification) {
	store.QueueDeskMentions(end, told)
	var answers []social.StatusID
	for _, p := range fresh {
		if p.IsLocal && p.InReplyToID != 0 && p.BoostOfID == 0 {
			answers = append(answers, p.ID)
		}
	}
	store.QueueDeskAnswers(end, answers)
}
