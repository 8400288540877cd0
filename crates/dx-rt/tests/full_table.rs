//! A full in-flight table is an outcome that somebody is told of.
#![cfg(not(loom))]

use dx_io::{Driver, ReactorConfig};
use dx_rt::net::TcpStream;
use dx_rt::{Core, CoreConfig, Wait};
use dx_sim::{Faults, World};

/// A receive that was paused and finds no room to be armed again must say so: nothing else would
/// ever wake its reader.
#[test]
fn a_receive_that_cannot_be_armed_again_fails() {
    let world = World::new(0, Faults::none());
    let mut config = ReactorConfig::default();
    config.in_flight_max = 3;
    let core =
        Core::new(Driver::external(Box::new(world.reactor(&config))), &CoreConfig::default());
    let ((first, _client), (second, _other)) = (world.unattached(), world.unattached());
    let deaf = world.deaf_address();
    let (mut paused, mut sending) = core.enter(|| {
        let attach = |accepted| TcpStream::from_accepted(accepted).expect("attach");
        (attach(first), attach(second))
    });
    paused.pause();
    core.turn(Wait::Poll).expect("turn");
    let connecting = core.spawn(TcpStream::connect(deaf));
    sending.start_send(vec![1]).expect("room for one more");
    core.turn(Wait::Poll).expect("turn");
    assert_eq!(core.held().operations, 3, "the other receive, a send, a connect");
    let reading = core.spawn(async move { paused.recv().await.map(drop) });
    core.turn(Wait::Poll).expect("turn");
    let received = reading.try_take().expect("the reader was told");
    assert!(received.is_err(), "{received:?}");
    drop((connecting, sending));
}
