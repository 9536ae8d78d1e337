//! Kernels by name: `6.1.0-18-amd64`, `5.15.0-191-generic`, `6.8.12-4-pve`.

use crate::version::Version;

/// The newest of `kernels` of the same flavour as `running`; of any where none is.
#[must_use]
pub fn newest_like<'a>(running: &str, kernels: &'a [String]) -> Option<&'a str> {
    let newest = |is_wanted: &dyn Fn(&str) -> bool| {
        let wanted = kernels.iter().map(String::as_str).filter(|k| is_wanted(k));
        wanted.max_by_key(|kernel| Version::new(kernel))
    };
    let flavour = flavour(running);
    newest(&|kernel| self::flavour(kernel) == flavour)
        .or_else(|| newest(&|kernel| kernel.starts_with(|c: char| c.is_ascii_digit())))
}

/// What follows the numbers: `amd64`, `cloud-amd64`, `generic`, `pve`.
fn flavour(kernel: &str) -> &str {
    let mut rest = kernel;
    while let Some((head, tail)) = rest.split_once('-') {
        if !head.starts_with(|c: char| c.is_ascii_digit()) {
            return rest;
        }
        rest = tail;
    }
    if rest.starts_with(|c: char| c.is_ascii_digit()) {
        return "";
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_kernel_is_found_by_number_and_flavour() {
        for (running, kernels, newest) in [
            (
                "6.1.0-9-amd64",
                vec!["6.1.0-9-amd64", "6.1.0-18-amd64"],
                Some("6.1.0-18-amd64"),
            ),
            (
                "5.15.0-91-generic",
                vec![
                    "5.15.0-91-generic",
                    "6.5.0-1-lowlatency",
                    "5.15.0-101-generic",
                ],
                Some("5.15.0-101-generic"),
            ),
            (
                "6.1.0-18-cloud-amd64",
                vec!["6.1.0-20-amd64", "6.1.0-18-cloud-amd64"],
                Some("6.1.0-18-cloud-amd64"),
            ),
            ("6.8.4-2-pve", vec!["6.8.12-4-pve"], Some("6.8.12-4-pve")),
            ("6.12.0", vec!["6.12.1"], Some("6.12.1")),
            ("6.18.44-custom", vec![], None),
            (
                "6.18.44-custom",
                vec!["6.1.0-18-amd64", "old"],
                Some("6.1.0-18-amd64"),
            ),
        ] {
            let kernels: Vec<String> = kernels.into_iter().map(str::to_owned).collect();
            assert_eq!(newest_like(running, &kernels), newest, "{running}");
        }
    }
}
