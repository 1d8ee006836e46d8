//go:build commands

// Package commands names the programs that this module builds, so that go.mod and go.sum cover all they need.
package commands

import (
	_ "github.com/openservicemesh/osm/cmd/osm-bootstrap"
	_ "github.com/openservicemesh/osm/cmd/osm-controller"
	_ "github.com/openservicemesh/osm/cmd/osm-healthcheck"
	_ "github.com/openservicemesh/osm/cmd/osm-injector"
)
