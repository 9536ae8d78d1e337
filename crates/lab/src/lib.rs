//! The lab: guest image, virtual machines, scenarios, benchmarks.
