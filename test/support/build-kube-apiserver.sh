#!/usr/bin/env bash
# Builds a Kubernetes API server from the Go module proxy, and puts it with the definitions of the resources that the chart uses and
# `blobprobe paths` reads where `go install` puts programs. Takes Go 1.26 and some five minutes on two processors; etcd is Debian's etcd-server.
set -euo pipefail

kubernetes=v1.37.2
operator=github.com/prometheus-operator/prometheus-operator@v0.85.0
gateway=sigs.k8s.io/gateway-api@v1.4.1
autoscaler=k8s.io/autoscaler/vertical-pod-autoscaler@v1.8.1
envoy=github.com/envoyproxy/gateway@v1.9.1
traefik=github.com/traefik/traefik/v3@v3.7.13

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

folder_of() { go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p'; }

source=$(folder_of "k8s.io/kubernetes@$kubernetes")
# The repository replaces its parts by folders of its own tree, which a module from the proxy has not: they are modules themselves, too.
{
  echo 'module apiserver'
  grep '^go ' "$source/go.mod"
  echo "require k8s.io/kubernetes $kubernetes"
  sed -n '/^replace/,$p' "$source/go.mod" | awk -v version="v0.${kubernetes#v1.}" '
    / => / { print "replace " $1 " => " $1 " " version }'
} >go.mod
cat >main.go <<'GO'
package main

import (
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() { os.Exit(cli.Run(app.NewAPIServerCommand())) }
GO
go mod tidy -e

bin=${GOBIN:-${GOPATH:-$HOME/go}/bin}
definitions=$bin/kube-apiserver-crds
mkdir -p "$definitions"
# Helm compares the version with what a chart asks for.
go build -ldflags "-X k8s.io/component-base/version.gitVersion=$kubernetes" -o "$bin/kube-apiserver" .
cp "$(folder_of "$operator")"/example/prometheus-operator-crd/*_{servicemonitors,podmonitors,prometheusrules}.yaml "$definitions"
cp "$(folder_of "$gateway")"/config/crd/standard/gateway.networking.k8s.io_{httproutes,gateways,gatewayclasses}.yaml "$definitions"
cp "$(folder_of "$envoy")"/charts/gateway-helm/charts/crds/crds/generated/gateway.envoyproxy.io_{client,backend}trafficpolicies.yaml "$definitions"
cp "$(folder_of "$traefik")/docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml" "$definitions"
cp "$(folder_of "$autoscaler")/deploy/vpa-v1-crd-gen.yaml" "$definitions"
chmod u+w "$definitions"/*
