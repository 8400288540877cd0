//! Nanoseconds per message: decoded, routed and answered, in memory.
//!
//! Owns one call with 20 bytes of payload, repeated. May not judge: it prints, a person compares.
//! Its one invariant: every round reads bytes the compiler cannot see through.
//!
//! `cargo bench -p dx-hbtp` prints times. `--bench message -- count ROUNDS BATCH` runs the
//! session's row alone, for counting instructions (`valgrind --tool=callgrind`): two runs that
//! differ in ROUNDS differ in nothing else.

use std::hint::black_box;
use std::time::Instant;

use dx_hbtp::{
    Event, Frames, HbtpError, HbtpFlags, HbtpHeader, HbtpOpcode, Limits, OpcodeTable,
    ResponseBuffer, RouteTable, Session, decode, encode,
};

/// Handlers of whole frames; there are none here, as in most servers.
type Whole = Box<dyn Fn(HbtpHeader, &[u8])>;
type Handler = Box<dyn Fn(&[u8], &mut ResponseBuffer) -> Result<(), HbtpError>>;

const PAYLOAD: usize = 20;
const MESSAGES: usize = 4_000_000;
const REPEATS: usize = 7;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, command, rounds, batch, ..] = arguments.as_slice()
        && command == "count"
    {
        let (rounds, batch) = (rounds.parse().expect("ROUNDS"), batch.parse().expect("BATCH"));
        return Session20::new(16).run(rounds, &calls(batch, 16));
    }
    for batch in [1, 16, 64, 256] {
        let input = calls(batch, 16);
        let mut session = Session20::new(16);
        measure(&format!("session, batch {batch}"), batch, |rounds| session.run(rounds, &input));
        measure(&format!("bare echo, batch {batch}"), batch, |rounds| echo(rounds, &input));
    }
    for routes in [1, 256, 4_096, 65_535] {
        let input = calls(64, routes);
        let mut session = Session20::new(routes);
        measure(&format!("session, {routes} routes"), 64, |rounds| session.run(rounds, &input));
    }
}

/// What a server does with one connection, without the server.
struct Session20 {
    session: Session,
    opcodes: OpcodeTable<Whole>,
    routes: RouteTable<Handler>,
    out: ResponseBuffer,
}

impl Session20 {
    fn new(routes: usize) -> Self {
        let mut table = RouteTable::new();
        for route in 0..routes {
            let handler: Handler = Box::new(|arguments, out| {
                encode::rpc::response(out, 0, 0);
                out.write(arguments);
                Ok(())
            });
            table.insert(route as u16, handler).expect("each once");
        }
        Self {
            session: Session::server(Limits::default(), 0),
            opcodes: OpcodeTable::new(),
            routes: table,
            out: ResponseBuffer::with_capacity(256 * 1024),
        }
    }

    fn run(&mut self, rounds: usize, input: &[u8]) {
        for _ in 0..rounds {
            self.out.reset();
            self.turn(black_box(input));
            black_box(self.out.as_bytes());
        }
    }

    fn turn(&mut self, input: &[u8]) {
        let mut at = 0;
        loop {
            let step = self.session.next(&input[at..], 0, &mut self.out);
            at += step.consumed;
            match step.event {
                Event::Call { header, payload } => self.call(header, payload),
                Event::NeedMore { .. } => return,
                other => panic!("{other:?}"),
            }
        }
    }

    #[inline]
    fn call(&mut self, header: HbtpHeader, payload: &[u8]) {
        if let Some(handler) = self.opcodes.find(header.opcode) {
            return handler(header, payload);
        }
        let routes = &self.routes;
        let answered = self.session.answer(header.sequence, &mut self.out, |out| {
            let call = decode::rpc::call(payload)?;
            let handler = routes.find(call.route).ok_or(dx_hbtp::Refusal::RouteUnknown)?;
            handler(call.arguments, out)
        });
        answered.expect("the call was just reported");
    }
}

/// The floor: headers checked, answers copied, nothing else.
fn echo(rounds: usize, input: &[u8]) {
    let mut out = Vec::with_capacity(256 * 1024);
    for _ in 0..rounds {
        out.clear();
        for frame in Frames::new(black_box(input), 1024) {
            let frame = frame.expect("whole frames");
            let header = HbtpHeader { opcode: HbtpOpcode::RpcResponse, ..frame.header };
            out.extend_from_slice(&header.to_bytes());
            out.extend_from_slice(frame.payload);
        }
        black_box(&out);
    }
}

fn calls(batch: usize, routes: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for index in 0..batch {
        let flags = HbtpFlags::FINAL | HbtpFlags::EXPECTS_RESPONSE;
        let sequence = (index % 65_535 + 1) as u16;
        let header = HbtpHeader::new(HbtpOpcode::RpcCall, flags, sequence, PAYLOAD as u32);
        bytes.extend_from_slice(&header.to_bytes());
        let route = (index.wrapping_mul(40_503) % routes) as u64;
        bytes.extend_from_slice(&route.to_le_bytes());
        bytes.extend_from_slice(&[b'x'; PAYLOAD - 8]);
    }
    bytes
}

/// Prints the best of several repeats, the one other work on the machine disturbed least.
fn measure(name: &str, batch: usize, mut work: impl FnMut(usize)) {
    let rounds = MESSAGES / batch;
    let best = (0..REPEATS)
        .map(|_| {
            let start = Instant::now();
            work(rounds);
            start.elapsed().as_nanos() as f64 / (rounds * batch) as f64
        })
        .fold(f64::INFINITY, f64::min);
    println!("{name:<28} {best:6.2} ns a message");
}
