//! Patterns of names.

use std::fmt;

use conditions::GuestId;

/// A pattern of names: `*` stands for any characters, `?` for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob(String);

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Glob {
    /// The pattern `text`, of the characters of names; nothing without a `*` or `?`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let rest = text.replace(['*', '?'], "");
        let fits = rest.len() < text.len() && format!("x{rest}").parse::<GuestId>().is_ok();
        fits.then(|| Self(text.to_owned()))
    }

    /// Whether `name` matches. Only the last star is ever taken back, so that the time is bounded
    /// by the product of the lengths.
    pub(super) fn matches(&self, name: &str) -> bool {
        let (pattern, name) = (self.0.as_bytes(), name.as_bytes());
        let (mut p, mut n) = (0, 0);
        let mut last_star: Option<(usize, usize)> = None;
        while n < name.len() {
            match pattern.get(p) {
                Some(b'*') => {
                    last_star = Some((p + 1, n));
                    p += 1;
                }
                Some(&wanted) if wanted == b'?' || wanted == name[n] => {
                    p += 1;
                    n += 1;
                }
                _ => {
                    let Some((after_star, taken)) = last_star else {
                        return false;
                    };
                    last_star = Some((after_star, taken + 1));
                    (p, n) = (after_star, taken + 1);
                }
            }
        }
        pattern[p..].iter().all(|rest| *rest == b'*')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, name, matches) in [
            ("web*", "web1", true),
            ("web*", "web", true),
            ("web*", "xweb", false),
            ("*1", "web11", true),
            ("*1*", "web", false),
            ("w?b1", "web1", true),
            ("web?", "web", false),
            ("?", "ab", false),
            ("a*b*c", "axxbyybzzc", true),
            ("a*b*c", "axxbyyczzb", false),
            (
                "*a*a*a*a*a*a*a*a*b",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                false,
            ),
        ] {
            assert_eq!(
                Glob(pattern.to_owned()).matches(name),
                matches,
                "{pattern} {name}"
            );
        }
    }
}
