package httpgw

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Sign is how the carrier knows that a request is ours.
type Sign struct {
	// Kind is "" (what templates say is all), basic, bearer, hmac, md5, aliyun or tencent.
	Kind string `yaml:"kind"`
	Hash string `yaml:"hash"` // of hmac: sha256, also when empty, sha1 or sha512
	// Of is what hmac or md5 is made of, a text with placeholders; with ((body)) in it the
	// result goes into Header alone, else it is ((signed)) too.
	Of       string `yaml:"of"`
	Encoding string `yaml:"encoding"` // hex, also when empty, HEX or base64
	Header   string `yaml:"header"`
	Service  string `yaml:"service"` // of tencent: sms
}

// A signing is a request about to be signed.
type signing struct {
	method, host, path, query string // query is written as RFC 3986 wants
	header                    http.Header
	body                      []byte
	now                       time.Time
	nonce                     string
}

// signAliyun adds what Alibaba Cloud's signature version 3 wants: ACS3-HMAC-SHA256,
// help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature. Signed are
// host, content-type and every x-acs- header.
func signAliyun(s *signing, id, secret string) {
	hashed := sha256Hex(s.body)
	s.header.Set("x-acs-date", s.now.UTC().Format("2006-01-02T15:04:05Z"))
	s.header.Set("x-acs-signature-nonce", s.nonce)
	s.header.Set("x-acs-content-sha256", hashed)
	signed := map[string]string{"host": s.host}
	for key := range s.header {
		if low := strings.ToLower(key); strings.HasPrefix(low, "x-acs-") || low == "content-type" {
			signed[low] = strings.TrimSpace(s.header.Get(key))
		}
	}
	names := slices.Sorted(maps.Keys(signed))
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n%s\n", s.method, s.path, sortedQuery(s.query))
	for _, name := range names {
		fmt.Fprintf(&b, "%s:%s\n", name, signed[name])
	}
	list := strings.Join(names, ";")
	fmt.Fprintf(&b, "\n%s\n%s", list, hashed)
	signature := hex.EncodeToString(hmacOf(sha256.New, []byte(secret), "ACS3-HMAC-SHA256\n"+sha256Hex([]byte(b.String()))))
	s.header.Set("Authorization", "ACS3-HMAC-SHA256 Credential="+id+",SignedHeaders="+list+",Signature="+signature)
}

// sortedQuery is a query sorted by its keys.
func sortedQuery(query string) string {
	if query == "" {
		return ""
	}
	pairs := strings.Split(query, "&")
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// signTencent adds what Tencent Cloud's API 3.0 wants: TC3-HMAC-SHA256,
// cloud.tencent.com/document/api/382/52071. Signed are content-type and host.
func signTencent(s *signing, id, secret, service string) {
	stamp, date := strconv.FormatInt(s.now.Unix(), 10), s.now.UTC().Format("2006-01-02")
	canonical := s.method + "\n" + s.path + "\n" + s.query + "\ncontent-type:" + strings.ToLower(s.header.Get("Content-Type")) +
		"\nhost:" + s.host + "\n\ncontent-type;host\n" + sha256Hex(s.body)
	scope := date + "/" + service + "/tc3_request"
	key := hmacOf(sha256.New, []byte("TC3"+secret), date)
	key = hmacOf(sha256.New, key, service)
	key = hmacOf(sha256.New, key, "tc3_request")
	signature := hex.EncodeToString(hmacOf(sha256.New, key, "TC3-HMAC-SHA256\n"+stamp+"\n"+scope+"\n"+sha256Hex([]byte(canonical))))
	s.header.Set("X-TC-Timestamp", stamp)
	s.header.Set("Authorization", "TC3-HMAC-SHA256 Credential="+id+"/"+scope+", SignedHeaders=content-type;host, Signature="+signature)
}

// twilioSignature is what Twilio puts into X-Twilio-Signature of a callback: the HMAC-SHA1
// of its URL and the form's keys and values, sorted
// (twilio.com/docs/usage/security#validating-requests).
func twilioSignature(token, address string, form map[string][]string) string {
	var b strings.Builder
	b.WriteString(address)
	for _, key := range slices.Sorted(maps.Keys(form)) {
		values := slices.Clone(form[key])
		slices.Sort(values)
		for _, value := range slices.Compact(values) {
			b.WriteString(key)
			b.WriteString(value)
		}
	}
	return base64.StdEncoding.EncodeToString(hmacOf(sha1.New, []byte(token), b.String()))
}

// hashes are those of hmac.
var hashes = map[string]func() hash.Hash{"": sha256.New, "sha256": sha256.New, "sha1": sha1.New, "sha512": sha512.New}

// digest is hmac's or md5's result over what.
func (s *Sign) digest(secret, what string) string {
	var sum []byte
	if s.Kind == "md5" {
		one := md5.Sum([]byte(what))
		sum = one[:]
	} else {
		sum = hmacOf(hashes[s.Hash], []byte(secret), what)
	}
	switch s.Encoding {
	case "base64":
		return base64.StdEncoding.EncodeToString(sum)
	case "HEX":
		return strings.ToUpper(hex.EncodeToString(sum))
	}
	return hex.EncodeToString(sum)
}

// check reports a Sign that cannot be.
func (s *Sign) check() error {
	switch s.Kind {
	case "", "basic", "bearer", "aliyun":
	case "tencent":
		if s.Service == "" {
			return fmt.Errorf("sign: tencent signs for a service: write service: sms")
		}
	case "hmac", "md5":
		if s.Of == "" {
			return fmt.Errorf("sign: write of: what the signature is made of, for example \"((account))((timestamp))((body))\"")
		}
		if strings.Contains(s.Of, "((body))") && s.Header == "" {
			return fmt.Errorf("sign: a signature of the body goes into a header: write header: NAME")
		}
		if s.Kind == "md5" && !strings.Contains(s.Of, "((password))") {
			return fmt.Errorf("sign: an md5 without ((password)) in of proves nothing")
		}
	default:
		return fmt.Errorf("sign: kind %q is not known: basic, bearer, hmac, md5, aliyun or tencent", s.Kind)
	}
	if hashes[s.Hash] == nil {
		return fmt.Errorf("sign: hash %q is not known: sha256, sha1 or sha512", s.Hash)
	}
	if e := s.Encoding; e != "" && e != "hex" && e != "HEX" && e != "base64" {
		return fmt.Errorf("sign: encoding %q is not known: hex, HEX or base64", e)
	}
	return nil
}

func hmacOf(h func() hash.Hash, key []byte, what string) []byte {
	m := hmac.New(h, key)
	m.Write([]byte(what))
	return m.Sum(nil)
}

func sha256Hex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
