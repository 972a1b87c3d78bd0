//! Streams of our test protocols, handed out as they are: those that we ask for to whoever asked, those of the peer to
//! what serves them.
//!
//! There is a package for this, libp2p-stream, but it drops a stream of the peer whenever the one before is not taken yet.
use std::{
    collections::VecDeque,
    convert::Infallible,
    future::{ready, Ready},
    io,
    task::{Context, Poll},
};

use futures::{channel::mpsc, channel::oneshot, StreamExt};
use libp2p_core::{
    transport::PortUse,
    upgrade::{InboundUpgrade, OutboundUpgrade, UpgradeInfo},
    Endpoint, Multiaddr,
};
use libp2p_identity::PeerId;
use libp2p_swarm::{
    handler::{ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound},
    ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, FromSwarm, NetworkBehaviour,
    NotifyHandler, Stream, StreamProtocol, SubstreamProtocol, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
};

use crate::exercise;

pub const ECHO: StreamProtocol = StreamProtocol::new("/test/echo/1.0.0");
pub const SINK: StreamProtocol = StreamProtocol::new("/test/sink/1.0.0");

type Reply = oneshot::Sender<io::Result<Stream>>;

/// A stream that is wanted.
#[derive(Debug)]
pub struct Order {
    protocol: StreamProtocol,
    reply: Reply,
}

/// Agrees on one of some protocols, and says which.
pub struct Upgrade(Vec<StreamProtocol>);

impl UpgradeInfo for Upgrade {
    type Info = StreamProtocol;
    type InfoIter = std::vec::IntoIter<StreamProtocol>;

    fn protocol_info(&self) -> Self::InfoIter {
        self.0.clone().into_iter()
    }
}

impl InboundUpgrade<Stream> for Upgrade {
    type Output = (Stream, StreamProtocol);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_inbound(self, stream: Stream, protocol: StreamProtocol) -> Self::Future {
        ready(Ok((stream, protocol)))
    }
}

impl OutboundUpgrade<Stream> for Upgrade {
    type Output = Stream;
    type Error = Infallible;
    type Future = Ready<Result<Stream, Infallible>>;

    fn upgrade_outbound(self, stream: Stream, _: StreamProtocol) -> Self::Future {
        ready(Ok(stream))
    }
}

#[derive(Clone)]
pub struct Opener(mpsc::UnboundedSender<(PeerId, Order)>);

impl Opener {
    pub async fn open(&self, peer: PeerId, protocol: StreamProtocol) -> io::Result<Stream> {
        let (reply, answer) = oneshot::channel();
        self.0.unbounded_send((peer, Order { protocol, reply })).map_err(io::Error::other)?;
        answer.await.map_err(|_| io::Error::other("not connected"))?
    }
}

pub fn pair() -> (Opener, Behaviour) {
    let (sender, receiver) = mpsc::unbounded();
    (Opener(sender), Behaviour(receiver))
}

pub struct Behaviour(mpsc::UnboundedReceiver<(PeerId, Order)>);

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = Handler;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(Handler::default())
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(Handler::default())
    }

    fn on_swarm_event(&mut self, _: FromSwarm) {}

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        match self.0.poll_next_unpin(cx) {
            Poll::Ready(Some((peer_id, event))) => {
                Poll::Ready(ToSwarm::NotifyHandler { peer_id, handler: NotifyHandler::Any, event })
            }
            _ => Poll::Pending,
        }
    }
}

#[derive(Default)]
pub struct Handler(VecDeque<Order>);

impl ConnectionHandler for Handler {
    type FromBehaviour = Order;
    type ToBehaviour = Infallible;
    type InboundProtocol = Upgrade;
    type OutboundProtocol = Upgrade;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = Reply;

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol> {
        SubstreamProtocol::new(Upgrade(vec![ECHO, SINK]), ())
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, Reply, Infallible>> {
        match self.0.pop_front() {
            Some(Order { protocol, reply }) => Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest {
                protocol: SubstreamProtocol::new(Upgrade(vec![protocol]), reply),
            }),
            None => Poll::Pending,
        }
    }

    fn on_behaviour_event(&mut self, order: Order) {
        self.0.push_back(order);
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<Self::InboundProtocol, Self::OutboundProtocol, (), Reply>,
    ) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol: (stream, protocol), ..
            }) => {
                tokio::spawn(exercise::serve(stream, protocol == SINK));
            }
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound { protocol: stream, info: reply }) => {
                let _ = reply.send(Ok(stream));
            }
            ConnectionEvent::DialUpgradeError(DialUpgradeError { info: reply, error }) => {
                let _ = reply.send(Err(io::Error::other(error)));
            }
            _ => {}
        }
    }
}
