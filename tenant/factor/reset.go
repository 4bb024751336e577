package factor

import (
	"context"
	"fmt"

	"rookery/internal/audit"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// Reset takes all second factors of a person away, on every host, and signs them out
// everywhere: for somebody whose devices are lost. They sign in with the password and set a
// factor up anew; a mail tells them.
func (f *Factors) Reset(ctx context.Context, person social.PersonID, who audit.Actor) error {
	err := f.db.Platform(ctx, "take all second factors of a person", func(tx *pg.PlatformTx) error {
		if err := store.DropFactors(ctx, tx, person); err != nil {
			return err
		}
		if err := store.EndSessionsOfPerson(ctx, tx, person); err != nil {
			return err
		}
		return f.record(ctx, tx, person, "person.reset_factors", "totp_off", who)
	})
	if err != nil {
		return fmt.Errorf("take the second factors of person %d: %w", person, err)
	}
	return nil
}
