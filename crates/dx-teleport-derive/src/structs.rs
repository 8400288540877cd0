//! Structs.
//!
//! Owns the wire struct, the view and the coding of structs, `native` ones included. May not know
//! enums. Its one invariant: measure, encode and check go through the fields in one order, that of
//! declaration.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Error, Fields, Result};

use crate::input::{self, FieldInfo, Options};
use crate::names::{bounded, private, schema_fields, view_name, wire_attributes, wire_name};
use crate::raw;

pub(crate) fn expand(
    input: &DeriveInput,
    fields: &Fields,
    options: &Options,
) -> Result<TokenStream> {
    let list = input::fields(fields)?;
    if list.is_empty() {
        let message = "a struct without fields has no bytes; leave it out, or give it a field";
        return Err(Error::new_spanned(&input.ident, message));
    }
    let native = options.is_native.then(|| raw::native(input, &list, options)).transpose()?;
    let wire = wire_struct(input, &list);
    let view = view(input, &list);
    let coded = coded(input, &list, options.is_native);
    Ok(quote!(#wire #view #coded #native))
}

/// The generic arguments as they are written behind a name.
fn arguments(input: &DeriveInput) -> TokenStream {
    let (_, arguments, _) = input.generics.split_for_impl();
    quote!(#arguments)
}

fn wire_struct(input: &DeriveInput, list: &[FieldInfo<'_>]) -> TokenStream {
    let (private, wire, vis) = (private(), wire_name(input), &input.vis);
    let (attributes, generics) = (wire_attributes(), bounded(&input.generics));
    let (impl_generics, arguments, filter) = generics.split_for_impl();
    let fields = list.iter().map(|field| {
        let (ident, ty, vis) = (&field.ident, field.ty, field.vis);
        quote!(#vis #ident: <#ty as #private::Coded>::Wire)
    });
    quote! {
        #attributes
        #vis struct #wire #impl_generics #filter {
            #(#fields,)*
        }

        impl #impl_generics ::core::marker::Copy for #wire #arguments #filter {}

        impl #impl_generics ::core::clone::Clone for #wire #arguments #filter {
            #[inline]
            fn clone(&self) -> Self {
                *self
            }
        }
    }
}

fn view(input: &DeriveInput, list: &[FieldInfo<'_>]) -> TokenStream {
    let (private, wire, view) = (private(), wire_name(input), view_name(input));
    let (vis, name, plain) = (&input.vis, &input.ident, arguments(input));
    let mut generics = bounded(&input.generics);
    generics.params.insert(0, syn::parse_quote!('teleport));
    let (impl_generics, arguments, filter) = generics.split_for_impl();
    let methods = list.iter().map(|field| {
        let (ident, ty, vis) = (&field.ident, field.ty, field.vis);
        let doc = format!("The field `{}` of [`{name}`].", field.label);
        quote! {
            #[doc = #doc]
            #[inline(always)]
            #vis fn #ident(&self) -> <#ty as #private::Coded>::Read<'teleport> {
                <#ty as #private::Coded>::read(&self.__wire.#ident, self.__message)
            }
        }
    });
    let (idents, labels) = (list.iter().map(|field| &field.ident), list.iter().map(|f| &f.label));
    let doc = format!("A checked [`{name}`], read in place.");
    let label = name.to_string();
    quote! {
        #[doc = #doc]
        #vis struct #view #impl_generics #filter {
            __wire: &'teleport #wire #plain,
            __message: #private::Message<'teleport>,
        }

        impl #impl_generics #view #arguments #filter {
            #(#methods)*
        }

        impl #impl_generics ::core::marker::Copy for #view #arguments #filter {}

        impl #impl_generics ::core::clone::Clone for #view #arguments #filter {
            #[inline]
            fn clone(&self) -> Self {
                *self
            }
        }

        impl #impl_generics ::core::fmt::Debug for #view #arguments #filter {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.debug_struct(#label)#(.field(#labels, &self.#idents()))*.finish()
            }
        }
    }
}

fn coded(input: &DeriveInput, list: &[FieldInfo<'_>], is_native: bool) -> TokenStream {
    let (private, wire, view) = (private(), wire_name(input), view_name(input));
    let (name, plain, generics) = (&input.ident, arguments(input), bounded(&input.generics));
    let (impl_generics, _, filter) = generics.split_for_impl();
    let label = name.to_string();
    let wire_type = quote!(#wire #plain);
    let fields = schema_fields(list, &wire_type);
    let count = list.len() + 1;
    let types: Vec<_> = list.iter().map(|field| field.ty).collect();
    let idents: Vec<_> = list.iter().map(|field| &field.ident).collect();
    let members: Vec<_> = list.iter().map(|field| &field.member).collect();
    let view_generics = {
        let rest = input.generics.params.iter().map(|parameter| match parameter {
            syn::GenericParam::Type(it) => {
                let ident = &it.ident;
                quote!(#ident)
            }
            syn::GenericParam::Const(it) => {
                let ident = &it.ident;
                quote!(#ident)
            }
            syn::GenericParam::Lifetime(it) => quote!(#it),
        });
        quote!(<'teleport, #(#rest),*>)
    };
    let teleportable = raw::teleportable(input);
    let bulk = is_native.then(|| bulk(&wire_type));
    quote! {
        impl #impl_generics #private::Sealed for #name #plain #filter {}

        #teleportable

        impl #impl_generics #private::Coded for #name #plain #filter {
            type Wire = #wire_type;
            type Read<'teleport> = #view #view_generics;
            const SCHEMA: &'static #private::Schema = &#private::Schema::new(
                #label,
                ::core::mem::size_of::<#wire_type>(),
                #private::Kind::Struct(#private::Struct {
                    fields: #fields,
                    chain: &#private::chain::<#count>(#label, #fields),
                    native: #is_native,
                }),
            );
            const PLAIN: bool = true #(&& <#types as #private::Coded>::PLAIN)*;
            const ANY: bool = true #(&& <#types as #private::Coded>::ANY)*;

            #[inline]
            fn measure(&self, measure: &mut #private::Measure) {
                #(<#types as #private::Coded>::measure(&self.#members, measure);)*
            }

            #[inline]
            fn encode(&self, out: &mut Self::Wire, encoder: &mut #private::Encoder<'_>) {
                #(<#types as #private::Coded>::encode(&self.#members, &mut out.#idents, encoder);)*
            }

            #[inline]
            fn check(
                wire: &Self::Wire,
                checker: &mut #private::Checker<'_>,
            ) -> ::core::result::Result<(), ::dx_teleport::ReadError> {
                #(<#types as #private::Coded>::check(&wire.#idents, checker)?;)*
                ::core::result::Result::Ok(())
            }

            #[inline]
            fn read<'teleport>(
                wire: &'teleport Self::Wire,
                message: #private::Message<'teleport>,
            ) -> Self::Read<'teleport> {
                #view { __wire: wire, __message: message }
            }

            fn own(read: Self::Read<'_>) -> Self {
                Self { #(#members: <#types as #private::Coded>::own(read.#idents()),)* }
            }

            #bulk
        }
    }
}

/// The parts of the coding by which native structs are copied in one go.
fn bulk(wire: &TokenStream) -> TokenStream {
    let private = private();
    quote! {
        const SLICE_ALIGN: usize = 8;

        #[inline]
        fn encode_slice(items: &[Self], out: &mut [#wire], _: &mut #private::Encoder<'_>) {
            #private::encode_native(items, out);
        }
    }
}
