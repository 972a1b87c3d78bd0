// What the driver asks for: bytes there and back, many streams at once, resets at random points, what is known of a peer.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	mrand "math/rand"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
)

const (
	echoProtocol = "/test/echo/1.0.0"
	sinkProtocol = "/test/sink/1.0.0"
	pieceLen     = 1 << 16
)

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
	s, err := h.NewStream(network.WithAllowLimitedConn(ctx, "test"), p, sinkProtocol)
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
	s, err := h.NewStream(network.WithAllowLimitedConn(ctx, "test"), p, echoProtocol)
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
		s, err := h.NewStream(network.WithAllowLimitedConn(ctx, "test"), p, echoProtocol)
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
		s, err := h.NewStream(network.WithAllowLimitedConn(ctx, "test"), p, echoProtocol)
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
