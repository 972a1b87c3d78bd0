// Gossipsub: topics by name, every message is a line. The mesh is what the library's trace says was grafted and not pruned.
package main

import (
	"context"
	"crypto/sha256"
	"strconv"
	"strings"
	"sync"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/peer"
)

const shownMax = 100 // bytes of a message that its line has

type joined struct {
	*pubsub.Topic
	subscription *pubsub.Subscription
}

type gossip struct {
	pubsub *pubsub.PubSub
	self   peer.ID
	topics map[string]*joined
	lock   sync.Mutex
	mesh   map[string]map[string]bool // topic, peer
}

// idOf is ours: author and sequence number, or the hash of what nobody signed.
func idOf(m *pb.Message) string {
	if len(m.GetFrom()) > 0 {
		return string(m.GetFrom()) + string(m.GetSeqno())
	}
	hash := sha256.Sum256(m.GetData())
	return string(hash[:])
}

func newGossip(n *node, s settings) (*gossip, error) {
	if s.gossip == "" {
		return nil, nil
	}
	g := &gossip{self: n.ID(), topics: map[string]*joined{}, mesh: map[string]map[string]bool{}}
	options := []pubsub.Option{pubsub.WithMessageIdFn(idOf), pubsub.WithEventTracer(g)}
	if s.gossip == "unsigned" {
		options = append(options, pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign), pubsub.WithNoAuthor())
	}
	var err error
	g.pubsub, err = pubsub.NewGossipSub(context.Background(), n, options...)
	return g, err
}

// Trace is told of everything that happens, of which the mesh is what counts.
func (g *gossip) Trace(e *pb.TraceEvent) {
	g.lock.Lock()
	defer g.lock.Unlock()
	switch e.GetType() {
	case pb.TraceEvent_GRAFT:
		topic := e.GetGraft().GetTopic()
		if g.mesh[topic] == nil {
			g.mesh[topic] = map[string]bool{}
		}
		g.mesh[topic][string(e.GetGraft().GetPeerID())] = true
	case pb.TraceEvent_PRUNE:
		delete(g.mesh[e.GetPrune().GetTopic()], string(e.GetPrune().GetPeerID()))
	}
}

func (g *gossip) topic(name string) (*joined, error) {
	if t := g.topics[name]; t != nil {
		return t, nil
	}
	t, err := g.pubsub.Join(name)
	if err != nil {
		return nil, err
	}
	g.topics[name] = &joined{Topic: t}
	return g.topics[name], nil
}

func (g *gossip) subscribe(name string) error {
	t, err := g.topic(name)
	if err != nil {
		return err
	}
	if t.subscription, err = t.Subscribe(); err != nil {
		return err
	}
	go func(s *pubsub.Subscription) {
		for {
			m, err := s.Next(context.Background())
			if err != nil {
				return // unsubscribed
			}
			author := "-"
			if len(m.GetFrom()) > 0 {
				author = m.GetFrom().String()
			}
			if m.ReceivedFrom != g.self {
				say("message %s %s len=%d %s", name, author, len(m.Data), m.Data[:min(len(m.Data), shownMax)])
			}
		}
	}(t.subscription)
	return nil
}

func (g *gossip) publish(ctx context.Context, name string, text []byte) error {
	t, err := g.topic(name)
	if err != nil {
		return err
	}
	return t.Publish(ctx, text)
}

func (g *gossip) command(ctx context.Context, words []string) error {
	if g == nil {
		return errUnknown
	}
	verb, name, text := words[0], words[1], ""
	if len(words) > 2 {
		text = words[2]
	}
	var err error
	switch verb {
	case "subscribe":
		err = g.subscribe(name)
	case "unsubscribe":
		if t := g.topics[name]; t != nil && t.subscription != nil {
			t.subscription.Cancel()
		}
	case "publish":
		err = g.publish(ctx, name, []byte(text))
	case "publishbytes":
		count, _ := strconv.Atoi(text)
		err = g.publish(ctx, name, []byte(strings.Repeat("x", count)))
	case "mesh":
		g.lock.Lock()
		defer g.lock.Unlock()
		say("ok mesh count=%d peers=%d", len(g.mesh[name]), len(g.pubsub.ListPeers(name)))
		return nil
	default:
		return errUnknown
	}
	if err == nil {
		say("ok %s", verb)
	}
	return err
}
