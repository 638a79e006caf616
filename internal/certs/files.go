package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"
)

// lookTime is how often files are looked at.
const lookTime = 10 * time.Second

// Files is a Source of two PEM files, which are read again when they change: the
// chain of certificates, the server's own first, and its key.
type Files struct {
	held
	cert, key string
	log       *slog.Logger
	every     time.Duration

	mu sync.Mutex
	// looked tells that the files were looked at; seen is what they then held, and
	// could not be used if failed is set.
	looked bool
	seen   [2][]byte
	failed error
}

// OpenFiles reads the files, which must fit together.
func OpenFiles(cert, key string, log *slog.Logger) (*Files, error) {
	f := &Files{cert: cert, key: key, log: log, every: lookTime}
	if _, err := f.look(); err != nil {
		return nil, err
	}
	return f, nil
}

// look reads the files and takes what is new in them. What cannot be used leaves
// the certificate that there was: two files do not change at once.
func (f *Files) look() (fresh bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var read [2][]byte
	for i, name := range []string{f.cert, f.key} {
		if read[i], err = os.ReadFile(name); err != nil {
			return false, fmt.Errorf("read the certificate: %w", err)
		}
	}
	if f.looked && slices.EqualFunc(read[:], f.seen[:], slices.Equal) {
		return false, f.failed
	}
	f.looked, f.seen = true, read
	var pair tls.Certificate
	if pair, f.failed = tls.X509KeyPair(read[0], read[1]); f.failed != nil {
		f.failed = fmt.Errorf("the certificate in %s and the key in %s cannot be used: %w", f.cert, f.key, f.failed)
		return false, f.failed
	}
	f.pair.Store(&pair)
	return true, nil
}

// Keep implements Source.
func (f *Files) Keep(ctx context.Context) {
	tick := time.NewTicker(f.every)
	defer tick.Stop()
	var last error
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := f.take()
		if err != nil && (last == nil || err.Error() != last.Error()) {
			f.warn(err)
		}
		last = err
	}
}

// Reload implements Source.
func (f *Files) Reload() {
	if err := f.take(); err != nil {
		f.warn(err)
	}
}

func (f *Files) take() error {
	fresh, err := f.look()
	if fresh {
		f.log.Info("certificate read", slog.Time("notAfter", f.pair.Load().Leaf.NotAfter))
	}
	return err
}

func (f *Files) warn(err error) {
	until := f.pair.Load().Leaf.NotAfter
	f.log.Warn("the certificate is not renewed", slog.Any("error", errors.Unwrap(err)), slog.Time("notAfter", until))
}
