package configs

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// Roles of a process of tocsin serve.
const (
	RoleSend     = "send"     // log in with the accounts, send, take receipts
	RoleSchedule = "schedule" // feed the queue, begin and end campaigns, when it is this process's turn
	RoleAPI      = "api"      // answer the API on the admin listener
)

var roles = []string{RoleSend, RoleSchedule, RoleAPI}

// Has reports whether this process has a role.
func (c *Config) Has(role string) bool {
	return c.Roles == "all" || slices.Contains(strings.Split(c.Roles, ","), role)
}

// MachineName is what only_on calls this machine.
func (c *Config) MachineName() string {
	if c.Machine != "" {
		return c.Machine
	}
	host, _ := os.Hostname()
	return host
}

// Here reports whether this process logs in with a provider's account.
func (c *Config) Here(p *ProviderConfig) bool {
	return c.Has(RoleSend) && (len(p.OnlyOn) == 0 || slices.Contains(p.OnlyOn, c.MachineName()))
}

// Alone makes the process one that has all roles, as a command that sends by itself is.
func (c *Config) Alone() { c.Roles = "all" }

func validateRoles(c *Config, d *document) error {
	c.Roles = strings.ReplaceAll(c.Roles, " ", "")
	if c.Roles == "all" {
		return nil
	}
	for _, role := range strings.Split(c.Roles, ",") {
		if !slices.Contains(roles, role) {
			return d.at("$.roles", "role %q is not known: there are %s, with commas between, or all", role, strings.Join(roles, ", "))
		}
	}
	switch {
	case !c.Has(RoleSend) && !c.Has(RoleSchedule):
		return d.at("$.roles", "a process with roles %s sends nothing and schedules nothing: add send or schedule", c.Roles)
	case !c.Shared() && (!c.Has(RoleSend) || !c.Has(RoleSchedule)):
		return d.at("$.roles", "one process alone works on a ledger in a file, so that it needs the roles send and schedule: "+
			"keep the ledger in a PostgreSQL to share them out")
	}
	return nil
}

func validateOnlyOn(p *ProviderConfig, path string, d *document) error {
	for i, machine := range p.OnlyOn {
		if machine == "" || slices.Contains(p.OnlyOn[:i], machine) {
			return d.at(fmt.Sprintf("%s.only_on[%d]", path, i), "only_on of provider %s: each machine's name once, and none empty", p.Name)
		}
	}
	return nil
}
