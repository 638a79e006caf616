package provision

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// errLost is what a client sees of a request whose answer it does not get.
var errLost = errors.New("no answer came")

// Lossy loses one request in every n on its way, one answer in every n on its
// way back, and hangs up on one creation in every n while the server is at it.
func Lossy(seed uint64, n int) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return &lossy{next: next, n: n, random: rand.New(rand.NewPCG(seed, 1))}
	}
}

type lossy struct {
	next   http.RoundTripper
	n      int
	mu     sync.Mutex
	random *rand.Rand
}

func (l *lossy) RoundTrip(req *http.Request) (*http.Response, error) {
	l.mu.Lock()
	fate, delay := l.random.IntN(l.n), time.Duration(l.random.IntN(3000))*time.Microsecond
	l.mu.Unlock()
	switch {
	case fate == 0:
		return nil, errLost
	case fate == 1:
		return l.drop(req)
	case fate == 2 && req.Method == http.MethodPost:
		// Only creations: another write may still be carried out after it was
		// sent again, and would undo what its client did next.
		ctx, cancel := context.WithTimeout(req.Context(), delay)
		defer cancel()
		res, err := l.drop(req.WithContext(ctx))
		if ctx.Err() != nil {
			err = errLost
		}
		return res, err
	}
	return l.next.RoundTrip(req)
}

// drop throws away the answer, unless it is one that must not be.
func (l *lossy) drop(req *http.Request) (*http.Response, error) {
	res, err := l.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	res.Body.Close()
	return nil, errLost
}
