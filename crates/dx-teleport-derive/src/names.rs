//! Names and pieces that structs and enums share.
//!
//! Owns the path to the crate, the generics of what is generated, and the list of fields in a
//! schema. May not know how values are coded. Its one invariant: nothing generated depends on what
//! the user has imported.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{DeriveInput, Generics, Ident, parse_quote};

use crate::input::FieldInfo;

/// Where the generated code finds what it names.
pub(crate) fn private() -> TokenStream {
    quote!(::dx_teleport::__private)
}

/// The name as ours: it stays where the user wrote it, but lints take it as written by a macro, so
/// that a view of which a user needs half gives no warnings.
pub(crate) fn generated(mut name: Ident) -> Ident {
    name.set_span(name.span().resolved_at(Span::call_site()));
    name
}

pub(crate) fn wire_name(input: &DeriveInput) -> Ident {
    generated(format_ident!("{}Wire", input.ident))
}

pub(crate) fn view_name(input: &DeriveInput) -> Ident {
    generated(format_ident!("{}View", input.ident))
}

/// The type's generics, each parameter with the bound that gives it a wire form.
pub(crate) fn bounded(generics: &Generics) -> Generics {
    let mut generics = generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.bounds.push(parse_quote!(::dx_teleport::Teleportable));
        parameter.default = None;
    }
    generics
}

/// The attributes that make a struct a wire form, proved by zerocopy.
pub(crate) fn wire_attributes() -> TokenStream {
    let private = private();
    quote! {
        #[derive(
            #private::FromBytes, #private::IntoBytes, #private::KnownLayout,
            #private::Immutable, #private::Unaligned,
        )]
        #[zerocopy(crate = "dx_teleport::__private::zerocopy")]
        #[repr(C)]
        #[doc(hidden)]
        #[allow(missing_docs, missing_debug_implementations, non_camel_case_types)]
    }
}

/// `&[Field { .. }]` of the fields of the wire struct `wire`.
pub(crate) fn schema_fields(fields: &[FieldInfo<'_>], wire: &TokenStream) -> TokenStream {
    let private = private();
    let fields = fields.iter().map(|field| {
        let (label, ident, ty) = (&field.label, &field.ident, field.ty);
        quote! {
            #private::Field {
                name: #label,
                offset: ::core::mem::offset_of!(#wire, #ident) as u32,
                schema: <#ty as #private::Coded>::SCHEMA,
            }
        }
    });
    quote!(&[#(#fields),*])
}
