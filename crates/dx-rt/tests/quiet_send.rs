//! Sends whose end nobody waits for: no poll, no leak, and no failure unheard.
#![cfg(not(loom))]

mod common;

use std::cell::Cell;
use std::io::Read;
use std::net::{SocketAddr, TcpStream as Peer};
use std::rc::Rc;
use std::time::Duration;

use common::{backends, core, run};
use dx_rt::net::{TcpListener, TcpStream};
use dx_rt::{Core, Wait};

/// More than the kernel takes from a peer that does not read.
const TOO_MUCH: usize = 24 << 20;

fn connected(core: &Core) -> (TcpStream, Peer) {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut listener = core.enter(|| TcpListener::bind(any)).expect("a free port");
    let peer = Peer::connect(listener.local_addr()).expect("somebody listens");
    let stream = run(core, async move { listener.accept().await }).expect("a connection");
    (stream, peer)
}

fn turn(core: &Core) {
    core.turn(Wait::AtMost(Duration::from_millis(2))).expect("the reactor works");
}

#[test]
fn the_buffer_comes_back_by_itself() {
    for backend in backends() {
        let core = core(backend);
        let (mut stream, mut peer) = connected(&core);
        assert_eq!(stream.quiet_end(), None, "nothing was sent");
        let mut buffer = stream.buffers().take();
        buffer.extend_from_slice(b"answer");
        let place = buffer.as_ptr();
        stream.start_send(buffer).expect("none is in flight");
        stream.set_send_quiet(true);
        assert_eq!(stream.quiet_end(), None, "it has not ended");
        let before = core.now();
        while stream.is_sending() {
            turn(&core);
        }
        assert!(stream.try_sent().is_none(), "nothing to collect");
        let end = stream.quiet_end().expect("it has ended quietly");
        let milli = Duration::from_millis(1);
        assert!(before < end + milli && end <= core.now(), "{before} {end} {}", core.now());
        let again = stream.buffers().take();
        assert_eq!((again.len(), again.as_ptr()), (0, place));
        let mut answer = [0; 6];
        peer.read_exact(&mut answer).expect("sent");
        assert_eq!(&answer, b"answer");
        // The next one is awaited, as any.
        let next = run(&core, async move {
            stream.send(b"next".to_vec()).await.0.expect("connected");
            stream.quiet_end()
        });
        assert_eq!(next, None, "the last send was not quiet");
        assert!(core.quiesce(200).expect("the reactor works").is_nothing(), "{backend}");
    }
}

#[test]
fn the_owner_is_not_polled() {
    for backend in backends() {
        let core = core(backend);
        let (stream, mut peer) = connected(&core);
        let polls = Rc::new(Cell::new(0));
        let counted = polls.clone();
        let mut stream = Some(stream);
        drop(core.spawn(std::future::poll_fn::<(), _>(move |_| {
            let stream = stream.as_mut().expect("kept");
            if counted.replace(counted.get() + 1) == 0 {
                stream.set_owner(dx_rt::current_task().expect("in a task"));
                stream.start_send(b"answer".to_vec()).expect("none is in flight");
                stream.set_send_quiet(true);
            }
            std::task::Poll::Pending
        })));
        for _ in 0..20 {
            turn(&core);
        }
        peer.read_exact(&mut [0; 6]).expect("sent");
        assert_eq!(polls.get(), 1, "{backend}");
        drop(peer);
        while polls.get() == 1 {
            turn(&core);
        }
        assert!(core.quiesce(200).expect("the reactor works").is_nothing(), "{backend}");
    }
}

#[test]
fn it_can_be_awaited_after_all() {
    for backend in backends() {
        let core = core(backend);
        let (mut stream, mut peer) = connected(&core);
        stream.start_send(vec![1; TOO_MUCH]).expect("none is in flight");
        stream.set_send_quiet(true);
        for _ in 0..20 {
            turn(&core);
        }
        assert!(stream.is_sending(), "the peer does not read");
        stream.set_send_quiet(false);
        let reading = std::thread::spawn(move || {
            let mut all = vec![0; TOO_MUCH];
            peer.read_exact(&mut all).expect("sent");
        });
        let (sent, buffer) =
            run(&core, async move { std::future::poll_fn(|cx| stream.poll_sent(cx)).await });
        sent.expect("the peer reads");
        assert_eq!(buffer.len(), TOO_MUCH);
        reading.join().expect("no panic");
        assert!(core.quiesce(200).expect("the reactor works").is_nothing(), "{backend}");
    }
}

#[test]
fn a_failure_is_told() {
    for backend in backends() {
        let core = core(backend);
        let (mut stream, peer) = connected(&core);
        stream.start_send(vec![1; TOO_MUCH]).expect("none is in flight");
        stream.set_send_quiet(true);
        for _ in 0..20 {
            turn(&core);
        }
        // With bytes unread, this is a reset.
        drop(peer);
        let (sent, _) =
            run(&core, async move { std::future::poll_fn(|cx| stream.poll_sent(cx)).await });
        sent.expect_err("the peer is gone");
        assert!(core.quiesce(200).expect("the reactor works").is_nothing(), "{backend}");
    }
}
