//! Feeding the bytes of a body whole and cut.
//!
//! Owns how a decoder is driven and checks what every step promises. May not know any expectation.
//! Its one invariant: a cut run shows the decoder only the bytes up to the cut.

use dx_http::{BodyDecoder, BodyError, BodyStep, Framing, Limits};

/// What decoding the bytes of one body came to: its content, and its length if it is complete.
pub type BodyVerdict = Result<(Vec<u8>, Option<usize>), (Vec<u8>, BodyError)>;

/// Decodes `bytes` handed over in pieces that end at each of `cuts` (ascending) and at the end.
pub fn body_cut(framing: Framing, bytes: &[u8], cuts: &[usize], limits: &Limits) -> BodyVerdict {
    let (mut body, mut content, mut at) = (BodyDecoder::new(framing), Vec::new(), 0);
    for &end in cuts.iter().chain([&bytes.len()]) {
        loop {
            match body.decode(&bytes[at..end], limits) {
                Ok(BodyStep::Data { data, consumed }) => {
                    assert!(!data.is_empty() && consumed >= data.len());
                    assert_eq!(data, &bytes[at + consumed - data.len()..at + consumed]);
                    content.extend_from_slice(data);
                    at += consumed;
                }
                Ok(BodyStep::NeedMore { consumed }) => {
                    at += consumed;
                    assert_eq!(at, end, "framing is never left unread");
                    break;
                }
                Ok(BodyStep::Done { consumed }) => {
                    at += consumed;
                    assert!(body.is_done());
                    let again = body.decode(&bytes[at..], limits);
                    assert_eq!(again, Ok(BodyStep::Done { consumed: 0 }));
                    return Ok((content, Some(at)));
                }
                Err(error) => {
                    assert_eq!(body.decode(b"0", limits), Err(error), "errors are final");
                    return Err((content, error));
                }
            }
        }
    }
    Ok((content, None))
}
