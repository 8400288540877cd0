//! What to tell a user whose kernel refused.
//!
//! Owns [`cure`], one table from a step and its errno to a sentence. Asks the system nothing: the
//! sentence names what to check. Invariant: a sentence is there only where it is likely true.

use std::io;

use crate::config::StartStep;

const NOT_PERMITTED: &str = "either the sysctl kernel.io_uring_disabled is not 0 (check `sysctl \
    kernel.io_uring_disabled`), or a seccomp filter refuses io_uring, as the default profiles of \
    container runtimes do (check `grep Seccomp: /proc/self/status`: 2 means filtered)";
const SECURITY_MODULE: &str =
    "a security module such as SELinux refuses io_uring: check the audit log";
const ABSENT: &str = "this kernel is older than 5.1 or was built without io_uring, or a sandbox \
    hides it";
const ENTER_REFUSED: &str = "a seccomp filter allows io_uring_setup and refuses io_uring_enter: \
    allow both or neither";
const TOO_OLD: &str = "the kernel is older than 5.19, the oldest that this backend runs on (check \
    `uname -r`)";
const SETUP_INVALID: &str = "the kernel is older than 5.19, the oldest that this backend runs on \
    (check `uname -r`), or a queue size is beyond what it accepts";
const POLLER: &str = "the CPU that `sqpoll` names does not exist or is not allowed to this process";
const LOCKED_MEMORY: &str = "memory is short, or the limit of locked memory is: kernels before \
    5.12 count rings, and all count registered buffers, against it (raise `ulimit -l`)";
const FIXED_BUFFERS: &str = "registered buffers are locked memory: raise `ulimit -l` or lower \
    `fixed_buffers`";
const MEMORY: &str = "the kernel is short of memory";
const DESCRIPTORS: &str = "the process is out of descriptors: raise `ulimit -n`";
const DESCRIPTOR_TABLE: &str = "the table of direct descriptors is longer than `ulimit -n` \
    allows: raise it or lower `sockets_max`";
const NO_DESCRIPTOR_TABLE: &str = "no descriptor is left for connections (raise `ulimit -n`), or \
    the kernel is older than 5.19, the oldest that this backend runs on (check `uname -r`)";
const SYSTEM_DESCRIPTORS: &str = "the system is out of open files: raise the sysctl fs.file-max";
const WATCHES: &str = "the user's limit of epoll watches is reached: raise the sysctl \
    fs.epoll.max_user_watches";

pub(in crate::sys::host) fn cure(step: StartStep, error: &io::Error) -> Option<&'static str> {
    use StartStep as Step;

    let errno = error.raw_os_error();
    if step == Step::UringOperations {
        // A probe that fails has an errno; one that succeeds and lacks an operation has none.
        let unknown = errno.is_none() || errno == Some(libc::EINVAL);
        return unknown.then_some(TOO_OLD);
    }
    Some(match (step, errno?) {
        (Step::Unsupported, _) => return None,

        (Step::UringDescriptors, libc::EMFILE) => DESCRIPTOR_TABLE,
        (_, libc::EMFILE) => DESCRIPTORS,
        (_, libc::ENFILE) => SYSTEM_DESCRIPTORS,

        (Step::UringSetup | Step::UringPoller, libc::EPERM) => NOT_PERMITTED,
        (Step::UringSetup | Step::UringPoller, libc::EACCES) => SECURITY_MODULE,
        (Step::UringSetup | Step::UringPoller, libc::ENOSYS) => ABSENT,
        (Step::UringSetup, libc::EINVAL) => SETUP_INVALID,
        (Step::UringPoller, libc::EINVAL) => POLLER,
        (Step::UringEnter, libc::EPERM | libc::ENOSYS) => ENTER_REFUSED,
        // An empty table is refused as a flag that is not known would be.
        (Step::UringDescriptors, libc::EINVAL) => NO_DESCRIPTOR_TABLE,
        (Step::UringBuffers, libc::EINVAL) => TOO_OLD,
        (Step::UringSetup | Step::UringDescriptors | Step::UringBuffers, libc::ENOMEM) => {
            LOCKED_MEMORY
        }

        (Step::UringFixedBuffers, libc::ENOMEM) => FIXED_BUFFERS,

        (Step::Selector, libc::ENOSPC) => WATCHES,
        (Step::Selector | Step::Waker | Step::UringEnter, libc::ENOMEM) => MEMORY,
        _ => return None,
    })
}
