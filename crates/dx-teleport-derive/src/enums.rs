//! Enums.
//!
//! Owns the tag, the wire structs of the variants, and the coding of enums. May not know structs.
//! Its one invariant: what is behind the fields of a variant is zero.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{DataEnum, DeriveInput, Error, Expr, Fields, Ident, Lit, Result};

use crate::input::{self, FieldInfo, Options};
use crate::names::{generated, private, schema_fields, view_name, wire_attributes, wire_name};
use crate::raw;

struct VariantInfo<'a> {
    ident: &'a Ident,
    label: String,
    tag: u8,
    /// Of the fields' wire struct; unit variants have none.
    wire: Ident,
    fields: Vec<FieldInfo<'a>>,
    is_named: bool,
}

pub(crate) fn expand(
    input: &DeriveInput,
    data: &DataEnum,
    options: &Options,
) -> Result<TokenStream> {
    let name = &input.ident;
    if options.is_native {
        let message = "not every tag is a variant, so an enum is never native; \
                       leave out `#[teleport(native)]`";
        return Err(Error::new_spanned(name, message));
    }
    if !options.has_repr("u8") {
        let message = "the tags of an enum are part of the wire; add `#[repr(u8)]`";
        return Err(Error::new_spanned(name, message));
    }
    if let Some(parameter) = input.generics.params.first() {
        let message = "the room for the largest variant of a generic enum is not known here; \
                       write the enum with explicit types, or put the parameter into a struct";
        return Err(Error::new_spanned(parameter, message));
    }
    let variants = variants(input, data)?;
    let has_data = variants.iter().any(|variant| !variant.fields.is_empty());
    Ok(if has_data { with_data(input, &variants) } else { fieldless(input, &variants) })
}

fn variants<'a>(input: &DeriveInput, data: &'a DataEnum) -> Result<Vec<VariantInfo<'a>>> {
    if data.variants.is_empty() {
        let message = "an enum without variants has no values; give it one";
        return Err(Error::new_spanned(&input.ident, message));
    }
    let mut next = Some(0_u8);
    let mut list = Vec::new();
    for variant in &data.variants {
        if let Some((_, value)) = &variant.discriminant {
            next = Some(literal(value)?);
        }
        let Some(tag) = next else {
            return Err(Error::new_spanned(variant, "more tags than one byte has"));
        };
        next = tag.checked_add(1);
        list.push(VariantInfo {
            ident: &variant.ident,
            label: variant.ident.to_string(),
            tag,
            wire: generated(format_ident!("{}{}Wire", input.ident, variant.ident)),
            fields: input::fields(&variant.fields)?,
            is_named: matches!(variant.fields, Fields::Named(_)),
        });
    }
    Ok(list)
}

fn literal(value: &Expr) -> Result<u8> {
    if let Expr::Lit(literal) = value
        && let Lit::Int(number) = &literal.lit
    {
        return number.base10_parse();
    }
    Err(Error::new_spanned(value, "the tag is part of the wire; write it as a number"))
}

fn schema_variants(variants: &[VariantInfo<'_>]) -> TokenStream {
    let private = private();
    let list = variants.iter().map(|variant| {
        let (label, tag, wire) = (&variant.label, variant.tag, &variant.wire);
        let fields = schema_fields(&variant.fields, &quote!(#wire));
        quote!(#private::Variant { name: #label, tag: #tag, fields: #fields })
    });
    quote!(&[#(#list),*])
}

fn fieldless(input: &DeriveInput, variants: &[VariantInfo<'_>]) -> TokenStream {
    let (private, name, label) = (private(), &input.ident, input.ident.to_string());
    let list = schema_variants(variants);
    let idents: Vec<_> = variants.iter().map(|variant| variant.ident).collect();
    let tags: Vec<_> = variants.iter().map(|variant| variant.tag).collect();
    let teleportable = raw::teleportable(input);
    // What `read` says of a tag that `check` has refused.
    let first = idents[0];
    quote! {
        impl #private::Sealed for #name {}

        #teleportable

        impl ::dx_teleport::Enum for #name {
            const VARIANTS: &'static [#private::Variant] = #list;

            #[inline]
            fn tag(self) -> u8 {
                match self { #(Self::#idents => #tags,)* }
            }

            #[inline]
            fn of_tag(tag: u8) -> ::core::option::Option<Self> {
                match tag {
                    #(#tags => ::core::option::Option::Some(Self::#idents),)*
                    _ => ::core::option::Option::None,
                }
            }
        }

        impl #private::Coded for #name {
            type Wire = #private::TagWire;
            type Read<'teleport> = Self;
            const SCHEMA: &'static #private::Schema = &#private::Schema::new(
                #label, 1, #private::Kind::Enum(<Self as ::dx_teleport::Enum>::VARIANTS),
            );
            const PLAIN: bool = true;
            const ANY: bool = false;

            #[inline]
            fn measure(&self, _: &mut #private::Measure) {}

            #[inline]
            fn encode(&self, out: &mut Self::Wire, _: &mut #private::Encoder<'_>) {
                *out = #private::TagWire(<Self as ::dx_teleport::Enum>::tag(*self));
            }

            #[inline]
            fn check(
                wire: &Self::Wire,
                _: &mut #private::Checker<'_>,
            ) -> ::core::result::Result<(), ::dx_teleport::ReadError> {
                match wire.0 {
                    #(#tags)|* => ::core::result::Result::Ok(()),
                    _ => ::core::result::Result::Err(::dx_teleport::ReadError::Tag),
                }
            }

            #[inline]
            fn read<'teleport>(
                wire: &'teleport Self::Wire,
                _: #private::Message<'teleport>,
            ) -> Self {
                <Self as ::dx_teleport::Enum>::of_tag(wire.0).unwrap_or(Self::#first)
            }

            #[inline]
            fn own(read: Self) -> Self {
                read
            }
        }
    }
}

fn with_data(input: &DeriveInput, variants: &[VariantInfo<'_>]) -> TokenStream {
    let (private, name, label, vis) =
        (private(), &input.ident, input.ident.to_string(), &input.vis);
    let (wire, view, attributes) = (wire_name(input), view_name(input), wire_attributes());
    let wires = variants.iter().filter(|variant| !variant.fields.is_empty()).map(|variant| {
        let (wire, idents) = (&variant.wire, variant.fields.iter().map(|field| &field.ident));
        let types = variant.fields.iter().map(|field| field.ty);
        let attributes = wire_attributes();
        quote! {
            #attributes
            #[derive(::core::clone::Clone, ::core::marker::Copy)]
            #vis struct #wire { #(#idents: <#types as #private::Coded>::Wire,)* }
        }
    });
    let list = schema_variants(variants);
    let sizes: Vec<_> = variants.iter().filter(|v| !v.fields.is_empty()).map(|v| &v.wire).collect();
    let all = variants.iter().flat_map(|variant| variant.fields.iter().map(|field| field.ty));
    let (arms, teleportable) = (Arms { view: &view, variants }, raw::teleportable(input));
    let (measure, encode, check) = (arms.measure(), arms.encode(), arms.check());
    let (read, own, enum_view) = (arms.read(), arms.own(), arms.view(vis, name));
    quote! {
        #(#wires)*

        #attributes
        #[derive(::core::clone::Clone, ::core::marker::Copy)]
        #vis struct #wire {
            __tag: u8,
            __room: [u8; #private::largest(&[#(::core::mem::size_of::<#sizes>()),*])],
        }

        #enum_view

        impl #private::Sealed for #name {}

        #teleportable

        impl #private::Coded for #name {
            type Wire = #wire;
            type Read<'teleport> = #view<'teleport>;
            const SCHEMA: &'static #private::Schema = &#private::Schema::new(
                #label, ::core::mem::size_of::<#wire>(), #private::Kind::Enum(#list),
            );
            const PLAIN: bool = true #(&& <#all as #private::Coded>::PLAIN)*;
            const ANY: bool = false;

            #[inline]
            fn measure(&self, measure: &mut #private::Measure) {
                match self { #measure }
            }

            #[inline]
            fn encode(&self, out: &mut Self::Wire, encoder: &mut #private::Encoder<'_>) {
                match self { #encode }
            }

            #[inline]
            fn check(
                wire: &Self::Wire,
                checker: &mut #private::Checker<'_>,
            ) -> ::core::result::Result<(), ::dx_teleport::ReadError> {
                match wire.__tag {
                    #check
                    _ => ::core::result::Result::Err(::dx_teleport::ReadError::Tag),
                }
            }

            #[inline]
            fn read<'teleport>(
                wire: &'teleport Self::Wire,
                message: #private::Message<'teleport>,
            ) -> Self::Read<'teleport> {
                match wire.__tag { #read }
            }

            fn own(read: Self::Read<'_>) -> Self {
                match read { #own }
            }
        }
    }
}

/// The arms of the matches over the variants.
struct Arms<'a> {
    view: &'a Ident,
    variants: &'a [VariantInfo<'a>],
}

impl VariantInfo<'_> {
    /// `Self::Name { a: a, .. }` or `Self::Name { 0: f0, .. }`: fits variants of every shape.
    fn pattern(&self) -> TokenStream {
        let (ident, bindings) = (self.ident, self.bindings());
        let members = self.fields.iter().map(|field| &field.member);
        quote!(#ident { #(#members: #bindings),* })
    }

    fn bindings(&self) -> Vec<Ident> {
        self.fields.iter().map(|field| format_ident!("__{}", field.ident)).collect()
    }

    fn types(&self) -> Vec<&syn::Type> {
        self.fields.iter().map(|field| field.ty).collect()
    }

    fn idents(&self) -> Vec<&Ident> {
        self.fields.iter().map(|field| &field.ident).collect()
    }
}

impl Arms<'_> {
    fn measure(&self) -> TokenStream {
        let private = private();
        let arms = self.variants.iter().map(|variant| {
            let (pattern, bindings, types) =
                (variant.pattern(), variant.bindings(), variant.types());
            quote! {
                Self::#pattern => {
                    #(<#types as #private::Coded>::measure(#bindings, measure);)*
                }
            }
        });
        quote!(#(#arms)*)
    }

    fn encode(&self) -> TokenStream {
        let private = private();
        let arms = self.variants.iter().map(|variant| {
            let (pattern, tag, wire) = (variant.pattern(), variant.tag, &variant.wire);
            let (bindings, types, idents) = (variant.bindings(), variant.types(), variant.idents());
            let fields = if variant.fields.is_empty() {
                quote!(out.__room.fill(0);)
            } else {
                quote! {
                    let fields = #private::variant_mut::<#wire>(&mut out.__room);
                    #(<#types as #private::Coded>::encode(
                        #bindings, &mut fields.#idents, encoder,
                    );)*
                }
            };
            quote!(Self::#pattern => { out.__tag = #tag; #fields })
        });
        quote!(#(#arms)*)
    }

    fn check(&self) -> TokenStream {
        let private = private();
        let arms = self.variants.iter().map(|variant| {
            let (tag, wire) = (variant.tag, &variant.wire);
            let (types, idents) = (variant.types(), variant.idents());
            if variant.fields.is_empty() {
                return quote!(#tag => #private::zeros(&wire.__room),);
            }
            quote! {
                #tag => {
                    let (fields, rest) = #private::variant::<#wire>(&wire.__room);
                    #(<#types as #private::Coded>::check(&fields.#idents, checker)?;)*
                    #private::zeros(rest)
                }
            }
        });
        quote!(#(#arms)*)
    }

    fn read(&self) -> TokenStream {
        let (private, view) = (private(), self.view);
        let last = self.variants.len() - 1;
        let arms = self.variants.iter().enumerate().map(|(index, variant)| {
            let (ident, tag, wire) = (variant.ident, variant.tag, &variant.wire);
            let (types, idents) = (variant.types(), variant.idents());
            let members = variant.fields.iter().map(|field| &field.member);
            // What is said of a tag that `check` has refused does not matter.
            let tag = if index == last { quote!(_) } else { quote!(#tag) };
            let fields = (!variant.fields.is_empty())
                .then(|| quote!(let (fields, _) = #private::variant::<#wire>(&wire.__room);));
            quote! {
                #tag => {
                    #fields
                    #view::#ident {
                        #(#members: <#types as #private::Coded>::read(&fields.#idents, message),)*
                    }
                }
            }
        });
        quote!(#(#arms)*)
    }

    fn own(&self) -> TokenStream {
        let (private, view) = (private(), self.view);
        let arms = self.variants.iter().map(|variant| {
            let (ident, pattern) = (variant.ident, variant.pattern());
            let (bindings, types) = (variant.bindings(), variant.types());
            let members = variant.fields.iter().map(|field| &field.member);
            quote! {
                #view::#pattern => Self::#ident {
                    #(#members: <#types as #private::Coded>::own(#bindings),)*
                },
            }
        });
        quote!(#(#arms)* #view::__Never(never, _) => match never {},)
    }

    /// From here a field's type does not tell whether it borrows, so a variant that cannot exist
    /// carries the lifetime.
    fn view(&self, vis: &syn::Visibility, name: &Ident) -> TokenStream {
        let (private, view) = (private(), self.view);
        let variants = self.variants.iter().map(|variant| {
            let ident = generated(variant.ident.clone());
            let doc = format!("The variant `{}` of [`{name}`].", variant.label);
            let types = variant.types();
            let reads = types.iter().map(|ty| quote!(<#ty as #private::Coded>::Read<'teleport>));
            let fields = if variant.fields.is_empty() {
                quote!()
            } else if variant.is_named {
                let idents = variant.idents();
                quote!({ #(#[allow(missing_docs)] #idents: #reads),* })
            } else {
                quote!((#(#reads),*))
            };
            quote!(#[doc = #doc] #ident #fields)
        });
        let doc = format!("A checked [`{name}`], read in place.");
        quote! {
            #[doc = #doc]
            #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
            #vis enum #view<'teleport> {
                #(#variants,)*
                #[doc(hidden)]
                __Never(::core::convert::Infallible, ::core::marker::PhantomData<&'teleport ()>),
            }
        }
    }
}
