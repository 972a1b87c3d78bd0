// peer [--listen ADDR] [--row noise|tls|quic]: go-libp2p as the other end of the interoperability tests. It takes the commands of
// tests/peers/p2p_node.c on stdin, and answers with the same lines, so that one driver serves every implementation.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	mrand "math/rand"
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
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	libp2ptls "github.com/libp2p/go-libp2p/p2p/security/tls"
	libp2pquic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
)

const (
	echoProtocol = "/test/echo/1.0.0"
	sinkProtocol = "/test/sink/1.0.0"
	pieceLen     = 1 << 16
)

var output sync.Mutex

func say(format string, args ...any) {
	output.Lock()
	defer output.Unlock()
	fmt.Printf(format+"\n", args...)
}

func serveEcho(s network.Stream) {
	if _, err := io.Copy(s, s); err != nil {
		_ = s.Reset()
		return
	}
	_ = s.Close()
}

func serveSink(s network.Stream) {
	if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, s, make([]byte, pieceLen)); err != nil {
		_ = s.Reset()
		return
	}
	_ = s.Close()
}

// send is over when the peer has taken the last byte and closed its side.
func send(ctx context.Context, h host.Host, p peer.ID, n int64) error {
	start := time.Now()
	s, err := h.NewStream(ctx, p, sinkProtocol)
	if err != nil {
		return err
	}
	piece := make([]byte, pieceLen)
	for left := n; left > 0; left -= pieceLen {
		if _, err := s.Write(piece[:min(left, pieceLen)]); err != nil {
			return err
		}
	}
	if err := s.CloseWrite(); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, s); err != nil {
		return err
	}
	say("ok send bytes=%d us=%d", n, time.Since(start).Microseconds())
	return nil
}

func echo(ctx context.Context, h host.Host, p peer.ID, n int64) error {
	start := time.Now()
	s, err := h.NewStream(ctx, p, echoProtocol)
	if err != nil {
		return err
	}
	sent, received := sha256.New(), sha256.New()
	sending := make(chan error, 1)
	go func() {
		_, err := io.CopyN(io.MultiWriter(s, sent), rand.Reader, n)
		if err == nil {
			err = s.CloseWrite()
		}
		sending <- err
	}()
	count, err := io.Copy(received, s)
	if err != nil {
		return err
	}
	if err := <-sending; err != nil {
		return err
	}
	if count != n || !bytes.Equal(sent.Sum(nil), received.Sum(nil)) {
		return fmt.Errorf("echo differs: %d of %d bytes", count, n)
	}
	say("ok echo bytes=%d sha256=%x us=%d", n, received.Sum(nil), time.Since(start).Microseconds())
	return nil
}

func streams(ctx context.Context, h host.Host, p peer.ID, count int) error {
	opened := make([]network.Stream, 0, count)
	for i := range count {
		s, err := h.NewStream(ctx, p, echoProtocol)
		if err != nil {
			return fmt.Errorf("stream %d: %w", i, err)
		}
		opened = append(opened, s)
	}
	for i, s := range opened {
		message := []byte(fmt.Sprintf("stream %d", i))
		if _, err := s.Write(message); err != nil {
			return err
		}
		answer := make([]byte, len(message))
		if _, err := io.ReadFull(s, answer); err != nil || !bytes.Equal(answer, message) {
			return fmt.Errorf("stream %d: %w", i, err)
		}
	}
	say("open %d", len(opened))
	for _, s := range opened {
		if err := s.Close(); err != nil {
			return err
		}
	}
	say("ok streams count=%d", count)
	return nil
}

func resets(ctx context.Context, h host.Host, p peer.ID, count int) error {
	choices := mrand.New(mrand.NewSource(1))
	for range count {
		s, err := h.NewStream(ctx, p, echoProtocol)
		if err != nil {
			return err
		}
		_ = s.SetWriteDeadline(time.Now().Add(20 * time.Millisecond)) // nobody reads the echo: it may well stop
		_, _ = s.Write(make([]byte, choices.Intn(300000)))
		_ = s.Reset()
	}
	say("ok resets count=%d", count)
	return nil
}

func identify(h host.Host, p peer.ID) error {
	agent, err := h.Peerstore().Get(p, "AgentVersion")
	if err != nil {
		return err
	}
	protocols, err := h.Peerstore().GetProtocols(p)
	if err != nil {
		return err
	}
	names := make([]string, 0, len(protocols))
	for _, id := range protocols {
		names = append(names, string(id))
	}
	say("ok identify %s agent=%s protocols=%s", p, agent, strings.Join(names, ","))
	return nil
}

func pingOnce(ctx context.Context, h host.Host, p peer.ID) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	result := <-ping.Ping(ctx, h, p)
	if result.Error == nil {
		say("ok ping %s us=%d", p, result.RTT.Microseconds())
	}
	return result.Error
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
	return fmt.Errorf("unknown command %s", words[0])
}

func command(ctx context.Context, h host.Host, words []string) error {
	if words[0] == "dial" {
		info, err := peer.AddrInfoFromString(words[1])
		if err != nil {
			return err
		}
		return h.Connect(ctx, *info)
	}
	return withPeer(ctx, h, words)
}

func watch(h host.Host) error {
	identified, err := h.EventBus().Subscribe([]any{new(event.EvtPeerIdentificationCompleted), new(event.EvtPeerConnectednessChanged)})
	if err != nil {
		return err
	}
	go func() {
		for e := range identified.Out() {
			switch e := e.(type) {
			case event.EvtPeerIdentificationCompleted:
				say("identified %s", e.Peer)
			case event.EvtPeerConnectednessChanged:
				if e.Connectedness == network.Connected {
					say("connected %s", e.Peer)
				} else {
					say("disconnected %s", e.Peer)
				}
			}
		}
	}()
	return nil
}

// rowOptions is what a row of the matrix speaks.
func rowOptions(row string, muxer *yamux.Transport) ([]libp2p.Option, error) {
	switch row {
	case "noise":
		return []libp2p.Option{libp2p.Transport(tcp.NewTCPTransport), libp2p.Security(noise.ID, noise.New), libp2p.Muxer(yamux.ID, muxer)}, nil
	case "tls":
		return []libp2p.Option{libp2p.Transport(tcp.NewTCPTransport), libp2p.Security(libp2ptls.ID, libp2ptls.New), libp2p.Muxer(yamux.ID, muxer)}, nil
	case "quic":
		return []libp2p.Option{libp2p.Transport(libp2pquic.NewTransport)}, nil
	}
	return nil, fmt.Errorf("unknown row %s", row)
}

func newHost(listen []string, row string) (host.Host, error) {
	limits := rcmgr.NewFixedLimiter(rcmgr.InfiniteLimits)
	manager, err := rcmgr.NewResourceManager(limits)
	if err != nil {
		return nil, err
	}
	muxer := *yamux.DefaultTransport
	muxer.MaxIncomingStreams = 4096
	options, err := rowOptions(row, &muxer)
	if err != nil {
		return nil, err
	}
	options = append(options,
		libp2p.ResourceManager(manager), libp2p.UserAgent("go-libp2p-test"), libp2p.DisableRelay(),
		libp2p.NoListenAddrs)
	if len(listen) > 0 {
		options[len(options)-1] = libp2p.ListenAddrStrings(listen...)
	}
	return libp2p.New(options...)
}

func run() error {
	var listen []string
	row := "noise"
	for i := 1; i+1 < len(os.Args); i += 2 {
		switch os.Args[i] {
		case "--listen":
			listen = append(listen, os.Args[i+1])
		case "--row":
			row = os.Args[i+1]
		}
	}
	h, err := newHost(listen, row)
	if err != nil {
		return err
	}
	h.SetStreamHandler(echoProtocol, serveEcho)
	h.SetStreamHandler(sinkProtocol, serveSink)
	if err := watch(h); err != nil {
		return err
	}
	for _, a := range h.Addrs() {
		say("listening %s/p2p/%s", a, h.ID())
	}
	say("ready %s", h.ID())
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) < 2 {
			break // quit
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		if err := command(ctx, h, words); err != nil {
			say("error %s %v", words[0], err)
		}
		cancel()
	}
	return h.Close()
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
