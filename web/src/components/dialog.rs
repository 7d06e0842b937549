//! A dialog on top of the page: the browser keeps the focus in it and gives it back.

use web_sys::{HtmlDialogElement, MouseEvent};
use yew::prelude::*;

/// What a dialog is made of.
#[derive(Clone, PartialEq, Properties)]
pub struct Props {
    /// Its title.
    pub title: AttrValue,
    /// What the button says that closes it.
    #[prop_or("Done")]
    pub done: &'static str,
    /// It is to be closed.
    pub on_done: Callback<()>,
    /// What stands in it.
    pub children: Html,
}

/// A dialog.
#[component]
pub fn Dialog(props: &Props) -> Html {
    let node = use_node_ref();
    {
        let node = node.clone();
        use_effect_with((), move |()| {
            let dialog = node.cast::<HtmlDialogElement>();
            if let Some(dialog) = &dialog {
                // Refused only for a dialog that is open.
                let _ = dialog.show_modal();
            }
            move || {
                if let Some(dialog) = dialog {
                    dialog.close();
                }
            }
        });
    }
    let cancel = props.on_done.reform(|event: Event| event.prevent_default());
    let done = props.on_done.reform(|_: MouseEvent| ());
    html! {
        <dialog ref={node} oncancel={cancel} aria-labelledby="dialog-title">
            <header>
                <h2 id="dialog-title">{ &props.title }</h2>
                <button class="small" onclick={done}>{ props.done }</button>
            </header>
            { props.children.clone() }
        </dialog>
    }
}
