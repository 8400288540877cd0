//! The examples of the project's founding document, as printed, for the parts that exist.
//!
//! Owns one module an example. A change that breaks one of them breaks the contract.

mod cross_platform_io {
    use dx_reactor::{DxReactor, IoBackend, WorkerStrategy};

    #[test]
    fn section_1() {
        let reactor = DxReactor::build()
            .workers(WorkerStrategy::ThreadPerCore)
            .io_backend(IoBackend::Auto) // Auto-detect best backend
            .build();

        println!("Running on {} cores", reactor.num_cores());
        assert!(reactor.num_cores() >= 1);
    }
}

mod thread_per_core {
    use dx_reactor::{DxReactor, WorkerStrategy};

    #[test]
    fn section_2_default() {
        // Thread-per-core (default)
        let reactor = DxReactor::build().workers(WorkerStrategy::ThreadPerCore).build();
        assert_eq!(reactor.num_cores(), DxReactor::build().build().num_cores());
    }

    #[test]
    fn section_2_fixed() {
        // Or fixed worker count
        let reactor = DxReactor::build().workers(WorkerStrategy::Fixed(8)).build();
        assert_eq!(reactor.num_cores(), 8);
    }
}
