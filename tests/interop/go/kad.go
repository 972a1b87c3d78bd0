// The DHT: one command is one operation, what it finds is a line each.
package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"

	"github.com/ipfs/go-cid"
	dht "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/core/routing"
	"github.com/multiformats/go-multihash"
)

const providersMax = 20

type kad struct{ *dht.IpfsDHT }

// validator is of the namespace "test": every value is good, and the one that sorts last is the best.
type validator struct{}

func (validator) Validate(string, []byte) error { return nil }

func (validator) Select(_ string, values [][]byte) (int, error) {
	best := 0
	for i := range values {
		if bytes.Compare(values[i], values[best]) > 0 {
			best = i
		}
	}
	return best, nil
}

func newKad(n *node, s settings) (*kad, error) {
	if s.kad == "" {
		return nil, nil
	}
	// The prefix is not IPFS's, whose DHT takes only IPFS's namespaces.
	d, err := newDHT(n, dht.ProtocolPrefix("/test"), dht.V1ProtocolOverride(protocol.ID(s.kad)),
		dht.Mode(dht.ModeServer), dht.NamespacedValidator("test", validator{}), dht.DisableAutoRefresh())
	return &kad{d}, err
}

func cidOf(text string) (cid.Cid, error) {
	raw, err := hex.DecodeString(text)
	if err != nil {
		return cid.Undef, err
	}
	hash, err := multihash.Cast(raw)
	return cid.NewCidV1(cid.Raw, hash), err
}

// over ends an operation as our node does.
func over(err error) error {
	if err == nil {
		say("ok kad ok")
	} else if errors.Is(err, routing.ErrNotFound) {
		say("ok kad not found")
		return nil
	}
	return err
}

func (k *kad) providers(ctx context.Context, text string) error {
	id, err := cidOf(text)
	if err != nil {
		return err
	}
	err = routing.ErrNotFound
	for p := range k.FindProvidersAsync(ctx, id, providersMax) {
		say("found %s addrs=%d", p.ID, len(p.Addrs))
		err = nil
	}
	return over(err)
}

func (k *kad) find(ctx context.Context, text string) error {
	id, err := peer.Decode(text)
	if err != nil {
		return err
	}
	info, err := k.FindPeer(ctx, id)
	if err == nil {
		say("found %s addrs=%d", info.ID, len(info.Addrs))
	}
	return over(err)
}

func (k *kad) command(ctx context.Context, words []string) error {
	if k == nil {
		return errUnknown
	}
	switch words[0] {
	case "provide":
		id, err := cidOf(words[1])
		if err != nil {
			return err
		}
		return over(k.Provide(ctx, id, true))
	case "providers":
		return k.providers(ctx, words[1])
	case "find":
		return k.find(ctx, words[1])
	case "put":
		return over(k.PutValue(ctx, words[1], []byte(words[2])))
	case "get":
		value, err := k.GetValue(ctx, words[1])
		if err == nil {
			say("value %s", value)
		}
		return over(err)
	case "kadstats":
		say("ok kadstats peers=%d", k.RoutingTable().Size())
		return nil
	}
	return errUnknown
}
