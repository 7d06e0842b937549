//! Any picture: drawn for wide and for narrow rooms, stepped by keys, told as a table, saved as a file.

use std::rc::Rc;

use web_sys::Element;
use yew::prelude::*;

use super::download;
use super::picture_file::save_png;
use crate::browser::{self, Resizes};
use crate::pictures::shape::{Form, Picture, Shape, Width};
use crate::pictures::stepper::Stepper;
use crate::pictures::story::Story;
use crate::pictures::svg;
use crate::state::settings::Theme;

/// Rows of the table shown at first, and by how many more at a time.
pub(super) const PAGE: usize = 100;

/// In a place that is no wider, in px, the narrow layout is drawn.
const NARROW_PX: i32 = 640;

/// What a picture is drawn from.
#[derive(Clone, PartialEq, Properties)]
pub struct DrawingProps {
    /// The layout for wide rooms.
    pub wide: Rc<Picture>,
    /// The layout for narrow rooms, 320 units wide.
    pub narrow: Rc<Picture>,
    /// The same in words.
    pub story: Rc<Story>,
    /// An item that is picked elsewhere, such as in the log; the arrow keys go on from there.
    #[prop_or_default]
    pub picked: Option<usize>,
}

/// Lays a picture out for both widths and gives it to [`Drawing`].
pub fn drawing(story: Story, picked: Option<usize>, draw: impl Fn(Width) -> Picture) -> Html {
    let (wide, narrow) = (Rc::new(draw(Width::Wide)), Rc::new(draw(Width::Narrow)));
    html! { <Drawing {wide} {narrow} story={Rc::new(story)} {picked} /> }
}

/// The layout for a window that is as wide as this one, until the picture's own place is measured.
pub(super) fn likely() -> Width {
    match browser::media(&format!("(max-width: {NARROW_PX}px)")) {
        true => Width::Narrow,
        false => Width::Wide,
    }
}

/// A picture with its keys, its table and its files.
///
/// Of its layouts the one stands in the page that fits: a picture that only shrinks has letters that
/// nobody can read.
#[component]
pub fn Drawing(props: &DrawingProps) -> Html {
    let stepper = use_state_eq(Stepper::default);
    let rows = use_state_eq(|| PAGE);
    let open = use_state_eq(|| false);
    let (figure, width) = (use_node_ref(), use_state_eq(likely));
    {
        let (figure, width) = (figure.clone(), width.clone());
        use_effect_with((), move |()| {
            let measured = figure.cast::<Element>().and_then(|figure| {
                let place = figure.clone();
                Resizes::of(&figure, move || match place.client_width() {
                    // Folded away.
                    0 => {}
                    px if px <= NARROW_PX => width.set(Width::Narrow),
                    _ => width.set(Width::Wide),
                })
            });
            move || drop(measured)
        });
    }
    let story = &props.story;
    let len = story.items.len();
    {
        let stepper = stepper.clone();
        use_effect_with(props.picked, move |picked| {
            stepper.set(Stepper { at: *picked })
        });
    }
    let at = stepper.at.filter(|at| *at < len);
    let go = {
        let stepper = stepper.clone();
        move |key: &str| {
            let next = stepper.key(key, len);
            if let Some(next) = next {
                stepper.set(next);
            }
            next.is_some()
        }
    };
    let onkeydown = {
        let go = go.clone();
        Callback::from(move |event: KeyboardEvent| {
            let plain = !event.ctrl_key() && !event.alt_key() && !event.meta_key();
            if plain && go(&event.key()) {
                event.prevent_default();
                event.stop_propagation();
            }
        })
    };
    let press = |key: &'static str| {
        let go = go.clone();
        Callback::from(move |_: MouseEvent| {
            go(key);
        })
    };
    // Who steps sees what comes later wait its turn; who picked a row elsewhere sees it all.
    let until = at.filter(|_| stepper.at != props.picked);
    let (picture, class) = match *width {
        Width::Wide => (&props.wide, "pic-svg pic-wide"),
        Width::Narrow => (&props.narrow, "pic-svg pic-narrow"),
    };
    let label = [story.name, ": the arrow keys go from part to part"].concat();
    let toggled = {
        let open = open.clone();
        Callback::from(move |it| open.set(it))
    };
    html! {
        <figure ref={figure} class="pic">
            <div class="pic-canvas" role="group" tabindex="0" aria-label={label} {onkeydown}>
                { drawn(picture, class, &story.summary, (at, until)) }
            </div>
            { for story.notes.iter().map(|note| html! { <p class="pic-note">{ note.clone() }</p> }) }
            <div class="pic-bar">
                { for [("◀", "ArrowLeft", ": previous part"), ("▶", "ArrowRight", ": next part")].map(|(sign, key, says)| html! {
                    <button type="button" class="small" disabled={len == 0} onclick={press(key)}
                        aria-label={[story.name, says].concat()}>{ sign }</button>
                }) }
                <span class="pic-says" aria-live="polite">
                    if let Some(at) = at {
                        { at + 1 }{ " of " }{ len }{ ": " }{ story.items[at].clone() }
                    }
                </span>
                { files(props) }
            </div>
            { data(*open, toggled, || table(story, &rows)) }
        </figure>
    }
}

/// What a picture shows as a table, which is made only while somebody looks at it.
pub(super) fn data(open: bool, toggled: Callback<bool>, table: impl FnOnce() -> Html) -> Html {
    let ontoggle = toggled.reform(|event: Event| {
        let details = event.target_dyn_into::<Element>();
        details.is_some_and(|it| it.has_attribute("open"))
    });
    html! {
        <details class="seq-data" {ontoggle}>
            <summary>{ "The same as a table" }</summary>
            if open { { table() } }
        </details>
    }
}

/// The theme that the page wears.
pub(super) fn theme() -> Theme {
    let root = browser::window()
        .and_then(|it| it.document())
        .and_then(|it| it.document_element());
    let key = root.and_then(|it| it.get_attribute("data-theme"));
    key.and_then(|key| Theme::from_key(&key))
        .unwrap_or(Theme::Light)
}

fn files(props: &DrawingProps) -> Html {
    let file = |kind: &'static str| {
        let props = props.clone();
        Callback::from(move |_: MouseEvent| {
            let text = svg::document(&props.wide, &props.story, theme());
            let name = [
                "chalkwire-",
                &props.story.name.replace(' ', "-").to_ascii_lowercase(),
                kind,
            ]
            .concat();
            // A browser that saves no file says so itself.
            if kind == ".png" {
                let _ = save_png(&name, &text, props.wide.width, props.wide.height);
            } else {
                let _ = download::download(&name, "image/svg+xml", &text);
            }
        })
    };
    html! {
        <span class="pic-files">
            { for [("SVG", ".svg", ": save as SVG"), ("PNG", ".png", ": save as PNG")].map(|(name, kind, says)| html! {
                <button type="button" class="small" onclick={file(kind)}
                    aria-label={[props.story.name, says].concat()}>{ name }</button>
            }) }
        </span>
    }
}

fn drawn(
    picture: &Picture,
    class: &'static str,
    summary: &str,
    (at, until): (Option<usize>, Option<usize>),
) -> Html {
    let (w, h) = (picture.width.to_string(), picture.height.to_string());
    let frame = at.and_then(|at| picture.frame(u16::try_from(at).ok()?));
    html! {
        <svg {class} viewBox={["0 0 ", &w, " ", &h].concat()} role="img" aria-label={summary.to_owned()}>
            { for picture.shapes.iter().map(|it| shape(it, until)) }
            if let Some((x, y, w, h)) = frame {
                <rect class="pic-frame" x={x.to_string()} y={y.to_string()} width={w.to_string()}
                    height={h.to_string()} rx="3" />
            }
        </svg>
    }
}

pub(super) fn shape(shape: &Shape, until: Option<usize>) -> Html {
    let mut class = String::from(shape.role.key());
    class.push(' ');
    class.push_str(shape.paint.key());
    if let (Some(until), Some(item)) = (until, shape.item)
        && usize::from(item) > until
    {
        class.push_str(" later");
    }
    match &shape.form {
        Form::Rect { x, y, w, h } => html! {
            <rect {class} x={x.to_string()} y={y.to_string()} width={w.to_string()} height={h.to_string()} rx="2" />
        },
        Form::Path(path) => html! { <path {class} d={path.clone()} /> },
        Form::Text { x, y, anchor, text } => html! {
            <text {class} x={x.to_string()} y={y.to_string()} text-anchor={anchor.key()}>{ text.clone() }</text>
        },
    }
}

pub(super) fn table(story: &Story, shown: &UseStateHandle<usize>) -> Html {
    let table = &story.table;
    let more = table.rows.len().saturating_sub(**shown);
    let show = {
        let shown = shown.clone();
        Callback::from(move |_: MouseEvent| shown.set(*shown + 4 * PAGE))
    };
    html! {
        <div class="table-scroll" tabindex="0" role="group" aria-label={[story.name, ", as a table"].concat()}>
            <table>
                <caption>{ story.summary.clone() }</caption>
                <thead><tr>{ for table.head.iter().map(|it| html! { <th scope="col">{ *it }</th> }) }</tr></thead>
                <tbody>
                    { for table.rows.iter().take(**shown).map(|row| html! {
                        <tr>
                            { for row.iter().enumerate().map(|(i, cell)| if i == 0 {
                                html! { <th scope="row">{ cell.clone() }</th> }
                            } else {
                                html! { <td>{ cell.clone() }</td> }
                            }) }
                        </tr>
                    }) }
                </tbody>
            </table>
            if more > 0 {
                <button type="button" class="small" onclick={show}>{ "Show more (" }{ more }{ " not shown)" }</button>
            } else if table.more > 0 {
                <p>{ table.more }{ " more rows: the export has them all." }</p>
            }
        </div>
    }
}
