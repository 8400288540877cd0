//! The unsafe code that the derive writes.
//!
//! Owns the two promises a derived type makes, each with the proof that stands beside it in the
//! expanded code. May not know how values are coded. Its one invariant: a promise is written only
//! beside what makes it true, the derived coding for one, the asserted layout for the other.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, Error, Result};

use crate::input::{FieldInfo, Options};
use crate::names::{bounded, wire_name};

/// The promise that the derived coding is as it has to be.
pub(crate) fn teleportable(input: &DeriveInput) -> TokenStream {
    let (name, generics) = (&input.ident, bounded(&input.generics));
    let (impl_generics, _, filter) = generics.split_for_impl();
    let (_, arguments, _) = input.generics.split_for_impl();
    quote! {
        // SAFETY: the derive wrote the coding. Measure, encode and check each go through the
        // fields, of an enum those of the variant that is there, in order of declaration, and each
        // field is `Teleportable`. Encode writes every field, and of an enum the tag and the zeros
        // behind the fields. The wire form is derived by zerocopy, which proves the rest.
        unsafe impl #impl_generics ::dx_teleport::Teleportable for #name #arguments #filter {}
    }
}

/// `Native`, and the proof of it in const evaluation, field by field.
pub(crate) fn native(
    input: &DeriveInput,
    list: &[FieldInfo<'_>],
    options: &Options,
) -> Result<TokenStream> {
    let (name, wire) = (&input.ident, wire_name(input));
    if !options.has_repr("C") {
        let message = "a native struct is in memory as on the wire, but Rust may reorder the \
                       fields of this one; add `#[repr(C)]`";
        return Err(Error::new_spanned(name, message));
    }
    if let Some(parameter) = input.generics.params.first() {
        let message = "a native struct cannot be generic: its layout could not be proved here; \
                       leave out `#[teleport(native)]`";
        return Err(Error::new_spanned(parameter, message));
    }
    let proofs = list.iter().map(|field| {
        let (member, ident, label, ty) = (&field.member, &field.ident, &field.label, field.ty);
        let message = format!(
            "padding before field `{label}`: order the fields by size, largest first, or put a \
             number there that fills the gap"
        );
        quote_spanned! {ty.span()=>
            const _: () = assert!(
                ::core::mem::offset_of!(#name, #member) == ::core::mem::offset_of!(#wire, #ident),
                #message
            );
            const _: fn() = || {
                fn is_native<T: ::dx_teleport::Native>() {}
                is_native::<#ty>();
            };
        }
    });
    let end = list.last().map(|field| {
        let (member, ident, label) = (&field.member, &field.ident, &field.label);
        let message = format!(
            "padding behind field `{label}`: order the fields by size, largest first, or append a \
             number that fills the gap"
        );
        // Padding before the field has its own message.
        quote_spanned! {field.ty.span()=>
            const _: () = assert!(
                ::core::mem::size_of::<#name>() == ::core::mem::size_of::<#wire>()
                    || ::core::mem::offset_of!(#name, #member)
                        != ::core::mem::offset_of!(#wire, #ident),
                #message
            );
        }
    });
    Ok(quote! {
        #(#proofs)*
        #end

        // SAFETY: every field is `Native`, as asserted above, so each takes every pattern of bits
        // and has no pointer. The struct is `repr(C)`, each field is where it is in the wire
        // struct, which has no padding, and both have the same size: so this has no padding.
        unsafe impl ::dx_teleport::Native for #name {}
    })
}
