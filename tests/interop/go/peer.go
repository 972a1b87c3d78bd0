// peer [--listen ADDR] [--row noise|tls|quic|ws|wss] [--cert FILE --key FILE] [--gossip signed|unsigned] [--kad PROTOCOL]
//
//	[--autonat] [--relay] [--circuit] [--dcutr] [--mdns]
//
// go-libp2p as the other end of the interoperability tests. It takes the commands of tests/peers/p2p_node.c on stdin, and answers
// with the same lines, so that one driver serves every implementation. A certificate is verified by the authorities of
// SSL_CERT_FILE.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	libp2ptls "github.com/libp2p/go-libp2p/p2p/security/tls"
	libp2pquic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/libp2p/go-libp2p/p2p/transport/websocket"
)

type settings struct {
	listen                               []string
	row, cert, key, gossip, kad          string
	autonat, relay, circuit, dcutr, mdns bool
}

// node is the host with what the settings add to it.
type node struct {
	host.Host
	gossip *gossip
	kad    *kad
	reach  *reach
}

// errUnknown is what a part says to a command that is not its own.
var errUnknown = errors.New("unknown command")

var output sync.Mutex

func say(format string, args ...any) {
	output.Lock()
	defer output.Unlock()
	fmt.Printf(format+"\n", args...)
}

func withPeer(ctx context.Context, h host.Host, words []string) error {
	p, err := peer.Decode(words[1])
	if err != nil {
		return err
	}
	figure := int64(0)
	if len(words) > 2 {
		if figure, err = strconv.ParseInt(words[2], 10, 64); err != nil {
			return err
		}
	}
	switch words[0] {
	case "identify":
		return identify(h, p)
	case "ping":
		return pingOnce(ctx, h, p)
	case "echo":
		return echo(ctx, h, p, figure)
	case "send":
		return send(ctx, h, p, figure)
	case "streams":
		return streams(ctx, h, p, int(figure))
	case "resets":
		return resets(ctx, h, p, int(figure))
	case "disconnect":
		return h.Network().ClosePeer(p)
	}
	return errUnknown
}

func (n *node) command(ctx context.Context, words []string) error {
	switch words[0] {
	case "dial":
		info, err := peer.AddrInfoFromString(words[1])
		if err != nil {
			return err
		}
		return n.Connect(ctx, *info)
	case "serve":
		n.SetStreamHandler(protocol.ID(words[1]), serveEcho)
		say("ok serve")
		return nil
	}
	for _, part := range []func(context.Context, []string) error{n.gossip.command, n.kad.command, n.reach.command} {
		if err := part(ctx, words); !errors.Is(err, errUnknown) {
			return err
		}
	}
	return withPeer(ctx, n, words)
}

func watch(h host.Host) error {
	identified, err := h.EventBus().Subscribe([]any{new(event.EvtPeerIdentificationCompleted), new(event.EvtPeerConnectednessChanged)})
	if err != nil {
		return err
	}
	relayed := map[peer.ID]bool{}
	go func() {
		for e := range identified.Out() {
			switch e := e.(type) {
			case event.EvtPeerIdentificationCompleted:
				say("identified %s", e.Peer)
			case event.EvtPeerConnectednessChanged:
				switch {
				case e.Connectedness == network.Limited:
					say("connected %s relayed", e.Peer)
				case e.Connectedness == network.Connected && relayed[e.Peer]:
					say("direct %s", e.Peer)
				case e.Connectedness == network.Connected:
					say("connected %s", e.Peer)
				default:
					say("disconnected %s", e.Peer)
				}
				relayed[e.Peer] = e.Connectedness == network.Limited
			}
		}
	}()
	return nil
}

func webSocketOptions(s settings) ([]any, error) {
	if s.cert == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(s.cert, s.key)
	return []any{websocket.WithTLSConfig(&tls.Config{Certificates: []tls.Certificate{pair}})}, err
}

// rowOptions is what a row of the matrix speaks.
func rowOptions(s settings, muxer *yamux.Transport) ([]libp2p.Option, error) {
	withNoise := []libp2p.Option{libp2p.Security(noise.ID, noise.New), libp2p.Muxer(yamux.ID, muxer)}
	switch s.row {
	case "noise":
		return append(withNoise, libp2p.Transport(tcp.NewTCPTransport)), nil
	case "tls":
		return []libp2p.Option{libp2p.Transport(tcp.NewTCPTransport), libp2p.Security(libp2ptls.ID, libp2ptls.New), libp2p.Muxer(yamux.ID, muxer)}, nil
	case "quic":
		return []libp2p.Option{libp2p.Transport(libp2pquic.NewTransport)}, nil
	case "ws", "wss":
		options, err := webSocketOptions(s)
		return append(withNoise, libp2p.Transport(websocket.New, options...)), err
	}
	return nil, fmt.Errorf("unknown row %s", s.row)
}

func newHost(s settings) (host.Host, error) {
	limits := rcmgr.NewFixedLimiter(rcmgr.InfiniteLimits)
	manager, err := rcmgr.NewResourceManager(limits)
	if err != nil {
		return nil, err
	}
	muxer := *yamux.DefaultTransport
	muxer.MaxIncomingStreams = 4096
	options, err := rowOptions(s, &muxer)
	if err != nil {
		return nil, err
	}
	options = append(options, libp2p.ResourceManager(manager), libp2p.UserAgent("go-libp2p-test"))
	options = append(options, reachOptions(s)...)
	if len(s.listen) > 0 {
		options = append(options, libp2p.ListenAddrStrings(s.listen...))
	} else {
		options = append(options, libp2p.NoListenAddrs)
	}
	return libp2p.New(options...)
}

func newNode(s settings) (*node, error) {
	h, err := newHost(s)
	if err != nil {
		return nil, err
	}
	n := &node{Host: h}
	n.SetStreamHandler(echoProtocol, serveEcho)
	n.SetStreamHandler(sinkProtocol, serveSink)
	if err := watch(n); err != nil {
		return nil, err
	}
	if n.gossip, err = newGossip(n, s); err != nil {
		return nil, err
	}
	if n.kad, err = newKad(n, s); err != nil {
		return nil, err
	}
	n.reach, err = newReach(n, s)
	return n, err
}

func settingsOfArgs() settings {
	var s settings
	flag.Func("listen", "an address", func(a string) error { s.listen = append(s.listen, a); return nil })
	flag.StringVar(&s.row, "row", "noise", "of the matrix")
	flag.StringVar(&s.cert, "cert", "", "for listening at /tls/ws")
	flag.StringVar(&s.key, "key", "", "of the certificate")
	flag.StringVar(&s.gossip, "gossip", "", "signed or unsigned")
	flag.StringVar(&s.kad, "kad", "", "protocol of the DHT that it serves")
	flag.BoolVar(&s.autonat, "autonat", false, "AutoNAT v2, both sides")
	flag.BoolVar(&s.relay, "relay", false, "serves as a relay")
	flag.BoolVar(&s.circuit, "circuit", false, "can be relayed")
	flag.BoolVar(&s.dcutr, "dcutr", false, "upgrades relayed connections")
	flag.BoolVar(&s.mdns, "mdns", false, "finds and is found on the local network")
	flag.Parse()
	return s
}

func run() error {
	s := settingsOfArgs()
	n, err := newNode(s)
	if err != nil {
		return err
	}
	for _, a := range n.Network().ListenAddresses() {
		if a.String() != "/p2p-circuit" { // how the transport of relays shows that it is there
			say("listening %s/p2p/%s", a, n.ID())
		}
	}
	say("ready %s", n.ID())
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || words[0] == "quit" {
			break
		}
		if len(words) == 1 {
			words = append(words, "")
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		if err := n.command(ctx, words); err != nil {
			say("error %s %v", words[0], err)
		}
		cancel()
	}
	return n.Close()
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
