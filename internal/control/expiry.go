package control

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// ParseExpiry reads when a token ends: a time from now in Go's form or in whole
// days, a date, a date and time, or "never", which is the zero time.
func ParseExpiry(text string, now time.Time) (time.Time, error) {
	if strings.EqualFold(text, "never") {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n > 0 && n <= 100_000 {
			return now.AddDate(0, 0, n), nil
		}
	} else if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return now.Add(d), nil
	}
	return time.Time{}, errors.New("use 90d, 12h, 2030-12-31 or 2030-12-31T12:00:00Z")
}
