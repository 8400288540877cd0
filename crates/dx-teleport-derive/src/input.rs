//! What is looked at before anything is written: attributes and field types.
//!
//! Owns the refusals that need only syntax. May not know what is generated. Its one invariant:
//! every refusal names what is refused and what to write instead.

use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{
    Attribute, DeriveInput, Error, Field, Fields, Ident, Path, Result, Token, Type, Visibility,
};

use crate::names::generated;

/// What the attributes say.
pub(crate) struct Options {
    pub(crate) is_native: bool,
    pub(crate) reprs: Vec<String>,
}

impl Options {
    pub(crate) fn of(input: &DeriveInput) -> Result<Self> {
        let mut options = Self { is_native: false, reprs: Vec::new() };
        for attribute in &input.attrs {
            if attribute.path().is_ident("teleport") {
                for word in words(attribute)? {
                    if !word.is_ident("native") {
                        let message = "unknown option; there is `#[teleport(native)]`";
                        return Err(Error::new_spanned(word, message));
                    }
                    options.is_native = true;
                }
            } else if attribute.path().is_ident("repr") {
                attribute.parse_nested_meta(|meta| {
                    if let Some(word) = meta.path.get_ident() {
                        options.reprs.push(word.to_string());
                    }
                    if meta.input.peek(syn::token::Paren) {
                        meta.input.parse::<proc_macro2::TokenTree>()?;
                    }
                    Ok(())
                })?;
            }
        }
        if let Some(lifetime) = input.generics.lifetimes().next() {
            let message = "a value with a lifetime borrows, and a borrow cannot be teleported; \
                           use owned fields (`String`, `Vec<T>`)";
            return Err(Error::new_spanned(lifetime, message));
        }
        Ok(options)
    }

    pub(crate) fn has_repr(&self, word: &str) -> bool {
        self.reprs.iter().any(|repr| repr == word)
    }
}

fn words(attribute: &Attribute) -> Result<Punctuated<Path, Token![,]>> {
    attribute.parse_args_with(Punctuated::parse_terminated)
}

/// One field, as all the generators want it.
pub(crate) struct FieldInfo<'a> {
    /// How it is reached in the value: `name` or `0`.
    pub(crate) member: syn::Member,
    /// How it is called on the wire and in the view: `name` or `f0`.
    pub(crate) ident: Ident,
    /// How the schema calls it: `name` or `0`.
    pub(crate) label: String,
    pub(crate) ty: &'a Type,
    pub(crate) vis: &'a Visibility,
}

/// The fields in order, or why one cannot be teleported.
pub(crate) fn fields(fields: &Fields) -> Result<Vec<FieldInfo<'_>>> {
    fields.iter().enumerate().map(|(index, field)| info(index, field)).collect()
}

fn info(index: usize, field: &Field) -> Result<FieldInfo<'_>> {
    let (member, ident, label) = match &field.ident {
        Some(ident) => {
            let label = ident.to_string().trim_start_matches("r#").to_owned();
            (ident.clone().into(), generated(ident.clone()), label)
        }
        None => {
            let ident = quote::format_ident!("f{index}", span = field.ty.span());
            (index.into(), generated(ident), index.to_string())
        }
    };
    refuse(&label, &field.ty)?;
    Ok(FieldInfo { member, ident, label, ty: &field.ty, vis: &field.vis })
}

/// Refuses the types of which syntax alone tells that they mean nothing on the other side.
fn refuse(label: &str, ty: &Type) -> Result<()> {
    let fail = |what: &str, cure: &str| {
        Err(Error::new_spanned(ty, format!("field `{label}`: {what}; {cure}")))
    };
    match ty {
        Type::Reference(_) => fail(
            "a reference means nothing on the other side",
            "use an owned value (`String`, `Vec<T>`)",
        ),
        Type::Ptr(_) | Type::BareFn(_) => fail(
            "a pointer means nothing on the other side",
            "send the value, or an index as a sized number",
        ),
        Type::TraitObject(_) => {
            fail("`dyn` has no layout", "use an enum of the types that can be there")
        }
        Type::Array(array) => refuse(label, &array.elem),
        Type::Paren(inner) => refuse(label, &inner.elem),
        Type::Group(inner) => refuse(label, &inner.elem),
        Type::Tuple(_) => fail("a tuple has no fixed layout", "use a struct with named fields"),
        Type::Path(path) => {
            let Some(last) = path.path.segments.last() else { return Ok(()) };
            match last.ident.to_string().as_str() {
                "usize" => fail("`usize` is not as wide on wasm32", "use `u32` or `u64`"),
                "isize" => fail("`isize` is not as wide on wasm32", "use `i32` or `i64`"),
                "Box" | "Rc" | "Arc" => {
                    fail("a pointer means nothing on the other side", "use the value itself")
                }
                "HashMap" => fail("a `HashMap` has no order", "use `BTreeMap`"),
                "HashSet" | "BTreeSet" => fail("a set has no wire form", "use a sorted `Vec`"),
                "Cell" | "RefCell" | "UnsafeCell" | "Mutex" | "RwLock" => fail(
                    "a value that changes while it is shared cannot be written twice the same",
                    "use the value itself",
                ),
                _ => arguments(label, last),
            }
        }
        _ => Ok(()),
    }
}

fn arguments(label: &str, segment: &syn::PathSegment) -> Result<()> {
    let syn::PathArguments::AngleBracketed(arguments) = &segment.arguments else { return Ok(()) };
    for argument in &arguments.args {
        if let syn::GenericArgument::Type(ty) = argument {
            refuse(label, ty)?;
        }
    }
    Ok(())
}
