package server

import (
	"net/http"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
)

func (s *server) create(q *request) error {
	p, body, err := s.write(q)
	if err != nil {
		return err
	}
	res, err := s.Service.Create(q.r.Context(), q.call, q.rt, body, p)
	if err != nil {
		return err
	}
	return q.resource(http.StatusCreated, res)
}

func (s *server) get(q *request) error {
	p, err := q.params()
	if err != nil {
		return err
	}
	res, err := s.Service.Get(q.r.Context(), q.call, q.rt, q.id(), p)
	if err != nil {
		return err
	}
	if res.Stream != nil {
		return q.spooled(res.Stream, s.Limits.Write)
	}
	return q.resource(http.StatusOK, res)
}

func (s *server) list(q *request) error {
	p, err := q.params()
	if err != nil {
		return err
	}
	return s.query(q, p)
}

// maxSearch bounds the body of a SearchRequest, which a token that can only read
// may send.
const maxSearch = 1 << 20

func (s *server) search(q *request) error {
	body, err := q.body(min(s.maxBody(q.call.Tenant), maxSearch))
	if err != nil {
		return err
	}
	p, err := scim.ParseSearch(q.call.Tenant.Profile, body)
	if err != nil {
		return err
	}
	return s.query(q, p)
}

func (s *server) query(q *request, p *scim.Params) error {
	l, err := s.Service.Query(q.r.Context(), q.call, q.rt, p)
	if err != nil {
		return err
	}
	return q.spooled(l.Write, s.Limits.Write)
}

func (s *server) replace(q *request) error {
	p, body, err := s.write(q)
	if err != nil {
		return err
	}
	res, err := s.Service.Replace(q.r.Context(), q.call, q.rt, q.id(), body, p)
	if err != nil {
		return err
	}
	return q.resource(http.StatusOK, res)
}

func (s *server) patch(q *request) error {
	p, body, err := s.write(q)
	if err != nil {
		return err
	}
	res, err := s.Service.Patch(q.r.Context(), q.call, q.rt, q.id(), body, p)
	if err != nil {
		return err
	}
	return q.resource(http.StatusOK, res)
}

func (s *server) delete(q *request) error {
	if err := s.Service.Delete(q.r.Context(), q.call, q.rt, q.id()); err != nil {
		return err
	}
	q.w.WriteHeader(http.StatusNoContent)
	return nil
}

// write reads the parameters and the body of a POST, PUT or PATCH.
func (s *server) write(q *request) (*scim.Params, []byte, error) {
	p, err := q.params()
	if err != nil {
		return nil, nil, err
	}
	body, err := q.body(s.maxBody(q.call.Tenant))
	return p, body, err
}

func (s *server) serviceProviderConfig(q *request) error {
	writeBytes(q.w, http.StatusOK, q.media, q.call.Tenant.Discovery.ServiceProviderConfig(q.call.Base))
	return nil
}

func (s *server) resourceTypes(q *request) error {
	writeBytes(q.w, http.StatusOK, q.media, q.call.Tenant.Discovery.ResourceTypes(q.call.Base))
	return nil
}

func (s *server) resourceType(q *request) error {
	doc, ok := q.call.Tenant.Discovery.ResourceType(q.id(), q.call.Base)
	if !ok {
		return scimerr.NotFound("Resource type %s not found", q.id())
	}
	writeBytes(q.w, http.StatusOK, q.media, doc)
	return nil
}

func (s *server) schemas(q *request) error {
	writeBytes(q.w, http.StatusOK, q.media, q.call.Tenant.Discovery.Schemas(q.call.Base))
	return nil
}

func (s *server) schema(q *request) error {
	doc, ok := q.call.Tenant.Discovery.Schema(q.id(), q.call.Base)
	switch {
	case ok:
		writeBytes(q.w, http.StatusOK, q.media, doc)
		return nil
	case q.call.Tenant.Profile.FaithfulErrorCodes:
		// The tenant's own answer, cyberark-scim section 5.3.
		return scimerr.Faithful("Object reference not set to an instance of an object. ")
	}
	return scimerr.NotFound("Schema %s not found", q.id())
}
