package control

// typeNames are what types are called in the description that are made elsewhere,
// where their names alone would not say enough.
var typeNames = map[string]string{
	"clock.Setting": "Clock",
	"fault.Act":     "FaultAct", "fault.Armed": "ArmedFault", "fault.Delay": "FaultDelay", "fault.Match": "FaultMatch", "fault.Rule": "FaultRule", "fault.Spec": "FaultSpec",
	"journal.Body": "JournalBody", "journal.Entry": "JournalEntry", "journal.Mark": "JournalMark", "journal.Page": "JournalPage", "journal.Why": "JournalWhy",
	"audit.Actor": "AuditActor", "audit.Page": "AuditPage", "audit.Record": "AuditRecord", "audit.Resource": "AuditResource",
}

// memberAbouts tells of the members of types that are made elsewhere, by package and
// type; those of this package tell of themselves, in the tag doc.
var memberAbouts = map[string]map[string]string{
	"audit.Record": {
		"time":       "When it was done.",
		"tenant":     "Absent from what belongs to none.",
		"category":   "What kind of record it is.",
		"action":     "What was done.",
		"outcome":    "How it ended.",
		"status":     "HTTP status.",
		"code":       "Why it was refused.",
		"actor":      "Who did it.",
		"credential": "Name of the token or application that was used.",
		"address":    "Where the request came from.",
		"resource":   "What it was done to.",
		"attributes": "Names of attributes that changed.",
		"requestId":  "Leads to the line in the log.",
		"count":      "How many records were lost, in a record that tells so.",
	},
	"audit.Actor": {
		"kind":    "Kind of principal.",
		"id":      "Id of the principal.",
		"display": "What it is called, unless it is a person.",
	},
	"audit.Resource": {
		"type":    "Type of the resource.",
		"id":      "Its id.",
		"version": "Its version after a change.",
	},
	"audit.Page": {
		"records": "The records, the oldest first.",
		"next":    "Cursor for what comes after them.",
	},
	"scim.TrustedIssuer": {
		"name":           "How commands and the log call it.",
		"issuer":         "The iss of its tokens, character for character.",
		"audiences":      "Audiences of which a token must name one.",
		"keysUrl":        "Where its keys are published.",
		"keys":           "The key set itself, in place of keysUrl.",
		"principalClaim": "The claim that tells whom a token stands for; sub when absent.",
		"rights":         "Most that a token may do.",
		"rightsClaim":    "The claim whose values tell what a token may do.",
		"grants":         "What values of that claim stand for.",
		"anyType":        "Tokens need not be of the type at+jwt.",
	},
	"store.Finding": {
		"rule":   "What does not hold.",
		"table":  "Table of the row.",
		"tenant": "Tenant of the row.",
		"type":   "Type of the resource, where there is one.",
		"id":     "Id of the resource.",
		"detail": "A column, an attribute or another place.",
	},
	"auth.SigningKey": {
		"id":      "Id of the key, the kid of its tokens.",
		"created": "When it was made.",
		"retired": "When a newer key took over; absent from the one that signs.",
	},
}
