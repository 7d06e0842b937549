//! The two fields of Linux's `struct tcp_info` (linux/tcp.h, tcp(7)) that are shown.

/// Where `tcpi_rtt` begins, in bytes: after 8 of bits and bytes, and 15 words.
const RTT: usize = 68;

/// Where `tcpi_total_retrans` begins.
const TOTAL_RETRANS: usize = 100;

/// The smoothed round-trip time in µs, once one was measured, and the segments that were sent again.
/// The structure grows at its end from kernel to kernel; a field that is not there is `None`.
pub(super) fn read(bytes: &[u8]) -> (Option<u32>, Option<u32>) {
    let word = |at: usize| {
        let word = bytes.get(at..)?.first_chunk()?;
        Some(u32::from_ne_bytes(*word))
    };
    (word(RTT).filter(|us| *us > 0), word(TOTAL_RETRANS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_older_kernel_does_not_have_is_not_made_up() {
        let mut bytes = vec![0; 104];
        assert_eq!(read(&bytes), (None, Some(0)));
        bytes[RTT] = 42;
        bytes[TOTAL_RETRANS] = 3;
        if cfg!(target_endian = "little") {
            assert_eq!(read(&bytes), (Some(42), Some(3)));
            assert_eq!(read(&bytes[..103]), (Some(42), None));
        }
        assert_eq!(read(&[]), (None, None));
    }
}
