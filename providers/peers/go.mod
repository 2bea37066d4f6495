module tocsin/providers/peers

go 1.26.0

require (
	github.com/warthog618/sms v0.3.0
	tocsin v0.0.0
)

require github.com/stretchr/testify v1.10.0 // indirect

replace tocsin => ../..
