package auth

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
)

// errGuess is the cause of refusals of tokens that nobody here has issued.
var errGuess = errors.New("no such token")

// unknown refuses a token that may have been guessed.
func unknown() error {
	const detail = "The access token is not known."
	return scimerr.Unauthorized(challenge("invalid_token", detail), detail).WithCause(errGuess)
}

// CountGuesses makes Guessed answer: so many unknown tokens a minute may come from
// one source. It is called before the first request.
func (a *Authenticator) CountGuesses(perMinute int) {
	a.guesses = newAttempts(a.now)
	a.guesses.atOnce, a.guesses.interval = perMinute, time.Minute/time.Duration(perMinute)
}

// Guessed is the answer to a request from a source that Authenticate has refused
// with err: 429 when too many unknown tokens came from there, else err. Tokens that
// have ended are no guesses. A token that is good is never refused for others.
func (a *Authenticator) Guessed(tenant *scim.Tenant, source string, err error) error {
	if a.guesses == nil || !errors.Is(err, errGuess) {
		return err
	}
	if a.guesses.allowed(tenant.ID, source) {
		a.guesses.failed(tenant.ID, source)
		return err
	}
	wait := int((a.guesses.interval + time.Second - 1) / time.Second)
	return &scimerr.Error{
		Status: http.StatusTooManyRequests, RetryAfter: wait,
		Detail: fmt.Sprintf("Too many unknown access tokens came from this address; it may send %d a minute.", a.guesses.atOnce),
	}
}
