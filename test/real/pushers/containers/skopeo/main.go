// Copies an image as `skopeo copy` does, with the library that skopeo is made of.
// Usage: skopeo SOURCE DESTINATION, both with their transport (oci:layout:latest, docker://127.0.0.1:5000/x).
// PUSH_USER, PUSH_PASSWORD: what a registry is given.
package main

import (
	"context"
	"fmt"
	"os"

	"go.podman.io/image/v5/copy"
	"go.podman.io/image/v5/signature"
	"go.podman.io/image/v5/transports/alltransports"
	"go.podman.io/image/v5/types"
)

// What the release of skopeo calls itself that came with this version of the library.
const userAgent = "skopeo/1.22.2"

func main() {
	if err := copyImage(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func copyImage(ctx context.Context, from, to string) error {
	source, err := alltransports.ParseImageName(from)
	if err != nil {
		return err
	}
	destination, err := alltransports.ParseImageName(to)
	if err != nil {
		return err
	}
	anything := &signature.Policy{Default: signature.PolicyRequirements{signature.NewPRInsecureAcceptAnything()}}
	policy, err := signature.NewPolicyContext(anything)
	if err != nil {
		return err
	}
	settings := types.SystemContext{
		DockerRegistryUserAgent:     userAgent,
		DockerInsecureSkipTLSVerify: types.OptionalBoolTrue,
	}
	if user := os.Getenv("PUSH_USER"); user != "" {
		settings.DockerAuthConfig = &types.DockerAuthConfig{Username: user, Password: os.Getenv("PUSH_PASSWORD")}
	}
	_, err = copy.Image(ctx, policy, destination, source, &copy.Options{SourceCtx: &settings, DestinationCtx: &settings})
	return err
}
