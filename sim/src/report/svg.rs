//! A few shapes of SVG. Colours are classes, so that the page's style decides light or dark.

/// Width of the area in which values are drawn.
const WIDTH: f64 = 640.0;
/// Its height.
const HEIGHT: f64 = 200.0;
/// Room for the labels of the left axis.
const LEFT: f64 = 44.0;
/// Room for the labels of the lower axis.
const BELOW: f64 = 34.0;

/// Text as HTML shows it.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A plane with axes from zero.
#[derive(Clone, Debug)]
pub struct Plot {
    x_max: f64,
    y_max: f64,
    body: String,
    label: String,
}

impl Plot {
    /// A plane up to `x_max` and `y_max`; `label` says what it shows, for those who can't see it.
    #[must_use]
    pub fn new(label: &str, x_max: f64, y_max: f64) -> Self {
        let positive = |value: f64| if value > 0.0 { value } else { 1.0 };
        let label = escape(label);
        Self { x_max: positive(x_max), y_max: nice(positive(y_max)), body: String::new(), label }
    }

    /// A bar from `x` to `x + width`, from `base` to `base + height`.
    pub fn bar(&mut self, x: f64, width: f64, base: f64, height: f64, class: &str, title: &str) {
        let (left, right) = (self.x(x), self.x(x + width));
        let (top, bottom) = (self.y(base + height), self.y(base));
        self.push(&format!(
            "<rect class=\"{class}\" x=\"{:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\"><title>{}</title></rect>",
            left + 0.5,
            (right - left - 1.0).max(0.5),
            (bottom - top).max(0.0),
            escape(title)
        ));
    }

    /// A dot.
    pub fn dot(&mut self, x: f64, y: f64, class: &str) {
        let (x, y) = (self.x(x), self.y(y));
        self.push(&format!("<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"1.6\"/>"));
    }

    /// A line through points.
    pub fn line(&mut self, points: &[(f64, f64)], class: &str) {
        let mut path = String::new();
        for &(x, y) in points {
            path.push_str(&format!("{:.1},{:.1} ", self.x(x), self.y(y)));
        }
        self.push(&format!("<polyline class=\"{class}\" points=\"{}\"/>", path.trim_end()));
    }

    /// An upright line with a word beside it.
    pub fn mark(&mut self, x: f64, text: &str) {
        self.line(&[(x, 0.0), (x, self.y_max)], "mark");
        let x = self.x(x) - 4.0;
        self.push(&format!(
            "<text class=\"mark\" x=\"{x:.1}\" y=\"12\" text-anchor=\"end\">{}</text>",
            escape(text)
        ));
    }

    /// A label below the lower axis.
    pub fn tick(&mut self, x: f64, text: &str) {
        let x = self.x(x);
        self.push(&format!(
            "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            HEIGHT + 16.0,
            escape(text)
        ));
    }

    /// The picture; `x_name` and `y_name` say what the axes are.
    #[must_use]
    pub fn finish(self, x_name: &str, y_name: &str) -> String {
        let mut grid = String::new();
        for step in 0..=4 {
            let value = self.y_max * f64::from(step) / 4.0;
            let y = self.y(value);
            grid.push_str(&format!(
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                LEFT + WIDTH,
                LEFT - 5.0,
                y + 4.0,
                short(value)
            ));
        }
        format!(
            "<svg role=\"img\" aria-label=\"{}\" viewBox=\"0 -6 {:.0} {:.0}\">{grid}{}\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
             <text x=\"{:.1}\" y=\"4\">{}</text></svg>",
            self.label,
            LEFT + WIDTH + 12.0,
            HEIGHT + BELOW + 8.0,
            self.body,
            LEFT + WIDTH,
            HEIGHT + 30.0,
            escape(x_name),
            LEFT + 4.0,
            escape(y_name)
        )
    }

    fn push(&mut self, shape: &str) {
        self.body.push_str(shape);
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + value / self.x_max * WIDTH
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - (value / self.y_max).min(1.05) * HEIGHT
    }
}

/// The next number that divides well by four.
fn nice(value: f64) -> f64 {
    let magnitude = 10f64.powf(value.log10().floor());
    let steps = [1.0, 1.2, 1.6, 2.0, 2.4, 3.2, 4.0, 6.0, 8.0, 10.0];
    steps.iter().map(|step| step * magnitude).find(|&round| value <= round).unwrap_or(value)
}

fn short(value: f64) -> String {
    if value.fract().abs() < 0.01 { format!("{value:.0}") } else { format!("{value:.1}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_can_do_no_harm() {
        assert_eq!(escape("<a href='x'>&\""), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
    }

    #[test]
    fn axes_end_at_round_numbers() {
        let ends = [3.0, 7.3, 90.0, 423.0].map(nice);
        assert_eq!(ends.map(|end| format!("{end:.1}")), ["3.2", "8.0", "100.0", "600.0"]);
    }
}
