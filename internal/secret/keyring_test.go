package secret_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/pgtest"
	"github.com/scimd/scimd/internal/secret"
	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/internal/store/postgres"
	"github.com/scimd/scimd/internal/store/sqlite"
	"github.com/scimd/scimd/internal/store/storetest"
)

var began = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// onBothEngines runs a test on a new store of each engine.
func onBothEngines(t *testing.T, test func(*testing.T, *vault)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir(), Registry: storetest.Registry()})
		test(t, newVault(t, s, err))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		s, err := postgres.Open(t.Context(), postgres.Options{URL: pgtest.URL(t), Registry: storetest.Registry()})
		test(t, newVault(t, s, err))
	})
}

// vault is a store with accounts whose secrets tell where they stand.
type vault struct {
	*testing.T
	store  store.Store
	tenant store.Tenant
	master *secret.Master
}

func newVault(t *testing.T, s store.Store, err error) *vault {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	v := &vault{T: t, store: s}
	if v.tenant, _, err = s.EnsureTenant(ctx, store.Tenant{Name: "t", Created: began}); err != nil {
		t.Fatal(err)
	}
	if v.master, err = secret.OpenMaster(ctx, "", strings.Repeat("ab", 32), s); err != nil {
		t.Fatal(err)
	}
	return v
}

// replica is the keyring of a process that starts now.
func (v *vault) replica() *secret.Keyring {
	v.Helper()
	r, err := secret.OpenKeyring(ctx, v.master, v.store, began)
	if err != nil {
		v.Fatal(err)
	}
	return r
}

// put stores a secret of a resource, sealed by a replica.
func (v *vault) put(r *secret.Keyring, seq int64, plain string) error {
	return v.store.Do(ctx, v.tenant.Space, func(tx store.Tx) error {
		sealed, err := r.Seal([]byte(plain), store.SecretContext(seq, "s"))
		if err != nil {
			return err
		}
		return tx.SetSecrets(seq, map[string]store.Sealed{"s": sealed})
	})
}

// fill stores secrets of many resources.
func (v *vault) fill(r *secret.Keyring, n int) {
	v.Helper()
	err := v.store.Do(ctx, v.tenant.Space, func(tx store.Tx) error {
		for seq := int64(1); seq <= int64(n); seq++ {
			sealed, err := r.Seal(fmt.Append(nil, "secret ", seq), store.SecretContext(seq, "s"))
			if err != nil {
				return err
			}
			if err := tx.SetSecrets(seq, map[string]store.Sealed{"s": sealed}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		v.Fatal(err)
	}
}

// get is the secret of a resource, and the key that it is sealed with.
func (v *vault) get(r *secret.Keyring, seq int64) (plain, key string) {
	v.Helper()
	var sealed store.Sealed
	err := v.store.Do(ctx, v.tenant.Space, func(tx store.Tx) error {
		all, err := tx.Secrets(seq)
		sealed = all["s"]
		return err
	})
	if err != nil {
		v.Fatal(err)
	}
	b, err := r.Open(ctx, sealed, store.SecretContext(seq, "s"))
	if err != nil {
		v.Errorf("secret %d: %v", seq, err)
	}
	return string(b), sealed.Key
}

// holds checks that n secrets are there and sealed with key.
func (v *vault) holds(r *secret.Keyring, n int, key string) {
	v.Helper()
	for seq := range int64(n) {
		if plain, with := v.get(r, seq+1); plain != fmt.Sprint("secret ", seq+1) || with != key {
			v.Errorf("secret %d is %q with key %s, want key %s", seq+1, plain, with, key)
		}
	}
}

func (v *vault) rotate(r *secret.Keyring, now time.Time) *secret.Rotation {
	v.Helper()
	done, err := r.Rotate(ctx, now, false)
	if err != nil {
		v.Fatal(err)
	}
	return done
}

func TestProcessesThatStartTogetherHaveOneDataKey(t *testing.T) {
	onBothEngines(t, func(t *testing.T, v *vault) {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if _, err := secret.OpenKeyring(ctx, v.master, v.store, began); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if list, err := v.store.DataKeys(ctx); err != nil || len(list) != 1 {
			t.Errorf("%d data keys, error %v", len(list), err)
		}
	})
}

func TestARotationSealsEveryValueAnewWhileOthersWrite(t *testing.T) {
	onBothEngines(t, func(t *testing.T, v *vault) {
		const n, writers = 1000, 16
		r, other := v.replica(), v.replica()
		v.fill(r, n)
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for i := range int64(writers) {
			wg.Go(func() {
				for seq := i + 1; ; seq = (seq+writers-1)%n + 1 {
					select {
					case <-stop:
						return
					default:
					}
					// The other one does not learn of the new key.
					with := []*secret.Keyring{r, other}[seq%2]
					if err := v.put(with, seq, fmt.Sprint("secret ", seq)); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		first := v.rotate(r, began.Add(time.Hour))
		close(stop)
		wg.Wait()
		if !first.Made || first.Resealed < n/2 || first.Failed != 0 {
			t.Errorf("rotation %+v", first)
		}
		if err := r.Tidy(ctx, began.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		v.holds(other, n, first.Key)
	})
}

func TestARotationThatWasCutOffIsFinished(t *testing.T) {
	for name, finish := range map[string]func(*vault, *secret.Keyring){
		"by the next":      func(v *vault, r *secret.Keyring) { v.rotate(r, began.Add(2*time.Hour)) },
		"by tidying it up": func(v *vault, r *secret.Keyring) { _ = r.Tidy(ctx, began.Add(2*time.Hour)) },
	} {
		t.Run(name, func(t *testing.T) {
			onBothEngines(t, func(t *testing.T, v *vault) {
				const n = 500
				r := v.replica()
				v.fill(r, n)
				cut, kill := context.WithCancel(ctx)
				killed, err := secret.OpenKeyring(ctx, v.master, &killer{v.store, 250, kill}, began)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := killed.Rotate(cut, began.Add(time.Hour), false); !errors.Is(err, context.Canceled) {
					t.Fatalf("error %v, want that it was cut off", err)
				}
				if counts, err := v.store.Sealed(ctx); len(counts) != 2 || err != nil {
					t.Fatalf("half of it is done: %v, error %v", counts, err)
				}
				finish(v, r)
				list, err := r.List(ctx)
				if err != nil || len(list) < 1 || list[len(list)-1].Values != n {
					t.Fatalf("keys %+v, error %v", list, err)
				}
				v.holds(r, n, list[len(list)-1].ID)
			})
		})
	}
}

// killer are keys whose Reseal is cut off after so many values.
type killer struct {
	secret.Keys
	most int
	kill func()
}

func (k *killer) Reseal(ctx context.Context, key string, seal func(store.Sealed, []byte) (store.Sealed, error)) (store.Resealed, error) {
	return k.Keys.Reseal(ctx, key, func(s store.Sealed, place []byte) (store.Sealed, error) {
		if k.most--; k.most < 0 {
			k.kill()
		}
		return seal(s, place)
	})
}

func TestTwoRotationsAtOnceLeaveOneKey(t *testing.T) {
	onBothEngines(t, func(t *testing.T, v *vault) {
		const n = 500
		rings := []*secret.Keyring{v.replica(), v.replica()}
		v.fill(rings[0], n)
		var wg sync.WaitGroup
		for _, r := range rings {
			wg.Go(func() {
				if _, err := r.Rotate(ctx, began.Add(time.Hour), false); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, r := range rings {
			if err := r.Tidy(ctx, began.Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		list, err := rings[0].List(ctx)
		if err != nil || list[len(list)-1].Values != n {
			t.Fatalf("keys %+v, error %v", list, err)
		}
		v.holds(rings[1], n, list[len(list)-1].ID)
	})
}

func TestAReplicaThatStartedBeforeARotationGoesOn(t *testing.T) {
	onBothEngines(t, func(t *testing.T, v *vault) {
		before, r := v.replica(), v.replica()
		v.fill(r, 2)
		first := v.rotate(r, began.Add(time.Hour))
		v.holds(before, 2, first.Key) // it reads the key that it does not know
		again := v.rotate(r, began.Add(2*time.Hour))
		if got, err := before.Seal(nil, nil); err != nil || got.Key != first.Key {
			t.Errorf("sealed with %s, error %v, want %s", got.Key, err, first.Key)
		}
		polling, cancel := context.WithCancel(ctx)
		defer cancel()
		go before.Poll(polling, time.Millisecond, func(err error) { t.Error(err) })
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
			if got, _ := before.Seal(nil, nil); got.Key == again.Key {
				return
			}
			if time.Now().After(deadline) {
				t.Fatal("it does not learn of the newer key")
			}
		}
	})
}

func TestValuesUnderAnyOldKeyOpenUntilItIsDropped(t *testing.T) {
	onBothEngines(t, func(t *testing.T, v *vault) {
		r := v.replica()
		var rings []*secret.Keyring
		var sealed []store.Sealed
		for i := range 4 {
			rings = append(rings, v.replica())
			s, err := r.Seal(fmt.Append(nil, i), []byte("p"))
			if err != nil {
				t.Fatal(err)
			}
			sealed = append(sealed, s)
			v.rotate(r, began.Add(time.Duration(i)*time.Minute))
		}
		for i, s := range sealed {
			for _, ring := range rings {
				if got, err := ring.Open(ctx, s, []byte("p")); err != nil || string(got) != fmt.Sprint(i) {
					t.Errorf("%d opens to %q, error %v", i, got, err)
				}
			}
		}
		if done := v.rotate(r, began.Add(time.Hour)); len(done.Dropped) != 4 {
			t.Errorf("dropped %v", done.Dropped)
		}
		if _, err := r.Open(ctx, sealed[0], []byte("p")); !errors.Is(err, secret.ErrNotOpened) {
			t.Errorf("error %v, want ErrNotOpened", err)
		}
		v.rotate(r, began.Add(2*time.Hour))
		// A process that has slept through it all stores nothing that cannot be read.
		if err := v.put(rings[0], 1, "late"); err == nil {
			t.Error("a value was stored with a key that is gone")
		}
		if err := rings[0].Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		if err := v.put(rings[0], 1, "late"); err != nil {
			t.Error(err)
		}
	})
}

func TestWhatDoesNotOpenStaysAndKeepsItsKey(t *testing.T) {
	onBothEngines(t, func(t *testing.T, v *vault) {
		r := v.replica()
		v.fill(r, 3)
		old, err := r.Seal([]byte("elsewhere"), []byte("another place"))
		if err != nil {
			t.Fatal(err)
		}
		err = v.store.Do(ctx, v.tenant.Space, func(tx store.Tx) error {
			return tx.SetSecrets(2, map[string]store.Sealed{"s": old})
		})
		if err != nil {
			t.Fatal(err)
		}
		v.rotate(r, began.Add(time.Hour))
		done := v.rotate(r, began.Add(24*time.Hour))
		if done.Failed != 1 || done.Resealed != 2 || len(done.Dropped) != 0 {
			t.Errorf("rotation %+v", done)
		}
	})
}

func TestSealedValuesOpenOnlyInTheirPlaceAndUnchanged(t *testing.T) {
	onBothEngines(t, func(t *testing.T, v *vault) {
		r := v.replica()
		place := []byte("1/password")
		s, err := r.Seal([]byte("hunter2"), place)
		if err != nil {
			t.Fatal(err)
		}
		if twice, _ := r.Seal([]byte("hunter2"), place); bytes.Equal(s.Data, twice.Data) || bytes.Contains(s.Data, []byte("hunter2")) {
			t.Error("a value is sealed to the same twice, or in clear")
		}
		if got, err := r.Open(ctx, s, place); err != nil || string(got) != "hunter2" {
			t.Errorf("opens to %q, error %v", got, err)
		}
		with := func(change func([]byte) []byte) store.Sealed {
			return store.Sealed{Key: s.Key, Data: change(bytes.Clone(s.Data))}
		}
		for name, c := range map[string]struct {
			sealed store.Sealed
			place  string
		}{
			"another place":   {s, "2/password"},
			"no place":        {s, ""},
			"another key":     {store.Sealed{Key: "k", Data: s.Data}, string(place)},
			"a changed nonce": {with(func(b []byte) []byte { b[0] ^= 1; return b }), string(place)},
			"a changed value": {with(func(b []byte) []byte { b[12] ^= 1; return b }), string(place)},
			"a changed tag":   {with(func(b []byte) []byte { b[len(b)-1] ^= 1; return b }), string(place)},
			"a cut value":     {with(func(b []byte) []byte { return b[:20] }), string(place)},
			"nothing":         {store.Sealed{Key: s.Key}, string(place)},
		} {
			if got, err := r.Open(ctx, c.sealed, []byte(c.place)); !errors.Is(err, secret.ErrNotOpened) || got != nil {
				t.Errorf("%s opens to %q, error %v", name, got, err)
			}
		}
	})
}

func TestAnotherMasterKeyOpensWhatThereIs(t *testing.T) {
	onBothEngines(t, func(t *testing.T, v *vault) {
		r, running := v.replica(), v.replica()
		v.fill(r, 3)
		v.rotate(r, began.Add(time.Hour))
		if err := running.Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		fresh := strings.Repeat("cd", 32)
		if _, err := r.ChangeMaster(ctx, "short"); err == nil {
			t.Error("a key of 5 characters is taken")
		}
		if _, err := r.ChangeMaster(ctx, fresh); err != nil {
			t.Fatal(err)
		}
		_, key := v.get(r, 1)
		v.holds(running, 3, key)
		if _, err := running.Rotate(ctx, began.Add(2*time.Hour), false); !errors.Is(err, secret.ErrMasterChanged) {
			t.Errorf("a rotation with the old master key: %v", err)
		}
		if _, err := secret.OpenMaster(ctx, t.TempDir(), strings.Repeat("ab", 32), v.store); !errors.Is(err, secret.ErrOtherKey) {
			t.Errorf("a start with the old one: %v", err)
		}
		var err error
		if v.master, err = secret.OpenMaster(ctx, t.TempDir(), fresh, v.store); err != nil {
			t.Fatal(err)
		}
		if err := running.Refresh(ctx); err != nil {
			t.Errorf("nothing is new, and yet %v", err)
		}
		started := v.replica()
		v.holds(started, 3, key)
		v.holds(started, 3, v.rotate(r, began.Add(3*time.Hour)).Key)
		if err := running.Refresh(ctx); !errors.Is(err, secret.ErrMasterChanged) {
			t.Errorf("a key that the old master key does not open: %v", err)
		}
	})
}

func TestTheDatabaseHoldsNeitherSecretsNorTheMasterKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := sqlite.Open(ctx, sqlite.Options{Dir: dir, Registry: storetest.Registry()})
	if err != nil {
		t.Fatal(err)
	}
	v := newVault(t, s, nil)
	other := t.TempDir()
	again, err := secret.OpenMaster(ctx, other, strings.Repeat("ab", 32), s)
	if err != nil || again.Fingerprint() != v.master.Fingerprint() {
		t.Fatal(err)
	}
	r := v.replica()
	plain := "plain-" + rand.Text()
	if err := v.put(r, 1, plain); err != nil {
		t.Fatal(err)
	}
	v.rotate(r, began.Add(time.Hour))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	master := bytes.Repeat([]byte{0xab}, 32)
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	size := 0
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		size += len(data)
		for what, text := range map[string]string{
			"the secret": plain, "the secret in base64": base64.StdEncoding.EncodeToString([]byte(plain))[:20],
			"the master key": string(master), "it in base64": base64.RawStdEncoding.EncodeToString(master), "it in digits": hex.EncodeToString(master),
		} {
			if bytes.Contains(data, []byte(text)) {
				t.Errorf("%s holds %s", f.Name(), what)
			}
		}
	}
	if size < 1<<14 {
		t.Errorf("only %d bytes were searched", size)
	}
}

func TestKeysPrintAsNames(t *testing.T) {
	onBothEngines(t, func(t *testing.T, v *vault) {
		r := v.replica()
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
			if got := fmt.Sprintf(verb, v.master); got != "master key "+v.master.Fingerprint() {
				t.Errorf("%s prints %q", verb, got)
			}
			if got := fmt.Sprintf(verb, r); got != "keyring of 1 keys" {
				t.Errorf("%s prints %q", verb, got)
			}
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	s, err := sqlite.Open(ctx, sqlite.Options{Dir: b.TempDir(), Registry: storetest.Registry()})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	m, err := secret.OpenMaster(ctx, "", strings.Repeat("ab", 32), s)
	if err != nil {
		b.Fatal(err)
	}
	r, err := secret.OpenKeyring(ctx, m, s, began)
	if err != nil {
		b.Fatal(err)
	}
	plain, place := bytes.Repeat([]byte{1}, 64), []byte("1/password")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Seal(plain, place); err != nil {
			b.Fatal(err)
		}
	}
}
