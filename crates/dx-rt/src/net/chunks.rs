//! Received pieces that wait for their reader.
//!
//! Owns one pool of list nodes for all streams of a core, so that a stream's queue costs two
//! numbers when it is empty. Invariant: a node is in the free list or in exactly one queue; there
//! are never more nodes than receive buffers, because each holds a lease.

use dx_io::Lease;

pub(super) const NIL: u32 = u32::MAX;

/// First and last node of one stream's queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queue {
    first: u32,
    last: u32,
}

impl Queue {
    pub(super) const EMPTY: Self = Self { first: NIL, last: NIL };

    pub(super) const fn is_empty(self) -> bool {
        self.first == NIL
    }
}

#[derive(Debug)]
struct Node {
    lease: Option<Lease>,
    next: u32,
}

/// The nodes.
#[derive(Debug)]
pub(super) struct Chunks {
    nodes: Vec<Node>,
    free: u32,
}

impl Chunks {
    pub(super) const fn new() -> Self {
        Self { nodes: Vec::new(), free: NIL }
    }

    /// Appends `lease` to `queue`.
    pub(super) fn push(&mut self, queue: &mut Queue, lease: Lease) {
        let node = Node { lease: Some(lease), next: NIL };
        let index = if self.free == NIL {
            self.nodes.push(node);
            self.nodes.len() as u32 - 1
        } else {
            let index = self.free;
            self.free = self.nodes[index as usize].next;
            self.nodes[index as usize] = node;
            index
        };
        if queue.is_empty() {
            queue.first = index;
        } else {
            self.nodes[queue.last as usize].next = index;
        }
        queue.last = index;
    }

    /// Takes the oldest lease of `queue`.
    pub(super) fn pop(&mut self, queue: &mut Queue) -> Option<Lease> {
        if queue.is_empty() {
            return None;
        }
        let index = queue.first;
        let node = &mut self.nodes[index as usize];
        queue.first = node.next;
        node.next = self.free;
        self.free = index;
        node.lease.take()
    }
}
