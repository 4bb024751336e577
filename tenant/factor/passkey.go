package factor

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant/people"
)

const (
	challengeLifetime = 5 * time.Minute
	mostPasskeys      = 20
	maxKeyName        = 60
)

var (
	// ErrPasskey is all that a passkey that does not fit says.
	ErrPasskey      = fault.New(fault.Unauthorized, "This passkey does not work here. Try another one, or sign in with your password.")
	errCeremony     = fault.New(fault.Invalid, "Adding the passkey took too long or was cancelled. Try again.")
	errPasskeys     = fault.Newf(fault.Conflict, "Somebody has at most %d passkeys. Remove one first.", mostPasskeys)
	errKeyName      = fault.Newf(fault.Invalid, "A name has 1 to %d characters.", maxKeyName)
	errPasskeyKnown = fault.New(fault.Conflict, "This passkey is there already.")
)

// Host is where passkeys are made for: each host has its own.
type Host struct {
	ID     string // of the relying party: the name without a port
	Origin string // scheme, name and port, as browsers say it
	Name   string // what it is called
}

// HostOf is the host at an origin such as https://social.acme.example.
func HostOf(scheme, host, name string) Host {
	id := host
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		id = host[:i]
	}
	return Host{ID: id, Origin: scheme + "://" + host, Name: name}
}

func (h Host) party() (*webauthn.WebAuthn, error) {
	w, err := webauthn.New(&webauthn.Config{
		RPID: h.ID, RPDisplayName: h.Name, RPOrigins: []string{h.Origin},
		AttestationPreference: protocol.PreferNoAttestation, // which make it is is nobody's business
		// Password managers answer with extensions that nobody asked for.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	if err != nil {
		return nil, fmt.Errorf("describe %s to browsers: %w", h.Origin, err)
	}
	return w, nil
}

// Passkey is a key as its person sees it.
type Passkey struct {
	ID       string // of the credential, for forms
	Name     string
	Since    time.Time
	LastUsed time.Time // zero: never
	IsCloned bool
}

func fromRow(row *store.Passkey) Passkey {
	k := Passkey{ID: base64.RawURLEncoding.EncodeToString(row.CredentialID), Name: row.Name, Since: row.CreatedAt, IsCloned: row.ClonedAt != nil}
	if row.LastUsedAt != nil {
		k.LastUsed = *row.LastUsedAt
	}
	return k
}

// Ceremony is what a browser is asked: options for its script, and a secret that comes back
// with the answer.
type Ceremony struct {
	Secret  string
	Options json.RawMessage
}

// owner is a person as the library asks for one.
type owner struct {
	id          social.PersonID
	email, name string
	keys        []webauthn.Credential
}

// WebAuthnID is opaque, as section 14.6.1 of WebAuthn asks.
func (o *owner) WebAuthnID() []byte                         { return binary.BigEndian.AppendUint64(nil, uint64(o.id)) }
func (o *owner) WebAuthnName() string                       { return o.email }
func (o *owner) WebAuthnDisplayName() string                { return o.name }
func (o *owner) WebAuthnCredentials() []webauthn.Credential { return o.keys }

// Enrol begins to add a passkey to a person.
func (f *Factors) Enrol(ctx context.Context, h Host, of *people.Person) (*Ceremony, error) {
	party, err := h.party()
	if err != nil {
		return nil, err
	}
	who := &owner{id: of.ID, email: of.Email, name: of.Name}
	if who.name == "" {
		who.name = of.Email
	}
	var c *Ceremony
	err = f.db.Platform(ctx, "begin to add a passkey", func(tx *pg.PlatformTx) error {
		rows, err := store.PasskeysOf(ctx, tx, h.ID, of.ID)
		if err != nil {
			return err
		}
		if len(rows) >= mostPasskeys {
			return errPasskeys
		}
		var there []protocol.CredentialDescriptor
		for _, row := range rows {
			there = append(there, protocol.CredentialDescriptor{Type: protocol.PublicKeyCredentialType, CredentialID: row.CredentialID})
		}
		options, session, err := party.BeginRegistration(who,
			webauthn.WithExclusions(there),
			webauthn.WithAuthenticatorSelection(protocol.AuthenticatorSelection{
				ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(), UserVerification: protocol.VerificationRequired,
			}))
		if err != nil {
			return fmt.Errorf("make options: %w", err)
		}
		c, err = f.begin(ctx, tx, h, of.ID, session, options.Response)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("begin to add a passkey of person %d: %w", of.ID, err)
	}
	return c, nil
}

func (f *Factors) begin(ctx context.Context, tx *pg.PlatformTx, h Host, person social.PersonID, session *webauthn.SessionData, options any) (*Ceremony, error) {
	data, err := json.Marshal(session)
	if err != nil {
		return nil, fmt.Errorf("keep a challenge: %w", err)
	}
	c := &Ceremony{Secret: ids.Secret(32)}
	if c.Options, err = json.Marshal(options); err != nil {
		return nil, fmt.Errorf("write options: %w", err)
	}
	return c, store.AddChallenge(ctx, tx, &store.PasskeyChallenge{
		TokenHash: hashOf(c.Secret), RPID: h.ID, PersonID: person, Data: data, ExpiresAt: f.now().Add(challengeLifetime),
	})
}

func hashOf(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// take ends a ceremony: no answer is looked at twice.
func (f *Factors) take(ctx context.Context, h Host, person social.PersonID, secret string) (session webauthn.SessionData, err error) {
	var data json.RawMessage
	err = f.db.Platform(ctx, "end a passkey's challenge", func(tx *pg.PlatformTx) (err error) {
		data, err = store.TakeChallenge(ctx, tx, &store.PasskeyChallenge{TokenHash: hashOf(secret), RPID: h.ID, PersonID: person}, f.now())
		return err
	})
	if err == nil {
		err = json.Unmarshal(data, &session)
	}
	return session, err
}

// Add ends what Enrol began with the browser's answer.
func (f *Factors) Add(ctx context.Context, h Host, of *people.Person, secret, answer, name string, who audit.Actor) error {
	session, err := f.take(ctx, h, of.ID, secret)
	if fault.IsNotFound(err) {
		return errCeremony
	}
	if err != nil {
		return fmt.Errorf("add a passkey of person %d: %w", of.ID, err)
	}
	party, err := h.party()
	if err != nil {
		return err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer))
	if err != nil {
		return f.refuse(ctx, errCeremony, err)
	}
	made, err := party.CreateCredential(&owner{id: of.ID, email: of.Email, name: of.Name}, session, parsed)
	if err != nil {
		return f.refuse(ctx, errCeremony, err)
	}
	data, err := json.Marshal(made)
	if err != nil {
		return fmt.Errorf("keep a passkey: %w", err)
	}
	if name, err = keyName(name); err != nil {
		return err
	}
	err = f.db.Platform(ctx, "add a passkey", func(tx *pg.PlatformTx) error {
		rows, err := store.PasskeysOf(ctx, tx, h.ID, of.ID) // others were added since Enrol, perhaps
		if err != nil {
			return err
		}
		if len(rows) >= mostPasskeys {
			return errPasskeys
		}
		err = store.AddPasskey(ctx, tx, &store.Passkey{RPID: h.ID, CredentialID: made.ID, PersonID: of.ID, Name: name, Credential: data})
		if fault.CodeOf(err) == fault.Conflict {
			return errPasskeyKnown
		}
		if err != nil {
			return err
		}
		return f.record(ctx, tx, of.ID, "person.add_passkey", "passkey_added", who)
	})
	if err != nil {
		return fmt.Errorf("add a passkey of person %d: %w", of.ID, err)
	}
	return nil
}

// refuse says why to the log: the browser's answer is no secret, but nothing for a page.
func (f *Factors) refuse(ctx context.Context, shown, err error) error {
	var detail *protocol.Error
	if errors.As(err, &detail) {
		f.log.InfoContext(ctx, "passkey refused", "why", detail.Details, "detail", detail.DevInfo)
	}
	return shown
}

func keyName(name string) (string, error) {
	name = strings.Join(strings.Fields(strings.ToValidUTF8(name, "")), " ")
	if name == "" || utf8.RuneCountInString(name) > maxKeyName {
		return "", errKeyName
	}
	return name, nil
}

// Challenge begins to sign in with a passkey: the browser says whose.
func (f *Factors) Challenge(ctx context.Context, h Host) (*Ceremony, error) {
	party, err := h.party()
	if err != nil {
		return nil, err
	}
	options, session, err := party.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, fmt.Errorf("begin a sign-in by passkey: %w", err)
	}
	var c *Ceremony
	err = f.db.Platform(ctx, "begin a sign-in by passkey", func(tx *pg.PlatformTx) (err error) {
		c, err = f.begin(ctx, tx, h, 0, session, options.Response)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("begin a sign-in by passkey: %w", err)
	}
	return c, nil
}

// Recognise returns whose passkey answered, or ErrPasskey. The device has verified its user,
// so that it counts as two factors.
func (f *Factors) Recognise(ctx context.Context, h Host, secret, answer string) (social.PersonID, error) {
	session, err := f.take(ctx, h, 0, secret)
	if fault.IsNotFound(err) {
		return 0, ErrPasskey
	}
	if err != nil {
		return 0, fmt.Errorf("sign in by passkey: %w", err)
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if err != nil {
		return 0, f.refuse(ctx, ErrPasskey, err)
	}
	row, err := f.passkey(ctx, h, parsed.RawID)
	if fault.IsNotFound(err) || err == nil && row.ClonedAt != nil {
		return 0, ErrPasskey
	}
	if err != nil {
		return 0, fmt.Errorf("sign in by passkey: %w", err)
	}
	party, err := h.party()
	if err != nil {
		return 0, err
	}
	_, used, err := party.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) { return ownerOf(row, handle) }, session, parsed)
	if err != nil {
		return 0, f.refuse(ctx, ErrPasskey, err)
	}
	if err := f.keep(ctx, row, used); err != nil {
		return 0, err
	}
	return row.PersonID, nil
}

func (f *Factors) passkey(ctx context.Context, h Host, id []byte) (row *store.Passkey, err error) {
	err = f.db.Platform(ctx, "find a passkey", func(tx *pg.PlatformTx) (err error) {
		row, err = store.PasskeyByID(ctx, tx, h.ID, id)
		return err
	})
	return row, err
}

func ownerOf(row *store.Passkey, handle []byte) (webauthn.User, error) {
	who := &owner{id: row.PersonID, keys: make([]webauthn.Credential, 1)}
	if !bytes.Equal(handle, who.WebAuthnID()) {
		return nil, errors.New("the passkey says that it is somebody else's")
	}
	return who, json.Unmarshal(row.Credential, &who.keys[0])
}

// keep writes the counter down. One that went back ends the passkey: somebody may have copied
// it (WebAuthn section 7.2, step 22), and its person is told.
func (f *Factors) keep(ctx context.Context, row *store.Passkey, used *webauthn.Credential) (err error) {
	cloned := used.Authenticator.CloneWarning
	if row.Credential, err = json.Marshal(used); err != nil {
		return fmt.Errorf("keep a passkey: %w", err)
	}
	err = f.db.Platform(ctx, "keep a passkey's counter", func(tx *pg.PlatformTx) error {
		if !cloned {
			return store.UsePasskey(ctx, tx, row)
		}
		if err := store.SuspectPasskey(ctx, tx, row.RPID, row.CredentialID); err != nil {
			return err
		}
		return f.record(ctx, tx, row.PersonID, "person.suspect_passkey", "passkey_cloned", audit.BySystem("passkeys"))
	})
	if err != nil {
		return fmt.Errorf("keep the counter of a passkey of person %d: %w", row.PersonID, err)
	}
	if cloned {
		return ErrPasskey
	}
	return nil
}

// RenamePasskey gives a key another name.
func (f *Factors) RenamePasskey(ctx context.Context, h Host, person social.PersonID, id, name string) error {
	name, err := keyName(name)
	if err != nil {
		return err
	}
	return f.change(ctx, "rename a passkey", id, func(tx *pg.PlatformTx, raw []byte) error {
		return store.RenamePasskey(ctx, tx, h.ID, raw, person, name)
	})
}

// RemovePasskey ends a key.
func (f *Factors) RemovePasskey(ctx context.Context, h Host, person social.PersonID, id string, who audit.Actor) error {
	return f.change(ctx, "remove a passkey", id, func(tx *pg.PlatformTx, raw []byte) error {
		if err := store.RemovePasskey(ctx, tx, h.ID, raw, person); err != nil {
			return err
		}
		return f.record(ctx, tx, person, "person.remove_passkey", "passkey_removed", who)
	})
}

func (f *Factors) change(ctx context.Context, reason, id string, fn func(*pg.PlatformTx, []byte) error) error {
	raw, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil || len(raw) == 0 {
		return fault.New(fault.NotFound, "")
	}
	if err := f.db.Platform(ctx, reason, func(tx *pg.PlatformTx) error { return fn(tx, raw) }); err != nil {
		return fmt.Errorf("%s: %w", reason, err)
	}
	return nil
}

// Offer reports whether to ask somebody to add a passkey on a host: who has none, once.
func (f *Factors) Offer(ctx context.Context, h Host, person social.PersonID) (yes bool, err error) {
	err = f.db.Platform(ctx, "offer a passkey", func(tx *pg.PlatformTx) (err error) {
		yes, err = store.OfferPasskey(ctx, tx, h.ID, person)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("offer person %d a passkey: %w", person, err)
	}
	return yes, nil
}
