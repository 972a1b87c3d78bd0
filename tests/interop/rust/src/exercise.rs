//! What the driver asks for: bytes there and back, many streams at once, resets at random points.
use std::{
    io,
    time::{Duration, Instant},
};

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p_identity::PeerId;
use libp2p_swarm::Stream;
use sha2::{Digest, Sha256};

use crate::{
    raw::{Opener, ECHO, SINK},
    say,
};

const PIECE: usize = 64 * 1024;
const RESET_LEN_MAX: u64 = 300_000;
const RESET_WRITE_TIMEOUT: Duration = Duration::from_millis(20); // nobody reads the echo: it may well stop

/// The generator "xorshift64*": the bytes must differ, nothing more.
struct Choices(u64);

impl Choices {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn fill(&mut self, out: &mut [u8]) {
        for word in out.chunks_mut(8) {
            word.copy_from_slice(&self.next().to_le_bytes()[..word.len()]);
        }
    }
}

pub async fn serve(stream: Stream, is_sink: bool) {
    let (reader, mut writer) = stream.split();
    let taken = if is_sink { receive(reader, |_| ()).await } else { futures::io::copy(reader, &mut writer).await };
    if taken.is_ok() {
        let _ = writer.close().await;
    }
}

async fn receive(mut reader: impl AsyncRead + Unpin, mut on_piece: impl FnMut(&[u8])) -> io::Result<u64> {
    let (mut piece, mut count) = (vec![0; PIECE], 0);
    loop {
        let n = reader.read(&mut piece).await?;
        if n == 0 {
            return Ok(count);
        }
        on_piece(&piece[..n]);
        count += n as u64;
    }
}

/// It is over when the peer has taken the last byte and closed its side.
async fn send(opener: Opener, peer: PeerId, len: u64) -> io::Result<()> {
    let start = Instant::now();
    let mut stream = opener.open(peer, SINK).await?;
    let (piece, mut left) = (vec![0; PIECE], len);
    while left > 0 {
        let n = left.min(PIECE as u64);
        stream.write_all(&piece[..n as usize]).await?;
        left -= n;
    }
    stream.close().await?;
    receive(&mut stream, |_| ()).await?;
    say(&format!("ok send bytes={len} us={}", start.elapsed().as_micros()));
    Ok(())
}

async fn write_random(mut writer: impl AsyncWrite + Unpin, len: u64) -> io::Result<Sha256> {
    let (mut piece, mut hash, mut left) = (vec![0; PIECE], Sha256::new(), len);
    let mut choices = Choices(len | 1);
    while left > 0 {
        let n = left.min(PIECE as u64) as usize;
        choices.fill(&mut piece[..n]);
        hash.update(&piece[..n]);
        writer.write_all(&piece[..n]).await?;
        left -= n as u64;
    }
    writer.close().await?;
    Ok(hash)
}

async fn echo(opener: Opener, peer: PeerId, len: u64) -> io::Result<()> {
    let start = Instant::now();
    let (reader, writer) = opener.open(peer, ECHO).await?.split();
    let mut received = Sha256::new();
    // Both halves in one task: rust-yamux before 0.14.1 loses a wake-up when two tasks use them (its issue 232).
    let receiving = receive(reader, |piece| received.update(piece));
    let (sent, count) = futures::try_join!(write_random(writer, len), receiving)?;
    let (sent, received) = (sent.finalize(), received.finalize());
    if count != len || sent != received {
        return Err(io::Error::other(format!("echo differs: {count} of {len} bytes")));
    }
    say(&format!("ok echo bytes={len} sha256={received:x} us={}", start.elapsed().as_micros()));
    Ok(())
}

async fn streams(opener: Opener, peer: PeerId, count: u64) -> io::Result<()> {
    let mut open = Vec::new();
    for _ in 0..count {
        open.push(opener.open(peer, ECHO).await?);
    }
    for (i, stream) in open.iter_mut().enumerate() {
        let message = format!("stream {i}").into_bytes();
        let mut answer = vec![0; message.len()];
        stream.write_all(&message).await?;
        stream.read_exact(&mut answer).await?;
        if answer != message {
            return Err(io::Error::other(format!("stream {i} differs")));
        }
    }
    say(&format!("open {}", open.len()));
    for stream in &mut open {
        stream.close().await?;
    }
    for mut stream in open {
        if stream.read(&mut [0]).await? > 0 {
            return Err(io::Error::other("bytes after the echo"));
        }
    }
    say(&format!("ok streams count={count}"));
    Ok(())
}

async fn resets(opener: Opener, peer: PeerId, count: u64) -> io::Result<()> {
    let mut choices = Choices(1);
    for _ in 0..count {
        let mut stream = opener.open(peer, ECHO).await?;
        let piece = vec![0; (choices.next() % RESET_LEN_MAX) as usize];
        let _ = tokio::time::timeout(RESET_WRITE_TIMEOUT, stream.write_all(&piece)).await;
        drop(stream); // open still: a reset
    }
    say(&format!("ok resets count={count}"));
    Ok(())
}

pub async fn run(verb: &str, opener: Opener, peer: PeerId, figure: u64) -> io::Result<()> {
    match verb {
        "echo" => echo(opener, peer, figure).await,
        "send" => send(opener, peer, figure).await,
        "streams" => streams(opener, peer, figure).await,
        "resets" => resets(opener, peer, figure).await,
        _ => Err(io::Error::other("unknown command")),
    }
}
