//! Functions and what they take.
//!
//! Owns [`Function`], a function of up to eight arguments, and [`Arguments`], how they are had from
//! a request. May not know what a function returns. Its one invariant: arguments are taken in their
//! order, and the first that cannot be had is the answer.
//!
//! The two are apart so that a compiler's error names the argument that is wrong: which function it
//! is follows from its shape alone.

use crate::extract::{FromHead, FromRequest};
use crate::into_response::IntoResponse;
use crate::request::Request;
use crate::response::Response;
use crate::scope::{Needs, Scope};

/// A function that takes `A`, a tuple of up to eight arguments.
pub trait Function<A> {
    #[doc(hidden)]
    type Output;

    #[doc(hidden)]
    fn invoke(&self, arguments: A) -> Self::Output;
}

/// Arguments that a request has.
pub trait Arguments<W>: Sized {
    /// Whether any of them may hold received bytes.
    #[doc(hidden)]
    const HOLDS: bool;

    /// Whether the last one takes the body as it comes.
    #[doc(hidden)]
    const STREAMS: bool;

    #[doc(hidden)]
    fn extract(request: Request, scope: &Scope) -> Result<Self, Response>;

    #[doc(hidden)]
    fn needs(needs: &mut Needs);
}

impl<F: Fn() -> R, R> Function<()> for F {
    type Output = R;

    #[inline(always)]
    fn invoke(&self, (): ()) -> R {
        self()
    }
}

impl Arguments<()> for () {
    const HOLDS: bool = false;
    const STREAMS: bool = false;

    #[inline(always)]
    fn extract(_: Request, _: &Scope) -> Result<Self, Response> {
        Ok(())
    }

    fn needs(_: &mut Needs) {}
}

macro_rules! arities {
    ($([$($head:ident)*] $last:ident;)*) => {$(
        impl<Func, Out, $($head,)* $last> Function<($($head,)* $last,)> for Func
        where
            Func: Fn($($head,)* $last) -> Out,
        {
            type Output = Out;

            #[inline(always)]
            #[allow(non_snake_case, reason = "named as their types")]
            fn invoke(&self, ($($head,)* $last,): ($($head,)* $last,)) -> Out {
                self($($head,)* $last)
            }
        }

        impl<W, $($head,)* $last> Arguments<W> for ($($head,)* $last,)
        where
            $($head: FromHead,)*
            $last: FromRequest<W>,
        {
            const HOLDS: bool = true;
            const STREAMS: bool = <$last as FromRequest<W>>::STREAMS;

            #[inline(always)]
            #[allow(non_snake_case, reason = "named as their types")]
            fn extract(request: Request, scope: &Scope) -> Result<Self, Response> {
                $(let $head = match $head::from_head(&request, scope) {
                    Ok(argument) => argument,
                    Err(rejection) => return refused(rejection),
                };)*
                match $last::from_request(request, scope) {
                    Ok($last) => Ok(($($head,)* $last,)),
                    Err(rejection) => refused(rejection),
                }
            }

            fn needs(needs: &mut Needs) {
                $($head::needs(needs);)*
                $last::needs(needs);
            }
        }
    )*};
}

arities! {
    [] A;
    [A] B;
    [A B] C;
    [A B C] D;
    [A B C D] E;
    [A B C D E] F;
    [A B C D E F] G;
    [A B C D E F G] H;
}

#[cold]
fn refused<A>(rejection: impl IntoResponse) -> Result<A, Response> {
    Err(rejection.into_response())
}
