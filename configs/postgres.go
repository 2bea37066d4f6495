package configs

import "net/url"

// postgres says what is wrong with the address of a PostgreSQL; "" when nothing is.
func postgres(address string) string {
	u, err := url.Parse(address) // its error would quote the password
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.Host == "" || len(u.Path) < 2 {
		return "ledger is neither sqlite nor the address of a PostgreSQL: write ledger: sqlite for a file in the data folder, or " +
			"postgres://USER@HOST:5432/DATABASE"
	}
	return ""
}

// open reports whether a password stands in an address.
func open(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	_, set := u.User.Password()
	return set
}

// Shared reports whether the ledger is a database that several processes share.
func (c *Config) Shared() bool { return c.Ledger != "sqlite" }
