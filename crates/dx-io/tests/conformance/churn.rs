//! The row about many short connections.
//!
//! Owns a server of one page. Invariant: what was opened is closed, and nothing is left.

use std::collections::HashMap;

use dx_io::{Completion, Op, Payload, Sock, Token};

use crate::Backend;
use crate::bench::Bench;
use crate::net::{Playing, Step};

const CONNECTIONS: usize = 2000;
const CLIENTS: usize = 8;
const REQUEST: &[u8] = b"a request of some bytes";

/// What an operation was pushed for; its number is the key.
enum Doing {
    Accept(Token),
    Recv(Sock),
    Send(Token),
    Close,
}

/// An echo server that closes when its peer has finished.
struct Server {
    bench: Bench,
    listener: Sock,
    doing: HashMap<u64, Doing>,
    number: u64,
    served: usize,
}

impl Server {
    fn push(&mut self, op: Op, doing: impl FnOnce(Token) -> Doing) {
        self.number += 1;
        let token = self.bench.reactor.push(op, self.number).expect("push");
        assert!(self.doing.insert(self.number, doing(token)).is_none());
    }

    fn completed(&mut self, done: Completion) {
        let doing = self.doing.remove(&done.user_data).expect("a number of ours, once");
        match doing {
            Doing::Accept(token) => {
                let payload = self.bench.reactor.take(token);
                let Payload::Connection { sock, .. } = payload else { panic!("{done:?}") };
                self.push(Op::Recv { sock }, |_| Doing::Recv(sock));
                let op = Op::Accept { listener: self.listener, hand_over: false };
                self.push(op, Doing::Accept);
            }
            Doing::Recv(sock) if done.flags.has_more() => {
                let lease = self.bench.reactor.claim(&done).expect("received bytes");
                let buf = lease.to_vec();
                self.push(Op::Send { sock, buf, start: 0 }, Doing::Send);
                self.doing.insert(done.user_data, Doing::Recv(sock));
            }
            Doing::Recv(sock) => {
                assert_eq!(done.result, 0);
                self.push(Op::Close { sock }, |_| Doing::Close);
            }
            Doing::Send(token) => {
                let payload = self.bench.reactor.take(token);
                let Payload::Buffer(buf) = payload else { panic!("{payload:?}") };
                assert_eq!(done.result as usize, buf.len());
            }
            Doing::Close => self.served += 1,
        }
    }
}

/// What each connection does.
const SCRIPT: &[Step] = &[
    Step::Write(REQUEST),
    Step::Expect(REQUEST),
    Step::Write(REQUEST),
    Step::Expect(REQUEST),
    Step::Finish,
    Step::End,
];

pub fn two_thousand_connections(backend: Backend) {
    let mut bench = Bench::open_with(backend, |config| {
        config.recv_buffers = 4; // fewer than connections: parking is part of the game
        config.sockets_max = 6;
    });
    let (listener, address) = bench.listen();
    let mut server = Server { bench, listener, doing: HashMap::new(), number: 0, served: 0 };
    for _ in 0..3 {
        server.push(Op::Accept { listener, hand_over: false }, Doing::Accept);
    }
    let net = server.bench.net.clone();
    let clients: Vec<_> =
        (0..CLIENTS).map(|_| net.play(address, SCRIPT, CONNECTIONS / CLIENTS)).collect();
    let mut out = Vec::new();
    while server.served < CONNECTIONS {
        server.bench.reactor.submit_and_wait(1, None).expect("submit_and_wait");
        server.bench.reactor.reap(&mut out);
        out.drain(..).for_each(|done| server.completed(done));
        assert!(server.bench.reactor.sockets() <= 6 + 1, "the bound, and the listener");
    }
    clients.into_iter().for_each(Playing::join);
    let Server { mut bench, doing, .. } = server;
    assert_eq!(doing.len(), 3, "only the accepts are left");
    for doing in doing.into_values() {
        if let Doing::Accept(token) = doing {
            bench.reactor.orphan(token);
        }
    }
    bench.close(listener);
    bench.assert_clean();
}
