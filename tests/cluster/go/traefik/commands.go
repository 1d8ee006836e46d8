//go:build commands

// Package commands names the programs that this module builds, so that go.mod and go.sum cover all they need.
package commands

import _ "github.com/traefik/traefik/v2/cmd/traefik"
