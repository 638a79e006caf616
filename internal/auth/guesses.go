package auth

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
)

// errGuess is the cause of refusals of tokens that nobody here has issued.
var errGuess = errors.New("no such token")

// unknown refuses a token that may have been guessed.
func unknown() error { return guessed("The access token is not known.") }

func guessed(detail string) error {
	return scimerr.Unauthorized(challenge("invalid_token", detail), "%s", detail).Where("Authorization").WithCause(errGuess)
}

// guesses are the unknown tokens that came from each source.
type guesses struct {
	mu sync.Mutex
	*tally
}

// admit counts one more, unless there are too many.
func (g *guesses) admit(tenant int64, source string, now time.Time) bool {
	c := g.at(strconv.FormatInt(tenant, 10), source)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.full(c.box, now) {
		return false
	}
	g.open(c.box)
	g.close(c.box, now, true)
	return true
}

// CountGuesses makes Guessed answer: so many unknown tokens a minute may come from
// one source. It is called before the first request.
func (a *Authenticator) CountGuesses(perMinute int) {
	a.guesses = &guesses{tally: newTally(pace{perMinute, time.Minute / time.Duration(perMinute)})}
}

// Guessed is the answer to a request from a source that Authenticate has refused
// with err: 429 when too many unknown tokens came from there, else err. Tokens that
// have ended are no guesses. A token that is good is never refused for others.
func (a *Authenticator) Guessed(tenant *scim.Tenant, source string, err error) error {
	if a.guesses == nil || !errors.Is(err, errGuess) {
		return err
	}
	if a.guesses.admit(tenant.ID, source, a.now()) {
		return err
	}
	wait := int((a.guesses.interval + time.Second - 1) / time.Second)
	return &scimerr.Error{
		Status: http.StatusTooManyRequests, RetryAfter: wait,
		Detail: fmt.Sprintf("Too many unknown access tokens came from this address; it may send %d a minute.", a.guesses.atOnce),
	}
}
