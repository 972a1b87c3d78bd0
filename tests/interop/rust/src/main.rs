//! peer [--listen ADDR]: rust-libp2p as the other end of the interoperability tests. It takes the commands of
//! tests/peers/p2p_node.c on stdin, and answers with the same lines, so that one driver serves every implementation.
mod exercise;
mod raw;

use std::{collections::HashMap, error::Error, io::Write, time::Duration};

use futures::StreamExt;
use libp2p_core::{upgrade::Version, Multiaddr, Transport};
use libp2p_identity::{Keypair, PeerId};
use libp2p_swarm::{NetworkBehaviour, Swarm, SwarmEvent};
use tokio::io::{AsyncBufReadExt, BufReader};

const STREAMS_MAX: usize = 2048; // rust-yamux ends a connection that has more, and takes 512 unless told
const IDLE_TIMEOUT: Duration = Duration::from_secs(3600);
const COMMAND_TIMEOUT: Duration = Duration::from_secs(60);
const PING_INTERVAL: Duration = Duration::from_millis(200);

pub fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

#[derive(NetworkBehaviour)]
#[behaviour(prelude = "libp2p_swarm::derive_prelude")]
struct Behaviour {
    identify: libp2p_identify::Behaviour,
    ping: libp2p_ping::Behaviour,
    raw: raw::Behaviour,
}

struct Node {
    swarm: Swarm<Behaviour>,
    opener: raw::Opener,
    known: HashMap<PeerId, libp2p_identify::Info>,
    pings: Vec<PeerId>, // asked for: the next one of this peer is told
}

fn new_swarm(raw: raw::Behaviour) -> Result<Swarm<Behaviour>, Box<dyn Error>> {
    let key = Keypair::generate_ed25519();
    let id = key.public().to_peer_id();
    let mut muxer = libp2p_yamux::Config::default();
    muxer.set_max_num_streams(STREAMS_MAX);
    let transport = libp2p_tcp::tokio::Transport::new(libp2p_tcp::Config::default().nodelay(true))
        .upgrade(Version::V1Lazy)
        .authenticate(libp2p_noise::Config::new(&key)?)
        .multiplex(muxer)
        .boxed();
    let identify =
        libp2p_identify::Config::new("ipfs/0.1.0".into(), key.public()).with_agent_version("rust-libp2p-test".into());
    let behaviour = Behaviour {
        identify: libp2p_identify::Behaviour::new(identify),
        ping: libp2p_ping::Behaviour::new(libp2p_ping::Config::new().with_interval(PING_INTERVAL)),
        raw,
    };
    let config = libp2p_swarm::Config::with_tokio_executor().with_idle_connection_timeout(IDLE_TIMEOUT);
    Ok(Swarm::new(transport, behaviour, id, config))
}

impl Node {
    fn on_ping(&mut self, event: libp2p_ping::Event) {
        let Some(at) = self.pings.iter().position(|p| *p == event.peer) else {
            return;
        };
        self.pings.swap_remove(at);
        match event.result {
            Ok(rtt) => say(&format!("ok ping {} us={}", event.peer, rtt.as_micros())),
            Err(e) => say(&format!("error ping {e}")),
        }
    }

    fn on_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        let id = *self.swarm.local_peer_id();
        match event {
            SwarmEvent::NewListenAddr { address, .. } => {
                say(&format!("listening {address}/p2p/{id}"));
                say(&format!("ready {id}"));
            }
            SwarmEvent::ConnectionEstablished { peer_id, num_established, .. } if num_established.get() == 1 => {
                say(&format!("connected {peer_id}"));
            }
            SwarmEvent::ConnectionClosed { peer_id, num_established: 0, cause, .. } => {
                say(&format!("disconnected {peer_id} {cause:?}"));
            }
            SwarmEvent::OutgoingConnectionError { error, .. } => say(&format!("error dial {error}")),
            SwarmEvent::Behaviour(BehaviourEvent::Ping(event)) => self.on_ping(event),
            SwarmEvent::Behaviour(BehaviourEvent::Identify(libp2p_identify::Event::Received {
                peer_id, info, ..
            })) => {
                self.known.insert(peer_id, info);
                say(&format!("identified {peer_id}"));
            }
            _ => {}
        }
    }

    fn identify(&self, peer: PeerId) -> Result<(), Box<dyn Error>> {
        let info = self.known.get(&peer).ok_or("not known")?;
        let protocols: Vec<&str> = info.protocols.iter().map(|p| p.as_ref()).collect();
        say(&format!("ok identify {peer} agent={} protocols={}", info.agent_version, protocols.join(",")));
        Ok(())
    }

    /// An exercise runs beside the swarm, which goes on moving its bytes.
    fn exercise(&self, verb: &str, peer: PeerId, figure: &str) -> Result<(), Box<dyn Error>> {
        let (verb, figure, opener) = (verb.to_string(), figure.parse()?, self.opener.clone());
        tokio::spawn(async move {
            let work = exercise::run(&verb, opener, peer, figure);
            match tokio::time::timeout(COMMAND_TIMEOUT, work).await {
                Ok(Ok(())) => {}
                Ok(Err(e)) => say(&format!("error {verb} {e}")),
                Err(_) => say(&format!("error {verb} took too long")),
            }
        });
        Ok(())
    }

    fn command(&mut self, words: &[&str]) -> Result<(), Box<dyn Error>> {
        match *words {
            ["dial", addr] => self.swarm.dial(addr.parse::<Multiaddr>()?)?,
            ["identify", peer] => self.identify(peer.parse()?)?,
            ["ping", peer] => self.pings.push(peer.parse()?),
            ["disconnect", peer] => self.swarm.disconnect_peer_id(peer.parse()?).map_err(|()| "not connected")?,
            [verb, peer, figure] => self.exercise(verb, peer.parse()?, figure)?,
            _ => return Err("unknown command".into()),
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (opener, raw) = raw::pair();
    let mut node = Node { swarm: new_swarm(raw)?, opener, known: HashMap::new(), pings: Vec::new() };
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.as_slice() {
        [flag, addr] if flag == "--listen" => {
            node.swarm.listen_on(addr.parse()?)?;
        }
        _ => say(&format!("ready {}", node.swarm.local_peer_id())),
    }
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            line = lines.next_line() => {
                let Some(line) = line? else { return Ok(()) };
                let words: Vec<&str> = line.split_whitespace().collect();
                if words == ["quit"] {
                    return Ok(());
                }
                if let Err(e) = node.command(&words) {
                    say(&format!("error {line}: {e}"));
                }
            }
            event = node.swarm.select_next_some() => node.on_event(event),
        }
    }
}
