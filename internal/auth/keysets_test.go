package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// publisher is a server of a key set that counts its visitors.
type publisher struct {
	*httptest.Server
	fetches atomic.Int64
	answer  atomic.Pointer[http.HandlerFunc]
}

func newPublisher(t *testing.T) *publisher {
	t.Helper()
	p := &publisher{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.fetches.Add(1)
		(*p.answer.Load())(w, r)
	}))
	t.Cleanup(p.Close)
	p.publish()
	return p
}

func (p *publisher) answers(fn http.HandlerFunc) { p.answer.Store(&fn) }

// publish makes a key set of new keys with those ids.
func (p *publisher) publish(ids ...string) {
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, id := range ids {
		key, _, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			panic(err)
		}
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: key, KeyID: id})
	}
	text, err := json.Marshal(set)
	if err != nil {
		panic(err)
	}
	p.answers(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(text) })
}

// clock is a time that a test moves.
type clock struct{ micros atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.micros.Store(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).UnixMicro())
	return c
}

func (c *clock) now() time.Time              { return time.UnixMicro(c.micros.Load()) }
func (c *clock) move(d time.Duration) *clock { c.micros.Add(d.Microseconds()); return c }

// finds tells whether a key is found.
func (k *keySets) finds(t *testing.T, url, id string) bool {
	t.Helper()
	keys, _, err := k.find(t.Context(), url, id, "EdDSA")
	if err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	return len(keys) > 0
}

func TestAKeySetIsFetchedOnceForAllAndSeldomInVain(t *testing.T) {
	t.Parallel()
	c := newClock()
	k, p := newKeySets(c.now), newPublisher(t)
	p.publish("a", "b")
	fetched := func(want int64, what string) {
		t.Helper()
		if got := p.fetches.Swap(0); got != want {
			t.Errorf("%s: %d fetches, want %d", what, got, want)
		}
	}
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if keys, _, err := k.find(t.Context(), p.URL, "a", "EdDSA"); err != nil || len(keys) != 1 {
				t.Error(keys, err)
			}
		})
	}
	all.Wait()
	fetched(1, "100 requests at once")
	if !k.finds(t, p.URL, "b") {
		t.Error("b is not found")
	}
	fetched(0, "another key of the set")

	// A key id that is new is looked for at once; one that is none, ever less often.
	p.publish("a", "c")
	if !k.finds(t, p.URL, "c") {
		t.Error("a new key is not found at once")
	}
	fetched(1, "a new key")
	for round, want := range []time.Duration{0, 1, 2, 4, 8, 16, 32, 60, 60} {
		if want > 0 {
			c.move(want*time.Second - time.Millisecond)
			k.finds(t, p.URL, fmt.Sprint("x", round))
			fetched(0, "too early")
			c.move(time.Millisecond)
		}
		for i := range 20 {
			if k.finds(t, p.URL, fmt.Sprintf("x%d-%d", round, i)) || !k.finds(t, p.URL, "a") {
				t.Error("found what is not there, or not what is")
			}
		}
		fetched(1, fmt.Sprintf("round %d of unknown ids", round))
	}

	// An old set is fetched beside the requests, which do not wait for it.
	c.move(keySetFresh)
	begun, hold := make(chan struct{}), make(chan struct{})
	p.answers(func(http.ResponseWriter, *http.Request) { close(begun); <-hold })
	if !k.finds(t, p.URL, "a") {
		t.Error("a is not found while the set is fetched")
	}
	<-begun
	p.publish("d")
	close(hold) // the answer that was held back is empty: no key set
	waitFor(t, func() bool {
		_, _, err := k.find(t.Context(), p.URL, "d", "EdDSA")
		return errors.Is(err, errKeysAway)
	})
	if !k.finds(t, p.URL, "a") {
		t.Error("a is not found after a fetch that failed")
	}
	c.move(keySetPauseMost)
	if !k.finds(t, p.URL, "d") {
		t.Error("d is not found")
	}
	if k.finds(t, p.URL, "a") {
		t.Error("a key that was withdrawn is found")
	}
}

func TestAKeyThatWasWithdrawnWhileNobodyCameIsNotFound(t *testing.T) {
	t.Parallel()
	c := newClock()
	k, p := newKeySets(c.now), newPublisher(t)
	p.publish("a")
	_, until, err := k.find(t.Context(), p.URL, "a", "EdDSA")
	if want := c.now().Add(keySetFresh); err != nil || !until.Equal(want) {
		t.Errorf("believed until %v, want %v: %v", until, want, err)
	}
	p.publish("b")
	c.move(keySetFresh + keySetLate)
	if k.finds(t, p.URL, "a") {
		t.Error("the key is found")
	}
	if n := p.fetches.Load(); n != 2 {
		t.Errorf("%d fetches", n)
	}
	if !k.finds(t, p.URL, "b") {
		t.Error("b is not found")
	}
	// While the server of the keys is away they stay good.
	p.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	c.move(keySetFresh + keySetLate)
	for range 3 {
		if !k.finds(t, p.URL, "b") {
			t.Error("b is not found while its server is away")
		}
	}
}

// waitFor waits until something holds that another goroutine brings about.
func waitFor(t *testing.T, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not come about")
		}
	}
}

func TestAKeySetThatCannotBeReadIsToldQuickly(t *testing.T) {
	t.Parallel()
	elsewhere := newPublisher(t)
	elsewhere.publish("a")
	t.Cleanup(func() { // after all of them
		if n := elsewhere.fetches.Load(); n != 0 {
			t.Errorf("a redirect was followed %d times", n)
		}
	})
	gone := httptest.NewServer(nil)
	gone.Close()
	for name, answer := range map[string]http.HandlerFunc{
		"an error":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"a redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) },
		"too large": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"keys":[],"x":%q}`, strings.Repeat("x", keySetSize))
		},
		"no JSON":                  func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"no key set":               func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"key":[]}`) },
		"keys that are no list":    func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"keys":{}}`) },
		"nothing before the end":   func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"a body that does not end": func(w http.ResponseWriter, r *http.Request) { w.(http.Flusher).Flush(); <-r.Context().Done() },
		"nobody there":             nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			k, url := newKeySets(c.now), gone.URL
			hasty := func() { // where there is nothing to wait for
				if strings.HasSuffix(name, "end") {
					k.client.Timeout = 20 * time.Millisecond
				}
			}
			hasty()
			var p *publisher
			if answer != nil {
				p = newPublisher(t)
				p.answers(answer)
				url = p.URL
			}
			for i := range 3 { // the second and third are answered without a fetch
				if _, _, err := k.find(t.Context(), url, "a", "EdDSA"); !errors.Is(err, errKeysAway) {
					t.Errorf("request %d: %v", i, err)
				}
			}
			if p == nil {
				return
			}
			if n := p.fetches.Load(); n > 1 {
				t.Errorf("%d fetches", n)
			}
			p.publish("a")
			k.client.Timeout = time.Minute
			c.move(keySetPause)
			if !k.finds(t, url, "a") {
				t.Error("it is not read when it is there again")
			}
			// Keys that are known stay good for a while.
			p.answers(answer)
			hasty()
			c.move(keySetEnd - time.Second)
			if !k.finds(t, url, "a") {
				t.Error("a known key is not found")
			}
			waitFor(t, func() bool {
				s := k.set(url)
				s.mu.Lock()
				defer s.mu.Unlock()
				return s.under == nil && s.failed != nil
			})
			c.move(time.Hour)
			if _, _, err := k.find(t.Context(), url, "a", "EdDSA"); !errors.Is(err, errKeysAway) {
				t.Errorf("after the end: %v", err)
			}
		})
	}
}

func TestARequestThatEndsEndsNoFetchOfOthers(t *testing.T) {
	t.Parallel()
	k, p := newKeySets(newClock().now), newPublisher(t)
	p.publish("a")
	publish, begun, hold := *p.answer.Load(), make(chan struct{}), make(chan struct{})
	p.answers(func(w http.ResponseWriter, r *http.Request) { close(begun); <-hold; publish(w, r) })
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error)
	go func() {
		_, _, err := k.find(ctx, p.URL, "a", "EdDSA")
		first <- err
	}()
	<-begun
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	second := make(chan bool)
	go func() { second <- k.finds(t, p.URL, "a") }()
	close(hold)
	if !<-second || p.fetches.Load() != 1 {
		t.Errorf("%d fetches", p.fetches.Load())
	}
}

func TestAKeyServesTheAlgorithmsOfItsKindOnly(t *testing.T) {
	t.Parallel()
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	edwards, _, _ := ed25519.GenerateKey(rand.Reader)
	curve := func(c elliptic.Curve) *ecdsa.PublicKey {
		k, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return &k.PublicKey
	}
	rs := "RS256 RS384 RS512 PS256 PS384 PS512"
	for _, tc := range []struct {
		name string
		key  publicKey
		fits string
	}{
		{"RSA", publicKey{key: &long.PublicKey}, rs},
		{"RSA for one algorithm", publicKey{alg: "PS256", key: &long.PublicKey}, "PS256"},
		{"RSA that is short", publicKey{key: &short.PublicKey}, ""},
		{"P-224", publicKey{key: curve(elliptic.P224())}, ""},
		{"P-256", publicKey{key: curve(elliptic.P256())}, "ES256"},
		{"P-384", publicKey{key: curve(elliptic.P384())}, "ES384"},
		{"P-521", publicKey{key: curve(elliptic.P521())}, "ES512"},
		{"Ed25519", publicKey{key: edwards}, "EdDSA"},
		{"a secret", publicKey{key: []byte("0123456789abcdef0123456789abcdef")}, ""},
	} {
		var fits []string
		for _, alg := range append([]string{"none", "HS256", "HS384", "HS512"}, externalAlgorithms...) {
			if tc.key.fits(alg) {
				fits = append(fits, alg)
			}
		}
		if got := strings.Join(fits, " "); got != tc.fits {
			t.Errorf("%s fits %q, want %q", tc.name, got, tc.fits)
		}
	}
}
