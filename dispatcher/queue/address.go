package queue

import (
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// errAddress says what addresses there are; it repeats none, which may hold a password.
var errAddress = errors.New("the address of redis is not understood: want redis://host:6379/0, " +
	"redis+sentinel://host:26379,host:26379/0?master=NAME or redis+cluster://host:6379,host:6379")

// schemes are the ways to find a Redis. An s before the plus sign, or at the end, is TLS.
var schemes = map[string]struct{ sentinel, cluster, tls bool }{
	"redis": {}, "rediss": {tls: true},
	"redis+sentinel": {sentinel: true}, "rediss+sentinel": {sentinel: true, tls: true},
	"redis+cluster": {cluster: true}, "rediss+cluster": {cluster: true, tls: true},
}

// parseAddress reads where Redis is: one server, what sentinels say is the master, or
// the nodes of a cluster. user:password@ in front of the hosts is for Redis itself;
// sentinel_user and sentinel_password behind the question mark are for the sentinels.
func parseAddress(address string) (*redis.UniversalOptions, error) {
	scheme, rest, ok := strings.Cut(address, "://")
	kind, known := schemes[scheme]
	if !ok || !known {
		return nil, errAddress
	}
	rest, query, _ := strings.Cut(rest, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, errAddress
	}
	o := &redis.UniversalOptions{
		MasterName: values.Get("master"), SentinelUsername: values.Get("sentinel_user"), SentinelPassword: values.Get("sentinel_password"),
		IsClusterMode: kind.cluster,
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		user, password, _ := strings.Cut(rest[:at], ":")
		if o.Username, err = url.PathUnescape(user); err != nil {
			return nil, errAddress
		}
		if o.Password, err = url.PathUnescape(password); err != nil {
			return nil, errAddress
		}
		rest = rest[at+1:]
	}
	hosts, database, _ := strings.Cut(rest, "/")
	if database != "" {
		if o.DB, err = strconv.Atoi(database); err != nil || o.DB < 0 {
			return nil, errAddress
		}
	}
	port := "6379"
	if kind.sentinel {
		port = "26379"
	}
	for _, host := range strings.Split(hosts, ",") {
		switch _, _, err := net.SplitHostPort(host); {
		case host == "":
			return nil, errAddress
		case err != nil:
			host = net.JoinHostPort(strings.Trim(host, "[]"), port)
		}
		o.Addrs = append(o.Addrs, host)
	}
	if kind.sentinel != (o.MasterName != "") || kind.cluster && o.DB != 0 || !kind.sentinel && !kind.cluster && len(o.Addrs) > 1 {
		return nil, errAddress
	}
	if kind.tls {
		o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		if len(o.Addrs) == 1 {
			o.TLSConfig.ServerName, _, _ = net.SplitHostPort(o.Addrs[0])
		}
	}
	return o, nil
}
