package app

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// value is a pflag.Value of any type: a place, a parser and a printer.
type value[T any] struct {
	place *T
	kind  string
	parse func(string) (T, error)
	print func(T) string
}

func (v *value[T]) Type() string   { return v.kind }
func (v *value[T]) String() string { return v.print(*v.place) }

func (v *value[T]) Set(s string) error {
	x, err := v.parse(s)
	if err == nil {
		*v.place = x
	}
	return err
}

// IsBoolFlag lets a boolean flag stand without a value.
func (v *value[T]) IsBoolFlag() bool { return v.kind == "bool" }

// values is a pflag.Value that holds several. The first Set replaces what was
// there by default.
type values[T any] struct {
	place *[]T
	kind  string
	split func(string) []string
	parse func(string) (T, error)
	begun bool
}

func (v *values[T]) Type() string   { return v.kind }
func (v *values[T]) String() string { return strings.Join(v.Strings(), ",") }

// Strings are the values one by one.
func (v *values[T]) Strings() []string {
	out := make([]string, len(*v.place))
	for i, x := range *v.place {
		out[i] = fmt.Sprint(x)
	}
	return out
}

func (v *values[T]) Set(s string) error {
	if !v.begun {
		v.begun, *v.place = true, nil
	}
	for _, part := range v.split(s) {
		x, err := v.parse(part)
		if err != nil {
			return err
		}
		*v.place = append(*v.place, x)
	}
	return nil
}

func one[T any](kind string, place func(*Config) *T, parse func(string) (T, error), print func(T) string) func(*Config) pflag.Value {
	return func(c *Config) pflag.Value { return &value[T]{place(c), kind, parse, print} }
}

func list[T any](kind string, place func(*Config) *[]T, split func(string) []string, parse func(string) (T, error)) func(*Config) pflag.Value {
	return func(c *Config) pflag.Value {
		return &values[T]{place: place(c), kind: kind, split: split, parse: parse}
	}
}

func text(place func(*Config) *string) func(*Config) pflag.Value {
	return one("string", place, func(s string) (string, error) { return s, nil }, printText)
}

func printText(s string) string { return s }

func choice(place func(*Config) *string, words ...string) func(*Config) pflag.Value {
	return one(strings.Join(words, "|"), place, func(s string) (string, error) {
		for _, w := range words {
			if strings.EqualFold(s, w) {
				return w, nil
			}
		}
		return "", fmt.Errorf("use %s", strings.Join(words, " or "))
	}, func(s string) string { return s })
}

func truth(place func(*Config) *bool) func(*Config) pflag.Value {
	return one("bool", place, func(s string) (bool, error) {
		b, err := strconv.ParseBool(s)
		if err != nil {
			return false, errors.New("use true or false")
		}
		return b, nil
	}, strconv.FormatBool)
}

func duration(place func(*Config) *time.Duration) func(*Config) pflag.Value {
	return one("duration", place, func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		if err != nil || d <= 0 {
			return 0, errors.New("use a time such as 30s or 2m")
		}
		return d, nil
	}, time.Duration.String)
}

func size(place func(*Config) *int64) func(*Config) pflag.Value {
	return one("size", place, parseSize, printSize)
}

// units are the endings of sizes, the largest first.
var units = []struct {
	name  string
	bytes int64
}{{"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}, {"", 1}}

const maxSize = 1 << 40

func parseSize(s string) (int64, error) {
	for _, u := range units {
		digits, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || n <= 0 || n > maxSize/u.bytes {
			break
		}
		return n * u.bytes, nil
	}
	return 0, errors.New("use a number of bytes such as 65536, 64KiB or 10MiB")
}

func printSize(n int64) string {
	for _, u := range units {
		if n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + strings.TrimPrefix(u.name, "B")
		}
	}
	return ""
}

func parseCount(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n <= 0 || n > 1_000_000 {
		return 0, errors.New("use a whole number above 0")
	}
	return n, nil
}

// parseAge reads a time, in days too; 0 bounds nothing.
func parseAge(s string) (time.Duration, error) {
	if s == unlimited {
		return 0, nil
	}
	if digits, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.Atoi(digits); err == nil && n > 0 && n <= 100_000 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	} else if d, err := time.ParseDuration(s); err == nil && d > 0 {
		return d, nil
	}
	return 0, errors.New("use a time such as 90d or 720h, or unlimited")
}

func printAge(d time.Duration) string {
	if d == 0 {
		return unlimited
	}
	return d.String()
}

// unlimited is the text of a bound of 0, which bounds nothing.
const unlimited = "unlimited"

func parseBound(s string) (int, error) {
	if s == unlimited {
		return 0, nil
	}
	n, err := parseCount(s)
	if err != nil {
		return 0, errors.New("use a whole number above 0, or unlimited")
	}
	return n, nil
}

func printBound(n int) string {
	if n == 0 {
		return unlimited
	}
	return strconv.Itoa(n)
}

func parseLevel(s string) (slog.Level, error) {
	for _, l := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		if strings.EqualFold(s, l.String()) {
			return l, nil
		}
	}
	return 0, errors.New("use debug, info, warn or error")
}

func printLevel(l slog.Level) string { return strings.ToLower(l.String()) }

func splitCommas(s string) []string {
	return strings.FieldsFunc(s, func(c rune) bool { return c == ',' || c == ' ' })
}

// splitSwitches splits NAME=VALUE pairs at commas. A piece without an equals
// sign belongs to the value before it, so that values may hold commas.
func splitSwitches(s string) []string {
	var out []string
	for piece := range strings.SplitSeq(s, ",") {
		if len(out) > 0 && !strings.Contains(piece, "=") {
			out[len(out)-1] += "," + piece
		} else if piece != "" {
			out = append(out, piece)
		}
	}
	return out
}

// parseSwitch checks the form alone: the profile knows names and values.
func parseSwitch(s string) (string, error) {
	name, v, ok := strings.Cut(s, "=")
	if name = strings.TrimSpace(name); !ok || name == "" {
		return "", errors.New("use SWITCH=VALUE")
	}
	return name + "=" + strings.TrimSpace(v), nil
}
