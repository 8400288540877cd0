//! Refused: borrows, nothing, unions, generic enums, unknown options.

use dx_teleport::Teleport;

#[derive(Teleport)]
struct Borrowed<'a> {
    name: std::borrow::Cow<'a, str>,
}

#[derive(Teleport)]
struct Nothing;

#[derive(Teleport)]
union Either {
    a: u32,
    b: f32,
}

#[derive(Teleport)]
#[repr(u8)]
enum Generic<T> {
    Some(T),
    None,
}

#[derive(Teleport)]
#[teleport(fast)]
struct Option_ {
    a: u32,
}

fn main() {}
