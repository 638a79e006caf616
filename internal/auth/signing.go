package auth

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/store"
)

const (
	// signingBits is the size of a signing key (RFC 7518 §3.3 asks for 2048).
	signingBits = 2048
	// keysFresh is how long keys in memory are believed when a token is signed, and
	// so how long a replica may go on with the key before, or believe one that was
	// dropped; keysAsked is how long
	// at most before they are read again for one that is not among them, or to be
	// published.
	keysFresh = 5 * time.Second
	keysAsked = time.Second
	// keysLock names the lock under which a space gets its keys.
	keysLock = "signing keys"
)

// Sealer encrypts private keys.
type Sealer interface {
	scim.Sealer
	Open(ctx context.Context, sealed store.Sealed, context []byte) ([]byte, error)
}

// Transactor is where the keys are kept; store.Store is one.
type Transactor interface {
	Do(ctx context.Context, space int64, fn func(store.Tx) error) error
	Secrets(ctx context.Context, space, seq int64) (map[string]store.Sealed, error)
}

// SigningKey is what everybody may know of a key.
type SigningKey struct {
	ID      string    `json:"id"`
	Created time.Time `json:"created"`
	// Retired is when a newer key took over; absent from the one that signs.
	Retired time.Time `json:"retired,omitzero"`
}

// JWK is the public half of a key in a key set (RFC 7517 §4, RFC 7518 §6.3.1).
type JWK struct {
	Type      string `json:"kty"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
	ID        string `json:"kid"`
	N         string `json:"n"`
	E         string `json:"e"`
}

// SigningKeys are the RSA keys that sign the access tokens of tenants. They are
// made on first use and stay among the sealed secrets of a tenant's space, so
// that every server has the same, and a rotation of data keys covers them. It is
// safe for concurrent use.
type SigningKeys struct {
	store  Transactor
	sealer Sealer
	now    func() time.Time
	// Make makes a key. It is set before requests come.
	Make func() (*rsa.PrivateKey, error)

	mu     sync.Mutex
	spaces map[int64]*keySet
}

// NewSigningKeys makes SigningKeys on a store.
func NewSigningKeys(s Transactor, sealer Sealer, now func() time.Time) *SigningKeys {
	return &SigningKeys{store: s, sealer: sealer, now: now, Make: makeKey, spaces: map[int64]*keySet{}}
}

func makeKey() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, signingBits) }

// keySet are the keys of one space in memory. Whoever reads them holds mu, so
// that all who wait share one look.
type keySet struct {
	mu   sync.Mutex
	keys []signingKey // by age, the newest last, which signs
	read time.Time
}

// signingKey is one key with its number, which counts up from 1.
type signingKey struct {
	nr      int
	id      string // its thumbprint
	created time.Time
	private *rsa.PrivateKey
}

// storedKey is what is sealed of a key: PKCS #8.
type storedKey struct {
	Created time.Time `json:"created"`
	Key     []byte    `json:"key"`
}

// signer is the key that signs for a space, made if there is none.
func (k *SigningKeys) signer(ctx context.Context, space int64) (signingKey, error) {
	keys, err := k.fresh(ctx, space, keysFresh, true)
	if err != nil {
		return signingKey{}, err
	}
	return keys[len(keys)-1], nil
}

// verifier is the public key of that id; false when the space has none.
func (k *SigningKeys) verifier(ctx context.Context, space int64, id string) (*rsa.PublicKey, bool, error) {
	for _, age := range []time.Duration{keysFresh, keysAsked} {
		keys, err := k.fresh(ctx, space, age, false)
		if err != nil {
			return nil, false, err
		}
		if i := slices.IndexFunc(keys, func(s signingKey) bool { return s.id == id }); i >= 0 {
			return &keys[i].private.PublicKey, true, nil
		}
	}
	return nil, false, nil
}

// Published is the key set of a space: the key that signs and those whose tokens
// may still live.
func (k *SigningKeys) Published(ctx context.Context, space int64) ([]JWK, error) {
	keys, err := k.fresh(ctx, space, keysAsked, true)
	if err != nil {
		return nil, err
	}
	out := make([]JWK, len(keys))
	for i, s := range keys {
		n, e := modulus(&s.private.PublicKey)
		out[len(keys)-1-i] = JWK{Type: "RSA", Use: "sig", Algorithm: Algorithm, ID: s.id, N: n, E: e}
	}
	return out, nil
}

// List tells of the keys of a space, oldest first.
func (k *SigningKeys) List(ctx context.Context, space int64) ([]SigningKey, error) {
	keys, err := k.fresh(ctx, space, 0, true)
	return known(keys), err
}

// Rotate makes another key the one that signs. Keys whose tokens have all ended
// are dropped; with dropOld all others are, which ends their tokens. Of rotations
// at the same time one makes the key.
func (k *SigningKeys) Rotate(ctx context.Context, space int64, dropOld bool) ([]SigningKey, error) {
	before, err := k.fresh(ctx, space, 0, true)
	if err != nil {
		return nil, err
	}
	set := k.set(space)
	set.mu.Lock()
	defer set.mu.Unlock()
	keys, err := k.add(ctx, space, before[len(before)-1].nr+1, dropOld)
	if err != nil {
		return nil, err
	}
	set.keys, set.read = keys, k.now()
	return known(keys), nil
}

func known(keys []signingKey) []SigningKey {
	out := make([]SigningKey, len(keys))
	for i, s := range keys {
		out[i] = SigningKey{ID: s.id, Created: s.created}
		if i > 0 {
			out[i-1].Retired = s.created
		}
	}
	return out
}

func (k *SigningKeys) set(space int64) *keySet {
	k.mu.Lock()
	defer k.mu.Unlock()
	set := k.spaces[space]
	if set == nil {
		set = &keySet{}
		k.spaces[space] = set
	}
	return set
}

// Forget drops what is in memory of a space that is no more.
func (k *SigningKeys) Forget(space int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.spaces, space)
}

// fresh are the keys of a space, read again when they were last read more than
// age ago. needed makes the first key when there is none.
func (k *SigningKeys) fresh(ctx context.Context, space int64, age time.Duration, needed bool) ([]signingKey, error) {
	set := k.set(space)
	set.mu.Lock()
	defer set.mu.Unlock()
	now := k.now()
	if !set.read.IsZero() && now.Sub(set.read) < age && (len(set.keys) > 0 || !needed) {
		return set.keys, nil
	}
	var keys []signingKey
	// Not in a transaction: who only reads must not wait for those who write.
	secrets, err := k.store.Secrets(ctx, space, store.SpaceSeq)
	if err == nil {
		keys, err = k.open(ctx, secrets)
	}
	if err == nil && len(keys) == 0 && needed {
		keys, err = k.add(ctx, space, 1, false)
	}
	if err != nil {
		return nil, fmt.Errorf("signing keys: %w", err)
	}
	set.keys, set.read = keys, now
	return keys, nil
}

// add makes the key of a number, unless another process has made one of that
// number meanwhile, and gives all that there are then.
func (k *SigningKeys) add(ctx context.Context, space int64, nr int, dropOld bool) ([]signingKey, error) {
	private, err := k.Make()
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	made := signingKey{nr: nr, id: thumbprint(&private.PublicKey), created: k.now().UTC().Truncate(time.Microsecond), private: private}
	plain, err := json.Marshal(storedKey{made.created, der})
	if err != nil {
		return nil, err
	}
	var keys []signingKey
	err = k.store.Do(ctx, space, func(tx store.Tx) error {
		if err := tx.Lock(keysLock); err != nil {
			return err
		}
		secrets, err := tx.Secrets(store.SpaceSeq)
		if err != nil {
			return err
		}
		if keys, err = k.open(ctx, secrets); err != nil {
			return err
		}
		if n := len(keys); n > 0 && keys[n-1].nr >= nr && !dropOld {
			return nil
		} else if n > 0 { // what is to be dropped may be newer than was known
			made.nr = max(nr, keys[n-1].nr+1)
		}
		sealed, err := k.sealer.Seal(plain, store.SecretContext(store.SpaceSeq, secretName(made.nr)))
		if err != nil {
			return err
		}
		change := map[string]store.Sealed{secretName(made.nr): sealed}
		keys = append(keys, made)
		for len(keys) > 1 && (dropOld || keys[1].created.Add(MaxLifetime).Before(made.created)) {
			change[secretName(keys[0].nr)] = store.Sealed{}
			keys = keys[1:]
		}
		return tx.SetSecrets(store.SpaceSeq, change)
	})
	return keys, err
}

// open reads the keys among the secrets of a space.
func (k *SigningKeys) open(ctx context.Context, secrets map[string]store.Sealed) (keys []signingKey, err error) {
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		var s signingKey
		digits, ok := strings.CutPrefix(name, secretPrefix)
		if !ok {
			continue // another kind of secret
		}
		if s.nr, err = strconv.Atoi(digits); err != nil {
			return nil, fmt.Errorf("a secret is called %s", name)
		}
		plain, err := k.sealer.Open(ctx, secrets[name], store.SecretContext(store.SpaceSeq, name))
		if err != nil {
			return nil, fmt.Errorf("open key %d: %w", s.nr, err)
		}
		var kept storedKey
		if err := json.Unmarshal(plain, &kept); err != nil {
			return nil, fmt.Errorf("read key %d: %w", s.nr, err)
		}
		parsed, err := x509.ParsePKCS8PrivateKey(kept.Key)
		private, ok := parsed.(*rsa.PrivateKey)
		if err != nil || !ok {
			return nil, fmt.Errorf("key %d is no RSA key: %w", s.nr, err)
		}
		s.created, s.private, s.id = kept.Created, private, thumbprint(&private.PublicKey)
		keys = append(keys, s)
	}
	return keys, nil
}

// secretPrefix begins the names of the keys among the secrets.
const secretPrefix = "signing-key/"

// secretName is the name of a key; names sort by number.
func secretName(nr int) string { return fmt.Sprintf("%s%09d", secretPrefix, nr) }

// modulus gives the numbers of a key in the form of RFC 7518 §6.3.1.
func modulus(key *rsa.PublicKey) (n, e string) {
	b64 := base64.RawURLEncoding
	return b64.EncodeToString(key.N.Bytes()), b64.EncodeToString(big.NewInt(int64(key.E)).Bytes())
}

// thumbprint names a key by what it is (RFC 7638), so that servers agree.
func thumbprint(key *rsa.PublicKey) string {
	n, e := modulus(key)
	h := sha256.Sum256(fmt.Appendf(nil, `{"e":"%s","kty":"RSA","n":"%s"}`, e, n))
	return base64.RawURLEncoding.EncodeToString(h[:])
}
