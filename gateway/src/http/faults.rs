//! The faults that a URL asks for: `?fault=latency,ms=200&fault=slice,bytes=3&seed=7`.

use chalkwire_shared::fault::{Fault, FaultError};

/// The faults of a query, in order, and their seed. Keys that are none of ours are others' business.
pub(super) fn asked(query: &[(String, String)]) -> Result<(Vec<Fault>, u32), FaultError> {
    let (mut faults, mut seed) = (Vec::new(), 0);
    for (key, value) in query {
        match key.as_str() {
            "fault" => faults.push(Fault::from_text(value)?),
            "seed" => seed = Fault::seed_from_text(value)?,
            _ => {}
        }
    }
    Ok((faults, seed))
}
