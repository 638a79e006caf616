package sqlstore

import (
	"context"
	"fmt"
	"sync"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/schema"
)

// Ledger hands out numbers that stay given when the transaction that asked for
// them is rolled back.
type Ledger interface {
	// Reserve takes n successive numbers from the allocator of that name and
	// returns the first. Numbers begin at 1.
	Reserve(ctx context.Context, name string, n int64) (first int64, err error)
	// TypeNumber finds the number of a resource type and, with create, makes one.
	TypeNumber(ctx context.Context, name string, create bool) (nr int64, ok bool, err error)
	// TypeName finds the name for a number.
	TypeName(ctx context.Context, nr int64) (name string, ok bool, err error)
	// AttributeNumber is TypeNumber for an attribute's path in lower case and the
	// kind of its keys.
	AttributeNumber(ctx context.Context, typeNr int64, path string, kind filter.KeyKind, create bool) (nr int64, ok bool, err error)
}

// The allocators.
const (
	seqAllocator    = "seq"
	eventAllocator  = "event"
	auditAllocator  = "audit"
	tenantAllocator = "tenant"
	spaceAllocator  = "space"
	// TypeAllocator and AttributeAllocator are for ledgers.
	TypeAllocator      = "type"
	AttributeAllocator = "attribute"
)

// blockSize is how many numbers are reserved at a time where many are used.
const blockSize = 1000

// attributeName is what an attribute number stands for.
type attributeName struct {
	typeNr int64
	path   string
	kind   filter.KeyKind
}

// numbers remembers what the ledger has given: its numbers never change.
type numbers struct {
	ledger Ledger
	reg    *schema.Registry

	mu         sync.RWMutex
	types      map[string]int64
	typeNames  map[int64]*schema.ResourceType
	attributes map[attributeName]int64

	seq, event, audit, space block
}

func newNumbers(l Ledger, reg *schema.Registry) *numbers {
	return &numbers{
		ledger: l, reg: reg, types: map[string]int64{}, typeNames: map[int64]*schema.ResourceType{},
		attributes: map[attributeName]int64{}, seq: block{name: seqAllocator}, event: block{name: eventAllocator}, audit: block{name: auditAllocator},
		space: block{name: spaceAllocator},
	}
}

// typeNumber is the number of a resource type; it makes one at need.
func (n *numbers) typeNumber(ctx context.Context, name string) (int64, error) {
	n.mu.RLock()
	nr, ok := n.types[name]
	n.mu.RUnlock()
	if ok {
		return nr, nil
	}
	nr, _, err := n.ledger.TypeNumber(ctx, name, true)
	if err != nil {
		return 0, err
	}
	n.mu.Lock()
	n.types[name] = nr
	n.mu.Unlock()
	return nr, nil
}

// knownType is the resource type of a number that was asked for before, or nil.
func (n *numbers) knownType(nr int64) *schema.ResourceType {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.typeNames[nr]
}

// typeOf is the resource type of a number.
func (n *numbers) typeOf(ctx context.Context, nr int64) (*schema.ResourceType, error) {
	if rt := n.knownType(nr); rt != nil {
		return rt, nil
	}
	name, ok, err := n.ledger.TypeName(ctx, nr)
	if err != nil {
		return nil, err
	}
	rt := n.reg.Type(name)
	if !ok || rt == nil {
		return nil, fmt.Errorf("store: the database holds resources of type %q (number %d), which is not registered", name, nr)
	}
	n.mu.Lock()
	n.typeNames[nr] = rt
	n.mu.Unlock()
	return rt, nil
}

// attribute is the number of an attribute; ok is false when it has none and
// create is not set.
func (n *numbers) attribute(ctx context.Context, name attributeName, create bool) (nr int64, ok bool, err error) {
	n.mu.RLock()
	nr, ok = n.attributes[name]
	n.mu.RUnlock()
	if ok {
		return nr, true, nil
	}
	nr, ok, err = n.ledger.AttributeNumber(ctx, name.typeNr, name.path, name.kind, create)
	if err != nil || !ok {
		return 0, false, err
	}
	n.mu.Lock()
	n.attributes[name] = nr
	n.mu.Unlock()
	return nr, true, nil
}

// one takes a single number from an allocator.
func (n *numbers) one(ctx context.Context, allocator string) (int64, error) {
	return n.ledger.Reserve(ctx, allocator, 1)
}

// block hands out the numbers of an allocator from reserved blocks.
type block struct {
	name string

	mu        sync.Mutex
	next, end int64
}

func (b *block) take(ctx context.Context, l Ledger) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next == b.end {
		first, err := l.Reserve(ctx, b.name, blockSize)
		if err != nil {
			return 0, err
		}
		b.next, b.end = first, first+blockSize
	}
	b.next++
	return b.next - 1, nil
}
