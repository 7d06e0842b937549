//! An address to be scanned, with the address beside it.

use yew::prelude::*;

use crate::qr::qr;

/// What is shown.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The address.
    pub address: AttrValue,
    /// Whether the address stands below it as text; somewhere it must.
    #[prop_or(true)]
    pub told: bool,
}

/// The code, dark on light in every theme, for not every reader takes it the other way.
#[component]
pub fn Qr(props: &Props) -> Html {
    let drawn = use_memo(props.address.clone(), |address| qr(address));
    let alt = ["QR code of ", &props.address].concat();
    html! {
        <figure class="qr">
            if let Some(qr) = &*drawn {
                <svg viewBox={["0 0 ", &qr.side.to_string(), " ", &qr.side.to_string()].concat()}
                    role="img" aria-label={alt} shape-rendering="crispEdges">
                    <rect width="100%" height="100%" fill="#fff" />
                    <path d={qr.path.clone()} fill="#000" />
                </svg>
            }
            if props.told || drawn.is_none() {
                <figcaption>{ props.address.clone() }</figcaption>
            }
        </figure>
    }
}
