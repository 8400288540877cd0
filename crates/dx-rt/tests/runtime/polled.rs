//! Cores whose submissions a thread of the kernel polls.
//!
//! What that costs is told by dx-io's `sqpoll` test; here it is that cores serve with it, and that
//! they go without when every CPU has a core.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream as Peer};
use std::sync::mpsc::channel;

use dx_io::{IoBackend, SqPoll};
use dx_rt::net::TcpListener;
use dx_rt::{Cores, CoresConfig, Phase, reached};

use crate::common::backends;

fn config(workers: usize) -> CoresConfig {
    let mut config = CoresConfig::pinned(workers);
    config.backend = IoBackend::IoUring;
    config.reactor.sqpoll = Some(SqPoll::default());
    config
}

#[test]
fn cores_serve_with_a_poller_if_a_cpu_is_spare() {
    if !backends().contains(&IoBackend::IoUring) {
        return eprintln!("skipped: no io_uring here");
    }
    let cpus = dx_io::host::worker_cpus().len();
    let (told, addresses) = channel::<SocketAddr>();
    let cores = Cores::start(&config(1), move |_| {
        let told = told.clone();
        async move {
            let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
            let mut listener = TcpListener::bind(anywhere).expect("a free port");
            told.send(listener.local_addr()).expect("somebody waits");
            let mut stream = listener.accept().await.expect("a connection");
            while let Ok(Some(piece)) = stream.recv().await {
                stream.send(piece.to_vec()).await.0.expect("sent");
            }
            reached(Phase::Ending).await;
        }
    })
    .expect("starts");
    let detection = &cores.detections()[0];
    assert_eq!(detection.warnings().is_empty(), cpus > 1, "{detection}");
    assert_eq!(detection.features().contains("submission poller"), cpus > 1, "{detection}");
    let mut peer = Peer::connect(addresses.recv().expect("an address")).expect("connect");
    for round in 0..200u32 {
        peer.write_all(&round.to_ne_bytes()).expect("write");
        let mut answer = [0; 4];
        peer.read_exact(&mut answer).expect("read");
        assert_eq!(answer, round.to_ne_bytes());
    }
    drop(peer);
    cores.enter_phase(Phase::Ending);
    let reports = cores.join().expect("ends well");
    assert!(reports.iter().all(|report| report.held.is_nothing()), "{reports:?}");
}

#[test]
fn cores_go_without_when_every_cpu_has_one() {
    if !backends().contains(&IoBackend::IoUring) {
        return eprintln!("skipped: no io_uring here");
    }
    let cpus = dx_io::host::worker_cpus().len();
    let cores = Cores::start(&config(cpus), |_| async {}).expect("starts");
    for detection in cores.detections() {
        assert_eq!(detection.warnings().len(), 1, "{detection}");
    }
    cores.join().expect("ends well");
}
