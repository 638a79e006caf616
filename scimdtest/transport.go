package scimdtest

import "net/http"

// bearer sends a token, but only to the server that it is of.
type bearer struct {
	host, token string
	next        *http.Transport
}

func (b *bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Host == b.host && req.Header.Get("Authorization") == "" {
		req = req.Clone(req.Context()) // a round trip must leave its request alone
		req.Header.Set("Authorization", "Bearer "+b.token)
	}
	return b.next.RoundTrip(req)
}
