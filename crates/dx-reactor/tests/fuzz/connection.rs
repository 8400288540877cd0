//! Whole connections: the real server in memory against an oracle of the whole buffer.
//!
//! Owns what is compared. Invariant: which answers come, in which order, with which content, and
//! whether the connection ends is decided by the bytes alone, not by their cuts, nor by the size
//! of buffers, nor by how slowly the peer reads.

use super::answers::{Answer, read_all};
use super::expected::{Content, Expected, expect};
use super::input::Input;
use super::recipe::cook;
use super::server::{Manners, Seen, serve};

const IN_PIECES: &str = "in pieces";
const AT_ONCE: &str = "at once";

/// Judges one input.
///
/// # Panics
/// When an answer is not the expected one.
pub fn check(input: &[u8]) {
    let Some(Input { limits, seed, bytes }) = Input::read(input) else { return };
    // Half of the bytes beyond ASCII ask for a meal made of the input; else it is served raw.
    let cooked;
    let is_recipe = (0x80..0xC0).contains(&input[0]);
    let bytes = if is_recipe {
        cooked = cook(bytes);
        &cooked
    } else {
        bytes
    };
    let finishes = !seed.is_multiple_of(4);
    let expected = expect(bytes, &limits, finishes);
    let cut = Input { limits, seed, bytes }.cuts();
    let small = Manners { finishes, small_buffers: true, slow_reader: seed.is_multiple_of(7) };
    let large = Manners { finishes, small_buffers: false, slow_reader: false };
    let in_pieces = serve(bytes, &cut, &limits, &small);
    compare(&in_pieces, &expected, IN_PIECES);
    let at_once = serve(bytes, &[], &limits, &large);
    compare(&at_once, &expected, AT_ONCE);
}

fn compare(seen: &Seen, expected: &Expected, how: &str) {
    assert!(!seen.reset, "{how}: a reset");
    let heads: Vec<bool> = expected.answers.iter().map(|answer| answer.to_head).collect();
    let answers = read_all(&seen.output, &heads);
    for (at, (answer, expected)) in answers.iter().zip(&expected.answers).enumerate() {
        let Answer { status, content, closes, interims, .. } = answer;
        assert_eq!(*status, expected.status, "{how}: answer {at}: {answer:?}");
        assert_eq!(*closes, expected.closes, "{how}: answer {at}: {answer:?}");
        let need_not = how == AT_ONCE && expected.is_begun;
        let may = expected.may_continue && !need_not;
        assert!(*interims <= usize::from(may), "{how}: answer {at}");
        answer.check_form(expected.modern);
        match &expected.content {
            _ if expected.to_head => assert!(content.is_empty(), "content to HEAD"),
            Content::Exactly(bytes) => assert!(content == bytes, "{how}: content of {at}"),
            Content::Problem => assert!(!content.is_empty(), "{how}: {at} says nothing"),
        }
        if let (true, Content::Exactly(bytes)) = (expected.to_head, &expected.content)
            && let Some(length) = answer.length
        {
            assert_eq!(length, bytes.len(), "the length that GET would have had");
        }
    }
    assert_eq!(answers.len(), expected.answers.len(), "{how}: how many answers");
    assert_eq!(seen.ended, expected.ends, "{how}: whether the connection ends");
}
