//! The Gantt chart of a class: as wide as there is room, drawn anew by frame while somebody is under way.

use std::rc::Rc;

use chalkwire_shared::room::MemberId;
use gloo_timers::callback::Timeout;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use super::table::DataTable;
use crate::browser::{self, Frame, Resizes};
use crate::components::download;
use crate::components::drawing::{data, likely, shape, theme};
use crate::components::picture_file::save_png;
use crate::pictures::class::{
    Class, NAMED, Order, Rows, Seen, Sheet, draw, headline, notes, row_words, story, summary,
};
use crate::pictures::shape::{Picture, Width};
use crate::pictures::stepper::Stepper;
use crate::pictures::svg;

/// With reduced motion the picture steps so often, in ms.
const STEP_MS: u32 = 1_000;

/// What lies above and below the rows, in units: axis, queue, legend.
const AROUND: i32 = 148;

/// The smallest letters on a wall, in CSS pixels for a unit.
const LEAST: f64 = 1.1;

/// What is drawn.
#[derive(Clone, PartialEq, Properties)]
pub struct Props {
    /// All that is known of the run.
    pub seen: Rc<Seen>,
    /// The room's clock now, in µs since 1970.
    pub now_us: Callback<(), u64>,
    /// Minutes that the time of day is east of UTC.
    pub zone_min: i32,
    /// For a wall: large letters, as high as there is room, and nothing to press.
    #[prop_or_default]
    pub large: bool,
}

/// What the chart hears.
pub enum Msg {
    /// Time has gone on.
    Frame,
    /// Its place has another size.
    Resized,
    /// This row is picked, or none.
    Pick(Option<usize>),
    /// A key for the rows.
    Key(&'static str),
    /// Another order.
    Order(Order),
    /// The table is opened or closed.
    Table(bool),
    /// Save it: as PNG, or as SVG.
    Save(bool),
}

/// The chart.
pub struct Chart {
    canvas: NodeRef,
    width_px: f64,
    height_px: f64,
    resizes: Option<Resizes>,
    frame: Frame,
    step: Option<Timeout>,
    order: Order,
    picked: Option<MemberId>,
    table: bool,
}

impl Component for Chart {
    type Message = Msg;
    type Properties = Props;

    fn create(ctx: &Context<Self>) -> Self {
        let link = ctx.link().clone();
        Chart {
            canvas: NodeRef::default(),
            width_px: 0.0,
            height_px: 0.0,
            resizes: None,
            frame: Frame::new(move || link.send_message(Msg::Frame)),
            step: None,
            order: Order::default(),
            picked: None,
            table: false,
        }
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Frame => self.step = None,
            Msg::Resized => return self.measure(),
            Msg::Pick(row) => {
                let class = self.class(ctx);
                self.picked = row.and_then(|row| class.rows.get(row)).map(|it| it.member);
            }
            Msg::Key(key) => {
                let class = self.class(ctx);
                let at = Stepper {
                    at: self.place(&class),
                };
                let next = at.key(key, class.rows.len()).and_then(|it| it.at);
                self.picked = next.and_then(|row| class.rows.get(row)).map(|it| it.member);
            }
            Msg::Order(order) => self.order = order,
            Msg::Table(open) => self.table = open,
            Msg::Save(png) => {
                self.save(ctx, png);
                return false;
            }
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let class = self.class(ctx);
        let (picture, rows) = draw(&class, self.sheet(ctx));
        let at = self.place(&class);
        let large = ctx.props().large;
        let canvas = self.canvas(ctx, &class, &picture, rows, at);
        if large {
            return html! { <figure class="pic class-chart large">{ canvas }</figure> };
        }
        html! {
            <figure class="pic class-chart">
                { self.orders(ctx) }
                { canvas }
                { for notes(&class).into_iter().map(|note| html! { <p class="pic-note">{ note }</p> }) }
                { self.bar(ctx, &class, at) }
                { self.data(ctx, &class) }
            </figure>
        }
    }

    fn rendered(&mut self, ctx: &Context<Self>, first: bool) {
        if first && let Some(canvas) = self.canvas.cast::<Element>() {
            let link = ctx.link().clone();
            self.resizes = Resizes::of(&canvas, move || link.send_message(Msg::Resized));
            ctx.link().send_message(Msg::Resized);
        }
        self.go_on(ctx);
    }
}

impl Chart {
    fn class(&self, ctx: &Context<Self>) -> Class {
        let props = ctx.props();
        props.seen.class(props.now_us.emit(()), self.order)
    }

    /// Has the picture drawn anew while it changes by time alone.
    fn go_on(&mut self, ctx: &Context<Self>) {
        let seen = &ctx.props().seen;
        let waits = seen.armed.plan.experiment.is_some() || seen.armed.over;
        if waits || self.frame.is_asked() || self.step.is_some() || !self.class(ctx).grows() {
            return;
        }
        if browser::media("(prefers-reduced-motion: reduce)") {
            let link = ctx.link().clone();
            self.step = Some(Timeout::new(STEP_MS, move || {
                link.send_message(Msg::Frame);
            }));
        } else {
            self.frame.ask();
        }
    }

    /// Takes the size of its place; whether it has changed.
    fn measure(&mut self) -> bool {
        let Some(canvas) = self.canvas.cast::<HtmlElement>() else {
            return false;
        };
        let (width, height) = (
            f64::from(canvas.client_width()),
            f64::from(canvas.client_height()),
        );
        let changed = (width, height) != (self.width_px, self.height_px);
        (self.width_px, self.height_px) = (width, height);
        changed
    }

    /// CSS pixels for a unit: letters on a wall are larger, but not so large that names go for want of
    /// room where there would be some.
    fn scale(&self, ctx: &Context<Self>) -> f64 {
        if !self.is_wall(ctx) {
            return 1.0;
        }
        let members = ctx.props().seen.senders.len() as f64;
        let named = self.height_px / (f64::from(AROUND) + members * NAMED);
        let most = (self.width_px / 720.0).clamp(1.2, 2.2);
        if named >= LEAST {
            named.min(most)
        } else {
            most
        }
    }

    /// Whether it is to fill its place. A phone scrolls instead.
    fn is_wall(&self, ctx: &Context<Self>) -> bool {
        ctx.props().large && self.width_px >= 640.0
    }

    fn sheet(&self, ctx: &Context<Self>) -> Sheet {
        if self.width_px < 1.0 {
            // Not measured yet, or behind another pane.
            return Sheet::of(likely());
        }
        let scale = self.scale(ctx);
        let width = ((self.width_px / scale) as i32).max(280);
        match self.is_wall(ctx) {
            true => Sheet {
                width,
                rows: ((self.height_px / scale).ceil() as i32 - AROUND).max(120),
                highest: 40,
            },
            false => Sheet {
                width,
                ..Sheet::of(Width::Wide)
            },
        }
    }

    /// The row of who is picked.
    fn place(&self, class: &Class) -> Option<usize> {
        let picked = self.picked?;
        class.rows.iter().position(|it| it.member == picked)
    }

    fn canvas(
        &self,
        ctx: &Context<Self>,
        class: &Class,
        picture: &Picture,
        rows: Rows,
        at: Option<usize>,
    ) -> Html {
        let link = ctx.link();
        let units = f64::from(picture.height);
        // The pointer's row, by where it is in the drawing: one listener for all rows.
        let find = move |event: &MouseEvent| {
            let svg: Element = event.current_target()?.dyn_into().ok()?;
            let place = svg.get_bounding_client_rect();
            let y = (f64::from(event.client_y()) - place.top()) / place.height() * units;
            rows.find(y)
        };
        let over = link.callback(move |event: PointerEvent| {
            Msg::Pick(find(event.unchecked_ref::<MouseEvent>()))
        });
        let keys = link.batch_callback(|event: KeyboardEvent| {
            let plain = !event.ctrl_key() && !event.alt_key() && !event.meta_key();
            let key = [
                "ArrowUp",
                "ArrowDown",
                "ArrowLeft",
                "ArrowRight",
                "Home",
                "End",
                "Escape",
            ]
            .into_iter()
            .find(|key| plain && event.key() == *key)?;
            event.prevent_default();
            event.stop_propagation();
            Some(Msg::Key(key))
        });
        let (w, h) = (picture.width.to_string(), picture.height.to_string());
        html! {
            <div class="pic-canvas" ref={&self.canvas} role="group" tabindex="0" onkeydown={keys}
                aria-label="Everyone: the arrow keys go from member to member">
                // Before the instant there is nothing but a place for it.
                if !class.rows.is_empty() { <svg class="pic-svg" viewBox={["0 0 ", &w, " ", &h].concat()} role="img"
                    aria-label={summary(class)} onpointermove={over.clone()} onpointerdown={over}>
                    { for picture.shapes.iter().map(|it| shape(it, None)) }
                    if let Some(at) = at { { mark(class, picture, rows, at) } }
                </svg> }
            </div>
        }
    }

    fn orders(&self, ctx: &Context<Self>) -> Html {
        html! {
            <div class="segments class-order" role="group" aria-label="Order of the members">
                { for Order::ALL.into_iter().map(|it| html! {
                    <button type="button" aria-pressed={(it == self.order).to_string()}
                        onclick={ctx.link().callback(move |_| Msg::Order(it))}>{ it.label() }</button>
                }) }
            </div>
        }
    }

    fn bar(&self, ctx: &Context<Self>, class: &Class, at: Option<usize>) -> Html {
        let link = ctx.link();
        let none = class.rows.is_empty();
        let steps = [
            ("◀", "ArrowLeft", "Everyone: previous member"),
            ("▶", "ArrowRight", "Everyone: next member"),
        ];
        let files = [
            ("SVG", false, "Everyone: save as SVG"),
            ("PNG", true, "Everyone: save as PNG"),
        ];
        html! {
            <div class="pic-bar">
                { for steps.map(|(sign, key, label)| html! {
                    <button type="button" class="small" disabled={none} aria-label={label}
                        onclick={link.callback(move |_| Msg::Key(key))}>{ sign }</button>
                }) }
                <span class="pic-says" aria-live="polite">
                    if let Some(row) = at.and_then(|at| class.rows.get(at)) { { row_words(row) } }
                </span>
                <span class="pic-files">
                    { for files.map(|(name, png, label)| html! {
                        <button type="button" class="small" disabled={none} aria-label={label}
                            onclick={link.callback(move |_| Msg::Save(png))}>{ name }</button>
                    }) }
                </span>
            </div>
        }
    }

    fn data(&self, ctx: &Context<Self>, class: &Class) -> Html {
        data(self.table, ctx.link().callback(Msg::Table), || {
            html! { <DataTable story={Rc::new(story(class))} /> }
        })
    }

    fn save(&self, ctx: &Context<Self>, png: bool) {
        let class = self.class(ctx);
        let (picture, _) = draw(&class, Sheet::of(Width::Wide));
        let mut words = story(&class);
        // A file is looked at without the page around it.
        let title = headline(&class, ctx.props().zone_min, true).title();
        words.summary = [title, words.summary].join(". ");
        let text = svg::document(&picture, &words, theme());
        // A browser that saves no file says so itself.
        let _ = match png {
            true => save_png(
                "chalkwire-everyone.png",
                &text,
                picture.width,
                picture.height,
            ),
            false => download::download("chalkwire-everyone.svg", "image/svg+xml", &text),
        };
    }
}

/// A frame around a row, with its name where the rows have none.
fn mark(class: &Class, picture: &Picture, rows: Rows, at: usize) -> Html {
    let (y, h) = rows.at(at);
    let name = class.rows.get(at).map(|it| it.name.clone());
    let (y0, h0) = (y - 2, h + 3);
    html! {
        <>
            <rect class="pic-frame" x="1" y={y0.to_string()} width={(picture.width - 2).to_string()}
                height={h0.to_string()} rx="3" />
            if let (Some(name), true) = (name, h < 10) {
                <text class="r-accent p-head" x="6" y={(y - 5).max(11).to_string()}>{ name }</text>
            }
        </>
    }
}
