package control

import (
	"strings"
	"testing"
	"time"
)

func TestExpiryIsReadInManyForms(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"never":                     {},
		"NEVER":                     {},
		"90d":                       now.AddDate(0, 0, 90),
		"1h30m":                     now.Add(90 * time.Minute),
		"2030-12-31":                time.Date(2030, 12, 31, 0, 0, 0, 0, time.UTC),
		"2030-12-31T12:00:00+02:00": time.Date(2030, 12, 31, 10, 0, 0, 0, time.UTC),
	} {
		if got, err := ParseExpiry(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "d", "0d", "-1d", "1000000d", "-1h", "0s", "tomorrow", "2030-13-01", "90"} {
		if got, err := ParseExpiry(text, now); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

func FuzzParseExpiry(f *testing.F) {
	for _, s := range []string{"never", "90d", "12h", "2030-12-31", "x"} {
		f.Add(s)
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ParseExpiry(text, now)
		if relative := !strings.Contains(text, "-"); err == nil && relative && !got.IsZero() && !got.After(now) {
			t.Fatalf("%q is %v, which is past", text, got)
		}
	})
}
