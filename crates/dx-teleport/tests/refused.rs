//! What the derive refuses: the messages are part of the interface.
//!
//! Owns the list. May not know the derive. Its one invariant: each refusal names the field and the
//! cure, as the file beside it says.

#[test]
fn errors_name_the_field_and_the_cure() {
    trybuild::TestCases::new().compile_fail("tests/refused/*.rs");
}
