//! What the compiler says of handlers that are none: the messages are part of the interface.
//!
//! Owns the list. May not know how a function becomes a handler. Its one invariant: each refusal
//! names what is wrong and the cure, as the file beside it says.

#[test]
fn errors_name_the_argument_and_the_cure() {
    trybuild::TestCases::new().compile_fail("tests/refused/*.rs");
}
