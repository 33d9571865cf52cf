//! Where questions to the roads are worked out: a few threads of their own, so that the dispatcher keeps its cores.

use tokio::sync::{Semaphore, oneshot};

use crate::limits::QUERIES_MAX;
use crate::wire::error::{Code, WireError};

/// Threads and a limited waiting room.
pub struct QueryDesk {
    pool: rayon::ThreadPool,
    room: std::sync::Arc<Semaphore>,
}

impl QueryDesk {
    /// One thread less than the machine has cores, at least one.
    ///
    /// # Errors
    /// If the threads cannot be started.
    pub fn new() -> Result<Self, rayon::ThreadPoolBuildError> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let name = |nth: usize| format!("query-{nth}");
        // A bug in one query shall not end the service.
        let bug = |_| tracing::error!("a query has failed on a bug");
        let builder = rayon::ThreadPoolBuilder::new().thread_name(name).panic_handler(bug);
        let pool = builder.num_threads(cores.saturating_sub(1).max(1)).build()?;
        Ok(Self { pool, room: std::sync::Arc::new(Semaphore::new(QUERIES_MAX)) })
    }

    /// Works something out on these threads; whatever it shares out to threads stays on them. Work that nobody waits for
    /// any more is not begun.
    ///
    /// # Errors
    /// `overloaded` if too much is waiting, or if the work failed on a bug.
    pub async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, WireError> {
        let overloaded = || WireError::new(Code::Overloaded, "too many queries wait; try again");
        let permit = self.room.clone().try_acquire_owned().map_err(|_error| overloaded())?;
        let (sender, receiver) = oneshot::channel();
        self.pool.spawn(move || {
            if !sender.is_closed() {
                // Nobody may be waiting any more.
                drop(sender.send(work()));
            }
            drop(permit);
        });
        receiver.await.map_err(|_error| overloaded())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_waiting_room_is_limited_and_empties() {
        let desk = std::sync::Arc::new(QueryDesk::new().unwrap());
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let gate = std::sync::Arc::new(std::sync::Mutex::new(gate));
        let asked: Vec<_> = (0..QUERIES_MAX)
            .map(|nth| {
                let (desk, gate) = (desk.clone(), gate.clone());
                tokio::spawn(async move {
                    desk.ask(move || gate.lock().unwrap().recv().map(|()| nth)).await
                })
            })
            .collect();
        while desk.room.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(desk.ask(|| ()).await.unwrap_err().code, Code::Overloaded);
        for _ in 0..QUERIES_MAX {
            open.send(()).unwrap();
        }
        for (nth, answer) in asked.into_iter().enumerate() {
            assert_eq!(answer.await.unwrap().unwrap(), Ok(nth));
        }
        assert_eq!(desk.ask(|| 7).await, Ok(7));
    }
}
