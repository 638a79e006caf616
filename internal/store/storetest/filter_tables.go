package storetest

// The tables of the cast: filter and labels selected, "*" for all. Ids of the
// requirements stand beside the rows that show them.

var columnFilters = []filterRow{
	{`userName eq "ada"`, "Ada"},           // R7644-3.4.2.2-01
	{`userName eq "ÉCOLE"`, "École"},       // R7644-3.4.2.2-10
	{`userName eq "иван"`, "ИВАН"},         // R7644-3.4.2.2-10
	{`userName eq "E\u0301cole"`, "École"}, // the same letters, composed otherwise
	{`userName eq "ad"`, ""},
	{`userName ne "ADA"`, "École|bob_100%|dora|ИВАН|' OR '1'='1|long|longer"},
	{`title ne "director"`, "Ada|bob_100%|dora|ИВАН|' OR '1'='1|long|longer"}, // R7644-3.4.2.2-02: unassigned too
	{`displayName co "OVEL"`, "Ada"},
	{`displayName co "STRASSE"`, ""},
	{`displayName co "straße"`, "ИВАН"},
	{`displayName co "le n"`, "École"},
	{`userName sw "a"`, "Ada"},
	{`userName sw "ADA"`, "Ada"}, // R7644-3.4.2.2-04
	{`userName sw "Éc"`, "École"},
	{`userName sw "adaa"`, ""},
	{`userName ew "DA"`, "Ada"},
	{`userName ew "ada"`, "Ada"}, // R7644-3.4.2.2-05
	{`userName ew "Ad"`, ""},
	{`userName ew "ван"`, "ИВАН"},
	{`title eq "Director "`, "ИВАН"},
	{`title ew " "`, "ИВАН"},
	{`title gt "COUNTESS"`, "École|ИВАН|long|longer"}, // R7644-3.4.2.2-07
	{`title ge "director"`, "École|ИВАН|long|longer"},
	{`title lt "D"`, "Ada|bob_100%|' OR '1'='1"},
	{`title le "CLERK"`, "bob_100%|' OR '1'='1"},
	{`userName gt "z"`, "École|ИВАН"},
	{`userName ge "École" and userName le "éCOLE"`, "École"},
	{`title pr`, "Ada|École|bob_100%|ИВАН|' OR '1'='1|long|longer"},
	{`title eq null`, "dora"}, // R7644-3.4.2.2-14
	{`title ne null`, "Ada|École|bob_100%|ИВАН|' OR '1'='1|long|longer"},
	{`title eq ""`, ""}, // R7644-3.4.2.2-15: nothing holds the empty text
	{`title ne ""`, "*"},
	{`active eq true`, "Ada|École"}, // R7644-3.4.2.2-12
	{`active eq false`, "bob_100%"},
	{`active ne true`, "bob_100%|dora|ИВАН|' OR '1'='1|long|longer"},
	{`active ne false`, "Ada|École|dora|ИВАН|' OR '1'='1|long|longer"},
	{`active pr`, "Ada|École|bob_100%"},
	{`name.familyName eq "LOVELACE"`, "Ada"},
	{`name.familyName sw "öz"`, "École"},
	{`name.givenName pr`, "Ada"},
	{`name pr`, "Ada|École"}, // R7644-3.4.2.2-06
	{`name[familyName sw "l" and givenName eq "ada"]`, "Ada"},
	{`name[familyName sw "öz" and givenName eq "ada"]`, ""},
	{`userType eq "employee" or userType eq "contractor"`, "Ada|École"},
	{`externalId eq "ext-1"`, "École"}, // R7644-3.4.2.2-11
	{`externalId eq "Ext-1"`, "Ada"},
	{`externalId co "1"`, "Ada|École"},
	{`externalId gt "Ext-1"`, "École"},
	{`USERNAME Eq "ada"`, "Ada"}, // R7644-3.4.2.2-18
}

var rowFilters = []filterRow{
	{`emails eq "ADA@work.example"`, "Ada"},
	{`emails.value ew "@work.example"`, "Ada|École|bob_100%|ИВАН"},
	{`emails co "@"`, "Ada|École|bob_100%|ИВАН|' OR '1'='1|long|longer"}, // R7644-3.4.2.2-19: each once
	{`emails.type eq "work"`, "Ada|École|ИВАН"},
	{`emails.type ne "work"`, "Ada|bob_100%|dora|' OR '1'='1|long|longer"}, // R7644-3.4.2.2-16: one that differs, or none
	{`emails ne "ada@work.example"`, "*"},
	{`roles ne "ADMIN"`, "Ada|École|bob_100%|dora|' OR '1'='1|long|longer"},
	{`emails pr`, "Ada|École|bob_100%|ИВАН|' OR '1'='1|long|longer"},
	{`emails.type pr`, "Ada|École|bob_100%|ИВАН|' OR '1'='1|long|longer"},
	{`emails.display pr`, ""},
	{`emails.primary eq true`, "Ada|École"},
	{`emails.primary eq false`, "Ada|École|bob_100%|ИВАН|' OR '1'='1|long|longer"}, // R7643-2.4-03
	{`emails[primary eq false]`, "Ada|École|bob_100%|ИВАН|' OR '1'='1|long|longer"},
	{`emails[primary ne true]`, "Ada|École|bob_100%|ИВАН|' OR '1'='1|long|longer"},
	{`emails[primary pr]`, "Ada|École"},
	{`emails[type eq "work" and value ew "@home.example"]`, "École"}, // R7644-3.4.2.2-23
	{`emails.type eq "work" and emails.value ew "@home.example"`, "Ada|École"},
	{`emails[type eq "home" or value ew "@work.example"]`, "Ada|École|bob_100%|ИВАН|long|longer"},
	{`emails[not (type eq "work")]`, "Ada|bob_100%|' OR '1'='1|long|longer"},
	{`not (emails[type eq "work"])`, "bob_100%|dora|' OR '1'='1|long|longer"},
	{`emails[type eq null]`, "bob_100%"},
	{`emails[type ne "home"]`, "Ada|École|bob_100%|ИВАН|' OR '1'='1"},
	{`emails[type eq "work" and primary eq true]`, "École"},
	{`emails[value co "ada" and not (primary eq true)]`, "Ada"},
	{`emails[type eq "work" and display pr]`, ""},
	{`emails[type eq "work"] and emails[type eq "home"]`, "Ada"},
	{`phoneNumbers[type eq "work" and value sw "+44"]`, "Ada"},
	{`preferredLanguage sw "EN"`, "Ada"},
	{`name.formatted co "of love"`, "Ada"},
	{`name.formatted ne "x"`, "*"},
	{enterpriseURN + `:department eq "MATH"`, "Ada|École"},
	{enterpriseURN + `:department ne "math"`, "bob_100%|dora|ИВАН|' OR '1'='1|long|longer"},
	{enterpriseURN + `:department pr`, "Ada|École|ИВАН|long|longer"},
	{enterpriseURN + `:department ge "math" and ` + enterpriseURN + `:department lt "sales"`, "Ada|École"},
	{enterpriseURN + `:employeeNumber eq "007"`, "Ada"},
	{enterpriseURN + `:employeeNumber eq "7"`, ""},
	{enterpriseURN + `:costCenter pr`, ""},
	{customURN + `:desk eq "a1"`, "Ada|bob_100%"},
	{customURN + `:DESK sw "A"`, "Ada|bob_100%"},
	{customURN + `:floor eq 3`, "Ada|ИВАН"}, // R7644-3.4.2.2-36
	{customURN + `:floor eq "3"`, "École"},
	{customURN + `:floor gt 3`, "bob_100%"}, // R7644-3.4.2.2-35
	{customURN + `:floor le 10.0`, "Ada|bob_100%|ИВАН"},
	{customURN + `:floor ne 3`, "École|bob_100%|dora|' OR '1'='1|long|longer"},
	{customURN + `:floor pr`, "Ada|École|bob_100%|ИВАН"},
	{customURN + `:remote eq true`, "Ada"},
	{customURN + `:remote eq false`, "bob_100%"},
	{customURN + `:remote eq "true"`, ""},
	{customURN + `:nothing pr`, ""},
	{customURN + `:nothing ne "x"`, "*"},
}

var commonFilters = []filterRow{
	{`id pr`, "*"},
	{`id eq "nobody"`, ""},
	{`id ne "nobody"`, "*"},
	{`id sw "0190F3C2"`, ""}, // R7644-3.4.2.2-11: ids are case exact in filters
	{`id sw "0190f3c2"`, "*"},
	{`schemas eq "` + customURN + `"`, "Ada|École|bob_100%|ИВАН"}, // R7644-3.4.2.2-32
	{`schemas co "enterprise"`, "Ada|École|ИВАН|long|longer"},
	{`meta.resourceType eq "User"`, "*"},
	{`meta.resourceType eq "user"`, ""},
	{`meta.created pr`, "*"},
	{`meta.created eq "2024-02-29T12:00:01Z"`, "Ada"},             // R7644-3.4.2.2-33
	{`meta.created eq "2024-02-29T17:30:01.000000+05:30"`, "Ada"}, // R7644-3.4.2.2-09
	{`meta.created eq "2024-02-29T12:00:01.0000001Z"`, ""},
	{`meta.created ne "2024-02-29T12:00:01.0000001Z"`, "*"},
	{`meta.created gt "2024-02-29T12:00:02Z"`, "bob_100%|dora|ИВАН|' OR '1'='1|long|longer"},
	{`meta.created ge "2024-02-29T12:00:02.0000009Z"`, "bob_100%|dora|ИВАН|' OR '1'='1|long|longer"}, // between two µs
	{`meta.created gt "2024-02-29T12:00:02.0000009Z"`, "bob_100%|dora|ИВАН|' OR '1'='1|long|longer"},
	{`meta.created gt "2024-02-29T12:00:02.000001Z"`, "dora|ИВАН|' OR '1'='1|long|longer"},
	{`meta.created ge "2024-02-29T12:00:02.0000011Z"`, "dora|ИВАН|' OR '1'='1|long|longer"},
	{`meta.created lt "2024-02-29T12:00:02.0000009Z"`, "Ada|École"},
	{`meta.created le "2024-02-29T12:00:02.0000011Z"`, "Ada|École|bob_100%"},
	{`meta.created lt "2024-02-29T12:00:02.0000011Z"`, "Ada|École|bob_100%"},
	{`meta.created le "2024-02-29T12:00:01.999999999Z"`, "Ada"},
	{`meta.created lt "0000-01-01T00:00:00Z"`, ""},
	{`meta.created lt "9999-12-31T23:59:59.999999999Z"`, "*"},
	{`meta.lastModified ge "2024-02-29T18:00:00+01:00"`, "ИВАН|' OR '1'='1|long|longer"},
	{`meta[created ge "2024-02-29T12:00:06Z" and lastModified lt "2024-02-29T20:00:00Z"]`, "long"},
	{`meta pr`, "*"},
	{`meta.version pr`, ""},
}

var relationFilters = []filterRow{
	{enterpriseURN + `:manager.displayName eq "école normale"`, "Ada|bob_100%"},
	{enterpriseURN + `:manager.displayName co "NORM"`, "Ada|bob_100%"},
	{enterpriseURN + `:manager.displayName sw "éc"`, "Ada|bob_100%"},
	{enterpriseURN + `:manager.displayName ne "École Normale"`, "École|dora|ИВАН|' OR '1'='1|long|longer"},
	{enterpriseURN + `:manager.displayName pr`, "Ada|bob_100%|dora"},
	{enterpriseURN + `:manager.displayName ew "TAIL 1"`, "dora"},
	{enterpriseURN + `:manager.displayName ew "tail 2"`, ""},
	{enterpriseURN + `:manager[displayName sw "éc" or displayName ew "tail 1"]`, "Ada|bob_100%|dora"},
	{enterpriseURN + `:manager[displayName sw "éc" and value pr]`, ""},
	{enterpriseURN + `:manager pr`, "Ada|bob_100%|dora"},
	{enterpriseURN + `:manager.value pr`, ""},
}

var documentFilters = []filterRow{
	{`nickName eq "enchantress"`, "Ada"},
	{`nickName ne "enchantress"`, "École|bob_100%|dora|ИВАН|' OR '1'='1|long|longer"},
	{`nickName co "НЯ"`, "ИВАН"},
	{`nickName pr`, "Ada|ИВАН"},
	{`nickName pr and userName sw "a"`, "Ada"},
	{`nickName pr or userName sw "d"`, "Ada|dora|ИВАН"},
	{`not (nickName pr) and title pr`, "École|bob_100%|' OR '1'='1|long|longer"},
	{`emails.display eq "x" or nickName eq "ВАНЯ"`, "ИВАН"},
	{`x509Certificates pr`, ""},
	{`name.middleName pr or locale pr or timezone pr`, ""},
}

var logicFilters = []filterRow{
	{`userName eq "ada" or userName eq "dora"`, "Ada|dora"},
	{`active eq true and title sw "d"`, "École"},
	{`userName eq "dora" or active eq true and title sw "d"`, "École|dora"}, // R7644-3.4.2.2-20
	{`(userName eq "dora" or active eq true) and title sw "d"`, "École"},    // R7644-3.4.2.2-22
	{`not (title pr) or active eq false`, "bob_100%|dora"},
	{`not (not (title sw "c"))`, "Ada|bob_100%"},
	{`not (active eq true) and not (active eq false)`, "dora|ИВАН|' OR '1'='1|long|longer"},
	{`not (active eq true or emails pr)`, "dora"},
	{`not (active eq true and emails pr)`, "bob_100%|dora|ИВАН|' OR '1'='1|long|longer"},
	{`((((userName eq "ada"))))`, "Ada"},
	{`userName pr and not (userName pr)`, ""},
	{`userName pr or not (userName pr)`, "*"},
	{`emails[type eq "work"] and not (emails[primary eq true]) or title eq "clerk"`, "bob_100%|ИВАН"},
}

var hostileFilters = []filterRow{
	{`userName co "%"`, "bob_100%"}, // R7644-3.4.2.2-03
	{`userName co "_"`, "bob_100%"},
	{`userName co "b_b"`, ""},
	{`userName sw "b%"`, ""},
	{`userName sw "bob_1"`, "bob_100%"},
	{`userName ew "0%"`, "bob_100%"},
	{`userName ew "%"`, "bob_100%"},
	{`userName eq "%"`, ""},
	{`displayName co "\\"`, "bob_100%"},
	{`displayName co "\\b"`, "bob_100%"},
	{`displayName co "\\%"`, ""},
	{`displayName co "\""`, "bob_100%"},
	{`displayName ew "\\b\""`, "bob_100%"},
	{`displayName sw "100%"`, "bob_100%"},
	{`userName eq "' OR '1'='1"`, "' OR '1'='1"}, // R7644-3.4.2.2-34
	{`userName co "' or '"`, "' OR '1'='1"},
	{`displayName eq "'; drop table user_r; --"`, "' OR '1'='1"},
	{`displayName co "--"`, "' OR '1'='1"},
	{`title sw "${x}"`, "' OR '1'='1"},
	{`title co "a and (b) or not [c]"`, "' OR '1'='1"}, // R7644-3.4.2.2-28
	{`title co "$1"`, ""},
	{`title co "?"`, ""},
	{`emails co "%_@"`, "' OR '1'='1"},
	{`emails.value sw "%"`, "' OR '1'='1"},
	{`emails[type eq "w'k" and value co "_"]`, "' OR '1'='1"},
	{`emails[type co "%"]`, ""},
	{`userName sw "\uffff"`, ""},
	{`userName sw "\udbff\udfff"`, ""}, // no next code point
	{`userName lt "\udbff\udfff"`, "*"},
	{`userName co "\u007f"`, ""},
}

var longFilters = []filterRow{
	{`displayName eq "` + long + `tail 1"`, "long"},
	{`displayName eq "` + long + `TAIL 2"`, "longer"},
	{`displayName eq "` + long + `tail"`, ""},
	{`displayName eq "` + long[:512] + `"`, ""},
	{`displayName ne "` + long + `tail 1"`, "Ada|École|bob_100%|dora|ИВАН|' OR '1'='1|longer"},
	{`displayName co "tail"`, "long|longer"},
	{`displayName co "TAIL 2"`, "longer"},
	{`displayName ew "1"`, "long"},
	{`displayName sw "` + long + `tail 2"`, "longer"},
	{`displayName sw "long é long"`, "long|longer"},
	{`displayName gt "` + long + `tail 1"`, "École|ИВАН|longer"},
	{`displayName ge "` + long + `tail 1" and displayName lt "` + long + `tail 2"`, "long"},
	{`displayName le "` + long + `tail 1" and displayName sw "l"`, "long"},
	{`title eq "` + long + `same"`, "long|longer"},
	{`title ew "SAME"`, "long|longer"},
	{`emails.value ew "@ONE.example"`, "long"},
	{`emails.value ew "@two.example"`, "longer"},
	{`emails[type eq "home" and value ew "@two.example"]`, "longer"},
	{`emails ne "` + long + `@one.example"`, "Ada|École|bob_100%|dora|ИВАН|' OR '1'='1|longer"},
	{`not (emails ew "@one.example")`, "Ada|École|bob_100%|dora|ИВАН|' OR '1'='1|longer"},
	{enterpriseURN + `:department gt "` + long + `Y"`, "Ada|École|ИВАН|longer"},
	{enterpriseURN + `:department eq "` + long + `z"`, "longer"},
	{`userName eq "` + long + long + `"`, ""},
	{`userName sw "long" and displayName ew "1"`, "long"},
}

var genericFilters = []filterRow{
	{`serial eq "A-1"`, "A-1"},
	{`serial eq "a-1"`, "a-1"},
	{`serial co "-"`, "A-1|a-1"},
	{`serial co "%"`, "B%"},
	{`serial gt "A-1"`, "a-1|B%|bare"},
	{`alias eq "fRONT"`, "a-1"},
	{`alias ne "front"`, "A-1|B%|bare"},
	{`slots lt 10`, "A-1|B%"}, // R7644-3.4.2.2-35
	{`slots ge 9`, "A-1|a-1"},
	{`slots eq 1e1`, "a-1"},
	{`slots gt -6 and slots lt 9.5`, "A-1|B%"},
	{`slots ne 9`, "a-1|B%|bare"},
	{`load eq 1.1`, "A-1|a-1"}, // R7644-3.4.2.2-36
	{`load lt 0`, "B%"},
	{`seen eq "2024-06-01T10:00:00Z"`, "A-1|a-1"}, // R7644-3.4.2.2-09
	{`seen gt "2024-06-01T10:00:00Z"`, "B%"},
	{`seen ge "2024-06-01T15:30:00+05:30"`, "A-1|a-1|B%"},
	{`enabled eq false`, "a-1"},
	{`enabled ne true`, "a-1|B%|bare"},
	{`firmware eq "AQI="`, "A-1"},
	{`firmware eq "aqi="`, "B%"},
	{`firmware sw "A"`, "A-1"},
	{`tags eq "RED"`, "A-1|B%"},
	{`tags ne "red"`, "A-1|a-1|bare"},
	{`tags co "e"`, "A-1|a-1|B%"},
	{`tags pr`, "A-1|a-1|B%"},
	{`maker.name eq "ACME"`, "A-1"},
	{`maker.founded gt 1000`, "A-1"},
	{`maker pr`, "A-1|a-1"},
	{`maker[name eq "acme" and founded lt 2000]`, "A-1"},
	{`ports eq 443`, "A-1|a-1"},
	{`ports.value lt 100`, "A-1"},
	{`ports[value eq 443 and type eq "http"]`, "a-1"},
	{`ports[value eq 443 and primary eq true]`, ""},
	{`ports[type eq "HTTP" and primary eq true]`, "A-1"},
	{`label ew "l"`, "B%"},
	{`label pr`, "B%"},
	{`meta.resourceType eq "Device"`, "*"},
	{`id pr and externalId eq null`, "*"},
	{`not (slots pr)`, "bare"},
}
