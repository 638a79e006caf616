// Package store is the seam between the SCIM protocol and durable state. The
// protocol knows no SQL, the store knows no HTTP; they meet in the types of
// this package. Both engines (sqlite, postgres) pass the suite in storetest.
//
// A resource is kept as canonical JSON bytes (Record.Doc) beside the keys that
// filters, sort orders and uniqueness need. Keys are extracted by the store
// from the tree that comes with a write (Resource.Body), by its table maps.
package store

import (
	"context"
	"errors"
	"time"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
)

// Resource is a resource on its way into the store.
type Resource struct {
	Type *schema.ResourceType
	// Seq is the paging position; 0 on insert, when the store assigns it.
	Seq     int64
	ID      string
	Version int64
	// Created and Modified are UTC, truncated to microseconds.
	Created, Modified time.Time
	// Body holds the members of the document: no id, meta or derived attribute.
	Body *resource.Members
	// Doc is Body as canonical JSON; Cut is the offset of its "schemas" member
	// (see resource.Encode).
	Doc []byte
	Cut int
	// Hidden keeps the resource out of lists (a tenant's service user).
	Hidden bool
	// Ends are links to the resources at the other side of the relations that lead
	// from this type to one resource at most; only Relation and Seq count. The
	// transaction has them locked, by Find or by an insert. Update replaces those
	// of the relations named; the rest stay.
	Ends []Link
}

// Record is a stored resource as read. Doc must not be changed; it is valid
// as long as the Record is referenced.
type Record struct {
	Seq               int64
	ID                string
	Version           int64
	Created, Modified time.Time
	Doc               []byte
	Cut               int
	Hidden            bool
	// Alias is an id made of names, if the read asks for it and the resource has
	// one: the name of a user or group, and of a permission the id of its target, a
	// colon and the name of its grantee. Of several resources with equal aliases,
	// without regard to letter case, the first by seq has it; none has one that is
	// the stored id of another.
	Alias string
	// Links are the relation rows asked for with Want, ordered by relation and
	// then by the other side's seq. They are of the same moment as Doc.
	Links []Link
	// Streams hand out the links of those Wants that have too many to hold; none
	// of them is in Links.
	Streams []LinkStream
}

// Part is one resource type of a query with its bound filter; a nil Filter
// selects all.
type Part struct {
	Type   *schema.ResourceType
	Filter filter.Predicate
}

// Order is a sort order. Missing values come last ascending and first
// descending (RFC 7644 §3.4.2.3); a multi-valued attribute sorts by its primary
// or else first element; ties break by ascending seq. Keys longer than
// schema.MaxKey bytes sort by that many.
type Order struct {
	Attr       *schema.Attribute
	Descending bool
}

// Query selects, orders and pages resources.
type Query struct {
	Space int64
	Parts []Part
	// Order is nil for the default order (seq, unless the table map of a type
	// says otherwise).
	Order *Order
	// Offset is the number of matches to skip.
	Offset int
	// Limit is the most resources to return; 0 only counts, negative means all.
	Limit int
	// Match decides whether a record satisfies its part's filter. The store
	// calls it for records that SQL alone cannot decide.
	Match func(*schema.ResourceType, *Record) bool
	// SortKey gives a record's key for Order, where SQL has none.
	SortKey func(*schema.ResourceType, *Record) (key string, ok bool)
	// Budget bounds the number of records given to Match or SortKey in one
	// query; beyond it the answer is scimerr.TooMany, naming the attribute that
	// SQL could not decide. LinksPerRecord links of theirs count as one more. 0
	// means DefaultBudget.
	Budget int
	// Want are the links to read along.
	Want []Want
	// Judge are the links of the records given to Match and SortKey.
	Judge []Want
	// Transitive are the relations that filters follow to their ends against
	// their direction, as a Want with Reverse and Transitive does.
	Transitive []Relation
	// IncludeHidden also selects hidden resources.
	IncludeHidden bool
	// Alias makes filters and orders by id about what clients are shown: the alias
	// of a resource where it has one. Records carry it.
	Alias bool
}

const (
	// DefaultBudget is Query.Budget when it is 0.
	DefaultBudget = 20_000
	// LinksPerRecord is how many links cost as much of Query.Budget as a record.
	LinksPerRecord = 10
)

// Page is the answer to a Query. Next hands out the records batch by batch; no
// database connection is held between calls. It returns an empty batch at the
// end. The records of a batch are of one moment, those of two batches need not
// be; records deleted since the query was answered are left out.
type Page struct {
	// Total is the exact number of matches.
	Total int
	// Expected is the number of records that Next will hand out in all, unless
	// some are deleted meanwhile.
	Expected int
	Next     func(context.Context) ([]TypedRecord, error)
}

// TypedRecord is a Record with its resource type.
type TypedRecord struct {
	Type *schema.ResourceType
	*Record
}

// Errors that the protocol tells apart.
var (
	// ErrNotFound: no such resource.
	ErrNotFound = errors.New("store: not found")
	// ErrVersion: compare-and-swap failed, the resource has another version.
	ErrVersion = errors.New("store: version differs")
	// ErrClosed: the store is closed.
	ErrClosed = errors.New("store: closed")
	// ErrMoved: a tenant's resources are in another space by now.
	ErrMoved = errors.New("store: the tenant has another space")
	// ErrMaster: the database's data keys are wrapped by another master key.
	ErrMaster = errors.New("store: another master key")
)

// TakenError tells that a unique key is in use. Value is the key where the
// caller cannot know which one of several it is, else "".
type TakenError struct{ Attr, Value string }

func (e *TakenError) Error() string { return "store: " + e.Attr + " is taken" }

// Store is durable state. All methods are safe for concurrent use. A context
// ends a read at once; it ends a write only while the write waits for its turn.
type Store interface {
	// Do runs fn in a transaction and returns after commit. fn may run more than
	// once and must do no I/O but through Tx; an error from it rolls back and is
	// returned as it is.
	Do(ctx context.Context, space int64, fn func(Tx) error) error
	// Get reads one resource by id; ErrNotFound when there is none. Without a
	// resource of that id, the first that its name-made form may mean is read: of
	// permissions always, of users and groups when want asks for the alias.
	Get(ctx context.Context, space int64, rt *schema.ResourceType, id string, want []Want) (*Record, error)
	// Query answers a query.
	Query(ctx context.Context, q *Query) (*Page, error)

	// Confidential reads what resources keep and no document holds, by seq; those
	// that keep nothing are left out.
	Confidential(ctx context.Context, space int64, seqs []int64) (map[int64]Confidential, error)
	// Moment runs fn with what reads one state of the database, however long it takes
	// and whatever is written meanwhile. It holds a connection and must ask the store
	// itself for nothing.
	Moment(ctx context.Context, fn func(Reader) error) error

	Admin
	Snapshots
	Sessions
	// Capabilities tells where engines differ.
	Capabilities() Capabilities
	// Ping checks that the database answers.
	Ping(ctx context.Context) error
	// Close waits for running writes and closes the database.
	Close() error
}

// Reader is the part of a Store that reads tenants and what they have.
type Reader interface {
	Get(ctx context.Context, space int64, rt *schema.ResourceType, id string, want []Want) (*Record, error)
	Query(ctx context.Context, q *Query) (*Page, error)
	Confidential(ctx context.Context, space int64, seqs []int64) (map[int64]Confidential, error)
	Tenants(ctx context.Context) ([]Tenant, error)
	Tokens(ctx context.Context, tenant int64) ([]Token, error)
	Applications(ctx context.Context, tenant int64) ([]Application, error)
}

// Confidential is what a resource keeps beside its document: the hash of its
// password, nil without one, and its sealed values by name.
type Confidential struct {
	Password []byte
	Secrets  map[string]Sealed
}

// Capabilities are the declared differences between engines.
type Capabilities struct {
	// Engine is "sqlite" or "postgres".
	Engine string
	// SharedDatabase: several server processes may use the database at once.
	SharedDatabase bool
}

// SpaceSeq stands for a space itself where a resource's seq is asked for: no
// resource has it.
const SpaceSeq = 0

// Tx is a transaction on one space. It is used by one goroutine. An error of a
// method other than the sentinels and *TakenError leaves the transaction
// unusable; after a sentinel or *TakenError it goes on only if the call was
// made inside Try.
type Tx interface {
	// Get reads one resource by id, a permission also by its alias, and locks its
	// row for change.
	Get(rt *schema.ResourceType, id string) (*Record, error)
	// GetMany reads the resources of a type with one of the ids and locks their rows
	// for change, in seq order. Ids that are not there are left out.
	GetMany(rt *schema.ResourceType, ids []string) ([]*Record, error)
	// NewSeq reserves the paging position of a resource to be inserted, for an id
	// that is made of it.
	NewSeq() (int64, error)
	// Insert stores a new resource and sets r.Seq, if it has none. *TakenError tells
	// which unique attribute (or "id") is in use; of a permission whose target and
	// grantee have one, the attribute with the target.
	Insert(r *Resource) error
	// InsertMany is Insert for many, with fewer statements where they are of one type.
	// at is the place in the list of the one that an error is about; nobody knows then
	// which of them are stored.
	InsertMany(list []*Resource) (at int, err error)
	// Update replaces the resource r.Seq if its version is still ifVersion, else
	// ErrVersion.
	Update(r *Resource, ifVersion int64) error
	// Delete removes a resource with its keys, its password, its secrets and every
	// link from or to it. Resources that cannot be without it (accounts without
	// their container, permissions without target or grantee) go first; it is an
	// error when some are left.
	Delete(rt *schema.ResourceType, seq int64) error
	// DeleteMany deletes resources of one type as Delete does, in a number of
	// statements that does not depend on how many they are. It passes over those
	// that are not there.
	DeleteMany(rt *schema.ResourceType, seqs []int64) error
	// Find resolves ids among the given types and locks the rows found against
	// deletion (FOR SHARE, in seq order). Ids that are not there are left out.
	Find(types []*schema.ResourceType, ids []string) ([]Link, error)
	// SetLinks makes dst the complete set of edges of a relation from src. Like
	// AddLinks and RemoveLinks it returns the far ends, as seqs, of the edges that
	// it has added or removed.
	SetLinks(rel Relation, src int64, dst []Link) (changed []int64, err error)
	// AddLinks adds edges from src; those that are there stay.
	AddLinks(rel Relation, src int64, dst []Link) (changed []int64, err error)
	// RemoveLinks removes the edges from src to the resources dst.
	RemoveLinks(rel Relation, src int64, dst []int64) (changed []int64, err error)
	// Links reads the links of one resource.
	Links(seq int64, want []Want) ([]Link, error)
	// Edges reads the edges of a relation from many resources: the far ends as seqs, in
	// no order, by the near end. Those that have none are left out.
	Edges(rel Relation, src []int64) (map[int64][]int64, error)
	// FindLinks reads those links from src that lead to a resource of the given
	// types with one of the ids, which are compared as Find does.
	FindLinks(rel Relation, src int64, types []*schema.ResourceType, ids []string) ([]Link, error)
	// CountLinks counts the edges from src; it stops at most.
	CountLinks(rel Relation, src int64, most int) (int, error)
	// Reaches reports whether edges of the relation lead from one of the given
	// resources to another, over any number of resources in between.
	Reaches(rel Relation, from []int64, to int64) (bool, error)
	// Holders locks the resources with a link of the relation to one of dst for
	// change and returns them in seq order.
	Holders(rel Relation, dst []int64) ([]Held, error)
	// Touch moves the version and the time of every resource with an edge to dst,
	// as a change of it at that time would, and returns them in no order.
	Touch(rel Relation, dst int64, at time.Time) ([]Touched, error)
	// Lock waits for the lock of that name in the space and holds it to the end of
	// the transaction.
	Lock(name string) error
	// SetPassword stores a password hash for a resource; nil removes it.
	SetPassword(seq int64, hash []byte) error
	// Password reads the password hash of a resource; nil without one.
	Password(seq int64) ([]byte, error)
	// AddSession stores a session of a tenant; ErrNotFound without the tenant.
	AddSession(s Session) error
	// SetSecrets stores sealed values of a resource by name; one without Data is
	// removed, names that are not given stay. 503 when there is no data key of the
	// value's name any more.
	SetSecrets(seq int64, sealed map[string]Sealed) error
	// Secrets reads the sealed values of a resource by name, or those of the space
	// itself, which stand under SpaceSeq.
	Secrets(seq int64) (map[string]Sealed, error)
	// Stay keeps a tenant in the space until the transaction ends. ErrNotFound without
	// the tenant, ErrMoved when its resources are in another space by now.
	Stay(tenant int64) error
	// AddApplication stores an application of a tenant; *TakenError "id" or
	// "client". ErrNotFound without the tenant, ErrMoved when the space is not its
	// own any more.
	AddApplication(a Application) error
	// RemoveApplication removes an application; ErrNotFound, ErrMoved.
	RemoveApplication(tenant int64, id string) error
	// EndSessions ends all sessions of a user, by its id.
	EndSessions(tenant int64, user string, at time.Time) error
	// Event appends to the change log of the space, in commit order.
	Event(e Event) error
	// Events appends many.
	Events(list []Event) error
	// Try runs fn in a savepoint: when it fails, its changes are undone and the
	// transaction goes on.
	Try(fn func() error) error
}

// Touched is a resource that Touch has moved on.
type Touched struct {
	Type     *schema.ResourceType
	ID       string
	Version  int64
	Modified time.Time
}

// Held is a resource that Holders has found.
type Held struct {
	Type     *schema.ResourceType
	Seq      int64
	ID       string
	Version  int64
	Modified time.Time
}

// Event is one row of the change log: who did what, never any value.
type Event struct {
	// Home is the tenant's, see Tenant; 0 is the space of the transaction.
	Home int64
	// N orders events; the store assigns it.
	N         int64
	At        time.Time
	Operation string // create, replace, patch, delete; restore, of all resources
	Type      string // resource type name
	ID        string // resource id
	Version   int64
	Principal Principal
	// Credential is the name of the token or application, Address where the request
	// came from; "" when nobody asked.
	Credential, Address string
	// Attributes are the names of those that changed, separated by commas.
	Attributes string
	RequestID  string
}

// Principal is whom a token stands for.
type Principal struct {
	Kind    string // user, service
	ID      string // resource id of the user
	Display string
}
