//! Asynchronous work for synchronous callers: the store is called from inside the engine's runtime, where nothing may block on
//! another one. A thread of its own runs what talks over the network, and is spoken to by channels.

use std::fmt;
use std::pin::Pin;
use std::sync::mpsc;

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::mpsc::unbounded_channel;

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A thread with a runtime. It ends when this and all clones are dropped.
#[derive(Clone)]
pub(crate) struct RemoteThread {
    jobs: UnboundedSender<Job>,
}

impl RemoteThread {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system has no thread or no descriptors left.
    pub(crate) fn start() -> std::io::Result<Self> {
        let (jobs, mut work) = unbounded_channel::<Job>();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        std::thread::Builder::new()
            .name("state".to_owned())
            .spawn(move || {
                runtime.block_on(async move {
                    while let Some(job) = work.recv().await {
                        tokio::spawn(job);
                    }
                });
            })?;
        Ok(Self { jobs })
    }

    /// Does something there and waits for what comes of it; `None` if it panicked.
    pub(crate) fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
        let (answer, outcome) = mpsc::sync_channel(1);
        self.spawn(async move {
            // Whoever asked waits for it.
            let _ = answer.send(work.await);
        });
        outcome.recv().ok()
    }

    /// Begins something there.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        // The thread ends only after the last sender.
        let _ = self.jobs.send(Box::pin(work));
    }
}

impl fmt::Debug for RemoteThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RemoteThread")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn works_inside_a_runtime_and_survives_a_panic() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let thread = RemoteThread::start().unwrap();
            assert_eq!(thread.run(async { 1 + 1 }), Some(2));
            assert_eq!(thread.run(async { "x".parse::<u32>().map(drop).unwrap() }), None);
            assert_eq!(thread.run(async { 3 }), Some(3));
        });
    }
}
