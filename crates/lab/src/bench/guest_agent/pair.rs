//! The two that are compared.

use anyhow::{Context, Result};

/// One thing of each agent.
#[derive(Debug, Clone, Default)]
pub(super) struct Pair<T> {
    /// Of QEMU's.
    pub(super) stock: T,
    /// Of ours.
    pub(super) ours: T,
}

impl<T> Pair<T> {
    pub(super) fn new(stock: T, ours: T) -> Self {
        Self { stock, ours }
    }

    pub(super) fn map<U>(self, mut change: impl FnMut(T) -> U) -> Pair<U> {
        Pair::new(change(self.stock), change(self.ours))
    }

    /// The same work for both; an error says whose it is.
    pub(super) fn try_map<U>(self, mut work: impl FnMut(T) -> Result<U>) -> Result<Pair<U>> {
        let stock = work(self.stock).context("qemu-ga")?;
        Ok(Pair::new(stock, work(self.ours).context("hospes-agent")?))
    }

    pub(super) fn as_ref(&self) -> Pair<&T> {
        Pair::new(&self.stock, &self.ours)
    }

    /// Samples of both, in turn: one and the other, `rounds` times.
    pub(super) fn alternate<S>(
        &mut self,
        rounds: usize,
        mut measure: impl FnMut(&mut T) -> Result<Vec<S>>,
    ) -> Result<Pair<Vec<S>>> {
        let mut samples = Pair::new(Vec::new(), Vec::new());
        for _ in 0..rounds {
            let stock = measure(&mut self.stock).context("qemu-ga")?;
            samples.stock.extend(stock);
            let ours = measure(&mut self.ours).context("hospes-agent")?;
            samples.ours.extend(ours);
        }
        Ok(samples)
    }
}
