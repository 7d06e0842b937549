//! Which way a connection goes: by WebSocket, or over HTTP where that is blocked.

/// How the link's messages travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// Over a WebSocket.
    #[default]
    WebSocket,
    /// As Server-Sent Events and POSTs.
    Http,
}

impl Way {
    /// What somebody forces in the page's address: `ws` or `sse`.
    pub fn of(key: &str) -> Option<Self> {
        match key {
            "ws" => Some(Way::WebSocket),
            "sse" => Some(Way::Http),
            _ => None,
        }
    }
}

/// So many WebSockets in a row come to no welcome before the other way has its turn.
const TRIES: u32 = 3;

/// A connection that drops so long after the last try of a WebSocket gives it another one, in ms:
/// the machine may be in another network by then. While a connection stands it is left alone.
const AGAIN_MS: f64 = 300_000.0;

/// What is known of the two ways.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ways {
    forced: bool,
    way: Way,
    /// WebSockets in a row that came to no welcome.
    failed: u32,
    /// When the last one was tried.
    tried_ms: f64,
    /// WebSockets passed here since it was last found that they don't.
    passed: bool,
}

impl Ways {
    /// There is only one.
    pub fn forced(way: Way) -> Self {
        Ways {
            forced: true,
            way,
            ..Ways::default()
        }
    }

    /// The way of this connection, or of the last one.
    pub fn way(&self) -> Way {
        self.way
    }

    /// Whether the connection goes another way than it should, because WebSockets are blocked.
    pub fn is_blocked(&self) -> bool {
        self.way == Way::Http && !self.forced
    }

    /// The way of the next connection.
    pub fn next(&mut self, now_ms: f64) -> Way {
        if !self.forced {
            self.way = if self.failed < TRIES || now_ms - self.tried_ms >= AGAIN_MS {
                self.tried_ms = now_ms;
                Way::WebSocket
            } else {
                Way::Http
            };
        }
        self.way
    }

    /// A connection came to no welcome. Where HTTP does not pass either it is not the WebSockets:
    /// then the two take turns.
    pub fn failed(&mut self) {
        self.failed = match self.way {
            Way::WebSocket => self.failed.saturating_add(1),
            Way::Http => TRIES - 1,
        };
    }

    /// The gateway's welcome came. `true` says to leave this connection for a WebSocket: where those
    /// have passed before it was the gateway that was away, most likely, and now it is back.
    pub fn welcomed(&mut self) -> bool {
        match self.way {
            Way::WebSocket => {
                self.failed = 0;
                self.passed = true;
                false
            }
            Way::Http => {
                let again = !self.forced && std::mem::take(&mut self.passed);
                if again {
                    self.failed = TRIES - 1;
                }
                again
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: f64 = 1e12;

    /// The ways of so many tries of which none comes to a welcome.
    fn in_vain(ways: &mut Ways, tries: usize) -> Vec<Way> {
        let vain = |_| {
            let way = ways.next(NOW);
            ways.failed();
            way
        };
        (0..tries).map(vain).collect()
    }

    #[test]
    fn after_three_websockets_in_vain_it_is_the_other_ways_turn() {
        let mut ways = Ways::default();
        assert_eq!(in_vain(&mut ways, 3), [Way::WebSocket; 3]);
        assert_eq!(ways.next(NOW), Way::Http);
        assert!(ways.is_blocked());
        assert!(!ways.welcomed(), "it is a good connection");
        // And so it goes on, until it drops after a while.
        assert_eq!(ways.next(NOW + 299_999.0), Way::Http);
        assert_eq!(ways.next(NOW + 300_000.0), Way::WebSocket);
        ways.failed();
        assert_eq!(ways.next(NOW + 301_000.0), Way::Http);
        assert_eq!(ways.next(NOW + 600_000.0), Way::WebSocket);
        assert!(!ways.welcomed() && !ways.is_blocked());
        assert_eq!(in_vain(&mut ways, 4)[3], Way::Http, "the count began anew");
    }

    #[test]
    fn while_nothing_passes_the_two_take_turns() {
        let ways = in_vain(&mut Ways::default(), 7);
        assert_eq!(
            ways[3..],
            [Way::Http, Way::WebSocket, Way::Http, Way::WebSocket]
        );
    }

    #[test]
    fn a_gateway_that_was_away_does_not_pass_for_a_network_that_blocks() {
        let mut ways = Ways::default();
        ways.next(NOW);
        ways.welcomed();
        in_vain(&mut ways, 3);
        assert_eq!(ways.next(NOW), Way::Http);
        assert!(ways.welcomed(), "one more WebSocket");
        assert_eq!(ways.next(NOW), Way::WebSocket);
        // It was the network, after all.
        ways.failed();
        assert_eq!(ways.next(NOW), Way::Http);
        assert!(!ways.welcomed());
    }

    #[test]
    fn a_way_that_is_forced_is_the_only_one() {
        for way in [Way::WebSocket, Way::Http] {
            let mut ways = Ways::forced(way);
            assert_eq!(in_vain(&mut ways, 5), [way; 5]);
            assert!(!ways.welcomed() && !ways.is_blocked());
        }
        assert_eq!(
            Way::of("sse").zip(Way::of("ws")),
            Some((Way::Http, Way::WebSocket))
        );
        assert_eq!(Way::of(""), None);
    }
}
