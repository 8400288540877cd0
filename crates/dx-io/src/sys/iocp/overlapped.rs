//! The OVERLAPPED of every operation that is in the kernel.
//!
//! Owns their memory: pages that never move, one place for each slot of the in-flight table, the
//! operation's token beside the OVERLAPPED. Knows no operation. Invariant: a place is lent to the
//! kernel from before a call until its packet has been taken from the port, and pages are freed
//! only while none is lent.

use core::ptr::NonNull;

use windows_sys::Win32::Foundation::NTSTATUS;
use windows_sys::Win32::System::IO::OVERLAPPED;

use crate::token::Token;

/// Places of one page: 10 KiB.
const PAGE: usize = 256;
/// A place that is not lent.
const NOBODY: u64 = Token::NONE.to_bits();

const _: () = assert!(size_of::<Place>() == 40);

/// The kernel knows the address of the first field only.
#[derive(Clone, Copy)]
#[repr(C)]
struct Place {
    overlapped: OVERLAPPED,
    /// Bits of the token of the operation it is lent for, [`NOBODY`] while it is not.
    token: u64,
}

/// What a packet said of its operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    pub(super) token: Token,
    pub(super) status: NTSTATUS,
}

/// All places of one room.
#[derive(Debug, Default)]
pub(super) struct Overlapped {
    /// INVARIANT: each points to `PAGE` places from one boxed slice, freed only by `drop`.
    pages: Vec<NonNull<Place>>,
    lent: usize,
}

impl Overlapped {
    /// Lends the place of `token`'s slot to the kernel.
    pub(super) fn lend(&mut self, token: Token) -> *mut OVERLAPPED {
        while self.pages.len() * PAGE <= token.slot() as usize {
            self.add_page();
        }
        let place = self.place(token).expect("its page has just been made");
        // SAFETY: the place is inside a page; the in-flight table gives a slot out again only
        // after its operation has ended, so no kernel has the place now.
        unsafe {
            assert!((*place).token == NOBODY, "a slot was given out while it is lent");
            place.write(Place { overlapped: OVERLAPPED::default(), token: token.to_bits() });
        }
        self.lent += 1;
        place.cast()
    }

    /// Takes back a place for which no packet will come: the call has failed at once.
    pub(super) fn take_back(&mut self, token: Token) {
        if let Some(overlapped) = self.lent_to(token) {
            let place: *mut Place = overlapped.cast();
            // SAFETY: the kernel refused the call, so it does not know the place.
            unsafe { (*place).token = NOBODY };
            self.lent -= 1;
        }
    }

    /// Takes back the place a packet names, and says what came of its operation.
    ///
    /// # Safety
    /// - `overlapped` was lent by `self` and came out of the port by a packet;
    /// - it is passed once for each time it was lent.
    pub(super) unsafe fn ended(&mut self, overlapped: *mut OVERLAPPED) -> Ended {
        let place: *mut Place = overlapped.cast();
        // SAFETY: an OVERLAPPED that `lend` returned is the first field of a place in a page. The
        // packet is the kernel's last use of it.
        let (token, status) = unsafe { ((*place).token, (*place).overlapped.Internal) };
        // SAFETY: as above.
        unsafe { (*place).token = NOBODY };
        self.lent -= 1;
        // An NTSTATUS in a field as wide as a pointer (OVERLAPPED, `Internal`).
        Ended { token: Token::from_bits(token), status: status as NTSTATUS }
    }

    /// The OVERLAPPED by which the kernel knows `token`, if it has it.
    pub(super) fn lent_to(&self, token: Token) -> Option<*mut OVERLAPPED> {
        let place = self.place(token)?;
        // SAFETY: the place is inside a page; the kernel writes to the first field only.
        let lent = unsafe { (*place).token };
        (lent != NOBODY && lent == token.to_bits()).then_some(place.cast())
    }

    /// Operations the kernel has.
    pub(super) const fn lent(&self) -> usize {
        self.lent
    }

    fn place(&self, token: Token) -> Option<*mut Place> {
        let slot = token.slot() as usize;
        let page = self.pages.get(slot / PAGE)?;
        // SAFETY: the offset is below `PAGE`, which every page has.
        Some(unsafe { page.add(slot % PAGE) }.as_ptr())
    }

    fn add_page(&mut self) {
        let free = Place { overlapped: OVERLAPPED::default(), token: NOBODY };
        let page = Box::leak(vec![free; PAGE].into_boxed_slice());
        self.pages.push(NonNull::from(page).cast());
    }
}

impl Drop for Overlapped {
    fn drop(&mut self) {
        if self.lent > 0 {
            return; // the kernel still writes to them: leaking is the only safe answer
        }
        for page in self.pages.drain(..) {
            let places = core::ptr::slice_from_raw_parts_mut(page.as_ptr(), PAGE);
            // SAFETY: leaked by `add_page` as a boxed slice of this very length; nothing is lent.
            drop(unsafe { Box::from_raw(places) });
        }
    }
}

#[cfg(test)]
mod tests {
    use windows_sys::Win32::Foundation::STATUS_CANCELLED;

    use super::{Overlapped, PAGE};
    use crate::token::{OpKind, Token};

    #[test]
    fn places_do_not_move_and_are_lent_once() {
        let mut all = Overlapped::default();
        let tokens = [0, 1, PAGE as u32, 40 * PAGE as u32].map(|n| Token::new(OpKind::Recv, 7, n));
        let first = all.lend(tokens[0]);
        let lent = tokens.map(|token| all.lent_to(token));
        assert_eq!(lent, [Some(first), None, None, None]);
        let others = [tokens[1], tokens[2], tokens[3]].map(|token| all.lend(token));
        assert_eq!((all.lent_to(tokens[0]), all.lent()), (Some(first), 4));
        // The place belongs to the operation, not to the slot.
        assert_eq!(all.lent_to(Token::new(OpKind::Recv, 8, 0)), None);
        // SAFETY: the test plays the kernel: the place is lent, and this is its packet.
        let ended = unsafe {
            (*others[0]).Internal = STATUS_CANCELLED as u32 as usize;
            all.ended(others[0])
        };
        assert_eq!((ended.token, ended.status), (tokens[1], STATUS_CANCELLED));
        assert_eq!((all.lent_to(tokens[1]), all.lent()), (None, 3));
        tokens.iter().for_each(|&token| all.take_back(token));
        assert_eq!(all.lent(), 0, "what was not lent is not taken back");
    }
}
