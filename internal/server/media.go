package server

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/scimd/scimd/internal/scimerr"
)

// The media types of RFC 7644 §3.8.
const (
	mediaSCIM = "application/scim+json"
	mediaJSON = "application/json"
)

// negotiate chooses the content type of the answer: SCIM JSON unless Accept
// excludes it and takes plain JSON; 406 when it takes neither.
func negotiate(h http.Header) (string, error) {
	accept := strings.TrimSpace(strings.Join(h.Values("Accept"), ","))
	if accept == "" {
		return mediaSCIM, nil
	}
	if quality(accept, mediaSCIM) > 0 {
		return mediaSCIM, nil
	}
	if quality(accept, mediaJSON) > 0 {
		return mediaJSON, nil
	}
	return "", scimerr.NotAcceptable("The answer can be application/scim+json or application/json; Accept takes neither.").Where("Accept")
}

// quality is the q-value that an Accept header gives to a media type: that of
// the most specific range that matches (RFC 9110 §12.5.1).
func quality(accept, media string) float64 {
	best, q := -1, 0.0
	for part := range strings.SplitSeq(accept, ",") {
		name, params, _ := strings.Cut(part, ";")
		specific := -1
		switch name = strings.ToLower(strings.TrimSpace(name)); name {
		case media:
			specific = 2
		case "application/*":
			specific = 1
		case "*/*":
			specific = 0
		}
		if specific > best {
			best, q = specific, weight(params)
		}
	}
	return q
}

func weight(params string) float64 {
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if strings.EqualFold(strings.TrimSpace(name), "q") {
			q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				return 0
			}
			return q
		}
	}
	return 1
}
