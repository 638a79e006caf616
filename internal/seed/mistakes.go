package seed

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// maxMistakes is how many mistakes are told of.
const maxMistakes = 50

// Mistake is one mistake in a seed. File is "" for a seed that came without a
// name, Line and Column are 0 where it is of no one place.
type Mistake struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Text   string `json:"text"`
}

func (m Mistake) String() string {
	var b strings.Builder
	if m.File != "" {
		b.WriteString(m.File + ":")
	}
	if m.Line > 0 {
		fmt.Fprintf(&b, "%d:%d:", m.Line, m.Column)
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	return b.String() + m.Text
}

// Mistakes are what is wrong with a seed: at most 50, and whether there are more.
type Mistakes struct {
	List []Mistake
	More bool
}

func (m *Mistakes) Error() string {
	lines := make([]string, len(m.List))
	for i, x := range m.List {
		lines[i] = x.String()
	}
	if m.More {
		lines = append(lines, fmt.Sprintf("and more than these %d mistakes", len(m.List)))
	}
	return strings.Join(lines, "\n")
}

// full tells that no more mistakes are looked for.
func (m *Mistakes) full() bool { return m.More }

func (m *Mistakes) add(x Mistake) {
	if len(m.List) < maxMistakes {
		m.List = append(m.List, x)
	} else {
		m.More = true
	}
}

// err is m if it holds mistakes, in their order in the files.
func (m *Mistakes) err() error {
	if len(m.List) == 0 {
		return nil
	}
	slices.SortStableFunc(m.List, func(a, b Mistake) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return m
}

// wrong is a mistake at a place, as an error of the file that is read.
type wrong struct {
	Position
	text string
}

func (w *wrong) Error() string { return w.text }

func wrongAt(p Position, format string, args ...any) *wrong {
	return &wrong{p, fmt.Sprintf(format, args...)}
}
