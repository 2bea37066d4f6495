// Package web serves the HTTP API: what the command line does to campaigns, for
// programs and for processes that hold a ledger in a file.
//
// It knows the ledger's words and HTTP. It knows no provider, it reads no file but
// those it was sent, and no configuration. The tokens that it is given say who may call.
package web
