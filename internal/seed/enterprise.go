package seed

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/scimd/scimd/internal/resource"
)

// The company of sample:enterprise: the same people, groups and safes whenever and
// wherever it is made, from the lists below.
const (
	employees = 2000
	teams     = 132
	safes     = 200
)

var (
	givenNames = strings.Fields(`Aaliyah Abel Adele Agnes Ahmed Aiko Alba Amara Amir Anders Anika Anselm Aron Astrid Aylin Bastian Beatriz Bente Birgit Bruno
		Camille Carlos Cecilia Chidi Clara Cyril Dalia Damian Daria Denis Dina Edith Eduardo Elena Elias Emeka Emil Enzo Erik Esra Eva Fabian Farah Felix Fiona Florian
		Gabriel Georgia Gisela Goran Hakan Hanna Hassan Hedda Hugo Ida Igor Imani Ines Irina Isak Ivana Jakob Jasmin Jelena Jesper Jonas Judith Julian Kamal Karin Katya
		Kenji Klara Lars Laura Leila Leon Lidia Linh Lorenzo Lucia Magnus Malik Marek Maren Maria Mateo Mila Milan Mina Mirko Nadia Naomi Nelson Nils Noor Nora Olga Omar
		Oskar Paola Pavel Petra Quentin Rafael Rania Renata Rosa Ruben Samira Selma Silas Simone Sofia Stefan Tamar Teresa Thiago Tilda Tomas Uma Valentin Vera Viktor
		Wanda Wilma Xenia Yara Yusuf Zara Zoltan`)
	familyNames = strings.Fields(`Abdi Acker Adeyemi Ahlberg Albrecht Almeida Amsel Andersen Arslan Aydin Bakker Baptista Becker Bergman Bianchi Bogdan Borg Brandt Campos
		Carvalho Castro Chen Cohen Costa Dahl Danso Delacroix Demir Diallo Dietrich Dorn Dubois Eriksen Esposito Falk Farkas Fischer Fontaine Forster Fuchs Garcia Gerber
		Gomez Graf Gruber Haddad Hagen Hahn Halim Hansen Haugen Heller Henning Hoang Hofer Holm Horvat Huber Ibrahim Ivanov Jansen Jimenez Johansen Kaplan Karlsen Kaya
		Keita Keller Khalil Kim Klein Koch Kovacs Kowalski Kraus Kuhn Lang Larsen Laurent Lehmann Lemaire Lindgren Lopez Lorenz Lund Maier Marino Marques Martin Mbeki
		Meyer Mishra Moreau Moreno Moser Nakamura Nguyen Nielsen Novak Nwosu Okafor Olsen Ortiz Osman Park Patel Pereira Petrov Pham Pohl Popescu Rahman Ramos Reyes Ricci
		Richter Rossi Roth Sahin Saito Santos Sauer Schmid Schulz Seidel Silva Sommer Sorensen Steiner Suzuki Szabo Tanaka Tran Urban Vargas Vasquez Vogel Wagner Weiss
		Winter Wolf Yamada Yilmaz Zeller Zhang Ziegler`)
	departments = strings.Split("Engineering,Operations,Finance,Sales,Support,Legal,Procurement,Research,Logistics,Security,Audit,People", ",")
	sites       = strings.Split("Aarhus,Bergen,Bilbao,Brno,Cork,Ghent,Graz,Lyon,Porto,Riga,Tampere", ",")
	systems     = []struct{ kind, platform, user string }{
		{"linux", "UnixSSH", "root"}, {"windows", "WinDomain", "Administrator"}, {"oracle", "Oracle", "sys"}, {"postgres", "PostgreSQL", "postgres"},
		{"router", "CiscoIOS", "admin"}, {"sap", "SAP", "ddic"},
	}
)

// dice is a small generator of numbers that never changes with a release.
type dice uint64

func (d *dice) roll(n int) int {
	*d = *d*6364136223846793005 + 1442695040888963407
	return int((uint64(*d) >> 33) % uint64(n))
}

// obj makes an object of names and values: texts, truths, values, and lists of them.
func obj(pairs ...any) resource.Value {
	m := &resource.Members{}
	for i := 0; i < len(pairs); i += 2 {
		m.Set(pairs[i].(string), val(pairs[i+1]))
	}
	return resource.Of(m)
}

func val(v any) resource.Value {
	switch v := v.(type) {
	case string:
		return resource.Text(v)
	case bool:
		return resource.Truth(v)
	case []any:
		list := make([]resource.Value, len(v))
		for i, x := range v {
			list[i] = val(x)
		}
		return resource.List(list...)
	}
	return v.(resource.Value)
}

const (
	enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	safeURN       = "urn:ietf:params:scim:schemas:cyberark:1.0:Safe"
	accountURN    = "urn:ietf:params:scim:schemas:cyberark:1.0:PrivilegedData"
)

// enterprise makes the sample.
func enterprise() []byte {
	var b bytes.Buffer
	w := NewWriter(&b, YAML)
	var failed error
	put := func(endpoint string, v resource.Value) {
		if failed == nil {
			failed = w.Resource(endpoint, v.Members())
		}
	}
	failed = w.Tenant(obj("name", "default").Members(), &resource.Members{})
	d := dice(20260101)
	people := enterprisePeople(&d, put)
	names := enterpriseGroups(&d, people, put)
	enterpriseSafes(&d, people, names, put)
	if failed == nil {
		failed = w.Close()
	}
	if failed != nil {
		panic(failed) // a buffer takes everything
	}
	return b.Bytes()
}

type person struct{ userName, department string }

func enterprisePeople(d *dice, put func(string, resource.Value)) []person {
	people := make([]person, employees)
	used := map[string]int{}
	for i := range people {
		given, family := givenNames[d.roll(len(givenNames))], familyNames[d.roll(len(familyNames))]
		login := strings.ToLower(given + "." + family)
		if used[login]++; used[login] > 1 {
			login += fmt.Sprint(used[login])
		}
		department := departments[i%len(departments)]
		people[i] = person{login + "@enterprise.example", department}
		work := obj("organization", "Enterprise", "department", department, "employeeNumber", fmt.Sprint(10001+i), "division", sites[d.roll(len(sites))])
		if i > 0 { // one at the top, then twelve heads, then teams below them
			work.Members().Set("manager", resource.Text(people[(i-1)/12].userName))
		}
		put("Users", obj("userName", people[i].userName, "name", obj("givenName", given, "familyName", family), "displayName", given+" "+family,
			"active", d.roll(40) > 0, "emails", []any{obj("type", "work", "primary", true, "value", people[i].userName)},
			"phoneNumbers", []any{obj("type", "work", "value", fmt.Sprintf("555-%04d", i))}, enterpriseURN, work))
	}
	return people
}

// enterpriseGroups makes a group of each department, teams within them, and the
// roles that every tenant has, which go by symbolic ids.
func enterpriseGroups(d *dice, people []person, put func(string, resource.Value)) (names []string) {
	put("Groups", obj("id", "Privilege_Cloud_Administrators_ID", "displayName", "Privilege Cloud Administrators", "members", []any{people[0].userName, people[9].userName}))
	put("Groups", obj("id", "Privilege_Cloud_Auditors_ID", "displayName", "Privilege Cloud Auditors", "members", []any{obj("display", "Audit", "type", "Group")}))
	var all []any
	for _, name := range departments {
		all = append(all, obj("display", name, "type", "Group"))
	}
	put("Groups", obj("id", "Privilege_Cloud_Users_ID", "displayName", "Privilege Cloud Users", "members", all))
	members := map[string][]any{}
	of := func(i int) string {
		return fmt.Sprintf("%s %s %d", departments[i%len(departments)], sites[i%len(sites)], i/len(departments)+1)
	}
	for i, p := range people {
		team := of(i%len(departments) + len(departments)*d.roll(teams/len(departments)))
		members[team] = append(members[team], p.userName)
	}
	for i, name := range departments {
		var inner []any
		for t := i; t < teams; t += len(departments) {
			inner = append(inner, obj("display", of(t), "type", "Group"))
		}
		put("Groups", obj("displayName", name, "members", inner))
		names = append(names, name)
	}
	for t := range teams {
		put("Groups", obj("displayName", of(t), "members", members[of(t)]))
		names = append(names, of(t))
	}
	put("Groups", obj("displayName", "Contractors", "members", []any{people[employees-1].userName}))
	put("Groups", obj("displayName", "Break Glass", "members", []any{people[0].userName}))
	put("Groups", obj("displayName", "Nobody"))
	return names
}

func enterpriseSafes(d *dice, people []person, groups []string, put func(string, resource.Value)) {
	name := func(i int) string {
		return fmt.Sprintf("%s-%s-%03d", sites[i%len(sites)], systems[i%len(systems)].kind, i+1)
	}
	for i := range safes {
		put("Containers", obj("name", name(i), "description", "The "+systems[i%len(systems)].kind+" systems of "+sites[i%len(sites)],
			safeURN, obj("NumberOfDaysRetention", resource.NumberLiteral(fmt.Sprint(7+30*d.roll(3))), "ManagingCPM", "PasswordManager")))
	}
	use := []any{"UseAccounts", "ListAccounts"}
	read := []any{"UseAccounts", "RetrieveAccounts", "ListAccounts"}
	manage := []any{"UseAccounts", "RetrieveAccounts", "ListAccounts", "AddAccounts", "UpdateAccountContent", "UpdateAccountProperties", "ManageSafe", "ManageSafeMembers", "ViewSafeMembers"}
	for i := range safes {
		first := d.roll(len(groups))
		for j, rights := range [][]any{use, read, manage} {
			put("ContainerPermissions", obj("container", name(i), "group", groups[(first+j*7)%len(groups)], "rights", rights))
		}
		put("ContainerPermissions", obj("container", name(i), "user", people[d.roll(len(people))].userName, "rights", manage))
	}
	for i := range safes {
		s := systems[i%len(systems)]
		for j := range 3 + d.roll(4) {
			host := fmt.Sprintf("%s%02d.%s.enterprise.example", s.kind, i*10+j, strings.ToLower(sites[i%len(sites)]))
			put("PrivilegedData", obj("name", fmt.Sprintf("%s-%s", strings.SplitN(host, ".", 2)[0], s.user), "type", "password",
				accountURN, obj("safe", name(i), "properties", []any{
					obj("key", "username", "value", s.user), obj("key", "address", "value", host), obj("key", "platformId", "value", s.platform),
				})))
		}
	}
}
