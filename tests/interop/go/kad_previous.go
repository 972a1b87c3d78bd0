//go:build previous

package main

import (
	"context"

	dht "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p/core/host"
)

func newDHT(h host.Host, options ...dht.Option) (*dht.IpfsDHT, error) {
	return dht.New(context.Background(), h, options...)
}
