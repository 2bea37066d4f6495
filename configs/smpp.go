package configs

import (
	"time"

	"tocsin/providers/smpp"
)

func validateSMPP(p *ProviderConfig, path string, d *document) error {
	switch {
	case p.SystemID == "":
		return d.at(path, "provider %s has no system_id: write the account's name, as the carrier says", p.Name)
	case len(p.SystemID) > maxSystemID || !printable(p.SystemID):
		return d.at(path+".system_id", "system_id of provider %s: at most %d ASCII characters", p.Name, maxSystemID)
	case len(p.SystemType) > maxSystemType || !printable(p.SystemType):
		return d.at(path+".system_type", "system_type of provider %s: at most %d ASCII characters", p.Name, maxSystemType)
	case p.Version != "3.4" && p.Version != "5.0":
		return d.at(path+".version", "version %q of provider %s is not spoken: write \"3.4\" or \"5.0\", in quotes", p.Version, p.Name)
	case p.Broadcast && p.Version != "5.0":
		return d.at(path+".broadcast", "provider %s speaks SMPP 3.4, which has no cell broadcast: write version: \"5.0\" if the carrier speaks it, or remove broadcast", p.Name)
	case p.Bind != "transceiver" && p.Bind != "separate":
		return d.at(path+".bind", "bind %q is not known: transceiver, or separate for a transmitter and a receiver", p.Bind)
	case !known(receiptIDs, p.ReceiptIDs):
		return d.at(path+".receipt_ids", "receipt_ids %q is not known: decimal or hex, where receipts write ids so and answers do not, or auto", p.ReceiptIDs)
	case p.TLS != nil && (p.TLS.Certificate == "") != (p.TLS.Key == ""):
		return d.at(path+".tls", "tls of provider %s: certificate and key belong together, name both or neither", p.Name)
	}
	return span(d, path, "enquire_link", p.Name, p.EnquireLink, time.Second, time.Hour)
}

// receiptIDs are the notations of ids in receipts.
var receiptIDs = map[string]smpp.Notation{"auto": smpp.Same, "decimal": smpp.Decimal, "hex": smpp.Hex}

func known[T any](table map[string]T, word string) bool {
	_, ok := table[word]
	return ok
}
