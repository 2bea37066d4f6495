package configs

import (
	"net/url"
	"strings"
)

// redis says what is wrong with the address of a Redis; "" when nothing is. It repeats
// none: a password may stand in it.
func redis(address string) string {
	scheme, rest, _ := strings.Cut(address, "://")
	rest, query, _ := strings.Cut(rest, "?")
	hosts, _, _ := strings.Cut(rest[strings.LastIndexByte(rest, '@')+1:], "/")
	values, err := url.ParseQuery(query)
	one := !strings.Contains(hosts, ",")
	if err != nil || strings.Trim(hosts, ", ") == "" {
		scheme = ""
	}
	switch strings.Replace(scheme, "rediss", "redis", 1) {
	case "redis":
		if !one {
			return "queue names several servers: write redis+sentinel://HOST,HOST/0?master=NAME or redis+cluster://HOST,HOST, as they are run"
		}
		return ""
	case "redis+sentinel":
		if values.Get("master") == "" {
			return "queue names sentinels and no master: write redis+sentinel://HOST,HOST/0?master=NAME, the name they know it by"
		}
		return ""
	case "redis+cluster":
		return ""
	}
	return "queue is neither embedded nor the address of a Redis: write queue: embedded, redis://HOST:6379/0, " +
		"redis+sentinel://HOST:26379,HOST:26379/0?master=NAME or redis+cluster://HOST:6379,HOST:6379 (rediss for TLS)"
}
