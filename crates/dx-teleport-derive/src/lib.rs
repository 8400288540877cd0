//! `#[derive(Teleport)]`, for `dx-teleport`, where it is documented and tested.
//!
//! Owns the code that is written for a type. May not know values or bytes. Its one invariant: a
//! type it accepts has the same wire form on every target; one it refuses, it refuses at the field
//! and with the cure.
#![forbid(unsafe_code)]

mod enums;
mod input;
mod names;
mod raw;
mod structs;

use proc_macro::TokenStream;
use syn::{Data, DeriveInput, parse_macro_input};

/// Gives a struct or an enum a wire form.
///
/// - A struct, also a generic one, gets a view (`PlayerView` for `Player`) with a method per field
///   (`f0`, `f1` for a tuple), and a wire struct (`PlayerWire`).
/// - An enum needs `#[repr(u8)]`, so that its tags are written down. One without data is read by
///   value; one with data gets a view enum with the same variants.
/// - `#[teleport(native)]` is for plain structs of numbers, in bulk: the struct is in memory as on
///   the wire, which `#[repr(C)]` and a proof at compile time make sure of.
#[proc_macro_derive(Teleport, attributes(teleport))]
pub fn teleport(tokens: TokenStream) -> TokenStream {
    let input = parse_macro_input!(tokens as DeriveInput);
    expand(&input).unwrap_or_else(|error| error.into_compile_error()).into()
}

fn expand(input: &DeriveInput) -> syn::Result<proc_macro2::TokenStream> {
    let options = input::Options::of(input)?;
    match &input.data {
        Data::Struct(data) => structs::expand(input, &data.fields, &options),
        Data::Enum(data) => enums::expand(input, data, &options),
        Data::Union(data) => Err(syn::Error::new_spanned(
            data.union_token,
            "a union does not say which of its fields is there; use an enum",
        )),
    }
}
