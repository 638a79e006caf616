package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
)

const (
	// keySetTime bounds a fetch of a key set, keySetSize its bytes.
	keySetTime = 3 * time.Second
	keySetSize = 1 << 20
	// keySetFresh is how long a key set is believed; then it is fetched anew beside
	// the requests, for which they wait once it is older by keySetLate: when nobody
	// has come for long a key may have been withdrawn long ago. While that fails the
	// keys stay good until keySetEnd.
	keySetFresh = 10 * time.Minute
	keySetLate  = time.Minute
	keySetEnd   = 24 * time.Hour
	// After a fetch that was of no use the next waits for keySetPause, then twice as
	// long, up to keySetPauseMost.
	keySetPause     = time.Second
	keySetPauseMost = time.Minute
	// keySetWaiting bounds the requests that wait for a key set.
	keySetWaiting = 256
	// keySetsKept bounds the key sets in memory.
	keySetsKept = 1024
	// Bounds of an RSA key, in bits: shorter ones prove nothing (RFC 7518 §3.3),
	// longer ones cost too much.
	leastRSA, mostRSA = 2048, 8192
)

// errKeysAway: the keys of an issuer cannot be had just now.
var errKeysAway = errors.New("the keys of the issuer cannot be read")

// publicKey is a key of a key set that proves signatures.
type publicKey struct {
	id, alg string // alg is "" when the set does not say
	key     any
}

// parseKeys reads a key set (RFC 7517 §5). Keys that are not for signatures, or
// that this release cannot read, are passed over; so is what is not public.
func parseKeys(text []byte) ([]publicKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("it is no key set: %w", err)
	}
	if set.Keys == nil {
		return nil, errors.New("it is no key set: it has no keys")
	}
	var keys []publicKey
	for _, one := range set.Keys {
		var k jose.JSONWebKey
		if k.UnmarshalJSON(one) != nil || !k.Valid() || k.Use != "" && k.Use != "sig" {
			continue
		}
		switch k.Key.(type) {
		case *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey:
			keys = append(keys, publicKey{k.KeyID, k.Algorithm, k.Key})
		}
	}
	return keys, nil
}

// fits reports whether a key is of the kind that an algorithm needs: the key
// decides, never the token (RFC 8725 §3.1).
func (k *publicKey) fits(alg string) bool {
	if k.alg != "" && k.alg != alg {
		return false
	}
	switch key := k.key.(type) {
	case *rsa.PublicKey:
		bits := key.N.BitLen()
		return (strings.HasPrefix(alg, "RS") || strings.HasPrefix(alg, "PS")) && bits >= leastRSA && bits <= mostRSA
	case *ecdsa.PublicKey:
		return map[int]string{256: "ES256", 384: "ES384", 521: "ES512"}[key.Curve.Params().BitSize] == alg
	case ed25519.PublicKey:
		return alg == "EdDSA"
	}
	return false
}

// matching are the keys that may have signed a token: those of its key id, or,
// when it names none, the only one that fits.
func matching(keys []publicKey, id, alg string) []jwt.VerificationKey {
	var found []jwt.VerificationKey
	for _, k := range keys {
		if k.fits(alg) && (id == "" || k.id == id) {
			found = append(found, k.key)
		}
	}
	if id == "" && len(found) != 1 {
		return nil
	}
	return found
}

// keySets are the key sets that issuers publish, by URL. A set is fetched when a
// key is first asked for, again when it is old, and when a key id is not in it:
// once for all who wait, and seldom when that is of no use.
type keySets struct {
	client *http.Client
	now    func() time.Time

	mu   sync.Mutex
	sets map[string]*publishedSet
}

func newKeySets(now func() time.Time) *keySets {
	dialer := &net.Dialer{Timeout: keySetTime}
	return &keySets{now: now, sets: map[string]*publishedSet{}, client: &http.Client{
		Timeout: keySetTime,
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, ForceAttemptHTTP2: true,
			TLSHandshakeTimeout: keySetTime, MaxResponseHeaderBytes: 64 << 10, IdleConnTimeout: time.Minute,
		},
		// A redirect is no answer: it would lead to where nobody has agreed to.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// publishedSet is the key set of one URL.
type publishedSet struct {
	mu      sync.Mutex
	keys    []publicKey
	read    time.Time     // when keys were fetched
	failed  error         // of the last fetch
	under   chan struct{} // closed when the fetch under way ends; nil without one
	waiting int
	pause   time.Duration // after the last fetch, if it was of no use
	next    time.Time     // when the next may be
}

func (k *keySets) set(url string) *publishedSet {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.sets[url]
	if s == nil {
		if len(k.sets) >= keySetsKept {
			clear(k.sets)
		}
		s = &publishedSet{}
		k.sets[url] = s
	}
	return s
}

// find gives the keys of a key set that may have signed a token, and until when
// that may be believed; none when it has no such key. errKeysAway when that cannot
// be told now.
func (k *keySets) find(ctx context.Context, url, id, alg string) ([]jwt.VerificationKey, time.Time, error) {
	s := k.set(url)
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := k.found(ctx, s, url, id, alg)
	return found, s.read.Add(keySetFresh), err
}

// found does the work of find; s.mu is held.
func (k *keySets) found(ctx context.Context, s *publishedSet, url, id, alg string) ([]jwt.VerificationKey, error) {
	found, now := s.matching(id, alg, k.now()), k.now()
	if found != nil {
		age := now.Sub(s.read)
		if age >= keySetFresh && s.under == nil && !now.Before(s.next) {
			k.fetch(s, url, false)
		}
		if age < keySetFresh+keySetLate || s.failed != nil || s.under == nil {
			return found, nil
		}
		if err := s.wait(ctx); err != nil {
			return nil, err
		}
		return s.matching(id, alg, k.now()), nil
	}
	if s.under == nil {
		if now.Before(s.next) {
			return nil, s.failed
		}
		k.fetch(s, url, true)
	}
	if err := s.wait(ctx); err != nil {
		return nil, err
	}
	if found = s.matching(id, alg, k.now()); found != nil {
		s.pause, s.next = 0, time.Time{}
		return found, nil
	}
	return nil, s.failed
}

// matching are the keys that the set has for a token; s.mu is held.
func (s *publishedSet) matching(id, alg string, now time.Time) []jwt.VerificationKey {
	if now.Sub(s.read) >= keySetEnd {
		return nil
	}
	return matching(s.keys, id, alg)
}

// wait waits for the fetch under way; s.mu is held, but not meanwhile.
func (s *publishedSet) wait(ctx context.Context) error {
	if s.waiting >= keySetWaiting {
		return fmt.Errorf("%w: too many requests wait for them", errKeysAway)
	}
	under := s.under
	s.waiting++
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.waiting--
	}()
	select {
	case <-under:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fetch begins to fetch a set, since a key is wanted that is not in it, or only
// because it is old; s.mu is held. No request owns the fetch, so that none can end
// it for the others.
func (k *keySets) fetch(s *publishedSet, url string, wanted bool) {
	done := make(chan struct{})
	s.under = done
	go func() {
		keys, err := k.get(url)
		s.mu.Lock()
		defer s.mu.Unlock()
		defer close(done)
		now := k.now()
		s.under = nil
		if wanted || err != nil {
			s.pause = min(max(2*s.pause, keySetPause), keySetPauseMost)
		}
		s.next = now.Add(s.pause)
		if err != nil {
			s.failed = fmt.Errorf("%w: %w", errKeysAway, err)
			return
		}
		s.keys, s.read, s.failed = keys, now, nil
	}()
}

func (k *keySets) get(url string) ([]publicKey, error) {
	ctx, cancel := context.WithTimeout(context.Background(), keySetTime)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	q.Header.Set("Accept", "application/jwk-set+json, application/json")
	res, err := k.client.Do(q)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server of the keys answers %d", res.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, keySetSize+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > keySetSize:
		return nil, fmt.Errorf("the key set is larger than %d bytes", keySetSize)
	}
	return parseKeys(text)
}
