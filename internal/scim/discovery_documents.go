package scim

import (
	"encoding/json"

	"github.com/scimd/scimd/internal/schema"
)

// The documents of discovery as they stand in schemas/advertised and on the
// wire. The tenant puts schemas and id after the rest, and meta last.

type attributeDocument struct {
	Name            string              `json:"name"`
	Type            string              `json:"type"`
	MultiValued     bool                `json:"multiValued"`
	Description     string              `json:"description,omitempty"`
	Required        bool                `json:"required"`
	CaseExact       *bool               `json:"caseExact,omitempty"`
	CanonicalValues []string            `json:"canonicalValues,omitempty"`
	ReferenceTypes  []string            `json:"referenceTypes,omitempty"`
	SubAttributes   []attributeDocument `json:"subAttributes,omitzero"`
	Mutability      string              `json:"mutability,omitempty"`
	Returned        string              `json:"returned,omitempty"`
	Uniqueness      string              `json:"uniqueness,omitempty"`
}

type schemaDocument struct {
	Name        string              `json:"name"`
	Description string              `json:"description,omitempty"`
	Attributes  []attributeDocument `json:"attributes"`
	Schemas     []string            `json:"schemas"`
	ID          string              `json:"id"`
}

type typeDocument struct {
	Name        string              `json:"name"`
	Description string              `json:"description,omitempty"`
	Endpoint    string              `json:"endpoint"`
	Schema      string              `json:"schema"`
	Extensions  []extensionDocument `json:"schemaExtensions,omitempty"`
	Schemas     []string            `json:"schemas"`
	ID          string              `json:"id"`
}

type extensionDocument struct {
	Schema   string `json:"schema"`
	Required bool   `json:"required"`
}

type providerDocument struct {
	Schemas []string        `json:"schemas"`
	Patch   featureDocument `json:"patch"`
	Bulk    struct {
		featureDocument
		MaxOperations  int `json:"maxOperations"`
		MaxPayloadSize int `json:"maxPayloadSize"`
	} `json:"bulk"`
	Filter struct {
		featureDocument
		MaxResults int `json:"maxResults"`
	} `json:"filter"`
	ChangePassword featureDocument `json:"changePassword"`
	Sort           featureDocument `json:"sort"`
	ETag           featureDocument `json:"etag"`
	Authentication []struct {
		Type        string `json:"type"`
		Name        string `json:"name"`
		Description string `json:"description"`
		SpecURI     string `json:"specUri,omitempty"`
		Primary     bool   `json:"primary,omitempty"`
	} `json:"authenticationSchemes"`
}

type featureDocument struct {
	Supported bool `json:"supported"`
}

// schemaTruth is the document of a schema as the engine enforces it, with all
// characteristics written out (RFC 7643 §2.2, §7).
func schemaTruth(s *schema.Schema) schemaDocument {
	return schemaDocument{Name: s.Name, Description: s.Description, Attributes: attributeTruths(s.Attributes), ID: s.ID}
}

func attributeTruths(attrs []*schema.Attribute) []attributeDocument {
	list := make([]attributeDocument, len(attrs))
	for i, a := range attrs {
		list[i] = attributeDocument{
			Name: a.Name, Type: a.Type.String(), MultiValued: a.MultiValued, Description: a.Description,
			Required: a.Required, CaseExact: &a.CaseExact, CanonicalValues: a.CanonicalValues,
			ReferenceTypes: a.ReferenceTypes, Mutability: a.Mutability.String(),
			Returned: a.Returned.String(), Uniqueness: a.Uniqueness.String(),
		}
		if a.Type == schema.Complex {
			list[i].SubAttributes = attributeTruths(a.Sub)
		}
	}
	return list
}

// typeTruth is the document of a resource type as it is registered.
func typeTruth(rt *schema.ResourceType) typeDocument {
	t := typeDocument{Name: rt.Name, Description: rt.Description, Endpoint: rt.Endpoint, Schema: rt.Schema.ID}
	for _, e := range rt.Extensions {
		t.Extensions = append(t.Extensions, extensionDocument{Schema: e.Schema.ID, Required: e.Required})
	}
	return t
}

// shortened leaves of attributes what the documentation of 2021 shows.
func shortened(attrs []attributeDocument) []attributeDocument {
	list := make([]attributeDocument, len(attrs))
	for i, a := range attrs {
		list[i] = attributeDocument{Name: a.Name, Type: a.Type, MultiValued: a.MultiValued, Required: a.Required, CaseExact: a.CaseExact}
		if a.SubAttributes != nil {
			list[i].SubAttributes = shortened(a.SubAttributes)
		}
	}
	return list
}

// entry is a discovery resource as bytes around its meta.location, which
// depends on the base and the name by which the resource is asked for.
type entry struct{ head, tail []byte }

// newEntry makes an entry of a document; times are further members of meta,
// each followed by a comma.
func newEntry(document any, resourceType, times string) (entry, error) {
	body, err := json.Marshal(document)
	if err != nil {
		return entry{}, err
	}
	head := append(body[:len(body)-1], `,"meta":{"resourceType":"`+resourceType+`",`+times+`"location":`...)
	return entry{head: head, tail: []byte("}}")}, nil
}

func (e entry) append(dst []byte, location string) []byte {
	quoted, _ := json.Marshal(location) // a string always marshals
	dst = append(dst, e.head...)
	dst = append(dst, quoted...)
	return append(dst, e.tail...)
}
