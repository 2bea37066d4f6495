package httpgw

import (
	"net/http"
	"net/url"
	"testing"
	"time"
)

// The example with fixed parameters of Alibaba Cloud's page on signature version 3
// (help.aliyun.com, 固定参数示例).
func TestAliyunsExampleIsSignedAsItsPageSays(t *testing.T) {
	s := signing{
		method: "POST", host: "ecs.cn-shanghai.aliyuncs.com", path: "/", now: time.Date(2023, 10, 26, 10, 22, 32, 0, time.UTC),
		query:  "RegionId=cn-shanghai&ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
		header: http.Header{}, nonce: "3156853299f313e23d1673dc12e1703d",
	}
	s.header.Set("x-acs-action", "RunInstances")
	s.header.Set("x-acs-version", "2014-05-26")
	signAliyun(&s, "YourAccessKeyId", "YourAccessKeySecret")
	want := "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;" +
		"x-acs-signature-nonce;x-acs-version,Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
	if got := s.header.Get("Authorization"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The example of Tencent Cloud's page on signature version 3, DescribeInstances of cvm,
// with content-type and host signed; the stars are the page's own.
func TestTencentsExampleIsSignedAsItsPageSays(t *testing.T) {
	s := signing{
		method: "POST", host: "cvm.tencentcloudapi.com", path: "/", now: time.Unix(1551113065, 0), header: http.Header{},
		body: []byte(`{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}`),
	}
	s.header.Set("Content-Type", "application/json; charset=utf-8")
	signTencent(&s, "AKIDz8krbsJ5yKBZQpn74WFkmLPx3*******", "Gu5t9xGARNpq86cd98joQYCN3*******", "cvm")
	want := "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3*******/2019-02-25/cvm/tc3_request, SignedHeaders=content-type;host, " +
		"Signature=2230eefd229f582d8b1b891af7107b91597240707d778ab3738f756258d7652c"
	if got := s.header.Get("Authorization"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The example of Twilio's page on the security of callbacks, as the tests of its Python
// library have it.
func TestTwiliosExampleIsSignedAsItsPageSays(t *testing.T) {
	form := url.Values{
		"CallSid": {"CA1234567890ABCDE"}, "Caller": {"+14158675309"}, "Digits": {"1234"}, "From": {"+14158675309"}, "To": {"+18005551212"},
	}
	const want = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
	if got := twilioSignature("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", form); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// RFC 4231, test case 2, RFC 2202, test case 2 of HMAC-SHA-1, and RFC 1321, appendix A.5.
func TestPlainDigestsAreThoseOfTheStandards(t *testing.T) {
	for _, c := range []struct {
		sign         Sign
		secret, what string
		want         string
	}{
		{Sign{Kind: "hmac"}, "Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
		{Sign{Kind: "hmac", Encoding: "HEX"}, "Jefe", "what do ya want for nothing?", "5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843"},
		{Sign{Kind: "hmac", Hash: "sha1"}, "Jefe", "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
		{Sign{Kind: "md5"}, "", "message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
		{Sign{Kind: "md5", Encoding: "base64"}, "", "message digest", "+WtpfXy3k41SWi8xqvFh0A=="},
	} {
		if got := c.sign.digest(c.secret, c.what); got != c.want {
			t.Errorf("%+v: got %s, want %s", c.sign, got, c.want)
		}
	}
}
