//! How it looks: its colours have the contrast that WCAG 2.2 AA asks for.

pub(super) const STYLE: &str = include_str!("style.css");

#[cfg(test)]
mod tests {
    use super::STYLE;

    /// The colours of one scheme, by name.
    fn colours(scheme: &str) -> Vec<(&str, [f64; 3])> {
        let pairs = scheme.split(';').filter_map(|pair| pair.split_once(": #"));
        let colours = pairs.filter_map(|(name, hex)| {
            let part = |at: usize| {
                u8::from_str_radix(hex.get(at..at + 2)?, 16)
                    .ok()
                    .map(f64::from)
            };
            let name = name.rsplit("--").next()?;
            Some((name, [part(0)?, part(2)?, part(4)?]))
        });
        colours.collect()
    }

    /// Relative luminance (WCAG 2.2).
    fn luminance(colour: [f64; 3]) -> f64 {
        let linear = colour.map(|part| {
            let part = part / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        });
        linear[0].mul_add(0.2126, linear[1].mul_add(0.7152, linear[2] * 0.0722))
    }

    fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
        let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
        (one / other).max(other / one)
    }

    #[test]
    fn text_and_bars_stand_out_in_each_scheme_as_wcag_aa_asks() {
        let schemes: Vec<_> = STYLE
            .split(":root {")
            .skip(1)
            .map(|rest| colours(&rest[..rest.find('}').unwrap()]))
            .collect();
        assert_eq!(schemes.len(), 3, "light, dark and paper");
        for scheme in schemes {
            let colour = |name: &str| {
                scheme
                    .iter()
                    .find(|(known, _)| *known == name)
                    .unwrap_or_else(|| panic!("{name}"))
                    .1
            };
            let grounds = ["page", "window", "soak"];
            for (names, least) in [
                (&["text", "quiet", "link", "good", "bad"][..], 4.5),
                (
                    &[
                        "preflight",
                        "refresh",
                        "snapshot",
                        "upgrade",
                        "reboot",
                        "post-check",
                        "maintenance",
                        "drain",
                        "return",
                        "other",
                    ][..],
                    3.0,
                ),
            ] {
                for (name, ground) in names
                    .iter()
                    .flat_map(|name| grounds.map(|ground| (*name, ground)))
                {
                    let contrast = contrast(colour(name), colour(ground));
                    assert!(contrast >= least, "{name} on {ground}: {contrast:.2}");
                }
            }
        }
    }
}
