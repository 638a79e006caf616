package journal

import (
	"bytes"
	"strings"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/scimerr"
)

// Page of the documents that explains rules.
const refusals = "docs/refusals.md#"

// entry makes an entry of what was recorded: redacted, and once more where secrets
// turned up on the way, which may stand elsewhere as well.
func (js *Journals) entry(x *item) *Entry {
	m := &masker{names: js.names, found: x.Entry.Status > 0 && x.Entry.Status < 400, tenant: x.Entry.Tenant}
	m.learnHeaders(x.Headers)
	known := len(m.secrets)
	e := js.render(m, x)
	if len(m.secrets) > known {
		e = js.render(m, x)
	}
	return e
}

func (js *Journals) render(m *masker, x *item) *Entry {
	e := x.Entry
	e.Headers, e.AnswerHeaders = m.headers(x.Headers, false), m.headers(x.AnswerHeaders, true)
	e.Origin = m.url(e.Origin)
	e.Path, e.Query = limited(m.path(e.Path)), limited(m.query(e.Query))
	if !m.found {
		e.ID = m.segment(e.ID)
	}
	e.Body = js.body(m, x)
	e.AnswerBody = js.answer(m, x)
	if e.Operation == create && e.ID == "" && m.found {
		e.ID = member(x.recording.answer, "id")
	}
	if e.Status >= 400 {
		e.Why = m.why(x)
	}
	return &e
}

// limited is a text with no more than is kept.
func limited(text string) string {
	if len(text) <= kept {
		return text
	}
	return strings.ToValidUTF8(text[:kept], "")
}

// why tells why an answer is a refusal.
func (m *masker) why(x *item) *Why {
	w := &Why{Rule: x.Rule, At: x.At, Detail: m.sentence(x.Detail)}
	if w.Rule == "" {
		w.Rule = scimerr.RuleOf(x.Entry.Status)
	}
	w.Link = refusals + strings.ToLower(w.Rule)
	return w
}

// member is a text that is a member of a JSON body, "" for none.
func member(body *bytes.Buffer, name string) string {
	if body == nil {
		return ""
	}
	raw, _ := resource.Get(body.Bytes(), name)
	text, _ := resource.Unquote(raw)
	return text
}

// media is the media type of headers, as far as it is one.
func media(h map[string][]string) string {
	for _, v := range h["Content-Type"] {
		kind, _, _ := strings.Cut(v, ";")
		kind = strings.ToLower(strings.TrimSpace(kind))
		if len(kind) <= 60 && strings.Count(kind, "/") == 1 && strings.Trim(kind, "abcdefghijklmnopqrstuvwxyz/+-.") == "" {
			return kind
		}
	}
	return ""
}

// body is that of a request.
func (js *Journals) body(m *masker, x *item) *Body {
	data, b := x.recording.request, &Body{Media: media(x.Headers), Bytes: x.recording.read}
	switch {
	case data == nil && x.Length <= 0:
		return nil
	case data == nil:
		b.Bytes, b.Unread = x.Length, true
	case x.Form && b.Bytes <= captured:
		text := m.query(data.String())
		b.Text = limited(text)
		b.Cut = len(b.Text) < len(text)
	case x.Form || b.Bytes > captured || !js.setJSON(m, b, data.Bytes(), false):
		b.Hash = js.hash(data.Bytes())
	}
	return b
}

// answer is the body of an answer.
func (js *Journals) answer(m *masker, x *item) *Body {
	data := x.recording.answer
	if data == nil {
		return nil
	}
	b := &Body{Media: media(x.AnswerHeaders), Bytes: x.recording.written}
	text := data.Bytes()
	if b.Bytes > captured || x.Entry.Cut {
		text, b.Cut = mended(text), true
	}
	if !strings.HasSuffix(b.Media, "json") || !js.setJSON(m, b, text, true) {
		b.Cut, b.Hash = false, js.hash(data.Bytes())
	}
	return b
}

// setJSON sets a body that can be read as JSON; it tells whether it can.
func (js *Journals) setJSON(m *masker, b *Body, data []byte, answer bool) bool {
	v, err := resource.Parse(data, resource.Limits{Members: 100_000})
	if err != nil {
		return false
	}
	v = m.tree("", v, answer)
	js.scratch = resource.AppendJSON(js.scratch[:0], v)
	if text := js.scratch; len(text) > kept {
		b.JSON, b.Cut = mended(text[:kept]), true
	} else {
		b.JSON = bytes.Clone(text)
	}
	return len(b.JSON) > 0
}

// mended ends JSON whose end is missing: after the last whole member of the outermost
// object, or the last whole element of a list in it. It is nil when there is none.
func mended(data []byte) []byte {
	var open []byte // what is open
	var whole int   // how much is whole
	var closing []byte
	inText, escaped := false, false
	mark := func(end int) {
		if len(open) == 1 || len(open) == 2 && open[1] == '[' {
			whole, closing = end, closing[:0]
			for i := len(open) - 1; i >= 0; i-- {
				closing = append(closing, open[i]+2) // ] and } stand two after [ and {
			}
		}
	}
	for i, c := range data {
		switch {
		case escaped:
			escaped = false
		case inText:
			escaped = c == '\\'
			inText = c != '"'
		case c == '"':
			inText = true
		case c == '{' || c == '[':
			open = append(open, c)
		case c == '}' || c == ']':
			if len(open) == 0 {
				return nil
			}
			mark(i)
			open = open[:len(open)-1]
			mark(i + 1)
		case c == ',':
			mark(i)
		}
	}
	if whole == 0 {
		return nil
	}
	return append(append([]byte{}, data[:whole]...), closing...)
}
