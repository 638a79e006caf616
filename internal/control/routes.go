package control

import (
	"net/http"
	"slices"

	"github.com/scimd/scimd/internal/audit"
	"github.com/scimd/scimd/internal/scimerr"
)

// routes are all routes. Each feature has its own slice, beside the methods that
// they lead to.
func routes() []route {
	return slices.Concat(serverRoutes(), tenantRoutes(), tokenRoutes(), applicationRoutes(), serviceUserRoutes(), issuerRoutes(), keyRoutes(),
		seedRoutes(), snapshotRoutes(), clockRoutes(), idRoutes(), faultRoutes(), journalRoutes())
}

// aTenant and its like read a part of the path.
func aTenant(r *http.Request) string { return r.PathValue("tenant") }

func serverRoutes() []route {
	return []route{
		asking("GET", "info", "getInfo", "Tells what the server is.",
			func(s Service, r *http.Request) (*Info, error) { return s.Info(r.Context()) }),
		asking("GET", "health", "getHealth", "Answers 200 when the server can answer requests.",
			func(s Service, r *http.Request) (status, error) { return status{"ok"}, s.Health(r.Context()) }),
		asking("GET", "check", "checkDatabase", "Looks for what must not be in the database.",
			func(s Service, r *http.Request) (*Check, error) {
				return s.Check(r.Context(), r.URL.Query().Get("tenant"))
			}).slowly().with(param{"tenant", "string", "Looks at one tenant alone."}),
		asking("GET", "audit", "readAudit", "Reads the audit trail of a tenant, or of the server.",
			func(s Service, r *http.Request) (*audit.Page, error) {
				q, err := readAuditQuery(r.URL.Query())
				if err != nil {
					return nil, err
				}
				return s.Audit(r.Context(), r.URL.Query().Get("tenant"), q)
			}).slowly().with(auditParams...),
	}
}

// status is the answer to a question of health.
type status struct {
	Status string `json:"status" doc:"Always ok: what is not is refused."`
}

func tenantRoutes() []route {
	return []route{
		asking("GET", "tenants", "listTenants", "Lists the tenants.",
			func(s Service, r *http.Request) ([]Tenant, error) { return s.Tenants(r.Context()) }),
		sending("POST", "tenants", "createTenant", "Makes a tenant with a first token of all rights, whose text is in the answer and nowhere else.", "a tenant",
			func(s Service, r *http.Request, n NewTenant) (*MadeTenant, error) {
				return s.CreateTenant(r.Context(), n)
			}).making(),
		asking("GET", "tenants/{tenant}", "getTenant", "Shows a tenant with its switches.",
			func(s Service, r *http.Request) (*Tenant, error) { return s.Tenant(r.Context(), aTenant(r)) }),
		sending("PATCH", "tenants/{tenant}", "updateTenant", "Changes what the body names of a tenant, and leaves the rest.", "a change of a tenant",
			func(s Service, r *http.Request, c TenantChange) (*Tenant, error) {
				return s.UpdateTenant(r.Context(), aTenant(r), c)
			}),
		asking("DELETE", "tenants/{tenant}", "deleteTenant", "Deletes a tenant with everything in it.",
			doing(func(s Service, r *http.Request) error { return s.DeleteTenant(r.Context(), aTenant(r)) })),
	}
}

func tokenRoutes() []route {
	const all = "tenants/{tenant}/tokens"
	return []route{
		asking("GET", all, "listTokens", "Lists the tokens of a tenant, revoked and expired ones too, never their text.",
			func(s Service, r *http.Request) ([]Token, error) { return s.Tokens(r.Context(), aTenant(r)) }),
		sending("POST", all, "createToken", "Makes a token, whose text is in the answer and nowhere else.", "a token request",
			func(s Service, r *http.Request, n NewToken) (*Token, error) {
				n.Tenant = aTenant(r)
				return s.CreateToken(r.Context(), n)
			}).making(),
		asking("DELETE", all+"/{token}", "revokeToken", "Revokes a token by its id or its name.",
			func(s Service, r *http.Request) (*Token, error) {
				return s.RevokeToken(r.Context(), aTenant(r), r.PathValue("token"))
			}),
	}
}

func applicationRoutes() []route {
	const all = "tenants/{tenant}/applications"
	return []route{
		asking("GET", all, "listApplications", "Lists the OAuth2 applications of a tenant, never their secrets.",
			func(s Service, r *http.Request) ([]Application, error) {
				return s.Applications(r.Context(), aTenant(r))
			}),
		sending("POST", all, "createApplication", "Makes an application with its service user; its secret is in the answer and nowhere else.", "an application",
			func(s Service, r *http.Request, n NewApplication) (*Application, error) {
				n.Tenant = aTenant(r)
				return s.CreateApplication(r.Context(), n)
			}).making(),
		asking("POST", all+"/{app}/secret", "rotateApplication", "Gives an application another secret, which is in the answer, and ends the tokens that it has.",
			func(s Service, r *http.Request) (*Application, error) {
				return s.RotateApplication(r.Context(), aTenant(r), r.PathValue("app"))
			}),
		asking("DELETE", all+"/{app}", "deleteApplication", "Deletes an application with its service user, and ends its tokens.",
			doing(func(s Service, r *http.Request) error {
				return s.DeleteApplication(r.Context(), aTenant(r), r.PathValue("app"))
			})),
	}
}

func serviceUserRoutes() []route {
	const all = "tenants/{tenant}/service-users"
	return []route{
		asking("GET", all, "listServiceUsers", "Lists the users that tokens and applications of a tenant stand for.",
			func(s Service, r *http.Request) ([]ServiceUser, error) {
				return s.ServiceUsers(r.Context(), aTenant(r))
			}),
		sending("PATCH", all+"/{user}", "setServiceUser", "Makes a service user active or not, called by its id, its userName or its application.", "a change of a service user",
			func(s Service, r *http.Request, c serviceUserChange) (*ServiceUser, error) {
				if c.Active == nil {
					return nil, scimerr.InvalidValue("active", "The body says nothing about active.")
				}
				return s.SetServiceUser(r.Context(), aTenant(r), r.PathValue("user"), *c.Active)
			}),
	}
}

func issuerRoutes() []route {
	const all = "tenants/{tenant}/issuers"
	return []route{
		asking("GET", all, "listIssuers", "Lists the issuers of others whose tokens a tenant accepts.",
			func(s Service, r *http.Request) ([]*Issuer, error) { return s.Issuers(r.Context(), aTenant(r)) }),
		sending("POST", all, "addIssuer", "Makes a tenant accept the tokens of another issuer.", "a trusted issuer",
			func(s Service, r *http.Request, i Issuer) (*Issuer, error) {
				return s.AddIssuer(r.Context(), aTenant(r), i)
			}).making(),
		asking("DELETE", all+"/{issuer}", "removeIssuer", "Ends that, for tokens in use too.",
			doing(func(s Service, r *http.Request) error {
				return s.RemoveIssuer(r.Context(), aTenant(r), r.PathValue("issuer"))
			})),
	}
}

func keyRoutes() []route {
	const signing = "tenants/{tenant}/signing-keys"
	return []route{
		asking("GET", "keys", "listDataKeys", "Lists the keys that have sealed stored secrets, oldest first.",
			func(s Service, r *http.Request) ([]DataKey, error) { return s.DataKeys(r.Context()) }),
		asking("POST", "keys", "rotateDataKeys", "Makes a new data key and seals all secrets with it.",
			func(s Service, r *http.Request) (*Rotation, error) { return s.RotateKeys(r.Context()) }).slowly(),
		sending("PUT", "keys/master", "changeMasterKey", "Wraps the data keys with another master key.", "a master key",
			func(s Service, r *http.Request, m NewMaster) (*Master, error) { return s.ChangeMaster(r.Context(), m) }),
		asking("GET", signing, "listSigningKeys", "Lists the keys that sign access tokens of a tenant, oldest first.",
			func(s Service, r *http.Request) ([]SigningKey, error) { return s.SigningKeys(r.Context(), aTenant(r)) }),
		asking("POST", signing, "rotateSigningKey", "Makes another key sign; tokens of the keys before stay good.",
			func(s Service, r *http.Request) ([]SigningKey, error) {
				dropOld, err := queryBool(r.URL.Query(), "dropOld")
				if err != nil {
					return nil, err
				}
				return s.RotateSigningKey(r.Context(), aTenant(r), dropOld)
			}).with(param{"dropOld", "boolean", "Drops the keys before: tokens that they signed end."}),
	}
}
