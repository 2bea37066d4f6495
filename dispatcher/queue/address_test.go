package queue

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/redis/go-redis/v9"
)

func TestAnAddressSaysWhereRedisIs(t *testing.T) {
	for address, want := range map[string]redis.UniversalOptions{
		"redis://127.0.0.1:6379/0":             {Addrs: []string{"127.0.0.1:6379"}},
		"redis://h":                            {Addrs: []string{"h:6379"}},
		"redis://u:p%40@h:1/3":                 {Addrs: []string{"h:1"}, Username: "u", Password: "p@", DB: 3},
		"redis://:p@h:1":                       {Addrs: []string{"h:1"}, Password: "p"},
		"redis://[::1]:1":                      {Addrs: []string{"[::1]:1"}},
		"redis+sentinel://:p@a:1,b/2?master=m": {Addrs: []string{"a:1", "b:26379"}, MasterName: "m", Password: "p", DB: 2},
		"redis+sentinel://a?master=m&sentinel_user=s&sentinel_password=t": {
			Addrs: []string{"a:26379"}, MasterName: "m", SentinelUsername: "s", SentinelPassword: "t",
		},
		"redis+cluster://a:1,b:2,c": {Addrs: []string{"a:1", "b:2", "c:6379"}, IsClusterMode: true},
	} {
		got, err := parseAddress(address)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if diff := cmp.Diff(want, *got, cmpopts.IgnoreUnexported(redis.UniversalOptions{}), cmpopts.IgnoreFields(redis.UniversalOptions{}, "TLSConfig")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", address, diff)
		}
		secure, err := parseAddress("rediss" + strings.TrimPrefix(address, "redis"))
		if err != nil || secure.TLSConfig == nil || got.TLSConfig != nil {
			t.Errorf("%s: got TLS %v with rediss, %v, and %v without", address, secure.TLSConfig, err, got.TLSConfig)
		}
	}
}

func TestAnAddressThatIsNoneIsRefusedWithoutItsPassword(t *testing.T) {
	for _, address := range []string{
		"http://hunter2@h", "redis://", "redis://h/x", "redis://hunter2@a,b", "redis+sentinel://:hunter2@h", "redis+sentinel://h?master=",
		"redis+cluster://:hunter2@h/1", "redis://h?master=m", "redis+cluster://a,,b", "redis://h/-1", "redis://%zz@h",
	} {
		if _, err := parseAddress(address); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v, want it refused and nothing told", address, err)
		}
	}
}
