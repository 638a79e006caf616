package app

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scim"
)

// ids makes the ids of a tenant's new resources: random ones, or with a seed
// such as come again with the same seed and the same requests.
type ids struct{ seeded atomic.Pointer[seededIDs] }

// Seed implements control.IDs.
func (i *ids) Seed(text string) {
	if text == "" {
		i.seeded.Store(nil)
		return
	}
	i.seeded.Store(&seededIDs{seed: text, made: map[string]uint64{}})
}

// State implements control.IDs.
func (i *ids) State() (seed string, made map[string]uint64) {
	s := i.seeded.Load()
	if s == nil {
		return "", nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seed, maps.Clone(s.made)
}

// restart makes seeded ids begin anew.
func (i *ids) restart() {
	if s := i.seeded.Load(); s != nil {
		i.Seed(s.seed)
	}
}

// source is scim.Tenant.Seeded.
func (i *ids) source() scim.SeededIDs {
	if s := i.seeded.Load(); s != nil {
		return s
	}
	return nil
}

// newID makes ids as the tenant does, ordered, which keeps the index of ids
// compact.
func newID(rt *schema.ResourceType) string { return shaped(rt, uuid.Must(uuid.NewV7())) }

// shaped writes an id as the tenant does: a GUID, with underscores where a group
// is a role.
func shaped(rt *schema.ResourceType, id uuid.UUID) string {
	text := id.String()
	if rt.Family == "groups" {
		return strings.ReplaceAll(text, "-", "_")
	}
	return text
}

// seededIDs are made of a seed, a resource type and a number that counts up.
type seededIDs struct {
	seed string
	mu   sync.Mutex
	made map[string]uint64
}

// firstNumber is where the numbers of seeded ids begin: positions of resources do
// not come to it, so that numbers made before the seed are in nobody's way.
const firstNumber = 1_000_000_000

// Next implements scim.SeededIDs.
func (s *seededIDs) Next(rt *schema.ResourceType) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made[rt.Name]++
	return s.made[rt.Name]
}

// Skip implements scim.SeededIDs.
func (s *seededIDs) Skip(rt *schema.ResourceType, n uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.made[rt.Name] >= n {
		return false
	}
	s.made[rt.Name] = n
	return true
}

// ID implements scim.SeededIDs.
func (s *seededIDs) ID(rt *schema.ResourceType, n uint64) string {
	digest := s.digest(rt, string(binary.BigEndian.AppendUint64(nil, n)))
	id := uuid.UUID(digest[:16])
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // looks like a random one (RFC 9562 §5.4)
	return shaped(rt, id)
}

// Number implements scim.SeededIDs.
func (s *seededIDs) Number(n uint64) int64 { return firstNumber + int64(n) }

// NumberOf implements scim.SeededIDs.
func (s *seededIDs) NumberOf(rt *schema.ResourceType, id string) int64 {
	digest := s.digest(rt, id)
	return firstNumber + int64(binary.BigEndian.Uint32(digest[:4])>>1)
}

func (s *seededIDs) digest(rt *schema.ResourceType, of string) [32]byte {
	return sha256.Sum256([]byte(s.seed + "\x00" + rt.Name + "\x00" + of))
}
