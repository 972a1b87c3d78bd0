//go:build !previous

package main

import (
	dht "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p/core/host"
)

func newDHT(h host.Host, options ...dht.Option) (*dht.IpfsDHT, error) { return dht.New(h, options...) }
