//! What every row needs: a reactor, its network, and numbered operations.
//!
//! Owns [`Bench`]. Knows the public interface only. Invariant: completions are kept until a row
//! asks for them by number, so no row depends on their order across operations.

use std::net::SocketAddr;
use std::time::Duration;

use dx_io::{Completion, Op, Payload, PushErrorKind, Reactor, ReactorConfig, Sock, Token};

use crate::Backend;
use crate::net::{Net, Peer};

/// One reactor under test.
pub struct Bench {
    /// The reactor, as a simulator or a server would hold it.
    pub reactor: Box<dyn Reactor>,
    /// Where its peers are.
    pub net: Net,
    done: Vec<Completion>,
    number: u64,
}

/// One operation in flight.
#[derive(Clone, Copy, Debug)]
pub struct Pushed {
    pub token: Token,
    pub number: u64,
}

impl Bench {
    /// Opens a backend with small tables.
    pub fn open(backend: Backend) -> Self {
        Self::open_with(backend, |_| {})
    }

    /// Opens a backend with a changed configuration.
    pub fn open_with(backend: Backend, change: impl FnOnce(&mut ReactorConfig)) -> Self {
        Self::on(&Net::new(backend), backend, change)
    }

    /// As [`Self::open_with`], on a network that is there already.
    pub fn on(net: &Net, backend: Backend, change: impl FnOnce(&mut ReactorConfig)) -> Self {
        let mut config = ReactorConfig::default();
        config.recv_buffers = 16;
        config.recv_buffer_len = 4096;
        config.submissions = 64;
        config.completions = 256;
        config.sockets_max = 256;
        change(&mut config);
        let reactor = net.reactor(backend, &config);
        Self { reactor, net: net.clone(), done: Vec::new(), number: 1000 }
    }

    /// Pushes under a fresh number.
    pub fn push(&mut self, op: Op) -> Pushed {
        self.number += 1;
        let token = self.reactor.push(op, self.number).expect("push");
        Pushed { token, number: self.number }
    }

    /// Why a push is refused, and the operation that came back.
    pub fn refused(&mut self, op: Op) -> (PushErrorKind, Op) {
        match self.reactor.push(op, 0) {
            Ok(token) => panic!("{token:?} was not refused"),
            Err(error) => (error.kind, error.op),
        }
    }

    /// The next completion of `pushed`.
    pub fn next(&mut self, pushed: Pushed) -> Completion {
        loop {
            let place = self.done.iter().position(|done| done.user_data == pushed.number);
            if let Some(place) = place {
                return self.done.remove(place);
            }
            self.reactor.submit_and_wait(1, None).expect("submit_and_wait");
            self.reactor.reap(&mut self.done);
        }
    }

    /// The last completion of `pushed`, all earlier ones claimed and dropped.
    pub fn last(&mut self, pushed: Pushed) -> Completion {
        loop {
            let completion = self.next(pushed);
            if !completion.flags.has_more() {
                assert_eq!(completion.flags.buffer_id(), None, "a buffer with the last one");
                return completion;
            }
            self.reactor.claim(&completion).expect("received bytes");
        }
    }

    /// The last completion of `pushed` as a number, and what it owned.
    pub fn finish(&mut self, pushed: Pushed) -> (i32, Payload) {
        let completion = self.last(pushed);
        (completion.result, self.reactor.take(pushed.token))
    }

    /// Pushes, waits for the end, and gives result and payload.
    pub fn run(&mut self, op: Op) -> (i32, Payload) {
        let pushed = self.push(op);
        self.finish(pushed)
    }

    /// Submits what was pushed and collects what is done by then.
    pub fn turn(&mut self) {
        self.reactor.submit_and_wait(0, None).expect("submit_and_wait");
        self.reactor.reap(&mut self.done);
    }

    /// Whether a completion of `pushed` has been reaped and not been asked for.
    pub fn has(&self, pushed: Pushed) -> bool {
        self.done.iter().any(|done| done.user_data == pushed.number)
    }

    /// A listener on a free port.
    pub fn listen(&mut self) -> (Sock, SocketAddr) {
        let listener = self.net.listener();
        let address = listener.local_addr();
        (self.reactor.listen(listener).expect("listen"), address)
    }

    /// A connection: our end, and the peer's.
    pub fn pair(&mut self) -> (Sock, Peer) {
        let (listener, address) = self.listen();
        let pair = self.accept(listener, address);
        self.close(listener);
        pair
    }

    /// A connection on an existing listener.
    pub fn accept(&mut self, listener: Sock, address: SocketAddr) -> (Sock, Peer) {
        let accept = self.push(Op::Accept { listener, hand_over: false });
        let client = self.net.connect(address).expect("connect");
        let (result, payload) = self.finish(accept);
        let Payload::Connection { sock, peer } = payload else {
            panic!("{result} with {payload:?}");
        };
        assert_eq!((result, peer), (0, client.local_addr().expect("address")));
        (sock, client)
    }

    /// Closes and waits for it.
    pub fn close(&mut self, sock: Sock) {
        let (result, payload) = self.run(Op::Close { sock });
        assert!(result == 0 && matches!(payload, Payload::None), "{result} {payload:?}");
    }

    /// Receives exactly `len` bytes by `recv`, which stays in flight.
    pub fn read(&mut self, recv: Pushed, len: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < len {
            let completion = self.next(recv);
            assert!(completion.flags.has_more(), "ended after {}: {completion:?}", bytes.len());
            let lease = self.reactor.claim(&completion).expect("received bytes");
            assert_eq!(completion.result as usize, lease.len());
            assert!(self.reactor.claim(&completion).is_none(), "a second claim");
            bytes.extend_from_slice(&lease);
        }
        assert_eq!(bytes.len(), len, "more than was sent");
        bytes
    }

    /// Fills the kernel's buffers towards a peer that does not read, until a send waits. Returns
    /// it and how many bytes went before it.
    pub fn clog(&mut self, sock: Sock) -> (Pushed, usize) {
        let mut before = 0;
        loop {
            let send = self.push(Op::Send { sock, buf: pattern(before, CLOG), start: 0 });
            self.turn();
            let end = self.net.now() + Duration::from_millis(50);
            while !self.has(send) && self.net.now() < end {
                self.pause(Duration::from_millis(10));
            }
            if !self.has(send) {
                return (send, before);
            }
            let (result, payload) = self.finish(send);
            assert!(result > 0 && result as usize <= CLOG, "{result}");
            assert!(matches!(payload, Payload::Buffer(buf) if buf.len() == CLOG));
            before += result as usize;
        }
    }

    /// Waits once for at most `timeout` and keeps what is done.
    pub fn pause(&mut self, timeout: Duration) {
        self.reactor.wait(Some(timeout)).expect("wait");
        self.reactor.reap(&mut self.done);
    }

    /// Waits for a while in which nothing may happen and no processor time may be burnt.
    pub fn rest(&mut self) {
        const REST: Duration = Duration::from_millis(200);
        let (start, used) = (self.net.now(), self.net.processor_time());
        while let left = REST.saturating_sub(self.net.now() - start)
            && !left.is_zero()
        {
            self.reactor.wait(Some(left)).expect("wait");
            let mut out = Vec::new();
            self.reactor.reap(&mut out);
            assert!(out.is_empty(), "{out:?}");
        }
        let used = self.net.processor_time() - used;
        assert!(used < REST / 4, "{used:?} of {REST:?} burnt");
    }

    /// Turns until every table is empty, and says which one is not.
    pub fn assert_clean(&mut self) {
        self.assert_left((0, 0, 0));
    }

    /// Turns until no more is left than `expected`, counted as by [`Self::counters`]: what was
    /// handed over may be on its way.
    pub fn assert_left(&mut self, expected: (usize, usize, usize)) {
        for _ in 0..200 {
            self.reactor.submit_and_wait(0, None).expect("submit_and_wait");
            self.reactor.reap(&mut self.done);
            if self.counters() == expected {
                return;
            }
            self.pause(Duration::from_millis(10));
        }
        assert_eq!(self.counters(), expected, "in flight, buffers held, sockets");
    }

    /// Operations in flight, buffers held, sockets.
    pub fn counters(&self) -> (usize, usize, usize) {
        let reactor = &self.reactor;
        (reactor.in_flight(), reactor.buffers().held(), reactor.sockets())
    }
}

/// Bytes of one send of [`Bench::clog`].
pub const CLOG: usize = 1 << 20;

/// Bytes `from..from + len` of a stream that repeats nowhere near.
pub fn pattern(from: usize, len: usize) -> Vec<u8> {
    (from..from + len).map(|at| (at ^ (at >> 8) ^ (at >> 16)) as u8).collect()
}
