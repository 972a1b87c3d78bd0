// How a node is reached: AutoNAT v2, relays, hole punching, mDNS.
package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/discovery/mdns"
	"github.com/libp2p/go-libp2p/p2p/protocol/autonatv2"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/client"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/proto"
	"github.com/libp2p/go-libp2p/p2p/protocol/holepunch"
	ma "github.com/multiformats/go-multiaddr"
)

const (
	poll      = 100 * time.Millisecond
	serveWait = 10 * time.Second
)

type reach struct {
	host    host.Host
	autonat *autonatv2.AutoNAT
}

func reachOptions(s settings) []libp2p.Option {
	if !s.relay && !s.circuit && !s.dcutr {
		return []libp2p.Option{libp2p.DisableRelay()}
	}
	options := []libp2p.Option{libp2p.EnableRelay()}
	if s.relay {
		options = append(options, libp2p.EnableRelayService(), libp2p.ForceReachabilityPublic())
	}
	if s.dcutr {
		options = append(options, libp2p.EnableHolePunching())
	}
	return options
}

func newReach(n *node, s settings) (*reach, error) {
	r := &reach{host: n}
	if s.autonat {
		dialler, err := newHost(settings{row: s.row}) // it dials back under an identity of its own
		if err != nil {
			return nil, err
		}
		if r.autonat, err = autonatv2.New(dialler); err != nil {
			return nil, err
		}
		if err := r.autonat.Start(n); err != nil {
			return nil, err
		}
	}
	if s.relay {
		if err := served(n, proto.ProtoIDv2Hop); err != nil {
			return nil, err
		}
	}
	if s.dcutr {
		if err := served(n, holepunch.Protocol); err != nil {
			return nil, err
		}
	}
	if s.mdns {
		return r, mdns.NewMdnsService(n, "", r).Start()
	}
	return r, nil
}

// served waits until the host serves the protocol, which begins by itself, some time after the host.
func served(h host.Host, id protocol.ID) error {
	for end := time.Now().Add(serveWait); time.Now().Before(end); time.Sleep(poll) {
		if slices.Contains(h.Mux().Protocols(), id) {
			return nil
		}
	}
	return fmt.Errorf("it does not serve %s", id)
}

// HandlePeerFound is told of whom mDNS finds.
func (r *reach) HandlePeerFound(found peer.AddrInfo) {
	for _, a := range found.Addrs {
		say("discovered %s/p2p/%s", a, found.ID)
	}
}

func (r *reach) probe(ctx context.Context, text string) error {
	addr, err := ma.NewMultiaddr(text)
	if err != nil {
		return err
	}
	requests := []autonatv2.Request{{Addr: addr, SendDialData: true}}
	result, err := r.autonat.GetReachability(ctx, requests)
	for errors.Is(err, autonatv2.ErrNoPeers) && ctx.Err() == nil {
		time.Sleep(poll) // until a peer that serves AutoNAT is known
		result, err = r.autonat.GetReachability(ctx, requests)
	}
	if err == nil {
		verdict := map[string]string{"Public": "reachable", "Private": "unreachable"}[result.Reachability.String()]
		say("verdict %s %s", text, verdict)
	}
	return err
}

func (r *reach) reserve(ctx context.Context, text string) error {
	relay, err := peer.AddrInfoFromString(text)
	if err != nil {
		return err
	}
	if err := r.host.Connect(ctx, *relay); err != nil {
		return err
	}
	if _, err := client.Reserve(ctx, r.host, *relay); err != nil {
		return err
	}
	say("circuit %s/p2p-circuit/p2p/%s", strings.TrimSuffix(text, "/p2p-circuit"), r.host.ID())
	say("reserved %s", relay.ID)
	return nil
}

func (r *reach) command(ctx context.Context, words []string) error {
	switch {
	case words[0] == "reach" && r.autonat != nil:
		return r.probe(ctx, words[1])
	case words[0] == "reserve":
		return r.reserve(ctx, words[1])
	}
	return errUnknown
}
