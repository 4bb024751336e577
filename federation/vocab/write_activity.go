package vocab

import "encoding/json"

// ActivityDocument is something one of our actors did. Object is an id (string),
// several ids ([]string, for Flag) or an embedded Document.
type ActivityDocument struct {
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	Actor     string    `json:"actor"`
	Published Timestamp `json:"published,omitzero"`
	To        []string  `json:"to,omitempty"`
	CC        []string  `json:"cc,omitempty"`
	Content   string    `json:"content,omitempty"`
	Object    any       `json:"object"`
	Target    string    `json:"target,omitempty"`
	Result    string    `json:"result,omitempty"`
}

// The context of an activity is that of what it embeds.
func (a *ActivityDocument) context() json.RawMessage {
	if doc, ok := a.Object.(Document); ok {
		return doc.context()
	}
	if a.Type == TypeQuoteRequest {
		return quoteContext
	}
	return plainContext
}

func (a *ActivityDocument) prepare() {
	if doc, ok := a.Object.(Document); ok {
		doc.prepare()
	}
}

// NewCreate announces a new post to those the post is addressed to.
func NewCreate(id string, note *NoteDocument) *ActivityDocument {
	return &ActivityDocument{
		ID: id, Type: TypeCreate, Actor: note.AttributedTo, Published: note.Published,
		To: note.To, CC: note.CC, Object: note,
	}
}

// NewUpdate announces an edited post.
func NewUpdate(id string, note *NoteDocument) *ActivityDocument {
	return &ActivityDocument{
		ID: id, Type: TypeUpdate, Actor: note.AttributedTo, Published: note.Updated,
		To: note.To, CC: note.CC, Object: note,
	}
}

// NewActorUpdate announces a changed profile to everybody.
func NewActorUpdate(id string, actor *ActorDocument, published Timestamp) *ActivityDocument {
	return &ActivityDocument{
		ID: id, Type: TypeUpdate, Actor: actor.ID, Published: published,
		To: []string{Public}, CC: []string{actor.Followers}, Object: actor,
	}
}

// NewDelete withdraws a post from those it was addressed to.
func NewDelete(id, actor string, tombstone *TombstoneDocument, to, cc []string) *ActivityDocument {
	return &ActivityDocument{ID: id, Type: TypeDelete, Actor: actor, To: to, CC: cc, Object: tombstone}
}

// NewActorDelete ends an account for good. The object is the bare id: Mastodon
// knows an account's deletion by object == actor.
func NewActorDelete(id, actor string) *ActivityDocument {
	return &ActivityDocument{ID: id, Type: TypeDelete, Actor: actor, To: []string{Public}, Object: actor}
}

// NewFollow asks an actor, or a relay (object Public), to be followed.
func NewFollow(id, actor, object string) *ActivityDocument {
	return &ActivityDocument{ID: id, Type: TypeFollow, Actor: actor, Object: object}
}

// NewAccept agrees to a Follow, which is embedded with its id as it came.
func NewAccept(id, actor string, follow *ActivityDocument) *ActivityDocument {
	return &ActivityDocument{ID: id, Type: TypeAccept, Actor: actor, To: []string{follow.Actor}, Object: follow}
}

// NewReject refuses a Follow, or ends one that was accepted.
func NewReject(id, actor string, follow *ActivityDocument) *ActivityDocument {
	return &ActivityDocument{ID: id, Type: TypeReject, Actor: actor, To: []string{follow.Actor}, Object: follow}
}

// NewUndo takes an activity of ours back. It always embeds it: Threads answers
// 500 to an Undo of a bare id. Undo goes where the undone activity went.
func NewUndo(id string, undone *ActivityDocument) *ActivityDocument {
	return &ActivityDocument{
		ID: id, Type: TypeUndo, Actor: undone.Actor, To: undone.To, CC: undone.CC, Object: undone,
	}
}

// NewAnnounce boosts a post.
func NewAnnounce(id, actor, object string, published Timestamp, to, cc []string) *ActivityDocument {
	return &ActivityDocument{
		ID: id, Type: TypeAnnounce, Actor: actor, Published: published, To: to, CC: cc, Object: object,
	}
}

// NewLike favourites a post.
func NewLike(id, actor, object string) *ActivityDocument {
	return &ActivityDocument{ID: id, Type: TypeLike, Actor: actor, Object: object}
}

// NewBlock tells an actor that it is blocked.
func NewBlock(id, actor, object string) *ActivityDocument {
	return &ActivityDocument{ID: id, Type: TypeBlock, Actor: actor, Object: object}
}

// NewMove tells followers where an account went. The target must list the actor
// in its alsoKnownAs.
func NewMove(id, actor, target, followers string) *ActivityDocument {
	return &ActivityDocument{
		ID: id, Type: TypeMove, Actor: actor, To: []string{followers}, Object: actor, Target: target,
	}
}

// NewFlag reports an account and posts of it. The actor is the instance actor, so
// that the reporter stays unknown.
func NewFlag(id, actor, comment string, objects []string) *ActivityDocument {
	return &ActivityDocument{ID: id, Type: TypeFlag, Actor: actor, Content: comment, Object: filled(objects)}
}

// NewAdd pins a post to the featured collection.
func NewAdd(id, actor, object, featured, followers string) *ActivityDocument {
	return &ActivityDocument{
		ID: id, Type: TypeAdd, Actor: actor, To: []string{followers}, Object: object, Target: featured,
	}
}

// NewRemove unpins a post from the featured collection.
func NewRemove(id, actor, object, featured, followers string) *ActivityDocument {
	return &ActivityDocument{
		ID: id, Type: TypeRemove, Actor: actor, To: []string{followers}, Object: object, Target: featured,
	}
}
